"""A real service on a real port: what it answers, what its log holds, and that nothing is left when it stops."""

import contextlib
import json
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import psutil
import pytest
from serving_client import batch_of
from serving_world import Asked, Packable, Running

from histories.contract import LeadHistory
from histories.errors import CallError, DataError, LeadScoringError
from serving import serve
from serving.wire import mapping
from serving.wire.example import curl_example

MARKER = "jane.roe@example.org"
JSON = {"content-type": "application/json"}


@pytest.fixture
def client(running: Running) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=running.url, timeout=30) as one:
        yield one


def test_answers_over_http_equal_the_scorers_bit_for_bit(
    client: httpx.Client, asked: Asked, leads: tuple[LeadHistory, ...], as_of: int
) -> None:
    answer = client.post("/v1/predict", json=asked.body).json()
    assert answer["leads"] == asked.rows
    assert {name: answer[name] for name in asked.versions} == asked.versions
    for lead, row in zip(leads[:5], asked.rows, strict=False):
        one = client.post("/v1/predict_one", json=mapping.request_of(lead, as_of, 3)).json()
        assert {name: one[name] for name in row} == row


def test_concurrent_answers_equal_sequential_ones(
    client: httpx.Client, leads: tuple[LeadHistory, ...], as_of: int
) -> None:
    bodies = [batch_of(leads[start : start + 10], as_of) for start in range(0, 100, 10)]
    sequential = [client.post("/v1/predict", json=one).json()["leads"] for one in bodies]
    concurrent: dict[int, Any] = {}

    def ask(place: int) -> None:
        concurrent[place] = client.post("/v1/predict", json=bodies[place]).json()["leads"]

    threads = [threading.Thread(target=ask, args=(place,)) for place in range(len(bodies))]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert [concurrent[place] for place in range(len(bodies))] == sequential


def test_probes_and_metrics_are_there_and_bentomls_own_pages_are_not(client: httpx.Client) -> None:
    assert client.get("/livez").json() == {"status": "alive"}
    assert client.get("/readyz").json() == {"status": "ready"}
    client.get(f"/{MARKER}")
    text = client.get("/metrics").text
    assert 'lead_scoring_requests_total{endpoint="other",status="404"}' in text
    assert MARKER not in text
    for path in ("/", "/openapi.json", "/schema.json", "/static_content/index.css"):
        assert client.get(path).json()["error"]["code"] == "not_found"


def test_without_as_of_the_moment_of_the_request_counts(client: httpx.Client, leads: tuple[LeadHistory, ...]) -> None:
    before = time.time()
    answer = client.post("/v1/predict_one", json=mapping.request_of(leads[0])).json()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?Z", answer["as_of"])
    assert before - 1 < mapping.clock.parse(answer["as_of"]) / 1e6 < time.time() + 1


def test_the_printed_curl_command_works_as_it_is(
    running: Running, leads: tuple[LeadHistory, ...], as_of: int, tmp_path: Path
) -> None:
    ask = curl_example(running.url, tmp_path / "a lead's request.json", leads[0], as_of)
    done = subprocess.run(["sh", "-c", ask], capture_output=True, check=True)
    assert json.loads(done.stdout)["lead_id"] == leads[0].lead_id
    assert json.loads(done.stdout)["status"] == "scored"


@pytest.mark.parametrize(
    ("content", "headers", "status"),
    [
        (b"", JSON, 400),
        (b"{", JSON, 400),
        (b"\xff\xfe", JSON, 400),
        (b"[" * 100_000, JSON, 400),
        (f'{{"{MARKER}": 1}}'.encode(), JSON, 400),
        (b'{"leads": [], "as_of": NaN}', JSON, 400),
        (b"{}", {"content-type": "text/plain"}, 415),
        (b" " * 16_777_217, JSON, 413),
    ],
)  # fmt: skip
def test_every_bad_request_gets_the_envelope(
    client: httpx.Client, content: bytes, headers: dict[str, str], status: int
) -> None:
    response = client.post("/v1/predict", content=content, headers=headers)
    assert response.status_code == status
    assert list(response.json()["error"]) == ["code", "message", "field", "request_id"]


def test_a_client_that_is_cut_off_harms_nobody(running: Running, client: httpx.Client) -> None:
    place = urlsplit(running.url)
    for sent in (b"", b"POST /v1/predict HTTP/1.1\r\n", b"POST /v1/predict HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{", b"\x16\x03\x01nonsense\r\n\r\n"):  # fmt: skip
        with socket.create_connection((place.hostname or "", place.port or 0), timeout=10) as one:
            one.sendall(sent)
    assert client.get("/readyz").status_code == 200


