"""Random numbers that belong to one account each, and the hours of a day in which things happen.

A stream is splitmix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014): its state
is one number, so that an account can be simulated again alone, and from any moment on with other numbers.
"""

import math

import numpy as np
import numpy.typing as npt

from histories.compiled import compiled

Stream = npt.NDArray[np.uint64]  # [1], moves on with each number drawn

# How busy a weekday is, from Monday on: for leads, and for marketing and sales.
THEIRS = np.array([1.05, 1.1, 1.1, 1.05, 0.9, 0.3, 0.3])
OURS = np.array([1.0, 1.05, 1.05, 1.0, 0.9, 0.0, 0.0])


@compiled
def mix(number: np.uint64) -> np.uint64:
    """Scatter a number over all 64 bits, one to one."""
    number = (number ^ (number >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    number = (number ^ (number >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return number ^ (number >> np.uint64(31))


@compiled
def stream(seed: int, purpose: int, first: int, second: int) -> Stream:
    """Return the stream of four whole numbers: equal numbers, equal stream."""
    state = mix(np.uint64(seed) + np.uint64(0x9E3779B97F4A7C15))
    state = mix(state ^ (np.uint64(purpose) + np.uint64(0x632BE59BD9B4E019)))
    state = mix(state ^ (np.uint64(first) + np.uint64(0xD1342543DE82EF95)))
    state = mix(state ^ (np.uint64(second) + np.uint64(0x2545F4914F6CDD1D)))
    return np.full(1, state, np.uint64)


@compiled
def uniform(source: Stream) -> float:
    """Draw a number in (0, 1)."""
    source[0] += np.uint64(0x9E3779B97F4A7C15)
    return (float(mix(source[0]) >> np.uint64(11)) + 0.5) * 2.0**-53


@compiled
def exponential(source: Stream) -> float:
    """Draw a waiting time at rate 1."""
    return -math.log(uniform(source))


@compiled
def choose(source: Stream, cumulated: npt.NDArray[np.float64]) -> int:
    """Draw an index whose share is the step in `cumulated`, which ends at 1."""
    at = uniform(source)
    for index in range(len(cumulated) - 1):
        if at < cumulated[index]:
            return index
    return len(cumulated) - 1


# A working day in UTC hours: what share of a day's events lies before the hour. Nothing happens between 0 and 2
# o'clock: there European clocks change, and a local time written without its offset would be ambiguous.
_HOURS = np.array([0.0, 2.0, 6.0, 8.0, 11.0, 12.0, 16.0, 20.0, 24.0]) * 3600.0
_SHARES = np.array([0.0, 0.0, 0.03, 0.17, 0.51, 0.58, 0.88, 0.97, 1.0])


@compiled
def share_before(seconds: float) -> float:
    """Return the share of a day's events that lies before this second of the day."""
    for index in range(1, len(_HOURS)):
        if seconds < _HOURS[index]:
            part = (seconds - _HOURS[index - 1]) / (_HOURS[index] - _HOURS[index - 1])
            return float(_SHARES[index - 1] + part * (_SHARES[index] - _SHARES[index - 1]))
    return 1.0


@compiled
def operational(moment: float) -> float:
    """Return a moment (seconds since 1970) as days since 1970 whose parts are shares of the day's events.

    In operational time nothing but whole days changes how likely an event is, so that waiting times are exponential
    and a simulation may be stopped and taken up at any moment without changing its law.
    """
    day = math.floor(moment / 86400.0)
    return day + share_before(moment - day * 86400.0)


@compiled
def clock(moment: float) -> float:
    """Return operational days as seconds since 1970: `operational` turned round."""
    day = math.floor(moment)
    return day * 86400.0 + second_of(moment - day)


@compiled
def second_of(share: float) -> float:
    """Return the second of the day before which this share of the day's events lies: `share_before` turned round."""
    for index in range(2, len(_HOURS)):
        if share < _SHARES[index]:
            part = (share - _SHARES[index - 1]) / (_SHARES[index] - _SHARES[index - 1])
            return float(_HOURS[index - 1] + part * (_HOURS[index] - _HOURS[index - 1]))
    return 86399.999


@compiled
def season(day: int) -> float:
    """Return how busy a day of the year is: summer and the turn of the year are quiet."""
    of_year = (day + 0.5) % 365.2425
    if 190.0 <= of_year < 237.0:
        return 0.75
    return 0.4 if of_year >= 355.0 or of_year < 3.0 else 1.0
