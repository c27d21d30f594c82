"""How often a key may ask: a token bucket, kept as the one moment at which it would be full again.

A bucket holds `burst` tokens and gains one every `interval` nanoseconds; a request takes one. Instead of the tokens
the bucket's state is when it will be full, which is the generic cell rate algorithm (ITU-T I.371): whole numbers
alone, so that no rounding ever lets one more through.
"""

from dataclasses import dataclass

MINUTE = 60_000_000_000
_BURST_SHARE = 6  # of a minute's requests: ten seconds' worth may come at once


@dataclass(frozen=True, slots=True)
class Rate:
    """`interval`: nanoseconds for one more token. `burst`: tokens in a full bucket, at least 1."""

    interval: int
    burst: int

    def take(self, full_at: int, now: int) -> tuple[int, int]:
        """Return when the bucket will be full, and how long to wait: 0 where the request may go on.

        `full_at`: when it would be full, as `take` returned it before; any moment that is past means full. `now`:
        nanoseconds of a clock that never goes back. In any span of t nanoseconds, both ends included, at most
        burst + t / interval requests go on.
        """
        full_at = max(full_at, now)
        wait = full_at - (self.burst - 1) * self.interval - now
        return (full_at, wait) if wait > 0 else (full_at + self.interval, 0)


def per_minute(requests: int, workers: int) -> Rate:
    """Return one worker's share of a key's rate, rounded down: all workers together never let more through.

    >>> per_minute(3000, 2)
    Rate(interval=40000000, burst=250)
    """
    return Rate(-(-MINUTE * workers // requests), max(1, requests // (_BURST_SHARE * workers)))


class RateLimit:
    """One bucket for each key that has asked: a number each, and none for anybody else."""

    def __init__(self, rate: Rate) -> None:
        self._rate, self._full_at = rate, dict[str, int]()

    def take(self, key_id: str, now: int) -> int:
        """Return how many nanoseconds the key has to wait; 0 where its request may go on."""
        self._full_at[key_id], wait = self._rate.take(self._full_at.get(key_id, now), now)
        return wait