def test_no_value_of_any_request_reaches_the_log(
    running: Running, client: httpx.Client, leads: tuple[LeadHistory, ...], as_of: int
) -> None:
    good = mapping.request_of(leads[0], as_of)
    touch = {"occurred_at": "2026-02-01T00:00:00Z", "kind": MARKER}
    for body in (
        {**good, "lead_id": MARKER, "attributes": {"email": MARKER}, "interactions": [touch]},
        {**good, "created_at": MARKER},
        {**good, "attributes": {MARKER: {MARKER: 1}}},
        {**good, MARKER: MARKER},
        {**good, "as_of": "1980-01-01T00:00:00Z", "lead_id": MARKER},
    ):
        client.post("/v1/predict_one", json=body)
        client.post("/v1/predict", json={"leads": [body]})
    client.post("/v1/predict_one", content=f"{{{MARKER}", headers={**JSON, "user-agent": MARKER})
    client.get(f"/v1/{MARKER}?who={MARKER}")
    answer = client.post("/v1/predict_one", json=good)
    assert answer.headers["x-request-id"] == answer.json()["request_id"]
    time.sleep(0.2)
    log = running.log.read_text(encoding="utf-8")
    assert answer.json()["request_id"] in log
    assert MARKER not in log
    assert "Traceback" not in log
    assert not [one.lead_id for one in leads if one.lead_id in log]


def test_serving_ends_on_sigterm_without_leaving_a_process_and_a_taken_port_is_named(
    packable: Packable,
    tmp_path: Path,
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    code = "import sys; from pathlib import Path; from serving import serve; sys.exit(serve.run(Path(sys.argv[1]), Path(sys.argv[2]), '127.0.0.1', int(sys.argv[3]), Path(sys.argv[4])))"
    command = [
        sys.executable,
        "-c",
        code,
        str(packable.bundle_folder),
        str(packable.rulebook),
        str(port),
        str(tmp_path / "deployment"),
    ]
    with (tmp_path / "log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
        try:
            until_ready(process, port, tmp_path / "log")
            family = psutil.Process(process.pid).children(recursive=True)
            assert len(family) >= 2
            taken = rf"^cannot listen on 127\.0\.0\.1:{port} \(.+\); name another host or port$"
            with (
                pytest.raises(CallError, match=taken),
                serve.background(packable.bundle_folder, packable.rulebook, "127.0.0.1", port),
            ):
                pytest.fail("two services share a port")
            cut_off(port)
            process.terminate()
            assert process.wait(20) == 0
        finally:
            process.kill()
    assert psutil.wait_procs(family, timeout=5)[1] == []
    assert "Traceback" not in (tmp_path / "log").read_text(encoding="utf-8")


def cut_off(port: int) -> None:
    """Leave in the middle of a body."""
    head = b"POST /v1/predict HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{"
    with socket.create_connection(("127.0.0.1", port), timeout=10) as one:
        one.sendall(head)


def until_ready(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    for _ in range(1200):
        with contextlib.suppress(httpx.HTTPError):
            if httpx.get(f"http://127.0.0.1:{port}/readyz").status_code == 200:
                return
        assert process.poll() is None, log.read_text(encoding="utf-8")
        time.sleep(0.1)
    pytest.fail(log.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("variable", "value", "error", "message"),
    [
        ("LEAD_SCORING_THREADS", "many", CallError, "LEAD_SCORING_THREADS: 'many' is not a whole number from 1 to 64; the default is 2"),
        ("LEAD_SCORING_RULEBOOK", "/nowhere/rules.toml", CallError, "/nowhere/rules.toml: cannot be read (No such file or directory); name an existing TOML file"),
        ("BENTOML_CONFIG", "/nowhere/config.yaml", DataError, "the service at http://127.0.0.1:"),
    ],
)  # fmt: skip
def test_a_service_that_cannot_start_says_why(
    packable: Packable,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
    value: str,
    error: type[LeadScoringError],
    message: str,
) -> None:
    monkeypatch.setenv(variable, value)
    before = psutil.Process().children(recursive=True)
    log = tmp_path / "log"
    with (
        pytest.raises(error, match=f"^{re.escape(message)}") as caught,
        serve.background(packable.bundle_folder, packable.rulebook, log=log),
    ):
        pytest.fail("it started")
    if error is DataError:
        assert " ended; its log ends with:\n" in str(caught.value)
        assert value in str(caught.value)
    assert psutil.Process().children(recursive=True) == before


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.7", "127.0.0.2"])  # noqa: S104
def test_a_host_that_others_reach_is_refused_as_long_as_there_is_no_key(
    packable: Packable, tmp_path: Path, host: str
) -> None:
    message = (
        rf"^host {re.escape(host)}: without a key the service answers this machine alone; make one with "
        r"`lead-scoring keys add`, or listen on 127\.0\.0\.1$"
    )
    with (
        pytest.raises(CallError, match=message),
        serve.background(packable.bundle_folder, packable.rulebook, host, keys=tmp_path / "keys.json"),
    ):
        pytest.fail("it started")


def test_a_host_that_is_no_address_is_refused_by_name(packable: Packable) -> None:
    message = "^host 'localhost' is not an IPv4 address; write one such as 127\\.0\\.0\\.1 or 0\\.0\\.0\\.0$"
    with (
        pytest.raises(CallError, match=message),
        serve.background(packable.bundle_folder, packable.rulebook, "localhost"),
    ):
        pytest.fail("it started")
