"""What the service's processes hold: resident memory and open descriptors, second by second."""

import statistics
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

import psutil


@dataclass(frozen=True, slots=True)
class Sample:
    """Seconds since the load began; bytes and descriptors of all processes together; the processes' numbers."""

    at: float
    memory: int
    descriptors: int
    processes: frozenset[int]


@dataclass(frozen=True, slots=True)
class Held:
    """Medians of two stretches of the same length: after the warm-up, and at the end."""

    memory_before: float
    memory_after: float
    descriptors_before: float
    descriptors_after: float

    @property
    def growth(self) -> float:
        """How much more memory is held at the end, as a share."""
        return self.memory_after / self.memory_before - 1


def watch(process: int, stop: threading.Event, samples: list[Sample]) -> None:
    """Look every second until told to stop."""
    began = time.monotonic()
    while not stop.wait(1.0):
        samples.append(_sample(process, time.monotonic() - began))


def held(samples: Sequence[Sample]) -> Held:
    """Leave out the first fifth, and compare the second fifth with the last one.

    >>> calm = [Sample(at, 100 + 10 * (at >= 8), 7, frozenset({1})) for at in range(10)]
    >>> round(held(calm).growth, 3), held(calm).descriptors_after
    (0.1, 7.0)
    """
    fifth = len(samples) // 5
    before, after = samples[fifth : 2 * fifth], samples[-fifth:]
    return Held(
        statistics.median(one.memory for one in before),
        statistics.median(one.memory for one in after),
        statistics.median(float(one.descriptors) for one in before),
        statistics.median(float(one.descriptors) for one in after),
    )


def _sample(process: int, at: float) -> Sample:
    memory, descriptors, found = 0, 0, set()
    parent = psutil.Process(process)
    for one in (parent, *parent.children(recursive=True)):
        try:
            with one.oneshot():
                memory += one.memory_info().rss
                descriptors += one.num_fds()
                found.add(one.pid)
        except psutil.NoSuchProcess:
            continue
    return Sample(at, memory, descriptors, frozenset(found))
