"""The service as BentoML starts it: without a key nobody else is answered, however it is told to listen."""

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from serving_world import Packable

from histories.contract import LeadHistory
from serving import serve
from serving.deploy.pack import pack
from serving.http import keys
from serving.http.permission import Permission
from serving.wire import mapping

pytestmark = pytest.mark.slow


def own_address() -> str:
    """An address of this machine that is not the loopback's."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one, contextlib.suppress(OSError):
        one.connect(("192.0.2.1", 9))  # sends nothing: it only chooses the address to send from
        return str(one.getsockname()[0])
    pytest.skip("this machine has no address but its loopback's")


@pytest.fixture
def everywhere(packable: Packable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[int, Path, Path]]:
    """`bentoml serve` itself, told by BentoML's own variable to listen everywhere: port, keys and log."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    tag, path, log = pack(packable.bundle_folder, packable.rulebook), tmp_path / "keys.json", tmp_path / "log"
    for name, value in (
        ("LEAD_SCORING_MODEL", tag),
        ("LEAD_SCORING_KEYS", str(path)),
        ("LEAD_SCORING_WORKERS", "2"),
        ("BENTOML_HOST", "0.0.0.0"),  # noqa: S104
        ("BENTOML_PORT", str(port)),
    ):
        monkeypatch.setenv(name, value)
    root = str(Path(serve.__file__).parents[1])
    command = [sys.executable, "-m", "bentoml", "serve", "serving.service:LeadScoring", "--working-dir", root]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, env=dict(os.environ), stdout=output, stderr=output, start_new_session=True, cwd=tmp_path
        )
        try:
            while not ready(port):
                assert process.poll() is None, log.read_text(encoding="utf-8")
                time.sleep(0.2)
            yield port, path, log
        finally:
            serve.stop(process)


def ready(port: int) -> bool:
    with contextlib.suppress(httpx.HTTPError):
        return httpx.get(f"http://127.0.0.1:{port}/readyz").status_code == 200
    return False


def test_a_service_that_listens_everywhere_answers_this_machine_alone_until_there_is_a_key_and_no_longer_than_it_is_good(
    everywhere: tuple[int, Path, Path], leads: tuple[LeadHistory, ...], as_of: int
) -> None:
    port, path, log = everywhere
    here, there = f"http://127.0.0.1:{port}", f"http://{own_address()}:{port}"
    body = mapping.request_of(leads[0], as_of)

    def statuses(url: str, headers: dict[str, str]) -> set[int]:
        return {httpx.post(f"{url}/v1/predict_one", json=body, headers=headers).status_code for _ in range(20)}

    assert statuses(here, {}) == {200}
    assert statuses(there, {}) == {403}
    assert statuses(there, {"host": f"127.0.0.1:{port}"}) == {403}
    assert httpx.get(f"{there}/livez").status_code == 200
    assert httpx.get(f"{there}/readyz").status_code == 403
    assert "no key: only this machine is answered" in log.read_text(encoding="utf-8")
    made = keys.add(path, "a test", [Permission.PREDICT], time.time_ns() // 1000)
    assert statuses(there, {"x-api-key": made.text}) == {200}, "at once, at both workers"
    assert statuses(here, {}) == {401}
    assert httpx.get(f"{there}/metrics", headers={"x-api-key": made.text}).status_code == 403
    keys.revoke(path, made.key.id, time.time_ns() // 1000)
    assert statuses(there, {"x-api-key": made.text}) == {401}
    assert made.text.split("_")[2] not in log.read_text(encoding="utf-8")
