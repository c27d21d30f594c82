"""Runs the real command in a folder of its own, and asks a service that it started."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

COMMAND = [sys.executable, "-m", "lead_scoring"]


def environment(folder: Path) -> dict[str, str]:
    """The environment without what would lead out of the folder."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("MLFLOW", "LEAD_SCORING"))}
    data = (
        {"LEAD_SCORING_REAL_DATA": os.environ["LEAD_SCORING_REAL_DATA"]}
        if "LEAD_SCORING_REAL_DATA" in os.environ
        else {}
    )
    home = str(folder / "bentoml")
    return {**kept, **data, "COLUMNS": "120", "BENTOML_HOME": home, "BENTOML_DO_NOT_TRACK": "True"}


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run `lead-scoring` to its end."""
    return subprocess.run(
        [*COMMAND, *words],
        cwd=folder,
        env=environment(folder),
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )


@contextlib.contextmanager
def serving(folder: Path, port: int) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """`lead-scoring serve` and its address; interrupted at the end as Ctrl-C does."""
    process = subprocess.Popen(
        [*COMMAND, "serve", "--port", str(port)],
        cwd=folder,
        env=environment(folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield process, f"http://127.0.0.1:{port}"
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)


def answer(curl: str, wait: float = 150) -> dict[str, object]:
    """What the command answers, once there is a service to ask."""
    deadline = time.monotonic() + wait
    while True:
        asked = subprocess.run(["bash", "-c", curl], capture_output=True, text=True, timeout=30, check=False)
        found = json.loads(asked.stdout) if asked.stdout else {}
        if "lead_id" in found or time.monotonic() > deadline:
            return dict(found)
        time.sleep(0.5)
