"""The three services, each in processes of its own on a free port of this machine."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from benchmarks.serving.workload import Workload
from serving import serve

_ROOT = Path(__file__).resolve().parents[2]
_SECONDS_TO_START = 900.0


@contextlib.contextmanager
def ours(workload: Workload, scratch: Path) -> Iterator[int]:
    """Yield the port of our service: one worker, as it comes."""
    # Before BentoML is imported, which reads it then: the user's own store is left alone.
    os.environ["BENTOML_HOME"] = str(scratch / "ours.home")
    (scratch / "ours.home").mkdir()
    with serve.background(workload.bundle, workload.rulebook, log=scratch / "ours.log", wait=_SECONDS_TO_START) as one:
        yield int(one.url.rsplit(":", 1)[1])


@contextlib.contextmanager
def constant(scratch: Path) -> Iterator[int]:
    """Yield the port of the BentoML endpoint that answers a constant."""
    port = _free_port()
    words = ["bentoml", "serve", "benchmarks.serving.constant:Constant", "--working-dir", str(_ROOT)]
    with _running([*words, "--host", "127.0.0.1", "--port", str(port)], scratch / "constant.log", port, "/readyz"):
        yield port


@contextlib.contextmanager
def mlflow(workload: Workload, scratch: Path) -> Iterator[int]:
    """Yield the port of `mlflow models serve` with the bundle as a pyfunc."""
    port, model = _free_port(), scratch / "pyfunc"
    saved = ["benchmarks.serving.save_pyfunc", str(model), str(workload.bundle), str(workload.rulebook)]
    subprocess.run([sys.executable, "-m", *saved], cwd=_ROOT, check=True, stdout=sys.stderr)
    words = ["mlflow", "models", "serve", "-m", str(model), "--env-manager", "local"]
    with _running([*words, "--host", "127.0.0.1", "--port", str(port)], scratch / "mlflow.log", port, "/ping"):
        yield port


@contextlib.contextmanager
def _running(words: list[str], log: Path, port: int, probe: str) -> Iterator[None]:
    environment = {**os.environ, "BENTOML_DO_NOT_TRACK": "True", "PYTHONPATH": str(_ROOT)}
    environment |= {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    # Two services that share a store spoil each other's metric files.
    environment |= {"BENTOML_HOME": str(log.with_suffix(".home"))}
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", *words],
            cwd=_ROOT,
            env=environment,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        try:
            _wait(process, port, probe, log)
            yield
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(10)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _wait(process: subprocess.Popen[bytes], port: int, probe: str, log: Path) -> None:
    deadline = time.monotonic() + _SECONDS_TO_START
    while time.monotonic() < deadline and process.poll() is None:
        with (
            contextlib.suppress(OSError),
            urllib.request.urlopen(f"http://127.0.0.1:{port}{probe}", timeout=5) as answer,
        ):
            if answer.status == 200:
                return
        time.sleep(0.2)
    raise RuntimeError(f"no answer from {probe}; the log ends with:\n{log.read_text(errors='replace')[-2000:]}")


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
