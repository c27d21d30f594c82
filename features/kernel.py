"""The one kernel: fills one row of features for each snapshot. Everything else is a way to feed it.

All compiled functions and the constants that they read stand in this file, since numba's cache notices no change of
another. A lead's interactions are scanned from the newest to the oldest, so each lies in one window and no narrower;
the windows are added up at the end. Sums run in that order everywhere, so that equal input gives equal bits.
"""

import numpy as np

from features.arrays import Encoded, Floats, Ints, Plan
from histories.compiled import compiled

DAY, HOUR = 86_400_000_000.0, 3_600_000_000.0
DAY_MICROS, HOUR_MICROS = 86_400_000_000, 3_600_000_000
NEVER, MANY_DAYS_AGO = -(2**63), -(2**62)

# Where things stand in `Plan.layout`.
GROUPS, SESSION_GAP, INTENT, TWO_WAY = 0, 1, 2, 3
SUMS, TRENDS, CONTACT, RHYTHM, VARIETY, LATEST = 4, 5, 6, 7, 8, 9
LEAD, STAGES, ATTRIBUTES, ACCOUNT, COLUMNS = 10, 11, 12, 13, 14
# Where things stand in a row of `Encoded.leads`.
CREATED, FIRST, END, MEMBERS, MEMBERS_END = 0, 1, 2, 3, 4
ATTRIBUTE, ATTRIBUTE_END, STEP, STEP_END = 5, 6, 7, 8
# How a signal's columns and the signature of an interaction are made.
WINDOWS, WIDTH = 7, 15
DECAYED, FIRST_AGE, AGE = 7, 13, 14
ALL, W7, W30, W90 = 6, 2, 4, 5
INBOUND, OUTBOUND, REPLIES = 0, 1, 2
KIND_MASK, CHANNEL_SHIFT, NO_CHANNEL, GROUP_SHIFT = 63, 6, 63, 12
STAGE_COUNT = 3


@compiled
def rows(matrix: Floats, snapshots: Ints, encoded: Encoded, plan: Plan) -> None:
    """Fill `matrix` [snapshots, features]; `snapshots` is [n, 2]: place of the lead, cutoff."""
    for place in range(snapshots.shape[0]):
        row(matrix[place], snapshots[place, 0], snapshots[place, 1], encoded, plan)


@compiled
def row(out: Floats, lead: int, cutoff: int, encoded: Encoded, plan: Plan) -> None:
    """Fill one row for one lead at one cutoff."""
    layout = plan.layout
    first = encoded.leads[lead, FIRST]
    end = _before(encoded.occurred, first, encoded.leads[lead, END], cutoff)
    out[:] = 0.0
    _signals(out, first, end, cutoff, encoded, plan)
    _trends(out, layout)
    _contact(out, first, end, cutoff, encoded, layout)
    _rhythm(out, first, end, cutoff, encoded, plan)
    _latest(out, first, end, cutoff, encoded, plan)
    out[layout[LEAD]] = (cutoff - encoded.leads[lead, CREATED]) / DAY
    _stages(out, lead, cutoff, encoded, layout)
    _attributes(out, lead, cutoff, encoded, layout)
    _account(out, lead, cutoff, encoded, plan)


@compiled
def _before(times: Ints, first: int, end: int, cutoff: int) -> int:
    """Return the end of those among [first, end) that lie strictly before the cutoff."""
    while first < end:
        middle = (first + end) // 2
        if times[middle] < cutoff:
            first = middle + 1
        else:
            end = middle
    return first


@compiled
def _offset_place(zone: Ints, time: int) -> int:
    """Return the place of the offset that holds at a time."""
    return _before(zone[0], 0, zone.shape[1], time + 1) - 1


@compiled
def _accumulate(out: Floats, start: int) -> None:
    """Turn counts of disjoint windows into those of nested ones."""
    for window in range(1, WINDOWS):
        out[start + window] += out[start + window - 1]


