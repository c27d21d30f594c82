"""What a simulated account carries from one event to the next. Times are operational days (see `streams`)."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# Columns of a lead's state. Half-lives of the decayed counts, in days: 7, 14, 30, 30, 1.5, 7.
WARM, INTENT, TWO_WAY, ASKED, MAILED, INVITED = range(6)
STREAK, STANDING, ENDED, OPTED_OUT, BOUNCED, NOTED, NOTES, HIDDEN, AT = range(6, 15)
COLUMNS = 15


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
    hazard: Floats  # [2]: the rate now, and its integral
