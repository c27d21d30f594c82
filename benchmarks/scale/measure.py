"""Tasks in processes of their own, timed; and a command's memory, watched while it runs."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import psutil

from benchmarks.scale.events import Files

ROOT = Path(__file__).resolve().parents[2]
_BETWEEN_LOOKS = 0.05
# Contenders that take longer run once.
LONG = 30.0

Found = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Measured:
    """Wall time (seconds) and the most memory (bytes resident) that it took: the fastest of so many runs."""

    seconds: float
    peak: int
    runs: int = 1


@dataclass(frozen=True, slots=True)
class Ran:
    """What a task took, and what it found itself, by name, if it measures something."""

    measured: Measured
    found: Found


def in_own_process(task: str, files: Files, repeats: int, out: Path | None = None) -> Ran:
    """Run a task (`module.function`) `repeats` times, each in a new process; the fastest counts, with its memory.

    What takes longer than `LONG` seconds is not run again: chance makes little of so long a time. Raises
    CalledProcessError where a run fails.
    """
    module, _, function = task.rpartition(".")
    command = [sys.executable, "-m", "benchmarks.scale.child", module, function, str(files.folder)]
    runs: list[Ran] = []
    while len(runs) < repeats and (not runs or runs[-1].measured.seconds <= LONG):
        runs.append(_ran(command if out is None else [*command, str(out)]))
    best = min(runs, key=lambda one: one.measured.seconds)
    return replace(best, measured=replace(best.measured, runs=len(runs)))


def _ran(command: Sequence[str]) -> Ran:
    printed = json.loads(subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout)
    return Ran(Measured(printed["seconds"], printed["peak"]), printed["found"])


def watched(command: Sequence[str]) -> Measured:
    """Run a command; its memory is that of the process and all it starts, looked at 20 times a second.

    Pages that processes share count in each of them. Raises CalledProcessError where the command fails.
    """
    begun = time.perf_counter()
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL) as process:
        watch = _Watch(process.pid)
        watch.start()
        status = process.wait()
        seconds = time.perf_counter() - begun
        watch.stop()
    if status:
        raise subprocess.CalledProcessError(status, command)
    return Measured(seconds, watch.peak)


class _Watch(threading.Thread):
    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._process = psutil.Process(pid)
        self._done = threading.Event()
        self.peak = 0

    def run(self) -> None:
        while not self._done.wait(_BETWEEN_LOOKS):
            self.peak = max(self.peak, sum(map(_resident, self._family())))

    def stop(self) -> None:
        self._done.set()
        self.join()

    def _family(self) -> list[psutil.Process]:
        try:
            return [self._process, *self._process.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []


def _resident(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.NoSuchProcess:
        return 0
