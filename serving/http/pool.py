"""The threads that answer, and the line before them, which has an end."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import ParamSpec, TypeVar

from serving.wire.errors import Problem, RequestError

P = ParamSpec("P")
R = TypeVar("R")


class Pool:
    """Runs `threads` calls at a time, keeps `most_waiting` more, and turns the others away.

    A request takes its place before its body is read: one that sends slowly is one of those that wait.

    `waiting` hears 1 when a call begins to wait for a thread, and -1 when it gets one or is given up.
    """

    def __init__(self, threads: int, most_waiting: int, waiting: Callable[[int], None]) -> None:
        self._threads = ThreadPoolExecutor(threads, "score")
        self._most, self._in_hand, self._waiting = threads + most_waiting, 0, waiting
        self._lock = threading.Lock()

    @contextmanager
    def place(self) -> Iterator[ExitStack]:
        """Hold one of the places. Raises RequestError (503) where there is none.

        What is entered into the stack ends with the place: at the end of the block, or of the call that `run` gave
        to a thread, whichever comes later.
        """
        with ExitStack() as place:
            self._take()
            place.callback(self._leave)
            yield place

    async def run(self, place: ExitStack, call: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Return what the call returns, or raise what it raises. The place is the call's own from here on.

        One that is cancelled while it waits never runs; one that runs keeps its place until it has ended.
        """
        self._waiting(1)

        def begin() -> R:
            self._waiting(-1)
            return call(*args, **kwargs)

        def end(future: Future[R]) -> None:
            held.close()
            if future.cancelled():
                self._waiting(-1)

        held = place.pop_all()
        future = self._threads.submit(begin)
        future.add_done_callback(end)
        return await asyncio.wrap_future(future)

    def _take(self) -> None:
        with self._lock:
            if self._in_hand >= self._most:
                raise busy("too many requests are waiting already; try again in a second")
            self._in_hand += 1

    def _leave(self) -> None:
        with self._lock:
            self._in_hand -= 1


def busy(message: str) -> RequestError:
    """Return the refusal of a request for which there is no room now."""
    return RequestError(Problem.BUSY, message, headers=(("retry-after", "1"),))
