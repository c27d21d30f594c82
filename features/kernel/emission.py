"""A row from the state of a sweep: what one cutoff sees of the lead's interactions."""

import numpy as np

from features.encoding.signature import INBOUND, KIND_MASK, OUTBOUND, REPLIES
from features.kernel.arrays import Floats, Plan
from features.kernel.bits import lowest
from features.kernel.course import offset
from features.kernel.layout import (
    AGE,
    ALL,
    CONTACT,
    DECAYED,
    FIRST_AGE,
    GROUPS,
    HALF_LANES,
    HALF_LIVES,
    HALVES,
    HIDDEN_WIDTH,
    LATEST,
    RHYTHM,
    TRENDS,
    VARIETY,
    W7,
    W30,
    W90,
    WIDTH,
    WINDOWS,
)
from features.kernel.power import power_of_two
from features.kernel.state import (
    ANCHORS,
    ANSWERS,
    BEGIN,
    CHANNELS,
    CONTRIBUTION,
    EARLIEST,
    GAP_SQUARES,
    LAST_TIME,
    LATEST_TIME,
    LATEST_WAIT,
    LONGEST,
    NOTHING_LEFT,
    SEEN_CHANNELS,
    SEEN_GROUPS,
    SEEN_KINDS,
    SINCE,
    SWEPT,
    UNANSWERED,
    WAITED,
    Events,
    State,
    all_slot,
    days_slot,
)
from histories.clock import DAY, HOUR
from histories.compiled import inlined


@inlined
def emit(out: Floats, hidden: Floats, state: State, events: Events, cutoff: int, plan: Plan) -> None:
    """Write what the state holds over a blank row, and hidden signals to `hidden`, HIDDEN_WIDTH values each."""
    if state.ints[SWEPT] == state.ints[BEGIN]:
        return
    _factors(state, cutoff, plan)
    _signals(out, hidden, state, cutoff, plan)
    _contact(out, state, plan)
    _rhythm(out, state, cutoff, plan)
    _variety(out, state, plan)
    _latest(out, state, events, plan)


@inlined
def _factors(state: State, cutoff: int, plan: Plan) -> None:
    """Work out what the lanes of a signal are multiplied by: counts by 1, forward decays by what the cutoff makes of 1."""
    factors = state.floats[CONTRIBUTION:]
    for window in range(WINDOWS):
        factors[window] = 1.0
    for half in range(plan.layout[HALF_LANES]):
        lives = (cutoff - state.ints[ANCHORS + half]) / plan.layout[HALF_LIVES + half]
        factors[DECAYED + half] = power_of_two(-lives) if lives <= NOTHING_LEFT else 0.0


@inlined
def _signals(out: Floats, hidden: Floats, state: State, cutoff: int, plan: Plan) -> None:
    groups, every, trends = plan.layout[GROUPS], all_slot(plan), plan.layout[TRENDS]
    _signal(out, groups * WIDTH, state, every, cutoff)
    _trend(out, groups * WIDTH, trends + 2 * groups)
    kinds = state.ints[SEEN_KINDS]
    while kinds:
        kind = lowest(kinds)
        _signal(out, (groups + 1 + kind) * WIDTH, state, every + 1 + kind, cutoff)
        kinds &= kinds - 1
    seen = state.ints[SEEN_GROUPS]
    while seen:
        group = lowest(seen)
        if group < groups:
            _signal(out, group * WIDTH, state, group, cutoff)
            _trend(out, group * WIDTH, trends + 2 * group)
        else:
            _signal(hidden, (group - groups) * HIDDEN_WIDTH, state, group, cutoff)
        seen &= seen - 1


@inlined
def _signal(out: Floats, at: int, state: State, slot: int, cutoff: int) -> None:
    for lane in range(WINDOWS + HALVES):
        out[at + lane] = state.signals[slot, lane] * state.floats[CONTRIBUTION + lane]
    out[at + FIRST_AGE] = (cutoff - state.times[slot, EARLIEST]) / DAY
    out[at + AGE] = (cutoff - state.times[slot, LATEST_TIME]) / DAY


@inlined
def _trend(out: Floats, counts: int, at: int) -> None:
    out[at] = (out[counts + W7] + 1.0) / (out[counts + W30] * (7.0 / 30.0) + 1.0)
    out[at + 1] = (out[counts + W30] + 1.0) / (out[counts + W90] * (30.0 / 90.0) + 1.0)


@inlined
def _share(part: float, whole: float) -> float:
    return part / whole if whole > 0.0 else np.nan


@inlined
def _contact(out: Floats, state: State, plan: Plan) -> None:
    at, ints = plan.layout[CONTACT], state.ints
    theirs, ours = INBOUND * WIDTH, OUTBOUND * WIDTH
    out[at] = _share(out[theirs + W30], out[theirs + W30] + out[ours + W30])
    out[at + 1] = _share(out[theirs + ALL], out[theirs + ALL] + out[ours + ALL])
    out[at + 2] = _share(out[REPLIES * WIDTH + ALL], out[ours + ALL])
    if ints[ANSWERS]:
        out[at + 3] = ints[WAITED] / HOUR / ints[ANSWERS]
        out[at + 4] = ints[LATEST_WAIT] / HOUR
    out[at + 5] = ints[UNANSWERED]


@inlined
def _rhythm(out: Floats, state: State, cutoff: int, plan: Plan) -> None:
    at, ints, days = plan.layout[RHYTHM], state.ints, days_slot(plan)
    for window in range(WINDOWS):
        out[at + window] = state.signals[days, window]
        out[at + WINDOWS + window] = state.signals[days + 1, window]
    gaps = ints[SWEPT] - ints[BEGIN] - 1
    if gaps == 0:
        return
    at += 2 * WINDOWS
    mean = (ints[LAST_TIME] - state.times[all_slot(plan), EARLIEST]) / DAY / gaps
    out[at] = mean
    out[at + 1] = np.sqrt(state.floats[GAP_SQUARES] / gaps)
    out[at + 2] = ints[LONGEST] / DAY
    out[at + 3] = _share((cutoff - ints[LAST_TIME]) / DAY, mean)


@inlined
def _variety(out: Floats, state: State, plan: Plan) -> None:
    """Count the kinds, and the channels, whose latest interaction lies in each window."""
    at, kind_slot = plan.layout[VARIETY], all_slot(plan) + 1
    kinds = state.ints[SEEN_KINDS]
    while kinds:
        _distinct(out, at, state, state.times[kind_slot + lowest(kinds), LATEST_TIME])
        kinds &= kinds - 1
    channels = state.ints[SEEN_CHANNELS]
    while channels:
        _distinct(out, at + WINDOWS, state, state.ints[CHANNELS + lowest(channels)])
        channels &= channels - 1


@inlined
def _distinct(out: Floats, at: int, state: State, latest: int) -> None:
    for window in range(WINDOWS):
        if latest >= state.ints[SINCE + window]:
            out[at + window] += 1.0


@inlined
def _latest(out: Floats, state: State, events: Events, plan: Plan) -> None:
    """The last three kinds, and the calendar of the last interaction."""
    at, end = plan.layout[LATEST], state.ints[SWEPT]
    for back in range(min(3, end - state.ints[BEGIN])):
        out[at + back] = events.signature[end - 1 - back] & KIND_MASK
    time = int(events.occurred[end - 1])
    local = time + offset(state, time, plan)
    out[at + 3] = local // HOUR % 24
    out[at + 4] = (local // DAY + 3) % 7  # 1970-01-01 was a Thursday
