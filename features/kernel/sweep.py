"""The forward sweep: brings a lead's state from one cutoff to a later one. What it holds depends on nothing else.

Counts stand in nested windows and are whole numbers, so any path gives the same bits. Decayed counts are forward
decays (Cormode, Shkapenyuk, Srivastava, Xu 2009, "Forward decay"): an interaction counts 2^((time - anchor) / half-life)
for ever, and a cutoff divides by what would count 1 at it. The anchor is the first interaction that is visible.
"""

import numpy as np

from features.encoding.signature import GROUP_SHIFT, KIND_MASK
from features.kernel.arrays import Plan
from features.kernel.bits import lowest
from features.kernel.course import follow
from features.kernel.layout import EDGES, GROUPS, HALF_LANES, HALF_LIVES, HIDDEN, SUM_SLOTS, VALUED_GROUPS, WINDOWS
from features.kernel.power import power_of_two
from features.kernel.state import (
    ANCHORS,
    BEGIN,
    CONTRIBUTION,
    DAY_MARK,
    EARLIEST,
    LANES,
    LATEST_TIME,
    MARKS,
    POINTERS,
    RESCALE,
    SEEN_GROUPS,
    SEEN_KINDS,
    SESSION_MARK,
    SINCE,
    SWEPT,
    VALUED_END,
    VALUED_PLACE,
    Events,
    State,
    all_slot,
    anchor,
    days_slot,
    look_back,
    rescale,
)
from histories.compiled import inlined


@inlined
def advance(state: State, events: Events, end: int, cutoff: int, plan: Plan) -> None:
    """Bring the state to a cutoff that is no earlier than the last; `end` is that of the interactions before it."""
    if state.ints[SWEPT] > state.ints[BEGIN]:
        _leave(state, events, cutoff, plan)
    look_back(state, cutoff, plan)
    _enter(state, events, end, plan)
    follow(state, events, end, plan)
    state.ints[SWEPT] = end


@inlined
def members(signature: int, value: float, plan: Plan) -> int:
    """Return the groups of an interaction as bits: directions, families, hidden signals."""
    found = signature >> GROUP_SHIFT
    groups = plan.layout[GROUPS]
    for hidden in range(plan.layout[HIDDEN]):
        least = plan.least[hidden]
        if least > -np.inf and not value >= least:
            found &= ~(1 << (groups + hidden))
    return int(found)


@inlined
def _leave(state: State, events: Events, cutoff: int, plan: Plan) -> None:
    """Take out of each window what a later cutoff leaves behind, the widest window first."""
    ints, swept, entered = state.ints, state.ints[SWEPT], state.ints[BEGIN]
    for window in range(WINDOWS - 2, -1, -1):
        place = max(ints[POINTERS + window], entered)
        # These were too old for the window when they came.
        while place < swept and events.occurred[place] < ints[SINCE + window]:
            place += 1
        entered = place
        since = cutoff - plan.layout[EDGES + window]
        while place < swept and events.occurred[place] < since:
            _take_out(state, events, place, window, plan)
            place += 1
        ints[POINTERS + window] = place


@inlined
def _take_out(state: State, events: Events, place: int, window: int, plan: Plan) -> None:
    signals, every, days = state.signals, all_slot(plan), days_slot(plan)
    signature = events.signature[place]
    signals[every, window] -= 1.0
    signals[every + 1 + (signature & KIND_MASK), window] -= 1.0
    groups = members(signature, events.value[place], plan)
    while groups:
        signals[lowest(groups), window] -= 1.0
        groups &= groups - 1
    marks = state.traces[place - state.ints[BEGIN], MARKS]
    if marks & DAY_MARK:
        signals[days, window] -= 1.0
    if marks & SESSION_MARK:
        signals[days + 1, window] -= 1.0


@inlined
def _enter(state: State, events: Events, end: int, plan: Plan) -> None:
    """Count the interactions up to `end` in all their signals."""
    ints = state.ints
    every = all_slot(plan)
    begin = ints[SWEPT]
    if begin == ints[BEGIN] and begin < end:
        anchor(state, events.occurred[begin], plan)
    for place in range(begin, end):
        time, signature = events.occurred[place], events.signature[place]
        if time >= ints[RESCALE]:
            rescale(state, time, plan)
        _contribution(state, time, plan)
        groups = members(signature, events.value[place], plan)
        kind = signature & KIND_MASK
        _begin_signals(state, groups, kind, time, every)
        _observe(state, every, time)
        _observe(state, every + 1 + kind, time)
        if np.isfinite(events.value[place]) and _valued(groups, kind, plan):
            state.traces[ints[VALUED_END], VALUED_PLACE] = place
            ints[VALUED_END] += 1
        while groups:
            _observe(state, lowest(groups), time)
            groups &= groups - 1


@inlined
def _valued(groups: int, kind: int, plan: Plan) -> bool:
    """Tell whether any signal sums the values of such interactions."""
    layout = plan.layout
    if groups & layout[VALUED_GROUPS]:
        return True
    every = SUM_SLOTS + layout[GROUPS]
    return bool(layout[every] >= 0 or layout[every + 1 + kind] >= 0)


@inlined
def _contribution(state: State, time: int, plan: Plan) -> None:
    """Work out what an interaction adds to each signal that it belongs to."""
    for window in range(WINDOWS):
        state.floats[CONTRIBUTION + window] = 1.0 if time >= state.ints[SINCE + window] else 0.0
    # A number that the compiler does not know, a multiple of what a vector holds: so it works on several at once.
    for half in range(plan.layout[HALF_LANES]):
        lives = (time - state.ints[ANCHORS + half]) / plan.layout[HALF_LIVES + half]
        state.floats[CONTRIBUTION + WINDOWS + half] = power_of_two(lives)


@inlined
def _begin_signals(state: State, groups: int, kind: int, time: int, every: int) -> None:
    ints = state.ints
    if not ints[SEEN_KINDS]:
        _begin(state, every, time)
    if not ints[SEEN_KINDS] >> kind & 1:
        _begin(state, every + 1 + kind, time)
        ints[SEEN_KINDS] |= 1 << kind
    fresh = groups & ~ints[SEEN_GROUPS]
    ints[SEEN_GROUPS] |= fresh
    while fresh:
        _begin(state, lowest(fresh), time)
        fresh &= fresh - 1


@inlined
def _begin(state: State, slot: int, time: int) -> None:
    state.signals[slot] = 0.0
    state.times[slot, EARLIEST] = time


@inlined
def _observe(state: State, slot: int, time: int) -> None:
    for lane in range(LANES):
        state.signals[slot, lane] += state.floats[CONTRIBUTION + lane]
    state.times[slot, LATEST_TIME] = time
