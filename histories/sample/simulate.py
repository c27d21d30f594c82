"""The process itself, compiled: an account's leads, event by event.

Each lead carries a short state: decayed counts of what is recorded of it, its stage, and its hidden intent. Rates of
all events follow from it and hold until the next event of the account or the next day. A waiting time is exponential,
so the simulation can be stopped at any moment and taken up again with other random numbers: that is how the truth is
found. All times are operational days (see `streams`).
"""

import math

import numpy as np

from histories.compiled import compiled
from histories.sample import vocabulary as v
from histories.sample.hazards import Hazards
from histories.sample.rates import fading, mail_rates, sales_rates, stage_rates, web_rates
from histories.sample.state import (
    AT,
    BOUNCED,
    COUNTED,
    ENDED,
    HIDDEN,
    INTENT,
    INVITED,
    MAILED,
    NOTED,
    NOTES,
    OPTED_OUT,
    STANDING,
    STREAK,
    TWO_WAY,
    WARM,
    Account,
    Floats,
    Sink,
    Watch,
    decay,
    emit,
)
from histories.sample.streams import OURS, THEIRS, Stream, clock, exponential, season, uniform

_FIRST_ACT = np.array([v.FORM, v.FORM, v.DOWNLOAD, v.WEBINAR_SIGNUP, v.FORM, v.SESSION, -1])  # by source


@compiled
def _refresh(account: Account, row: int, moment: float, colleagues: float, h: Hazards, watch: Watch) -> None:
    """Set a lead's rates from its state at `moment`."""
    rates, state, fit = account.rates[row], account.state[row], account.fit[row]
    rates[:] = 0.0
    account.totals[row] = 0.0
    if account.created[row] > moment:
        return
    day = math.floor(moment)
    busy = season(day)
    theirs, ours = busy * THEIRS[(day + 3) % 7], busy * OURS[(day + 3) % 7]
    years = (day - 19723) / 365.25
    hidden = min(state[HIDDEN] + h.window_height * account.window[0], 5.0) if h.shock_rate > 0.0 else 0.0
    age = moment - account.created[row]
    mail_rates(rates, state, age, hidden, theirs, ours)
    if state[STANDING] < v.AT_CUSTOMER:
        web_rates(rates, state, fit, age, hidden, theirs, h)
        sales_rates(rates, state, fit, ours)
        aged = fading(age, h.stale, h) if state[STANDING] < v.AT_SQL else 1.0
        stage_rates(rates, state, fit, hidden, colleagues, ours, aged * math.exp(h.drift_stages * years), h)
        rates[v.SHOCK] = h.shock_rate
    elif state[STANDING] == v.AT_LOST:
        rates[v.REOPENED] = 0.0003 * ours
    elif moment - state[ENDED] < 120.0:
        rates[v.MEETING] = 0.02 * ours
    if row == watch.lead:
        watch.hazard[0] = rates[watch.event]
        rates[watch.event] = 0.0
    total = 0.0
    for event in range(v.EVENTS):
        total += rates[event]
    account.totals[row] = total


@compiled
def _note(state: Floats, event: int, source: Stream) -> float:
    """Draw what sales notes down, and how it moves the hazards: each note by up to half a unit either way."""
    state[NOTED] = float(int(state[NOTED]) | (1 << (event - v.BUDGET)))
    at = uniform(source)
    if event == v.BUDGET:  # euro
        amount = 100.0 * math.floor(math.exp(3.4 + 3.2 * at))
        state[NOTES] += 0.5 if amount >= 10_000.0 else -0.3
        return amount
    if event == v.AUTHORITY:  # 0 decision maker, 1 influencer, 2 none
        state[NOTES] += 0.5 if at < 0.35 else (0.0 if at < 0.8 else -0.5)
        return 0.0 if at < 0.35 else (1.0 if at < 0.8 else 2.0)
    if event == v.NEED:  # 0 clear, 1 vague
        state[NOTES] += 0.4 if at < 0.6 else -0.4
        return 0.0 if at < 0.6 else 1.0
    months = math.floor(1.0 + 18.0 * at * at)
    state[NOTES] += 0.5 if months <= 3.0 else (0.0 if months <= 9.0 else -0.5)
    return months


@compiled
def _send(account: Account, row: int, second: float, source: Stream, sink: Sink, share: float) -> None:
    """Send a mail: it may bounce, a scanner may open it at once, or it stays fresh for a few days."""
    state, lead = account.state[row], account.number + row
    if uniform(source) < (0.004 if state[MAILED] > 0.0 else 0.02):
        state[BOUNCED] = 1.0
        emit(sink, lead, v.MAIL_BOUNCE, second + 2.0, np.nan)
        return
    state[MAILED] += 1.0
    if account.scanned and uniform(source) < share:
        emit(sink, lead, v.MAIL_MACHINE_OPEN, second + math.floor(3.0 + 40.0 * uniform(source)), np.nan)


@compiled
def _engage(state: Floats, event: int, source: Stream) -> float:
    """Count an act in the lead's state and draw its value: seconds for visits and calls, else missing."""
    for column in range(6):
        state[column] += COUNTED[event, column]
    if event == v.WEBINAR_ATTENDED:
        state[INVITED] = 0.0
    elif event == v.CALL_UNANSWERED:
        state[STREAK] += 1.0
    elif COUNTED[event, TWO_WAY] > 0.0:
        state[STREAK] = 0.0
    elif event == v.MAIL_UNSUBSCRIBE:
        state[OPTED_OUT] = 1.0
    if v.SESSION <= event <= v.COMPARISON:
        return math.floor(15.0 + 140.0 * exponential(source))
    if event >= v.CALL_ANSWERED:
        return math.floor(60.0 + 60.0 * exponential(source) * (2.0, 14.0, 40.0)[event - v.CALL_ANSWERED])
    return np.nan


