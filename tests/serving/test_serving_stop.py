"""SIGTERM under load: what has begun is answered, in full and right; nothing new is; no process is left."""

import json
import socket
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import psutil
import pytest
from serving_client import batch_of
from serving_world import Asked, Packable

from histories.contract import LeadHistory
from serving import serve

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@dataclass
class Caller:
    """Asks again and again on one connection, until it gets no answer. `answers`: status and rows of each."""

    url: str
    body: dict[str, object]
    answers: list[tuple[int, object]] = field(default_factory=list)
    ended_by: BaseException | None = None

    def run(self) -> None:
        try:
            with httpx.Client(base_url=self.url, timeout=60, trust_env=False) as client:
                while True:
                    response = client.post("/v1/predict", json=self.body)
                    self.answers.append((response.status_code, response.json()["leads"]))
        except httpx.TransportError as error:
            self.ended_by = error


def half_sent(url: str, body: bytes) -> socket.socket:
    place = urlsplit(url)
    head = (
        f"POST /v1/predict HTTP/1.1\r\nhost: {place.netloc}\r\ncontent-type: application/json\r\n"
        f"content-length: {len(body)}\r\n\r\n"
    )
    one = socket.create_connection((place.hostname or "", place.port or 0), timeout=60)
    one.sendall(head.encode() + body[: len(body) // 2])
    return one


def answer_of(one: socket.socket) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of what comes until the service closes the connection."""
    head, _, body = b"".join(iter(lambda: one.recv(65536), b"")).partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
    return int(first.split()[1]), headers, body


def until(happened: Callable[[], bool]) -> None:
    for _ in range(200):
        if happened():
            return
        time.sleep(0.1)
    pytest.fail("it did not happen within 20 s")


def is_answered(url: str) -> bool:
    try:
        return httpx.get(f"{url}/livez", timeout=1, trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


def test_a_stop_under_load_finishes_what_it_has_begun_and_begins_nothing(
    packable: Packable, asked: Asked, leads: Sequence[LeadHistory], as_of: int, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    slow = json.dumps(batch_of(leads[:50], as_of, 3)).encode()
    with serve.background(packable.bundle_folder, packable.rulebook, log=log, wait=600) as served:
        family = psutil.Process(served.process.pid).children(recursive=True)
        callers = [Caller(served.url, dict(asked.body)) for _ in range(6)]
        threads = [threading.Thread(target=one.run) for one in callers]
        for one in threads:
            one.start()
        while not all(one.answers for one in callers):
            time.sleep(0.05)
        upload = half_sent(served.url, slow)
        time.sleep(0.5)
        served.process.terminate()
        until(lambda: not is_answered(served.url))
        assert served.process.poll() is None, "it waits for the upload that it has begun to read"
        with upload:
            upload.sendall(slow[len(slow) // 2 :])
            status, headers, body = answer_of(upload)
        served.process.wait(30)
        for one in threads:  # the system took some connections that nobody answered; they end with the service
            one.join(60)
    assert (status, json.loads(body)["leads"]) == (200, asked.rows)
    assert int(headers["content-length"]) == len(body)
    assert [answer for one in callers for answer in one.answers if answer != (200, asked.rows)] == []
    assert all(isinstance(one.ended_by, httpx.TransportError) for one in callers)
    assert psutil.wait_procs(family, timeout=5)[1] == []
    lines = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    answered = [one for one in lines if one.get("path") == "/v1/predict"]
    assert {one["status"] for one in answered} == {200}
    assert len(answered) == sum(len(one.answers) for one in callers) + 1
