"""Where things stand in the arrays of the kernel: shared by all compiled files, so that no two of them disagree."""

# `Plan.layout`: sizes, then the columns at which blocks begin, then windows, half-lives and
# further half-lives up to HALF_LANES, whose results nobody reads, in microseconds, then for
# each signal the place of its sums among all sums, or -1. VALUED_GROUPS: the groups that have sums, as bits.
GROUPS, HIDDEN, SESSION_GAP, INTENT, TWO_WAY, VALUED_GROUPS = 0, 1, 2, 3, 4, 5
SUMS, TRENDS, CONTACT, RHYTHM, VARIETY, LATEST = 6, 7, 8, 9, 10, 11
LEAD, STAGES, ATTRIBUTES, ACCOUNT, OWN, COLUMNS = 12, 13, 14, 15, 16, 17
EDGES, HALF_LIVES, HALF_LANES, SUM_SLOTS = 18, 24, 32, 33

# A row of `Encoded.leads`.
CREATED, FIRST, END, MEMBERS, MEMBERS_END = 0, 1, 2, 3, 4
ATTRIBUTE, ATTRIBUTE_END, STEP, STEP_END = 5, 6, 7, 8
STAGE_COUNT = 3

# A row of the snapshots that are asked for.
SNAPSHOT_LEAD, SNAPSHOT_CUTOFF, SNAPSHOT_ROW = 0, 1, 2

# The columns of a signal: counts in nested windows (the days of EDGES, then all time), decayed counts, two ages.
WINDOWS, HALVES, WIDTH = 7, 6, 15
DECAYED, FIRST_AGE, AGE = 7, 13, 14
W7, W30, W90, ALL = 2, 4, 5, 6
# A hidden signal stands outside of the row: the columns of a signal, then the sums of values in its windows.
HIDDEN_SUMS, HIDDEN_WIDTH = 15, 22
