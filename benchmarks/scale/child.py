"""One task in a process of its own: `python -m benchmarks.scale.child MODULE TASK FOLDER [OUT]` prints one JSON line.

The time is that of the task alone, without starting Python, importing and preparing. A task that returns a value
class has it printed as well.
"""

import dataclasses
import importlib
import json
import sys
import time
from pathlib import Path

import psutil

from benchmarks.scale.events import Files


def main(module: str, task: str, folder: str, out: str | None = None) -> None:
    """Run one task of one module; `out` is the file that it writes, if it writes one."""
    contender = importlib.import_module(f"benchmarks.scale.{module}")
    contender.prepare()
    arguments = [Files(Path(folder))] if out is None else [Files(Path(folder)), Path(out)]
    begun = time.perf_counter()
    result = getattr(contender, task)(*arguments)
    seconds = time.perf_counter() - begun
    found = dataclasses.asdict(result) if getattr(result, "printed", False) else {}
    print(json.dumps({"seconds": seconds, "peak": peak(), "found": found}))  # noqa: T201


def peak() -> int:
    """Return the most memory (bytes resident) that this process has had.

    Linux's VmHWM, as the figure of `getrusage` begins at the size of the process that started this one; where there
    is no VmHWM, what is resident now.
    """
    status = Path("/proc/self/status")
    if not status.exists():
        return int(psutil.Process().memory_info().rss)
    line = next(line for line in status.read_text(encoding="utf-8").splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024


if __name__ == "__main__":
    main(*sys.argv[1:])