@compiled
def _arrive(state: Floats, event: int, moment: float, source: Stream) -> float:
    """Move a lead to a stage; an opportunity gets its amount in euro."""
    if event == v.REOPENED:
        state[STANDING] = float(v.AT_LEAD)
        return np.nan
    state[STANDING] = float(v.AT_MQL + event - v.MQL)
    if event in (v.CUSTOMER, v.LOST):
        state[ENDED] = moment
    if event == v.OPPORTUNITY:
        return 100.0 * math.floor(30.0 + 90.0 * exponential(source))
    return np.nan


@compiled
def _happen(account: Account, row: int, event: int, moment: float, source: Stream, sink: Sink, h: Hazards) -> None:
    """Let an event happen: change the state, write it down."""
    # A lead's arrival is a whole second, which operational time gives back but for some millionths.
    second = math.floor(clock(moment) + 1e-4)
    state, lead, value = account.state[row], account.number + row, np.nan
    if event == v.SHOCK:
        state[HIDDEN] += h.shock_size * exponential(source)
        return
    if event == v.MAIL_SENT:
        _send(account, row, second, source, sink, 0.45 + h.drift_machine_opens * (moment - 19723.0) / 365.25)
    elif event >= v.BUDGET:
        value = _note(state, event, source)
    elif event >= v.MQL:
        value = _arrive(state, event, moment, source)
    else:
        value = _engage(state, event, source)
    emit(sink, lead, event, second, value)
    if event == v.MAIL_OPEN and uniform(source) < 0.11:
        state[WARM] += 1.0
        emit(sink, lead, v.MAIL_CLICK, second + math.floor(5.0 + 50.0 * uniform(source)), np.nan)


@compiled
def _welcome(account: Account, row: int, source: Stream, sink: Sink, h: Hazards) -> None:
    """Begin a lead's life: what its source had it do first, and in most cases some intent."""
    account.state[row, :] = 0.0
    account.state[row, AT] = account.created[row]
    if h.shock_rate > 0.0:
        account.state[row, HIDDEN] = h.shock_size * exponential(source)
    first = _FIRST_ACT[account.source[row]]
    if first >= 0:
        _happen(account, row, first, account.created[row], source, sink, h)


@compiled
def _pick(account: Account, source: Stream, total: float) -> tuple[int, int]:
    """Draw which lead's which event it was; row -1: the account's buying window opened or closed."""
    at = uniform(source) * total
    for row in range(len(account.totals)):
        if at < account.totals[row]:
            for event in range(v.EVENTS):
                at -= account.rates[row, event]
                if at < 0.0:
                    return row, event
            return row, v.SESSION if account.rates[row, v.SESSION] > 0.0 else v.MAIL_SENT
        at -= account.totals[row]
    return -1, 0


@compiled
def _refresh_all(account: Account, moment: float, h: Hazards, watch: Watch) -> None:
    colleagues = 0.0
    for row in range(len(account.created)):
        if account.created[row] <= moment:
            decay(account.state[row], moment, h.shock_half_life)
            colleagues += account.state[row, INTENT]
    for row in range(len(account.created)):
        _refresh(account, row, moment, colleagues - account.state[row, INTENT], h, watch)
    account.window[1] = 1.0


@compiled
def _next_boundary(account: Account, moment: float) -> float:
    """Return when rates change by themselves: at the next midnight, or when a colleague arrives before it."""
    boundary = math.floor(moment) + 1.0
    for row in range(len(account.created)):
        if moment < account.created[row] < boundary:
            boundary = account.created[row]
    return boundary


@compiled
def _cross(account: Account, boundary: float, source: Stream, sink: Sink, h: Hazards) -> None:
    """Pass a boundary: rates no longer hold, and whoever arrives there begins."""
    account.window[1] = 0.0
    for row in range(len(account.created)):
        if account.created[row] == boundary:
            _welcome(account, row, source, sink, h)


@compiled
def befall(account: Account, row: int, event: int, moment: float, source: Stream, sink: Sink, h: Hazards) -> None:
    """Let an event happen to a lead: rates no longer hold."""
    account.window[1] = 0.0
    decay(account.state[row], moment, h.shock_half_life)
    _happen(account, row, event, moment, source, sink, h)


@compiled
def advance(
    account: Account, moment: float, until: float, source: Stream, sink: Sink, h: Hazards, watch: Watch
) -> float:
    """Simulate an account from `moment` to `until`; return where it stopped.

    Where it stops, its rates still hold, so that it can be taken up again. A watched lead ends it by being lost, and
    where the sum of its hazard reaches the limit.
    """
    while moment < until:
        boundary = _next_boundary(account, moment)
        stop = min(boundary, until)
        if account.window[1] == 0.0:
            _refresh_all(account, moment, h, watch)
        total = h.window_closes if account.window[0] > 0.0 else h.window_opens
        for row in range(len(account.totals)):
            total += account.totals[row]
        wait = exponential(source) / total if total > 0.0 else np.inf
        passed = watch.hazard[1] + watch.hazard[0] * min(wait, stop - moment)
        if passed >= watch.hazard[2] and watch.hazard[0] > 0.0:
            return float(moment + (watch.hazard[2] - watch.hazard[1]) / watch.hazard[0])
        watch.hazard[1] = passed
        if moment + wait >= stop:
            moment = stop
            if stop == boundary:
                _cross(account, boundary, source, sink, h)
            continue
        moment += wait
        row, event = _pick(account, source, total)
        if row < 0:
            account.window[0], account.window[1] = 1.0 - account.window[0], 0.0
            continue
        befall(account, row, event, moment, source, sink, h)
        if row == watch.lead and event == v.LOST:
            return moment
    return moment
