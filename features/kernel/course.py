"""What depends on the order of a lead's interactions: days, sessions, gaps, answers, channels."""

from features.encoding.signature import CHANNEL_SHIFT, GROUP_SHIFT, INBOUND, NO_CHANNEL, OUTBOUND
from features.kernel.arrays import Plan
from features.kernel.layout import SESSION_GAP, WINDOWS
from features.kernel.state import (
    ANSWERS,
    ASKED,
    BEGIN,
    CHANNELS,
    DAY_MARK,
    GAP_MEAN,
    GAP_SQUARES,
    LAST_TIME,
    LATEST_WAIT,
    LONGEST,
    MARKS,
    NEVER,
    ONE_DAY,
    ONE_PLACE,
    OTHER_DAY,
    OTHER_PLACE,
    SEEN_CHANNELS,
    SESSION_MARK,
    SINCE,
    SWEPT,
    UNANSWERED,
    WAITED,
    ZONE_PLACE,
    Events,
    State,
    days_slot,
)
from histories.clock import DAY
from histories.compiled import inlined


@inlined
def follow(state: State, events: Events, end: int, plan: Plan) -> None:
    """Take in the interactions that the state has not seen, up to `end`."""
    ints = state.ints
    window = WINDOWS - 1
    for place in range(ints[SWEPT], end):
        time, signature = int(events.occurred[place]), events.signature[place]
        while window > 0 and time >= ints[SINCE + window - 1]:
            window -= 1
        _day(state, events, place, time, window, plan)
        _session(state, place, time, window, plan)
        _contact(state, time, signature >> GROUP_SHIFT)
        channel = signature >> CHANNEL_SHIFT & NO_CHANNEL
        if channel != NO_CHANNEL:
            ints[SEEN_CHANNELS] |= 1 << channel
            ints[CHANNELS + channel] = time
        ints[LAST_TIME] = time


@inlined
def _take_over(state: State, slot: int, window: int, holder: int) -> None:
    """Move a mark into `window` and all wider ones from the time that held it, NEVER for a new one."""
    while window < WINDOWS and holder < state.ints[SINCE + window]:
        state.signals[slot, window] += 1.0
        window += 1


@inlined
def _day(state: State, events: Events, place: int, time: int, window: int, plan: Plan) -> None:
    """An active day is marked at its latest interaction."""
    ints = state.ints
    day = (time + offset(state, time, plan)) // DAY
    if day != ints[ONE_DAY]:
        # Clocks that go back just after midnight make a day come twice; two remembered days tell it from a new one.
        ints[ONE_DAY], ints[OTHER_DAY] = ints[OTHER_DAY], ints[ONE_DAY]
        ints[ONE_PLACE], ints[OTHER_PLACE] = ints[OTHER_PLACE], ints[ONE_PLACE]
    holder = NEVER
    if day == ints[ONE_DAY]:
        holder = int(events.occurred[ints[ONE_PLACE]])
        state.traces[ints[ONE_PLACE] - ints[BEGIN], MARKS] &= ~DAY_MARK
    _take_over(state, days_slot(plan), window, holder)
    ints[ONE_DAY], ints[ONE_PLACE] = day, place
    state.traces[place - ints[BEGIN], MARKS] = DAY_MARK


@inlined
def offset(state: State, time: int, plan: Plan) -> int:
    """Return the zone's offset at a time; the search begins where the last one ended."""
    starts, place = plan.zone[0], state.ints[ZONE_PLACE]
    while time < starts[place]:
        place -= 1
    while place + 1 < starts.size and time >= starts[place + 1]:
        place += 1
    state.ints[ZONE_PLACE] = place
    return int(plan.zone[1, place])


@inlined
def _session(state: State, place: int, time: int, window: int, plan: Plan) -> None:
    """A session is marked at its latest interaction; the times between interactions are summed up on the way."""
    ints, floats = state.ints, state.floats
    holder = NEVER
    count = place - ints[BEGIN]
    if count > 0:
        gap = time - ints[LAST_TIME]
        if gap < plan.layout[SESSION_GAP]:
            holder = int(ints[LAST_TIME])
            state.traces[count - 1, MARKS] &= ~SESSION_MARK
        ints[LONGEST] = max(ints[LONGEST], gap)
        # Welford 1962.
        days = gap / DAY
        difference = days - floats[GAP_MEAN]
        floats[GAP_MEAN] += difference / count
        floats[GAP_SQUARES] += difference * (days - floats[GAP_MEAN])
    state.traces[count, MARKS] |= SESSION_MARK
    _take_over(state, days_slot(plan) + 1, window, holder)


@inlined
def _contact(state: State, time: int, groups: int) -> None:
    """An inbound interaction answers the outbound one that came last, if no other inbound one did."""
    ints = state.ints
    if groups >> INBOUND & 1:
        if ints[ASKED] != NEVER:
            ints[LATEST_WAIT] = time - ints[ASKED]
            ints[WAITED] += ints[LATEST_WAIT]
            ints[ANSWERS] += 1
            ints[ASKED] = NEVER
        ints[UNANSWERED] = 0
    elif groups >> OUTBOUND & 1:
        ints[ASKED] = time
        ints[UNANSWERED] += 1
