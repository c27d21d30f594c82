"""One task in a process of its own: `python -m benchmarks.scale.child MODULE TASK FOLDER [OUT]` prints one JSON line.

Time and memory are those of the task alone, without starting Python, importing and preparing. A task whose name ends
in `_to_file` writes OUT itself; what another returns is written to OUT afterwards, to be compared. A task that
returns a value class has it printed as well.
"""

import dataclasses
import importlib
import json
import sys
import time
from pathlib import Path

import psutil
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.scale.events import Files


def main(module: str, task: str, folder: str, out: str | None = None) -> None:
    """Run one task of one module, and print what it took."""
    contender = importlib.import_module(f"benchmarks.scale.{module}")
    contender.prepare()
    writes = out is not None and task.endswith("to_file")
    arguments = [Files(Path(folder)), Path(out)] if out is not None and writes else [Files(Path(folder))]
    begun = time.perf_counter()
    result = getattr(contender, task)(*arguments)
    seconds = time.perf_counter() - begun
    found = dataclasses.asdict(result) if getattr(result, "printed", False) else {}
    print(json.dumps({"seconds": seconds, "peak": peak(), "found": found}))  # noqa: T201
    if out is not None and not writes:
        pq.write_table(result if isinstance(result, pa.Table) else result.to_arrow(), out)


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
