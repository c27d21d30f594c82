"""Tells the receiver of crossings: each until it is delivered or dead, in order for each lead, whoever else does it too.

Any number of processes may do this at once, on any machines: an attempt takes a crossing in the database, for longer
than it can last. A process that is killed leaves one that is due again soon, under the same id.
"""

import logging
import random
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

from histories.clock import DAY, HOUR, MINUTE, SECOND
from histories.store import Store, StoreUnavailableError
from histories.store.crossing import deliveries
from histories.store.crossing.crossings import Crossing
from serving.live.webhook import Receiver, Told

_log = logging.getLogger("lead_scoring.webhooks")
FIRST_DELAY, LONGEST_DELAY, MOST_ASKED_FOR = 5 * SECOND, 3 * HOUR, DAY
# An attempt lasts 10 s at most, whatever resolver and receiver do (`Receiver.post`); the rest is for writing down.
LEASE = 30 * SECOND
_REST = 5 * MINUTE  # the longest that all wait because of what one answer asked for
_LOOK_SECONDS, _TIDY_SECONDS = 0.5, 60
_PLACES = 4  # attempts of one process at a time


class Listener(Protocol):
    """What hears how delivery goes, for the metrics."""

    def webhook(self, outcome: str) -> None:
        """Hear that an attempt ended: `delivered`, `failed` or `dead`."""

    def webhooks_waiting(self, pending: int, oldest_seconds: float) -> None:
        """Hear how many crossings are pending, and for how long the oldest is."""


def again_at(crossing: Crossing, told: Told, now: int) -> int | None:
    """Return when a crossing is tried again after a failed attempt; None: never, it is dead.

    The delay doubles from 5 seconds to 3 hours, each time between 0.8 and 1.2 of it, by a seed that is the crossing's
    id and attempt; what the receiver asked for, up to a day, where that is longer. Nothing is tried once 3 days
    have passed since the crossing was made: that makes some 35 attempts.
    """
    if told.gone:
        return None
    jitter = random.Random(f"{crossing.crossing_id}:{crossing.attempts}").uniform(0.8, 1.2)  # noqa: S311  # hides nothing
    delay = jitter * min(FIRST_DELAY * 2 ** min(crossing.attempts - 1, 20), LONGEST_DELAY)
    asked = min((told.retry_after or 0) * SECOND, MOST_ASKED_FOR)
    at = now + round(max(delay, asked))
    return at if at < crossing.made_at + deliveries.LIFETIME else None


@dataclass(frozen=True, slots=True)
class Postman:
    """Takes a crossing that is due, tells the receiver, and writes down what came of it. `now`: UTC microseconds."""

    store: Store
    receiver: Receiver
    now: Callable[[], int]
    listener: Listener

    def take(self) -> Crossing | None:
        """Take one that is due; None: none is. Raises StoreUnavailableError."""
        with self.store.database.reading() as connection:
            if not deliveries.is_due(connection, self.now()):  # no lock of a writer is taken in vain, twice a second
                return None
        # The lease begins inside: other writers may have been waited for.
        return self.store.database.written(
            lambda connection: deliveries.take(connection, now := self.now(), now + LEASE)
        )

    def attempt(self, crossing: Crossing) -> Told:
        """Make one attempt, and write down what came of it. Raises StoreUnavailableError: then it is made again."""
        told = self.receiver.post(crossing.crossing_id, crossing.payload, self.now())
        now = self.now()
        at = None if told.error is None else again_at(crossing, told, now)
        self.store.database.written(lambda connection: deliveries.end(connection, crossing, told.error, at, now))
        outcome = "delivered" if told.error is None else "failed" if at else "dead"
        self.listener.webhook(outcome)
        if told.error is not None:
            _log.warning("%s: %s %s, attempt %d", outcome, self.receiver.label, told.error, crossing.attempts)
        return told

    def tidy(self) -> None:
        """End what is too old to be news, and tell how much waits. Raises StoreUnavailableError."""
        now = self.now()
        self.store.database.written(lambda connection: deliveries.give_up_old(connection, now))
        with self.store.database.reading() as connection:
            waits = deliveries.waiting(connection)
        self.listener.webhooks_waiting(waits.pending, 0 if waits.oldest is None else (now - waits.oldest) / SECOND)


class Delivery:
    """Delivers in the background, for as long as the process lives. Nothing that goes wrong ends it."""

    def __init__(self, postman: Postman) -> None:
        self._postman = postman
        self._pool = ThreadPoolExecutor(_PLACES, thread_name_prefix="webhook")
        self._free = threading.Semaphore(_PLACES)
        self._wake = threading.Event()
        self._rest_until, self._tidied_at = 0, 0
        self._complaint = ""

    def run(self) -> None:
        """Look for what is due, again and again."""
        while True:
            try:
                self.look()
                self._complaint = ""
            except StoreUnavailableError as error:
                self._complain(str(error))
            except Exception as error:  # noqa: BLE001  # a mistake of ours; what is due stays due
                self._complain(f"delivery broke off, and begins again: {type(error).__name__}")
            self._wake.wait(_LOOK_SECONDS)
            self._wake.clear()

    def look(self) -> None:
        """Begin as many attempts as there are places for. Raises StoreUnavailableError."""
        now = self._postman.now()
        if now - self._tidied_at > _TIDY_SECONDS * SECOND:
            self._postman.tidy()
            self._tidied_at = now
        while now >= self._rest_until and self._free.acquire(blocking=False):
            taken = None
            try:
                taken = self._postman.take()
                if taken is None:
                    return
                self._pool.submit(self._attempt, taken)
            finally:
                if taken is None:
                    self._free.release()

    def _complain(self, text: str) -> None:
        """Say it once, not twice a second."""
        if text != self._complaint:
            _log.error("%s", text)
        self._complaint = text

    def _attempt(self, crossing: Crossing) -> None:
        try:
            told = self._postman.attempt(crossing)
            if told.retry_after:
                self._rest_until = self._postman.now() + round(min(told.retry_after * SECOND, _REST))
        except StoreUnavailableError as error:
            _log.error("what a receiver said is not written down, the attempt is made again: %s", error)
        except Exception as error:  # noqa: BLE001  # a mistake of ours: the crossing is due again when its lease ends
            _log.error("an attempt broke off: %s", type(error).__name__)
        finally:
            self._free.release()
            self._wake.set()
