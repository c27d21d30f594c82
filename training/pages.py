"""MLflow's own pages, served for as long as somebody looks at them."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress

from histories.errors import DataError
from training.records import Place

_PORT = 5000
_PATIENCE_SECONDS = 120


@contextmanager
def served(uri: str, place: Place) -> Iterator[str]:
    """Yield the link to a place. Where no server is running, one runs for as long as the block, for this machine alone.

    `uri`: MLflow's database. Raises DataError where the server does not start.
    """
    if place.command is None:
        yield place.url
        return
    base = f"http://127.0.0.1:{_free_port()}"
    with _server(uri, base):
        yield base + place.url[place.url.index("/#/") :]


@contextmanager
def _server(uri: str, base: str) -> Iterator[None]:
    port = base.rpartition(":")[2]
    command = [sys.executable, "-m", "mlflow", "ui", "--host", "127.0.0.1", "--port", port]
    settings = {
        "MLFLOW_BACKEND_STORE_URI": uri,  # there may be a password in it, and who lists processes sees their arguments
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "DO_NOT_TRACK": "true",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",  # eight processes more, for work that is never ours
    }
    server = subprocess.Popen(  # noqa: S603 -- our own command
        [*command, "--workers", "1"],
        env={**os.environ, **settings},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        _wait(server, base)
        yield
    finally:
        _end(server)


def _wait(server: "subprocess.Popen[bytes]", base: str) -> None:
    until = time.monotonic() + _PATIENCE_SECONDS
    while server.poll() is None and time.monotonic() < until:
        try:
            with urllib.request.urlopen(f"{base}/health", timeout=5):  # noqa: S310 -- our own address
                return
        except OSError:
            time.sleep(0.2)
    raise DataError(
        f"MLflow's pages did not start on {base}; `mlflow ui --backend-store-uri ...` in a terminal says why"
    )


def _end(server: "subprocess.Popen[bytes]") -> None:
    """End the server with its workers: they are a process group of their own."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(server.pid, number)
        with suppress(subprocess.TimeoutExpired):
            server.wait(10)
            return


def _free_port() -> int:
    """MLflow's usual port, or any where that is taken."""
    for port in (_PORT, 0):
        with closing(socket.socket()) as one:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                one.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(one.getsockname()[1])
    raise DataError("no port is free on 127.0.0.1 for MLflow's pages; end another server")
