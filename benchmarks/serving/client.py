"""One client for all services: a connection that stays open, one request after another, the answer read whole."""

import http.client
import statistics
import time
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Call:
    """What is sent where, and how many leads are in it."""

    port: int
    path: str
    body: bytes
    leads: int


@dataclass(frozen=True, slots=True)
class Timed:
    """Seconds a call: the median, the 95th of a hundred, and how many there were; leads a second over all of them."""

    median: float
    p95: float
    calls: int
    leads_a_second: float


def timed(calls: Mapping[str, Call], rounds: int, seconds_a_round: float) -> dict[str, Timed]:
    """Send each call for a while, in turn, round after round: what else the machine does then falls on all alike.

    Raises RuntimeError where an answer is not 200.
    """
    took: dict[str, list[float]] = {name: [] for name in calls}
    for turn in range(rounds + 1):
        for name, call in calls.items():
            found = _turn(call, seconds_a_round)
            # The first turn warms up.
            took[name] += found if turn else []
    return {name: _of(sorted(took[name]), calls[name].leads) for name in calls}


def _turn(call: Call, seconds: float) -> list[float]:
    """Send a call for a while over one connection, which a first call that is not timed opens."""
    connection = http.client.HTTPConnection("127.0.0.1", call.port, timeout=300)
    _once(connection, call)
    took, until = [], time.perf_counter() + seconds
    while time.perf_counter() < until:
        took.append(_once(connection, call))
    connection.close()
    return took


def _once(connection: http.client.HTTPConnection, call: Call) -> float:
    began = time.perf_counter()
    connection.request("POST", call.path, call.body, {"Content-Type": "application/json"})
    answer = connection.getresponse()
    said = answer.read()
    seconds = time.perf_counter() - began
    if answer.status != 200:
        raise RuntimeError(f"{call.path} answers {answer.status}: {said[:500]!r}")
    return seconds


def _of(seconds: list[float], leads: int) -> Timed:
    p95 = seconds[min(len(seconds) - 1, len(seconds) * 95 // 100)]
    return Timed(statistics.median(seconds), p95, len(seconds), leads * len(seconds) / sum(seconds))
