"""The one kernel: fills one row of features for each snapshot. Everything else is a way to feed it.

A lead's interactions are swept forward once for all of its snapshots, and a row is written at each cutoff. What a row
says depends on what its cutoff sees, and on nothing else: neither on the other snapshots, nor on how the call came.
"""

from typing import NamedTuple

import numpy as np

from features.encoding.zone import EVER
from features.kernel import own_program
from features.kernel.arrays import Encoded, Floats, Ints, Plan
from features.kernel.company import COUNTED, Company, gather, nobody
from features.kernel.emission import emit
from features.kernel.facts import emit_facts
from features.kernel.layout import (
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
from features.kernel.others import emit_others
from features.kernel.state import Events, State, new_state, reset
from features.kernel.sums import emit_sums
from features.kernel.sweep import advance
from histories.compiled import compiled, inlined

# From so many rows of an account on, its interactions are sorted once, in place of being gone through for each row.
_MANY_ROWS = 5


class Room(NamedTuple):
    """Memory that one lead after the other uses, and the interactions of all."""

    state: State
    hidden: Floats
    counts: Ints
    events: Events
    arrived: Events  # those of one lead that had arrived at a cutoff, where others had not


@compiled
def rows(matrix: Floats, snapshots: Ints, encoded: Encoded, plan: Plan) -> None:
    """Fill rows of `matrix` [rows, features]; `snapshots` is [n, 3]: place of the lead, cutoff, row of the matrix.

    Snapshots of a lead stand together, ascending by cutoff. Large accounts cost least where those of an account's
    leads stand together too.
    """
    longest = _longest(snapshots, encoded)
    room = Room(
        new_state(longest, plan),
        np.empty(plan.layout[HIDDEN] * HIDDEN_WIDTH),
        np.empty((WINDOWS, COUNTED), dtype=np.int64),
        Events(encoded.occurred, encoded.signature, encoded.value),
        Events(np.empty(longest, dtype=np.int64), np.empty(longest, dtype=np.int64), np.empty(longest)),
    )
    # Not a plain 0, which would be compiled as a type of its own.
    account, company, begin = -1, nobody(), int(np.int64(0))
    while begin < snapshots.shape[0]:
        lead = snapshots[begin, SNAPSHOT_LEAD]
        if encoded.leads[lead, MEMBERS] != account:
            account = encoded.leads[lead, MEMBERS]
            many = account >= 0 and _of_account(snapshots, begin, encoded) >= _MANY_ROWS
            company = gather(lead, encoded, plan) if many else nobody()
        begin = _lead(matrix, snapshots, begin, encoded, plan, room, company)


@inlined
def _longest(snapshots: Ints, encoded: Encoded) -> int:
    longest = 0
    for snapshot in range(snapshots.shape[0]):
        lead = snapshots[snapshot, SNAPSHOT_LEAD]
        longest = max(longest, encoded.leads[lead, END] - encoded.leads[lead, FIRST])
    return longest


@compiled
def row(out: Floats, lead: int, cutoff: int, encoded: Encoded, plan: Plan) -> None:
    """Fill one row for one lead at one cutoff."""
    snapshots = np.empty((1, 3), dtype=np.int64)
    snapshots[0, SNAPSHOT_LEAD], snapshots[0, SNAPSHOT_CUTOFF], snapshots[0, SNAPSHOT_ROW] = lead, cutoff, 0
    rows(out.reshape(1, -1), snapshots, encoded, plan)


@inlined
def _of_account(snapshots: Ints, begin: int, encoded: Encoded) -> int:
    """Return how many snapshots from here on are of leads of one account."""
    account, end = encoded.leads[snapshots[begin, SNAPSHOT_LEAD], MEMBERS], begin
    while end < snapshots.shape[0] and encoded.leads[snapshots[end, SNAPSHOT_LEAD], MEMBERS] == account:
        end += 1
    return end - begin


@inlined
def _lead(
    matrix: Floats, snapshots: Ints, snapshot: int, encoded: Encoded, plan: Plan, room: Room, company: Company
) -> int:
    """Fill the rows of one lead; return the end of its snapshots.

    The sweep goes on from one cutoff to the next as long as all that occurred had arrived. Where something had not,
    what had is swept afresh for that cutoff alone, and so is everything for the next.
    """
    lead, state = snapshots[snapshot, SNAPSHOT_LEAD], room.state
    begin, stop = encoded.leads[lead, FIRST], encoded.leads[lead, END]
    end, latest, stale = begin, EVER, True
    while snapshot < snapshots.shape[0] and snapshots[snapshot, SNAPSHOT_LEAD] == lead:
        cutoff, out = snapshots[snapshot, SNAPSHOT_CUTOFF], matrix[snapshots[snapshot, SNAPSHOT_ROW]]
        while end < stop and encoded.occurred[end] < cutoff:
            latest = max(latest, encoded.received[end])
            end += 1
        late = latest > cutoff
        if late:
            events, first, visible = room.arrived, 0, _copy_arrived(room.arrived, begin, end, cutoff, encoded)
        else:
            events, first, visible = room.events, begin, end
        if late or stale:
            reset(state, first, plan)
        stale = late
        for column in range(out.size):
            out[column] = plan.blank[column]
        _blank(room.hidden)
        advance(state, events, visible, cutoff, plan)
        emit(out, room.hidden, state, events, cutoff, plan)
        emit_sums(out, room.hidden, state, events, plan)
        emit_facts(out, lead, cutoff, encoded, plan)
        emit_others(out, room.counts, lead, cutoff, encoded, plan, company)
        own_program.evaluate(out, room.hidden, plan)
        snapshot += 1
    return snapshot


@inlined
def _copy_arrived(arrived: Events, begin: int, end: int, cutoff: int, encoded: Encoded) -> int:
    """Copy what had arrived at a cutoff; return how many they are."""
    count = 0
    for place in range(begin, end):
        if encoded.received[place] <= cutoff:
            arrived.occurred[count] = encoded.occurred[place]
            arrived.signature[count] = encoded.signature[place]
            arrived.value[count] = encoded.value[place]
            count += 1
    return count


@inlined
def _blank(hidden: Floats) -> None:
    for begin in range(0, hidden.size, HIDDEN_WIDTH):
        hidden[begin : begin + HIDDEN_WIDTH] = 0.0
        hidden[begin + FIRST_AGE] = np.nan
        hidden[begin + AGE] = np.nan
