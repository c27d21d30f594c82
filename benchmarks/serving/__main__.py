"""Measures the service and whole boards, and writes docs/benchmarks-serving.md: `make bench`, or with SIZE=small."""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from benchmarks.scale.machine import machine
from benchmarks.serving import services, workload
from benchmarks.serving.board import Board
from benchmarks.serving.client import Call, Timed, timed
from benchmarks.serving.page import page
from benchmarks.serving.results import CONSTANT, MANY, MLFLOW, MLFLOW_MANY, NO_REASONS, THREE_REASONS, Results
from benchmarks.serving.versions import versions
from benchmarks.serving.workload import LEADS, Workload
from histories.whole_file import whole_file

_ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Size:
    """How many leads the export has, how the calls are timed, and which boards are scored how often."""

    sample: int
    rounds: int
    seconds_a_round: float
    boards: tuple[int, ...]
    repeats: int


SIZES = {"small": Size(2_000, 3, 0.5, (50_000,), 1), "full": Size(8_000, 10, 2.0, (50_000, 1_000_000), 2)}


def main() -> None:
    """Read the clock and the arguments, run everything, and write the page whole or not at all."""
    began = time.time_ns() // 1000
    parser = argparse.ArgumentParser(prog="python -m benchmarks.serving", description=__doc__)
    parser.add_argument("--size", choices=list(SIZES), default="full")
    parser.add_argument("--page", type=Path, default=_ROOT / "docs" / "benchmarks-serving.md")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    size = SIZES[given.size]
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        _say(f"training on {size.sample:,} leads")
        asked = workload.write(scratch, size.sample, given.seed)
        calls = _calls(asked, scratch, size)
        boards = tuple(_board(asked, leads, given.seed, size.repeats) for leads in size.boards)
    with whole_file(given.page) as unfinished:
        unfinished.write_text(page(Results(calls, boards), began, machine(), versions()), encoding="utf-8")
    _say(f"written: {given.page}")


def _calls(asked: Workload, scratch: Path, size: Size) -> dict[str, Timed]:
    with ExitStack() as stack:
        _say("starting the services")
        ours = stack.enter_context(services.ours(asked, scratch))
        constant = stack.enter_context(services.constant(scratch))
        mlflow = stack.enter_context(services.mlflow(asked, scratch))
        calls = {
            CONSTANT: Call(constant, "/v1/predict_one", asked.one[0], 1),
            NO_REASONS: Call(ours, "/v1/predict_one", asked.one[0], 1),
            THREE_REASONS: Call(ours, "/v1/predict_one", asked.one[3], 1),
            MANY: Call(ours, "/v1/predict", asked.many, LEADS),
            MLFLOW: Call(mlflow, "/invocations", asked.row, 1),
            MLFLOW_MANY: Call(mlflow, "/invocations", asked.rows, LEADS),
        }
        found = timed(calls, size.rounds, size.seconds_a_round)
    for name, one in found.items():
        _say(f"{name}: median {one.median * 1e3:.2f} ms, {one.leads_a_second:,.0f} leads a second")
    return found


def _board(asked: Workload, leads: int, seed: int, repeats: int) -> Board:
    """In a process of its own: what one board leaves in memory is not the next one's."""
    words = ["benchmarks.serving.board", asked.bundle, asked.rulebook, leads, seed, repeats]
    command = [sys.executable, "-m", *map(str, words)]
    printed = subprocess.run(command, cwd=_ROOT, check=True, stdout=subprocess.PIPE).stdout
    found = Board(**json.loads(printed))
    _say(f"{leads:,} leads: bare {found.bare:.1f} s, scored {found.scored:.1f} s")
    return found


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
