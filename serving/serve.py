"""Starts the service as a process of its own, waits until it is ready, and stops all of it."""

import contextlib
import http.client
import ipaddress
import math
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit

from histories.errors import CallError, DataError
from scoring import rulebook as rulebooks
from serving import interrupt, request_log, settings
from serving.http import keys as keyfile
from serving.live import webhook

_ROOT = Path(__file__).resolve().parent.parent
UNTRACKED = {"BENTOML_DO_NOT_TRACK": "True"}
_ATTACHED = _ROOT / "serving" / "attached.py"
READY_SECONDS = 900.0  # code that is new compiles first: a minute of processor time, which a busy machine stretches
_STOP_SECONDS = 40.0  # a worker may need its time limit to finish what it has begun


@dataclass(frozen=True, slots=True)
class Served:
    """A service that is ready: its address, without a slash at the end, and the process to wait for."""

    url: str
    process: subprocess.Popen[bytes]

    def wait(self) -> int:
        """Return the exit status when the service ends; an interrupt is heard within a second.

        A wait without a timeout would sleep through Ctrl-C where a library has told the system to restart
        interrupted calls.
        """
        while True:
            with contextlib.suppress(subprocess.TimeoutExpired):
                return self.process.wait(1)


def run(bundle_folder: Path, rulebook: Path, host: str, port: int, deployment: Path) -> int:
    """Serve until the service ends or is told to end (Ctrl-C, SIGTERM). Returns the exit status: 0, or 1 where it failed.

    However long it loads, nothing ends it; one that cannot load is alive, says why, and follows the next deploy.

    The service follows the folder `deployment`: what is put in force there takes the place of this bundle.
    Keys are those of the working folder where LEAD_SCORING_KEYS names no file. Raises CallError or DataError where
    bundle, rulebook or keys cannot be read, the port is taken, or the host is for others and there is no key.
    """
    with (
        contextlib.suppress(KeyboardInterrupt),
        background(
            bundle_folder, rulebook, host, port, wait=math.inf, keys=keyfile.PLACE, deployment=deployment
        ) as served,
    ):
        return 1 if served.wait() else 0
    return 0


@contextlib.contextmanager
def background(
    bundle_folder: Path,
    rulebook: Path,
    host: str = "127.0.0.1",
    port: int = 0,
    log: Path | None = None,
    wait: float = READY_SECONDS,
    keys: Path | None = None,
    deployment: Path | None = None,
) -> Iterator[Served]:
    """Serve for as long as the block runs. Port 0 takes a free one; `log` takes the service's output.

    `keys` is the file of keys where the environment names none. `deployment` is a folder to follow
    (serving/deploy/deployment.py); None: this bundle for good. Raises CallError for a setting in the environment that is
    wrong, a host that is none, or that others reach while there is no key, and a port that is taken; and DataError where the service is not ready within `wait` seconds, with the end of its log where there is one.
    At the end the supervisor and all its workers are stopped: requests in hand are finished first. Where this process
    is killed outright, the supervisor is told to stop all the same; the thread that starts it must live as long as it.
    """
    from serving.deploy.pack import pack  # noqa: PLC0415  # imports BentoML, which takes seconds

    _refuse_other_than_ipv4(host)
    keys = _check_environment(host, keys)
    port = _port(host, port)
    named = {
        "LEAD_SCORING_MODEL": pack(bundle_folder, rulebook),
        "LEAD_SCORING_HOST": host,
        "LEAD_SCORING_PORT": str(port),
        "LEAD_SCORING_DEPLOYMENT": str(deployment.absolute()) if deployment else "",
        **({"LEAD_SCORING_KEYS": str(keys)} if keys else {}),
        **_store(),
    }
    words = ["serving.service:LeadScoring", "--working-dir", str(_ROOT)]
    with started(words, {**os.environ, **UNTRACKED, **named}, host, port, log, wait) as served:
        yield served


@contextlib.contextmanager
def started(
    words: Sequence[str], environment: Mapping[str, str], host: str, port: int, log: Path | None, wait: float
) -> Iterator[Served]:
    """Let BentoML serve what `words` say, with this environment, for as long as the block runs. Errors as above."""
    port = _port(host, port)
    url = f"http://{'127.0.0.1' if host == '0.0.0.0' else host}:{port}"  # noqa: S104  # compared, not bound
    with contextlib.ExitStack() as stack:
        output = stack.enter_context(log.open("wb")) if log else None
        stack.enter_context(interrupt.by_termination())
        served = Served(url, _start([*words, "--host", host, "--port", str(port)], environment, output))
        stack.callback(stop, served.process)
        _wait_until_ready(served, wait, log)
        yield served


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a service that `background` started, with every process of its session; none is left behind."""
    process.terminate()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        pass
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _check_environment(host: str, keys: Path | None) -> Path | None:
    """Refuse here, in one line, what would end the service with a traceback or leave it waiting. Returns the keys."""
    found = settings.read(os.environ)
    if found.rulebook:
        rulebooks.read(found.rulebook)
    if found.request_log:
        request_log.check(found.request_log)
    webhook.receiver(found)
    keys = found.keys or keys
    in_file = keyfile.read(keys) if keys else ()
    if not in_file and host != "127.0.0.1":
        raise CallError(
            f"host {host}: without a key the service answers this machine alone; make one with "
            "`lead-scoring keys add`, or listen on 127.0.0.1"
        )
    return keys.absolute() if keys else None


def _store() -> dict[str, str]:
    """The store for the workers, made or migrated, as nothing that is wrong with it would reach the user from them."""
    found = settings.read(os.environ)
    if not found.store:
        return {}
    from serving.live import opening  # noqa: PLC0415  # with SQLAlchemy, for those who have a store

    opening.opened(found.store).close()
    return {"LEAD_SCORING_STORE": opening.absolute(found.store).text}


def _start(words: Sequence[str], environment: Mapping[str, str], output: BinaryIO | None) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603  # our own interpreter with our own arguments
        [sys.executable, "-I", str(_ATTACHED), str(os.getpid()), sys.executable, "-m", "bentoml", "serve", *words],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=output or 2,  # BentoML logs to stdout; logs belong on stderr
        stderr=subprocess.STDOUT if output else None,
        start_new_session=True,  # so that `stop` reaches the workers too
    )


def _wait_until_ready(served: Served, wait: float, log: Path | None) -> None:
    deadline = time.monotonic() + wait
    while not _ready(served.url):
        ended = served.process.poll() is not None
        if ended or time.monotonic() > deadline:
            happened = "ended" if ended else f"was not ready within {wait:g} s"
            said = f"; its log ends with:\n{_end(log)}" if log else "; it says why above"
            raise DataError(f"the service at {served.url} {happened}{said}")
        time.sleep(0.1)


def _ready(url: str) -> bool:
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=2)  # unlike urllib it asks no proxy
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _end(log: Path) -> str:
    return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-20:])


def _refuse_other_than_ipv4(host: str) -> None:
    try:
        ipaddress.IPv4Address(host)
    except ValueError:
        raise CallError(f"host {host!r} is not an IPv4 address; write one such as 127.0.0.1 or 0.0.0.0") from None


def _port(host: str, port: int) -> int:
    """Return the port, for 0 a free one. Raises CallError where the service could not listen there."""
    _refuse_other_than_ipv4(host)
    with socket.socket() as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            one.bind((host, port))
        except OSError as error:
            raise CallError(f"cannot listen on {host}:{port} ({error.strerror}); name another host or port") from None
        return int(one.getsockname()[1])