@compiled
def _signals(out: Floats, first: int, end: int, cutoff: int, encoded: Encoded, plan: Plan) -> None:
    groups = plan.layout[GROUPS]
    edges, half_lives = plan.edges, plan.half_lives
    count = plan.sum_slots.size
    for signal in range(count):
        out[signal * WIDTH + FIRST_AGE] = np.nan
        out[signal * WIDTH + AGE] = np.nan
    decays = np.empty(half_lives.size)
    window = 0
    for i in range(end - 1, first - 1, -1):
        if encoded.received[i] > cutoff:
            continue
        age = cutoff - encoded.occurred[i]
        while window < edges.size and age > edges[window]:
            window += 1
        days = age / DAY
        for half in range(half_lives.size):
            decays[half] = np.exp2(-days / half_lives[half])
        _observe_all(out, encoded.signature[i], window, days, decays, groups)
        if np.isfinite(encoded.value[i]):
            _add_value(out, encoded.signature[i], window, encoded.value[i], plan)
    for signal in range(count):
        _accumulate(out, signal * WIDTH)
        if plan.sum_slots[signal] >= 0:
            _accumulate(out, plan.layout[SUMS] + plan.sum_slots[signal] * WINDOWS)


@compiled
def _observe_all(out: Floats, signature: int, window: int, days: float, decays: Floats, groups: int) -> None:
    _observe(out, groups, window, days, decays)
    _observe(out, groups + 1 + (signature & KIND_MASK), window, days, decays)
    members = signature >> GROUP_SHIFT
    signal = 0
    while members:
        if members & 1:
            _observe(out, signal, window, days, decays)
        members >>= 1
        signal += 1


@compiled
def _observe(out: Floats, signal: int, window: int, days: float, decays: Floats) -> None:
    base = signal * WIDTH
    out[base + window] += 1.0
    for half in range(decays.size):
        out[base + DECAYED + half] += decays[half]
    out[base + FIRST_AGE] = days
    if np.isnan(out[base + AGE]):
        out[base + AGE] = days


@compiled
def _add_value(out: Floats, signature: int, window: int, value: float, plan: Plan) -> None:
    groups, sums, slots = plan.layout[GROUPS], plan.layout[SUMS], plan.sum_slots
    members = signature >> GROUP_SHIFT
    for signal in range(groups):
        if members >> signal & 1 and slots[signal] >= 0:
            out[sums + slots[signal] * WINDOWS + window] += value
    for signal in (groups, groups + 1 + (signature & KIND_MASK)):
        if slots[signal] >= 0:
            out[sums + slots[signal] * WINDOWS + window] += value


@compiled
def _trends(out: Floats, layout: Ints) -> None:
    for signal in range(layout[GROUPS] + 1):
        counts, at = signal * WIDTH, layout[TRENDS] + 2 * signal
        out[at] = (out[counts + W7] + 1.0) / (out[counts + W30] * 7.0 / 30.0 + 1.0)
        out[at + 1] = (out[counts + W30] + 1.0) / (out[counts + W90] * 30.0 / 90.0 + 1.0)


@compiled
def _share(part: float, whole: float) -> float:
    return part / whole if whole > 0.0 else np.nan


@compiled
def _contact(out: Floats, first: int, end: int, cutoff: int, encoded: Encoded, layout: Ints) -> None:
    at = layout[CONTACT]
    theirs, ours = INBOUND * WIDTH, OUTBOUND * WIDTH
    out[at] = _share(out[theirs + W30], out[theirs + W30] + out[ours + W30])
    out[at + 1] = _share(out[theirs + ALL], out[theirs + ALL] + out[ours + ALL])
    out[at + 2] = _share(out[REPLIES * WIDTH + ALL], out[ours + ALL])
    answered, answers, waited, latest = 0, 0, 0.0, np.nan
    pending, unanswered, streak = False, 0, True
    for i in range(end - 1, first - 1, -1):
        if encoded.received[i] > cutoff:
            continue
        members = encoded.signature[i] >> GROUP_SHIFT
        if members >> INBOUND & 1:
            pending, streak, answered = True, False, int(encoded.occurred[i])
        elif members >> OUTBOUND & 1:
            unanswered += streak
            if pending:
                pending = False
                hours = (answered - encoded.occurred[i]) / HOUR
                waited += hours
                answers += 1
                if answers == 1:
                    latest = hours
    out[at + 3] = _share(waited, answers)
    out[at + 4] = latest
    out[at + 5] = unanswered


