"""Looks a name's addresses up, and waits no longer than it may: the system's resolver heeds no timeout."""

import socket
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from typing import Any

# Family, kind, protocol, canonical name and what `connect` takes, as `socket.getaddrinfo` gives them.
Address = tuple[socket.AddressFamily, socket.SocketKind, int, str, Any]
_Place = tuple[str, int]


class UnresolvedError(OSError):
    """The resolver has not said yet what a name's addresses are."""


class Names:
    """Asks the resolver, in threads of its own.

    Whoever asks for a place that is being looked up already waits for the same answer: a resolver that hangs holds one
    thread, not one for each attempt.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._awaited: dict[_Place, Future[Sequence[Address]]] = {}

    def addresses(self, host: str, port: int, seconds: float) -> Sequence[Address]:
        """Return the addresses. Raises UnresolvedError where they are not there in time, else what the resolver raises."""
        place = host, port
        with self._lock:
            awaited = self._awaited.get(place)
            if awaited is None:
                awaited = self._awaited[place] = Future()
                threading.Thread(target=self._look, args=(place, awaited), name="resolver", daemon=True).start()
        try:
            return awaited.result(max(0.0, seconds))
        except TimeoutError:
            raise UnresolvedError from None

    def _look(self, place: _Place, awaited: "Future[Sequence[Address]]") -> None:
        try:
            found = socket.getaddrinfo(*place, type=socket.SOCK_STREAM)
        except Exception as error:  # noqa: BLE001  # whoever waits is told of it
            self._forget(place)
            awaited.set_exception(error)
        else:
            self._forget(place)
            awaited.set_result(found)

    def _forget(self, place: _Place) -> None:
        """Let the next who asks ask the resolver: what it says holds for those who waited."""
        with self._lock:
            del self._awaited[place]
