"""What a simulated account carries from one event to the next. Times are operational days (see `streams`)."""

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from histories.compiled import compiled
from histories.sample import vocabulary as v

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# Columns of a lead's state: six counts that decay with HALF_LIVES (days), then what it is and has been.
WARM, INTENT, TWO_WAY, ASKED, MAILED, INVITED = range(6)
STREAK, STANDING, ENDED, OPTED_OUT, BOUNCED, NOTED, NOTES, HIDDEN, AT = range(6, 15)
COLUMNS = 15
HALF_LIVES = np.array([7.0, 14.0, 30.0, 30.0, 1.5, 7.0])
FADING = -math.log(2.0) / HALF_LIVES


def _counted() -> Floats:
    """Which decayed counts each act adds to."""
    counts = np.zeros((v.EVENTS, 6))
    counts[v.SESSION : v.QUOTE_REQUEST + 1, WARM] = 1.0
    counts[v.MAIL_REPLY, WARM] = 1.0
    counts[v.WEBINAR_ATTENDED, WARM] = 0.0
    counts[[v.PRICING, v.COMPARISON, v.DEMO_REQUEST, v.QUOTE_REQUEST], INTENT] = 1.0
    counts[[v.DEMO_REQUEST, v.QUOTE_REQUEST], ASKED] = 1.0
    counts[[v.MAIL_REPLY, v.CALL_ANSWERED, v.DISCOVERY_CALL, v.MEETING], TWO_WAY] = 1.0
    counts[v.WEBINAR_SIGNUP, INVITED] = 1.0
    return counts


COUNTED = _counted()


class Account(NamedTuple):
    """An account's leads in the midst of their lives. Rows beyond its leads have `created` infinity."""

    number: int  # the row of its first lead among all leads
    scanned: int  # 1: a scanner opens its mail
    created: Floats  # [MOST], operational days
    fit: Floats  # [MOST]
    source: Ints  # [MOST], index into population.SOURCES
    state: Floats  # [MOST, COLUMNS]
    rates: Floats  # [MOST, EVENTS]
    totals: Floats  # [MOST]
    window: Floats  # [2]: whether the account's buying window is open; whether `rates` still hold


class Sink(NamedTuple):
    """Where events are written. What does not fit is counted only."""

    lead: npt.NDArray[np.int32]
    event: npt.NDArray[np.int8]
    second: Ints
    value: npt.NDArray[np.float32]
    used: Ints  # [1]


class Watch(NamedTuple):
    """A question asked of one lead: its event is not let happen, its hazard is summed instead. `lead` -1: none."""

    lead: int
    event: int
    hazard: Floats  # [3]: the rate now, its integral, and the integral at which to stop (infinity: nowhere)


@compiled
def decay(state: Floats, moment: float, shock_half_life: float) -> None:
    """Bring a lead's decayed counts forward to `moment`."""
    passed = moment - state[AT]
    if passed <= 0.0:
        return
    for column in range(6):
        if state[column] > 0.0:
            state[column] *= math.exp(passed * FADING[column])
    if state[HIDDEN] > 0.0:
        state[HIDDEN] *= math.exp(passed * -math.log(2.0) / shock_half_life)
    state[AT] = moment


@compiled
def emit(sink: Sink, lead: int, event: int, second: float, value: float) -> None:
    """Write an event down."""
    at = sink.used[0]
    if at < len(sink.lead):
        sink.lead[at] = lead
        sink.event[at] = event
        sink.second[at] = int(second)
        sink.value[at] = value
    sink.used[0] = at + 1
