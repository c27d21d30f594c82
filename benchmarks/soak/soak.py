"""One soak: the service in processes of its own, all clients at once, and what was found."""

import json
import os
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.soak.clients import CLIENTS, Asked, Counts, Target
from benchmarks.soak.watch import Held, Sample, held, watch
from histories import clock
from histories.contract import LeadHistory
from scoring import bundle as bundles
from scoring import rulebook as rulebooks
from scoring.bundle import Bundle
from scoring.rulebook import Rulebook
from scoring.scorer import Scorer
from serving import serve
from serving.http import keys
from serving.http.permission import Permission
from serving.wire import answers
from serving.wire.mapping import request_of

_WORKERS = 2
_RATE = 1_200  # requests a minute and key: those who pause stay below it, the greedy one does not
_PREDICT = "/v1/predict"


@dataclass(frozen=True, slots=True)
class Found:
    """What clients met, what the processes held, and which promises that breaks, a sentence each."""

    seconds: float
    counts: Counter[tuple[str, str]]
    held: Held
    broken: tuple[str, ...]


def soak(bundle: Path, rulebook: Path, leads: Sequence[LeadHistory], as_of: int, seconds: float) -> Found:
    """Serve the bundle on two workers and let all clients ask for so long about these leads at `as_of`."""
    asked = _asked(bundles.read(bundle), rulebooks.read(rulebook), leads, as_of)
    counts, samples, stop = Counts(), list[Sample](), threading.Event()
    with tempfile.TemporaryDirectory() as folder, _served(bundle, rulebook, Path(folder)) as (served, made):
        target = Target("127.0.0.1", int(served.url.rsplit(":", 1)[1]))
        threads = [threading.Thread(target=watch, args=(served.process.pid, stop, samples))]
        clients = [client for client, number in CLIENTS for _ in range(number)]
        threads += [threading.Thread(target=one, args=(target, next(made), asked, stop, counts)) for one in clients]
        for one in threads:
            one.start()
        began = time.monotonic()
        try:
            stop.wait(seconds)
        finally:
            stop.set()
            for one in threads:
                one.join()
        took = time.monotonic() - began
    found = held(samples)
    return Found(took, counts.found, found, tuple(broken(counts.found, found, samples)))


def broken(counts: Counter[tuple[str, str]], found: Held, samples: Sequence[Sample]) -> Iterator[str]:
    """Yield a sentence for each promise that does not hold: an answer of another kind, memory, descriptors, processes."""
    allowed = {
        ("good", "answered"),
        ("greedy", "status 200"),
        ("greedy", "status 429 with Retry-After"),
        ("bad", "refused"),
        ("slow", "answered"),
        ("cut off", "left"),
    }
    for (client, what), number in sorted(counts.items()):
        if (client, what) not in allowed:
            yield f"{client}: {what}, {number:,} times"
    for client, what in sorted(allowed - set(counts)):
        yield f"{client}: never {what}"
    if found.growth > 0.05:
        yield f"memory grew by {found.growth:.1%}"
    if found.descriptors_after > found.descriptors_before + len(CLIENTS):
        yield f"descriptors went from {found.descriptors_before:.0f} to {found.descriptors_after:.0f}"
    if len({one.processes for one in samples}) > 1:
        yield "a process ended or was started"


def _asked(bundle: Bundle, rulebook: Rulebook, leads: Sequence[LeadHistory], as_of: int) -> list[Asked]:
    """Calls of one, five and twenty leads, with the scorer's own answers."""
    scorer = Scorer(bundle, rulebook)
    found = []
    for begin, count in ((0, 1), (1, 5), (6, 20)):
        some = leads[begin : begin + count]
        body = {"as_of": clock.iso(as_of), "reasons": 3, "leads": [request_of(one) for one in some]}
        rows = [answers.row(one).model_dump(mode="json") for one in scorer.score(some, as_of, 3)]
        found.append(Asked(_PREDICT, json.dumps(body).encode(), rows))
    return found


@contextmanager
def _served(bundle: Path, rulebook: Path, folder: Path) -> Iterator[tuple[serve.Served, Iterator[str]]]:
    """Yield the service and keys, one for each client."""
    file, now = folder / "keys.json", time.time_ns() // 1000
    count = sum(number for _, number in CLIENTS)
    made = iter([keys.add(file, f"client {place}", [Permission.PREDICT], now).text for place in range(count)])
    named = {"LEAD_SCORING_WORKERS": str(_WORKERS), "LEAD_SCORING_REQUESTS_PER_MINUTE": str(_RATE)}
    before = {name: os.environ.get(name) for name in named}
    os.environ.update(named)
    try:
        with serve.background(bundle, rulebook, log=folder / "service.log", keys=file) as served:
            yield served, made
    finally:
        for name, value in before.items():
            os.environ.pop(name, None) if value is None else os.environ.update({name: value})