@compiled
def _rhythm(out: Floats, first: int, end: int, cutoff: int, encoded: Encoded, plan: Plan) -> None:
    days, sessions, gaps = plan.layout[RHYTHM], plan.layout[RHYTHM] + WINDOWS, plan.layout[RHYTHM] + 2 * WINDOWS
    place = plan.zone.shape[1] - 1 if first == end else _offset_place(plan.zone, encoded.occurred[end - 1])
    # Clocks that go back just after midnight make a day come twice; two remembered days tell it from a new one.
    one_day, other_day = MANY_DAYS_AGO, MANY_DAYS_AGO
    window, count, newest, newer = 0, 0, 0, 0
    mean, squares, longest = 0.0, 0.0, 0.0
    for i in range(end - 1, first - 1, -1):
        if encoded.received[i] > cutoff:
            continue
        time = int(encoded.occurred[i])
        while window < plan.edges.size and cutoff - time > plan.edges[window]:
            window += 1
        while time < plan.zone[0, place]:
            place -= 1
        day = (time + plan.zone[1, place]) // DAY_MICROS
        if day not in (one_day, other_day):
            out[days + window] += 1.0
            one_day, other_day = day, one_day
        if count == 0 or newer - time >= plan.layout[SESSION_GAP]:
            out[sessions + window] += 1.0
        if count == 0:
            newest = time
        else:
            gap = (newer - time) / DAY
            difference = gap - mean
            mean += difference / count
            squares += difference * (gap - mean)
            longest = max(longest, gap)
        newer = time
        count += 1
    _accumulate(out, days)
    _accumulate(out, sessions)
    _gaps(out, gaps, count, (newest - newer) / DAY, (cutoff - newest) / DAY, squares, longest)


@compiled
def _gaps(out: Floats, at: int, count: int, lasted: float, since: float, squares: float, longest: float) -> None:
    if count < 2:
        out[at : at + 4] = np.nan
        return
    mean = lasted / (count - 1)
    out[at] = mean
    out[at + 1] = np.sqrt(squares / (count - 1))
    out[at + 2] = longest
    out[at + 3] = _share(since, mean)


@compiled
def _bits(mask: int) -> float:
    """Count the bits that are set."""
    count = 0.0
    while mask:
        mask &= mask - 1
        count += 1.0
    return count


@compiled
def _latest(out: Floats, first: int, end: int, cutoff: int, encoded: Encoded, plan: Plan) -> None:
    """Distinct kinds and channels, the last three kinds, the calendar of the last interaction."""
    kinds_at, channels_at, at = plan.layout[VARIETY], plan.layout[VARIETY] + WINDOWS, plan.layout[LATEST]
    out[at : at + 5] = np.nan
    kinds, channels = 0, 0
    window, count = 0, 0
    for i in range(end - 1, first - 1, -1):
        if encoded.received[i] > cutoff:
            continue
        while window < plan.edges.size and cutoff - encoded.occurred[i] > plan.edges[window]:
            out[kinds_at + window], out[channels_at + window] = _bits(kinds), _bits(channels)
            window += 1
        kind = int(encoded.signature[i] & KIND_MASK)
        channel = int(encoded.signature[i] >> CHANNEL_SHIFT & NO_CHANNEL)
        kinds |= 1 << kind
        if channel != NO_CHANNEL:
            channels |= 1 << channel
        if count < 3:
            out[at + count] = kind
        if count == 0:
            _calendar(out, at + 3, encoded.occurred[i], plan.zone)
        count += 1
    while window < WINDOWS:
        out[kinds_at + window], out[channels_at + window] = _bits(kinds), _bits(channels)
        window += 1


