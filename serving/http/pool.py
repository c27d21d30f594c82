"""The threads that answer, and the line before them, which has an end."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from serving.wire.errors import Problem, RequestError

P = ParamSpec("P")
R = TypeVar("R")


class Pool:
    """Runs `threads` calls at a time, keeps `most_waiting` more, and turns the others away.

    `waiting` hears 1 when a call begins to wait for a thread, and -1 when it gets one or is given up.
    """

    def __init__(self, threads: int, most_waiting: int, waiting: Callable[[int], None]) -> None:
        self._threads = ThreadPoolExecutor(threads, "score")
        self._most, self._in_hand, self._waiting = threads + most_waiting, 0, waiting
        self._lock = threading.Lock()

    def refuse_when_full(self) -> None:
        """Raise RequestError (503) where a call would be turned away now."""
        if self._in_hand >= self._most:
            message = "too many requests are waiting already; try again in a second"
            raise RequestError(Problem.BUSY, message, headers=(("retry-after", "1"),))

    async def run(self, call: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Return what the call returns, or raise what it raises; RequestError (503) where the line is full.

        One that is cancelled while it waits never runs; one that runs keeps its place until it has ended.
        """
        self.refuse_when_full()
        with self._lock:
            self._in_hand += 1
        self._waiting(1)

        def begin() -> R:
            self._waiting(-1)
            return call(*args, **kwargs)

        future = self._threads.submit(begin)
        future.add_done_callback(self._leave)
        return await asyncio.wrap_future(future)

    def _leave(self, future: Future[R]) -> None:
        with self._lock:
            self._in_hand -= 1
        if future.cancelled():
            self._waiting(-1)
