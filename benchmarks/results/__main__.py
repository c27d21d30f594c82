"""Measures what training reaches and writes docs/results.md: `make results`, or some of its parts.

What is measured is kept in the folder --work, one file a part; what lies there is not measured again, so that a run
that was broken off goes on. The page holds everything that the folder has. `--part` with nothing behind it writes the
page alone. To measure a part again, remove its file.
"""

import argparse
import sys
import time
from importlib.metadata import version
from pathlib import Path

from benchmarks.results import plan
from benchmarks.results.kept import MEASURED, ROOT
from benchmarks.results.page import page
from benchmarks.results.plan import PARTS, Plan
from benchmarks.scale.machine import machine
from histories.whole_file import whole_file

_PACKAGES = ("lightgbm", "numpy", "scikit-learn", "numba", "pyarrow", "duckdb")


def main() -> None:
    """Read the clock and the arguments, measure what is asked for, and write the page whole or not at all."""
    began, given = time.time_ns() // 1000, _parser().parse_args()
    asked = Plan(
        parts=given.part,
        leads=given.leads,
        seeds=given.seeds,
        rows=given.rows,
        draws=given.draws,
        fresh=given.fresh,
        repetitions=given.repetitions,
    )
    plan.measure(asked, given.work, _say)
    text = page(plan.read(given.work), began, machine(), _versions())
    with whole_file(given.page) as unfinished:
        unfinished.write_text(text, encoding="utf-8")
    _say(f"written: {given.page}")


def _parser() -> argparse.ArgumentParser:
    default = Plan()
    parser = argparse.ArgumentParser(prog="python -m benchmarks.results", description=__doc__)
    parser.add_argument("--work", type=Path, default=MEASURED, help="where parts are kept")
    parser.add_argument("--page", type=Path, default=ROOT / "docs" / "results.md")
    parser.add_argument("--part", nargs="*", choices=PARTS, default=list(PARTS), help="what to measure")
    parser.add_argument("--leads", type=int, nargs="+", help="sizes of the samples; else each part's own")
    parser.add_argument(
        "--seeds", type=int, default=default.seeds, help="samples of truth and censored, seeds from 1 on"
    )
    parser.add_argument("--rows", type=int, default=default.rows, help="test snapshots whose truth is sought")
    parser.add_argument("--draws", type=int, default=default.draws, help="paths for each of them")
    parser.add_argument("--fresh", type=int, default=default.fresh, help="leads for coverage's true difference")
    parser.add_argument("--repetitions", type=int, default=default.repetitions, help="tests of coverage")
    return parser


def _versions() -> str:
    python = ".".join(map(str, sys.version_info[:3]))
    return ", ".join([f"Python {python}", *(f"{name} {version(name)}" for name in _PACKAGES)])


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
