"""The one kernel: fills one row of features for each snapshot. Everything else is a way to feed it.

A lead's interactions are swept forward once for all of its snapshots, and a row is written at each cutoff. What a row
says depends on what its cutoff sees, and on nothing else: neither on the other snapshots, nor on how the call came.
"""

import numpy as np

from features import own_program
from features.arrays import Encoded, Floats, Ints, Plan
from features.emission import emit
from features.facts import emit_facts
from features.layout import (
    AGE,
    END,
    FIRST,
    FIRST_AGE,
    HIDDEN,
    HIDDEN_WIDTH,
    MEMBERS,
    SNAPSHOT_CUTOFF,
    SNAPSHOT_LEAD,
    SNAPSHOT_ROW,
    WINDOWS,
)
from features.others import COUNTED, Company, emit_others, gather, nobody
from features.state import Events, State, new_state, reset
from features.sums import emit_sums
from features.sweep import advance
from histories.compiled import compiled

# From so many rows of an account on, its interactions are sorted once, in place of being gone through for each row.
_MANY_ROWS = 5


@compiled
def rows(matrix: Floats, snapshots: Ints, encoded: Encoded, plan: Plan) -> None:
    """Fill rows of `matrix` [rows, features]; `snapshots` is [n, 3]: place of the lead, cutoff, row of the matrix.

    Snapshots of a lead stand together, ascending by cutoff. Large accounts cost least where those of an account's
    leads stand together too.
    """
    longest = 0
    for snapshot in range(snapshots.shape[0]):
        lead = snapshots[snapshot, SNAPSHOT_LEAD]
        longest = max(longest, encoded.leads[lead, END] - encoded.leads[lead, FIRST])
    state = new_state(longest, plan)
    account, company, begin = -1, nobody(), 0
    while begin < snapshots.shape[0]:
        lead = snapshots[begin, SNAPSHOT_LEAD]
        if encoded.leads[lead, MEMBERS] != account:
            account = encoded.leads[lead, MEMBERS]
            many = account >= 0 and _of_account(snapshots, begin, encoded) >= _MANY_ROWS
            company = gather(lead, encoded, plan) if many else nobody()
        end = begin + 1
        while end < snapshots.shape[0] and snapshots[end, SNAPSHOT_LEAD] == lead:
            end += 1
        _lead(matrix, snapshots[begin:end], encoded, plan, state, company)
        begin = end


@compiled
def row(out: Floats, lead: int, cutoff: int, encoded: Encoded, plan: Plan) -> None:
    """Fill one row for one lead at one cutoff."""
    snapshots = np.empty((1, 3), dtype=np.int64)
    snapshots[0, SNAPSHOT_LEAD], snapshots[0, SNAPSHOT_CUTOFF], snapshots[0, SNAPSHOT_ROW] = lead, cutoff, 0
    rows(out.reshape(1, -1), snapshots, encoded, plan)


@compiled
def _of_account(snapshots: Ints, begin: int, encoded: Encoded) -> int:
    """Return how many snapshots from here on are of leads of one account."""
    account, end = encoded.leads[snapshots[begin, SNAPSHOT_LEAD], MEMBERS], begin
    while end < snapshots.shape[0] and encoded.leads[snapshots[end, SNAPSHOT_LEAD], MEMBERS] == account:
        end += 1
    return end - begin


@compiled
def _lead(matrix: Floats, snapshots: Ints, encoded: Encoded, plan: Plan, state: State, company: Company) -> None:
    """Fill the rows of one lead, by one sweep as far as everything had arrived."""
    lead = snapshots[0, SNAPSHOT_LEAD]
    begin, stop = encoded.leads[lead, FIRST], encoded.leads[lead, END]
    events = Events(encoded.occurred, encoded.signature, encoded.value)
    hidden = np.empty(plan.layout[HIDDEN] * HIDDEN_WIDTH)
    counts = np.empty(COUNTED * WINDOWS, dtype=np.int64)
    reset(state, begin, plan)
    end, arrived = begin, encoded.received[begin] if begin < stop else 0
    for snapshot in range(snapshots.shape[0]):
        cutoff, out = snapshots[snapshot, SNAPSHOT_CUTOFF], matrix[snapshots[snapshot, SNAPSHOT_ROW]]
        while end < stop and encoded.occurred[end] < cutoff:
            arrived = max(arrived, encoded.received[end])
            end += 1
        out[:] = plan.blank
        _blank(hidden)
        if end == begin or arrived <= cutoff:
            advance(state, events, end, cutoff, plan)
            emit(out, hidden, state, events, cutoff, plan)
            emit_sums(out, hidden, state, events, plan)
        else:
            _afresh(out, hidden, begin, end, cutoff, encoded, plan)
        emit_facts(out, lead, cutoff, encoded, plan)
        emit_others(out, counts, lead, cutoff, encoded, plan, company)
        own_program.evaluate(out, hidden, plan)


@compiled
def _blank(hidden: Floats) -> None:
    for begin in range(0, hidden.size, HIDDEN_WIDTH):
        hidden[begin : begin + HIDDEN_WIDTH] = 0.0
        hidden[begin + FIRST_AGE] = np.nan
        hidden[begin + AGE] = np.nan


@compiled
def _afresh(out: Floats, hidden: Floats, begin: int, end: int, cutoff: int, encoded: Encoded, plan: Plan) -> None:
    """Sweep what had arrived at the cutoff, and leave out what had not: for this cutoff alone."""
    seen = begin + np.flatnonzero(encoded.received[begin:end] <= cutoff)
    events = Events(encoded.occurred[seen], encoded.signature[seen], encoded.value[seen])
    state = new_state(seen.size, plan)
    reset(state, 0, plan)
    advance(state, events, seen.size, cutoff, plan)
    emit(out, hidden, state, events, cutoff, plan)
    emit_sums(out, hidden, state, events, plan)
