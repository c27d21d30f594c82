"""Requests whose sender only the whole body proves: room for them that a flood cannot keep the right ones out of.

Whoever shows a key is refused by the head. A signature covers the body, so that of each request with a head of the
right form the body must be read, and nobody may be turned away before.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from ipaddress import IPv6Address, ip_address

from serving.http.gate import Scope
from serving.http.pool import busy
from serving.http.rate import MINUTE, Rate
from serving.wire.errors import RequestError

FAILURES = Rate(interval=MINUTE // 30, burst=10)  # of one address, before it is kept apart
_ADDRESSES = 1_000  # so many are remembered, those that failed last


class Unproven:
    """Gives places, `most` at a time, in the order in which requests come.

    Where all are taken, the request that has held one longest loses it: whoever sends a body at once, as senders do
    that mean it, has long gone by then. Those whose address failed more often than FAILURES have places apart, `most`
    as well, and take them from each other alone. For the one thread of an event loop; `monotonic` in nanoseconds.
    """

    def __init__(self, most: int, monotonic: Callable[[], int]) -> None:
        self._known, self._failing = _Places(most), _Places(most)
        self._failures, self._monotonic = _Failures(), monotonic

    @asynccontextmanager
    async def place(self, scope: Scope, seconds: float) -> AsyncIterator[None]:
        """Hold a place while the body comes in and is proved. What is raised meanwhile counts against the address.

        Raises RequestError (503) where the place was lost, TimeoutError after `seconds`.
        """
        address = network(scope)
        places = self._failing if self._failures.too_many(address, self._monotonic()) else self._known
        try:
            async with places.place(seconds):
                yield
        except (RequestError, TimeoutError):
            self._failures.note(address, self._monotonic())
            raise


class _Places:
    """So many at a time; one more takes that of the oldest."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._held: dict[asyncio.Timeout, None] = {}  # oldest first

    @asynccontextmanager
    async def place(self, seconds: float) -> AsyncIterator[None]:
        if len(self._held) >= self._most:
            self._end_oldest()
        try:
            async with asyncio.timeout(seconds) as mine:
                self._held[mine] = None
                yield
        except TimeoutError:
            if mine not in self._held:
                raise busy(
                    "newer requests took its place; send the whole body at once, and try again in a second"
                ) from None
            raise
        finally:
            self._held.pop(mine, None)

    def _end_oldest(self) -> None:
        oldest = next(iter(self._held))
        del self._held[oldest]
        if not oldest.expired():
            oldest.reschedule(asyncio.get_running_loop().time())


class _Failures:
    """How often addresses failed lately: a bucket for each, as of a key that asks too often."""

    def __init__(self) -> None:
        self._full_at: dict[str, int] = {}  # the newest failure last

    def too_many(self, address: str, now: int) -> bool:
        _, wait = FAILURES.take(self._full_at.get(address, now), now)
        return wait > 0

    def note(self, address: str, now: int) -> None:
        self._full_at[address], _ = FAILURES.take(self._full_at.pop(address, now), now)
        if len(self._full_at) > _ADDRESSES:
            del self._full_at[next(iter(self._full_at))]


def network(scope: Scope) -> str:
    """Return whom an address stands for: of IPv6 the first half, the other half is its owner's to choose.

    >>> network({"client": ("2001:db8::1:2", 80)}), network({"client": ("::ffff:10.0.0.1", 80)}), network({})
    ('2001:db8::', '10.0.0.1', '')
    """
    host = str((scope.get("client") or ("",))[0])
    try:
        address = ip_address(host)
    except ValueError:
        return host
    if not isinstance(address, IPv6Address):
        return host
    return str(address.ipv4_mapped or IPv6Address(int(address) >> 64 << 64))