@compiled
def _calendar(out: Floats, at: int, time: int, zone: Ints) -> None:
    local = time + zone[1, _offset_place(zone, time)]
    out[at] = local // HOUR_MICROS % 24
    out[at + 1] = (local // DAY_MICROS + 3) % 7  # 1970-01-01 was a Thursday


@compiled
def _stages(out: Floats, lead: int, cutoff: int, encoded: Encoded, layout: Ints) -> None:
    at = layout[STAGES]
    for stage in range(STAGE_COUNT):
        out[at + 2 * stage + 1] = np.nan
    for step in range(encoded.leads[lead, STEP_END] - 1, encoded.leads[lead, STEP] - 1, -1):
        if encoded.steps[step, 0] < cutoff:
            for stage in range(STAGE_COUNT):
                reached = encoded.steps[step, 1 + stage]
                if reached != NEVER:
                    out[at + 2 * stage] = 1.0
                    out[at + 2 * stage + 1] = (cutoff - reached) / DAY
            return


@compiled
def _attributes(out: Floats, lead: int, cutoff: int, encoded: Encoded, layout: Ints) -> None:
    out[layout[ATTRIBUTES] : layout[ACCOUNT]] = np.nan
    for i in range(encoded.leads[lead, ATTRIBUTE], encoded.leads[lead, ATTRIBUTE_END]):
        if encoded.attributes[i, 1] < cutoff:
            out[layout[ATTRIBUTES] + encoded.attributes[i, 0]] = encoded.attribute_values[i]


@compiled
def _account(out: Floats, lead: int, cutoff: int, encoded: Encoded, plan: Plan) -> None:
    at, layout, leads = plan.layout[ACCOUNT], plan.layout, encoded.leads
    age = at + 3 * WINDOWS
    out[age] = np.nan
    if leads[lead, MEMBERS] < 0:
        out[at:age] = np.nan
        return
    latest = NEVER
    for m in range(leads[lead, MEMBERS], leads[lead, MEMBERS_END]):
        other = encoded.members[m]
        if other != lead:
            end = _before(encoded.occurred, leads[other, FIRST], leads[other, END], cutoff)
            latest = max(latest, _other_lead(out, lead, leads[other, FIRST], end, cutoff, encoded, plan))
    for block in range(3):
        _accumulate(out, at + block * WINDOWS)
    if latest != NEVER:
        out[age] = (cutoff - latest) / DAY
    if layout[INTENT] < 0:
        out[at + WINDOWS : at + 2 * WINDOWS] = np.nan
    if layout[TWO_WAY] < 0:
        out[at + 2 * WINDOWS : age] = np.nan


@compiled
def _other_lead(out: Floats, lead: int, first: int, end: int, cutoff: int, encoded: Encoded, plan: Plan) -> int:
    """Count another lead's interactions; return the time of its latest, or NEVER."""
    at, intent, two_way = plan.layout[ACCOUNT], plan.layout[INTENT], plan.layout[TWO_WAY]
    window, latest = 0, NEVER
    for i in range(end - 1, first - 1, -1):
        if encoded.received[i] > cutoff:
            continue
        if encoded.twins.size and encoded.twins[i] != -1 and encoded.twins[i] != lead:
            continue
        latest = max(latest, int(encoded.occurred[i]))
        while window < plan.edges.size and cutoff - encoded.occurred[i] > plan.edges[window]:
            window += 1
        members = encoded.signature[i] >> GROUP_SHIFT
        out[at + window] += 1.0
        if intent >= 0 and members >> intent & 1:
            out[at + WINDOWS + window] += 1.0
        if two_way >= 0 and members >> two_way & 1:
            out[at + 2 * WINDOWS + window] += 1.0
    return latest
