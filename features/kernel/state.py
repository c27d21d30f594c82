"""What a sweep over one lead's interactions remembers between two cutoffs."""

from typing import NamedTuple

import numpy as np

from features.encoding.signature import NO_CHANNEL
from features.encoding.zone import EVER
from features.kernel.arrays import Floats, Ints, Plan
from features.kernel.layout import (
    EDGES,
    GROUPS,
    HALF_LANES,
    HALF_LIVES,
    HALVES,
    HIDDEN,
    SUM_SLOTS,
    SUMS,
    TRENDS,
    WINDOWS,
)
from features.kernel.power import power_of_two
from histories.compiled import compiled, inlined

# A slot of `State.signals`: counts in the windows, then forward decays. One slot for each group, hidden signals among
# them, then one for all interactions, for each kind, for active days and for sessions.
LANES, DECAYS = 16, 7
EARLIEST, LATEST_TIME = 0, 1
# A row of `State.traces`, one for each interaction: the marks that it holds, and the list of those with a value.
MARKS, VALUED_PLACE = 0, 1
DAY_MARK, SESSION_MARK = 1, 2

# `State.ints`.
BEGIN, SWEPT, SEEN_GROUPS, SEEN_KINDS, SEEN_CHANNELS, ZONE_PLACE = 0, 1, 2, 3, 4, 5
LAST_TIME, ONE_DAY, ONE_PLACE, OTHER_DAY, OTHER_PLACE, LONGEST = 6, 7, 8, 9, 10, 11
ASKED, WAITED, ANSWERS, LATEST_WAIT, UNANSWERED = 12, 13, 14, 15, 16
VALUED_END, VALUED_OLD, RESCALE = 17, 18, 19
SINCE, POINTERS, ANCHORS, CHANNELS = 20, 27, 33, 41
INTS = CHANNELS + NO_CHANNEL + 1
# `State.floats`.
GAP_MEAN, GAP_SQUARES, CONTRIBUTION = 0, 1, 2
FLOATS = CONTRIBUTION + LANES

# Earlier than any window, even the one of all time.
NEVER = EVER
SINCE_EVER = EVER + 1
MANY_DAYS_AGO = -(2**62)
# No forward decay grows beyond two to this, times the number of interactions.
HIGHEST = 512
# After so many half-lives nothing is left of what counts at most two to HIGHEST.
NOTHING_LEFT = 1000


class Events(NamedTuple):
    """Interactions of leads, ascending by (time, id) within each."""

    occurred: Ints
    signature: Ints
    value: Floats


class State(NamedTuple):
    """The state of a sweep."""

    signals: Floats  # [slots, LANES]
    times: Ints  # [slots, 2]: the earliest and the latest interaction
    traces: Ints  # [interactions, 2]
    sums: Floats  # [signals with sums and hidden ones, WINDOWS]: those of disjoint windows
    ints: Ints
    floats: Floats


@inlined
def all_slot(plan: Plan) -> int:
    """Return the slot of all interactions; that of kind 0 follows."""
    return int(plan.layout[GROUPS] + plan.layout[HIDDEN])


@inlined
def days_slot(plan: Plan) -> int:
    """Return the slot of active days; that of sessions follows."""
    return int(plan.layout.size - SUM_SLOTS + plan.layout[HIDDEN])


@inlined
def sum_slots(plan: Plan) -> int:
    """Return how many signals have sums; hidden signals, which all have some, follow."""
    return int((plan.layout[TRENDS] - plan.layout[SUMS]) // WINDOWS)


@compiled
def new_state(longest: int, plan: Plan) -> State:
    """Return room for sweeps over leads of up to `longest` interactions; `reset` makes it ready for one of them."""
    slots = days_slot(plan) + 2
    state = State(
        signals=np.empty((slots, LANES)),
        times=np.empty((slots, 2), dtype=np.int64),
        traces=np.empty((longest, 2), dtype=np.int64),
        sums=np.empty((sum_slots(plan) + plan.layout[HIDDEN], WINDOWS)),
        ints=np.empty(INTS, dtype=np.int64),
        floats=np.empty(FLOATS),
    )
    state.ints[ZONE_PLACE] = 0
    return state


@inlined
def reset(state: State, begin: int, plan: Plan) -> None:
    """Forget everything; the next sweep begins at interaction `begin`."""
    ints, floats = state.ints, state.floats
    place = ints[ZONE_PLACE]
    ints[:CHANNELS] = 0
    ints[ZONE_PLACE] = place
    ints[BEGIN] = begin
    ints[SWEPT] = begin
    ints[POINTERS : POINTERS + WINDOWS - 1] = begin
    ints[ONE_DAY] = MANY_DAYS_AGO
    ints[OTHER_DAY] = MANY_DAYS_AGO
    ints[ASKED] = NEVER
    ints[SINCE + WINDOWS - 1] = SINCE_EVER
    floats[:] = 0.0
    state.sums[:, WINDOWS - 1] = 0.0
    days = days_slot(plan)
    state.signals[days : days + 2] = 0.0


@inlined
def look_back(state: State, cutoff: int, plan: Plan) -> None:
    """Note when the windows of a cutoff begin."""
    for window in range(WINDOWS - 1):
        state.ints[SINCE + window] = cutoff - plan.layout[EDGES + window]


@inlined
def anchor(state: State, time: int, plan: Plan) -> None:
    """Measure forward decays from a time on."""
    for half in range(plan.layout[HALF_LANES]):
        state.ints[ANCHORS + half] = time
    _next_rescale(state, plan)


@inlined
def rescale(state: State, time: int, plan: Plan) -> None:
    """Move the anchors of decays that come near to what a float holds, by whole half-lives: sums change exactly."""
    for half in range(HALVES):
        life = plan.layout[HALF_LIVES + half]
        whole = (time - state.ints[ANCHORS + half]) // life
        if whole >= HIGHEST:
            factor = power_of_two(-float(whole)) if whole <= NOTHING_LEFT else 0.0
            for slot in range(state.signals.shape[0]):
                state.signals[slot, DECAYS + half] *= factor
            state.ints[ANCHORS + half] += whole * life
    _next_rescale(state, plan)


@inlined
def _next_rescale(state: State, plan: Plan) -> None:
    first = state.ints[ANCHORS] + HIGHEST * plan.layout[HALF_LIVES]
    for half in range(1, HALVES):
        first = min(first, state.ints[ANCHORS + half] + HIGHEST * plan.layout[HALF_LIVES + half])
    state.ints[RESCALE] = first
