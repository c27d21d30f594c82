"""Sums of values in windows: added up from the newest to the oldest, so that what has left a window leaves no trace."""

from features.encoding.signature import KIND_MASK
from features.kernel.arrays import Floats, Plan
from features.kernel.bits import lowest
from features.kernel.layout import GROUPS, HIDDEN, HIDDEN_SUMS, HIDDEN_WIDTH, SUM_SLOTS, SUMS, VALUED_GROUPS, WINDOWS
from features.kernel.state import SINCE, VALUED_END, VALUED_OLD, VALUED_PLACE, Events, State, sum_slots
from features.kernel.sweep import members
from histories.compiled import inlined

_OLD = WINDOWS - 1


@inlined
def emit_sums(out: Floats, hidden: Floats, state: State, events: Events, plan: Plan) -> None:
    """Write the sums over a blank row.

    What is older than the widest window is added up forward, once for all cutoffs: it never comes back.
    """
    ints = state.ints
    if ints[VALUED_END] == 0:
        return
    while ints[VALUED_OLD] < ints[VALUED_END]:
        place = state.traces[ints[VALUED_OLD], VALUED_PLACE]
        if events.occurred[place] >= ints[SINCE + _OLD - 1]:
            break
        _add(state, events, place, _OLD, plan)
        ints[VALUED_OLD] += 1
    state.sums[:, :_OLD] = 0.0
    window = 0
    for valued in range(ints[VALUED_END] - 1, ints[VALUED_OLD] - 1, -1):
        place = state.traces[valued, VALUED_PLACE]
        while events.occurred[place] < ints[SINCE + window]:
            window += 1
        _add(state, events, place, window, plan)
    columns = sum_slots(plan)
    for slot in range(columns):
        _nest(out, plan.layout[SUMS] + slot * WINDOWS, state, slot)
    for one in range(plan.layout[HIDDEN]):
        _nest(hidden, one * HIDDEN_WIDTH + HIDDEN_SUMS, state, columns + one)


@inlined
def _add(state: State, events: Events, place: int, window: int, plan: Plan) -> None:
    """Add the value of an interaction to a window of all its signals that have sums."""
    signature, value = events.signature[place], events.value[place]
    groups = plan.layout[GROUPS]
    every = SUM_SLOTS + groups
    if plan.layout[every] >= 0:
        state.sums[plan.layout[every], window] += value
    kind = every + 1 + (signature & KIND_MASK)
    if plan.layout[kind] >= 0:
        state.sums[plan.layout[kind], window] += value
    valued = members(signature, value, plan) & plan.layout[VALUED_GROUPS]
    while valued:
        group = lowest(valued)
        slot = plan.layout[SUM_SLOTS + group] if group < groups else sum_slots(plan) + group - groups
        state.sums[slot, window] += value
        valued &= valued - 1


@inlined
def _nest(out: Floats, at: int, state: State, slot: int) -> None:
    """Make sums of nested windows out of those of disjoint ones."""
    total = 0.0
    for window in range(WINDOWS):
        total += state.sums[slot, window]
        out[at + window] = total
