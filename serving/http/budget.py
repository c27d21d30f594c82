"""How many bytes of bodies a process holds at a time, whoever sent them: those still coming in and those in the line."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from serving.http.pool import busy


class Budget:
    """Lets `most` bytes be held together, in any number of requests."""

    def __init__(self, most: int) -> None:
        self._most, self._held, self._lock = most, 0, threading.Lock()

    @contextmanager
    def share(self) -> Iterator[Callable[[int], None]]:
        """Give a function that takes so many bytes more, and raises RequestError (503) where there are none left.

        All that it took is given back at the end.
        """
        taken = 0

        def take(more: int) -> None:
            nonlocal taken
            with self._lock:
                if self._held + more > self._most:
                    raise busy("the bodies of other requests fill the service's memory; try again in a second")
                self._held += more
                taken += more

        try:
            yield take
        finally:
            with self._lock:
                self._held -= taken
