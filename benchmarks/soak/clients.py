"""The clients of a soak: each asks again and again until it is told to stop, and counts what became of it."""

import http.client
import json
import random
import socket
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

_PAUSE = 0.25  # seconds between two calls of a client that keeps within its key's rate
_SECONDS = 60.0
_JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Asked:
    """One call and the rows that its answer must have."""

    path: str
    body: bytes
    rows: object


@dataclass(frozen=True)
class Target:
    """Where the service listens."""

    host: str
    port: int

    def headers(self, key: str) -> dict[str, str]:
        """Return those of a proper call."""
        return {"Content-Type": _JSON, "Authorization": f"Bearer {key}"}

    def connection(self) -> http.client.HTTPConnection:
        """Return a connection that waits longer than the service does."""
        return http.client.HTTPConnection(self.host, self.port, timeout=_SECONDS)


@dataclass
class Counts:
    """How often each client met what; several threads count."""

    found: Counter[tuple[str, str]] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, client: str, what: str) -> None:
        """Count one."""
        with self._lock:
            self.found[client, what] += 1


def good(target: Target, key: str, asked: Sequence[Asked], stop: threading.Event, counts: Counts) -> None:
    """Ask in turn on a connection that stays open; every answer must be 200 with the very rows that are due."""
    connection, number = target.connection(), 0
    while not stop.wait(_PAUSE):
        call, number = asked[number % len(asked)], number + 1
        try:
            connection.request("POST", call.path, call.body, target.headers(key))
            answer = connection.getresponse()
            said = answer.read()
        except (OSError, http.client.HTTPException) as error:
            counts.add("good", f"no answer: {type(error).__name__}")
            connection.close()
            continue
        if answer.status != 200:
            counts.add("good", f"status {answer.status}")
        else:
            counts.add("good", "answered" if json.loads(said)["leads"] == call.rows else "another answer")
    connection.close()


def greedy(target: Target, key: str, asked: Sequence[Asked], stop: threading.Event, counts: Counts) -> None:
    """Ask without a pause with one key: 200 up to its rate, then 429 with Retry-After."""
    connection = target.connection()
    while not stop.is_set():
        try:
            connection.request("POST", asked[0].path, asked[0].body, target.headers(key))
            answer = connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException) as error:
            counts.add("greedy", f"no answer: {type(error).__name__}")
            connection.close()
            continue
        told = " with Retry-After" if answer.getheader("Retry-After") else ""
        counts.add("greedy", f"status {answer.status}{told}")
        stop.wait(0.02)
    connection.close()


def bad(target: Target, key: str, asked: Sequence[Asked], stop: threading.Event, counts: Counts) -> None:
    """Send what cannot be answered: always a 4xx in the one envelope."""
    path, body = asked[0].path, asked[0].body
    known = target.headers(key)
    mistakes = [
        ("POST", path, body[:-20], known),
        ("POST", path, b"\x00" * 100, known),
        ("POST", path, b"[" * 100_000, known),
        ("POST", path, b'{"leads": [], "leads": []}', known),
        ("POST", path, body, {"Content-Type": _JSON, "Authorization": "Bearer ls_0123456789ab_" + "0" * 64}),
        ("POST", path, body, {"Content-Type": _JSON}),
        ("POST", path, body, {**known, "Content-Type": "text/plain"}),
        ("POST", "/v1/nothing", body, known),
        ("GET", path, None, known),
        ("DELETE", "/v1/model", None, known),
    ]
    number = 0
    while not stop.wait(0.1):
        method, there, sent, headers = mistakes[number % len(mistakes)]
        number += 1
        connection = target.connection()
        try:
            connection.request(method, there, sent, headers)
            answer = connection.getresponse()
            said = answer.read()
            proper = 400 <= answer.status < 500 and "error" in json.loads(said)
            counts.add("bad", "refused" if proper else f"status {answer.status}")
        except (OSError, http.client.HTTPException, ValueError) as error:
            counts.add("bad", f"no answer: {type(error).__name__}")
        finally:
            connection.close()


def slow(target: Target, key: str, asked: Sequence[Asked], stop: threading.Event, counts: Counts) -> None:
    """Send a good call in twenty pieces over two seconds: it is answered all the same."""
    call = asked[0]
    size = len(call.body) // 20 + 1
    while not stop.is_set():
        with socket.create_connection((target.host, target.port), _SECONDS) as line:
            line.sendall(_head(target, call, key))
            for begin in range(0, len(call.body), size):
                line.sendall(call.body[begin : begin + size])
                stop.wait(0.1)
            counts.add("slow", "answered" if b" 200 " in line.recv(64) else "refused")


def cut_off(target: Target, key: str, asked: Sequence[Asked], stop: threading.Event, counts: Counts) -> None:
    """Leave in the middle: of the headers, of the body, or before the answer; or send what is no HTTP."""
    call, chance = asked[0], random.Random(1)  # noqa: S311  # no secret
    head = _head(target, call, key)
    whole = head + call.body
    while not stop.wait(0.1):
        places = (len(head) // 2, len(head) + len(call.body) // 2, len(whole))
        sent = chance.choice([*(whole[:place] for place in places), chance.randbytes(2_000)])
        with socket.create_connection((target.host, target.port), _SECONDS) as line:
            line.sendall(sent)
        counts.add("cut off", "left")


CLIENTS: tuple[tuple[Callable[[Target, str, Sequence[Asked], threading.Event, Counts], None], int], ...] = (
    (good, 6),
    (greedy, 1),
    (bad, 2),
    (slow, 2),
    (cut_off, 2),
)


def _head(target: Target, call: Asked, key: str) -> bytes:
    lines = [f"POST {call.path} HTTP/1.1", f"Host: {target.host}:{target.port}", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in target.headers(key).items()]
    return "\r\n".join([*lines, f"Content-Length: {len(call.body)}", "", ""]).encode()
