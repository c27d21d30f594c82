"""A service ends with whoever started it, also where that one is killed and can tell nobody."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from serving_world import Packable

from serving import attached

STARTER = """
import os, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-I", sys.argv[1], str(os.getpid()), sys.executable, "-c", "import time; time.sleep(600)"])
print(child.pid, flush=True)
time.sleep(600)
"""
SERVING = (
    "import sys; from pathlib import Path; from serving import serve; "
    "serve.run(Path(sys.argv[1]), Path(sys.argv[2]), '127.0.0.1', int(sys.argv[3]), Path(sys.argv[4]))"
)


def ended(processes: list[psutil.Process], seconds: float) -> bool:
    return not psutil.wait_procs(processes, timeout=seconds)[1]


def test_a_command_ends_when_its_starter_is_killed() -> None:
    with subprocess.Popen([sys.executable, "-c", STARTER, attached.__file__], stdout=subprocess.PIPE) as starter:
        assert starter.stdout is not None
        child = psutil.Process(int(starter.stdout.readline()))
        time.sleep(0.3)
        assert child.is_running()
        starter.send_signal(signal.SIGKILL)
    assert ended([child], 20)


def test_a_command_whose_starter_has_ended_already_is_not_begun(tmp_path: Path) -> None:
    begun = tmp_path / "begun"
    somebody_else = str(os.getppid())
    words = [sys.executable, "-I", attached.__file__, somebody_else, sys.executable, "-c", f"open({str(begun)!r}, 'w')"]
    assert subprocess.run(words, check=False).returncode == 128 + signal.SIGTERM
    assert not begun.exists()


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_service_whose_command_is_killed_ends_with_all_its_workers(packable: Packable, tmp_path: Path) -> None:
    words = [str(packable.bundle_folder), str(packable.rulebook), str(free_port()), str(tmp_path / "deployment")]
    log = tmp_path / "log"
    with log.open("wb") as output:
        command = subprocess.Popen([sys.executable, "-c", SERVING, *words], stdout=output, stderr=output)
    try:
        deadline = time.monotonic() + 300
        while '"ready: ' not in log.read_text(encoding="utf-8") and "answers with" not in log.read_text(
            encoding="utf-8"
        ):
            assert command.poll() is None, log.read_text(encoding="utf-8")
            assert time.monotonic() < deadline
            time.sleep(0.1)
        family = psutil.Process(command.pid).children(recursive=True)
        assert len(family) >= 2
    finally:
        command.kill()
        command.wait()
    assert ended(family, 60)
