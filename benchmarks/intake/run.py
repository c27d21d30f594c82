"""One run: the service in processes of its own, killed again and again while writers post to it."""

import contextlib
import http.client
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from benchmarks.intake.load import Load
from benchmarks.intake.writer import posted
from serving import serve

_ROOT = Path(__file__).resolve().parents[2]
_STORE, _WORKERS = "LEAD_SCORING_STORE", "LEAD_SCORING_WORKERS"


@dataclass(frozen=True, slots=True)
class Service:
    """What is served, and where it keeps histories."""

    bundle: Path
    rulebook: Path
    store: str
    workers: int


@dataclass
class Acknowledged:
    """What writers were told: batches by writer, and rows by what became of them."""

    batches: set[tuple[int, int]] = field(default_factory=set)
    added: int = 0
    duplicates: int = 0
    refused: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def heard(self, writer: int, line: str) -> None:
        """Note one line of a writer."""
        number, added, duplicates, refused = map(int, line.split())
        with self.lock:
            self.batches.add((writer, number))
            self.added += added
            self.duplicates += duplicates
            self.refused += refused


@dataclass(frozen=True, slots=True)
class Ran:
    """How a run went: seconds from the first post to the last answer, and how often the service was killed."""

    seconds: float
    kills: int
    acknowledged: Acknowledged


def run(service: Service, load: Load, kills: int, folder: Path) -> Ran:
    """Post the whole load; kill every process of the service at once, each time that many batches more are in."""
    port, total = _free_port(), sum(map(len, load.ids))
    acknowledged = Acknowledged()
    url = f"http://127.0.0.1:{port}"
    with _environment(service), contextlib.ExitStack() as stack:
        served = stack.enter_context(contextlib.ExitStack())
        first = _start(service, port, folder / "service-0.log", served)
        connection = http.client.HTTPConnection(f"127.0.0.1:{port}", timeout=60)
        for path, bodies in (("/v1/leads", load.leads), ("/v1/outcomes", load.outcomes)):
            for body in bodies:
                posted(connection, path, body)
        connection.close()
        began = time.monotonic()
        writers = _writers(url, load, acknowledged, stack)
        for number in range(1, kills + 1):
            _wait(acknowledged, total * number // (kills + 1), writers)
            _kill(first.process.pid)
            served.close()
            _wait_until_free(port)
            first = _start(service, port, folder / f"service-{number}.log", served)
        for one in writers:
            one.join()
        seconds = time.monotonic() - began
        served.close()
    return Ran(seconds, kills, acknowledged)


def _start(service: Service, port: int, log: Path, stack: contextlib.ExitStack) -> serve.Served:
    return stack.enter_context(serve.background(service.bundle, service.rulebook, port=port, log=log, wait=900))


@contextlib.contextmanager
def _environment(service: Service) -> Iterator[None]:
    named = {_STORE: service.store, _WORKERS: str(service.workers)}
    before = {name: os.environ.get(name) for name in named}
    os.environ.update(named)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None) if value is None else os.environ.update({name: value})


def _writers(url: str, load: Load, acknowledged: Acknowledged, stack: contextlib.ExitStack) -> list[threading.Thread]:
    """Start a process for each file, and a thread that hears it."""
    threads = []
    for number, path in enumerate(load.files):
        words: Sequence[str] = [sys.executable, "-m", "benchmarks.intake.writer", url, str(path)]
        process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True, cwd=_ROOT)
        stack.callback(process.wait)
        stack.callback(process.kill)
        threads.append(threading.Thread(target=_hear, args=(number, process, acknowledged)))
    for one in threads:
        one.start()
    return threads


def _hear(number: int, process: subprocess.Popen[str], acknowledged: Acknowledged) -> None:
    assert process.stdout is not None
    with process.stdout as lines:
        for line in lines:
            acknowledged.heard(number, line)


def _wait(acknowledged: Acknowledged, batches: int, writers: Sequence[threading.Thread]) -> None:
    while len(acknowledged.batches) < batches:
        if not any(one.is_alive() for one in writers):
            raise RuntimeError("the writers ended before all was in; what they said is above")
        time.sleep(0.01)


def _kill(supervisor: int) -> None:
    """End the supervisor and all its workers, which have sessions of their own, with no time to say goodbye."""
    family = [psutil.Process(supervisor)]
    family += family[0].children(recursive=True)
    for one in family:
        with contextlib.suppress(psutil.NoSuchProcess):
            one.kill()


def _wait_until_free(port: int) -> None:
    """The system takes a moment to end the last of the killed processes."""
    while True:
        with socket.socket() as one, contextlib.suppress(OSError):
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            one.bind(("127.0.0.1", port))
            return
        time.sleep(0.05)


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
