"""Measures the features at scale and writes docs/benchmarks.md: `make bench`, or `make bench SIZE=small`."""

import argparse
import shutil
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.scale.measure import ROOT
from benchmarks.scale.run import PARTS, run
from benchmarks.scale.sizes import SIZES
from benchmarks.scale.written import write


def main() -> None:
    """Read the clock and the arguments, run everything, and write the page whole or not at all."""
    began = time.time_ns() // 1000
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scale", description=__doc__)
    parser.add_argument("--size", choices=list(SIZES), default="full")
    parser.add_argument("--page", type=Path, default=ROOT / "docs" / "benchmarks.md", help="the chart goes beside it")
    parser.add_argument("--scratch", type=Path, help="a folder for what is generated (30 GB at full size)")
    parser.add_argument("--leave-out", nargs="*", choices=PARTS, default=[], help="what not to measure")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    uv = shutil.which("uv") or str(Path(sys.executable).parent / "uv")
    with tempfile.TemporaryDirectory(dir=given.scratch) as scratch:
        results = run(Path(scratch), SIZES[given.size], given.seed, frozenset(given.leave_out), uv, _say)
    write(results, given.page, began)
    _say(f"written: {given.page}")


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
