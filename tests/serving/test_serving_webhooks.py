"""What a receiver may be, what is sent to it, how long that may take, and when it is tried again."""

import base64
import contextlib
import http.server
import re
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook

from histories.clock import DAY, HOUR, SECOND
from histories.errors import CallError
from histories.store.crossing.crossings import Crossing
from serving import settings
from serving.http.metrics import Metrics
from serving.live import webhook
from serving.live.delivery import LEASE, again_at
from serving.live.webhook import Told

KEY = "whsec_" + base64.b64encode(bytes(range(24))).decode()
OTHER = "whsec_" + base64.b64encode(bytes(range(1, 65))).decode()


def environment(url: str, secret: str = KEY) -> dict[str, str]:
    return {
        "LEAD_SCORING_STORE": "sqlite:///crm.db",
        "LEAD_SCORING_WEBHOOK_URL": url,
        "LEAD_SCORING_WEBHOOK_SECRET": secret,
    }


def receiver(url: str, secret: str = KEY) -> webhook.Receiver:
    found = webhook.receiver(settings.read(environment(url, secret)))
    assert found is not None
    return found


@pytest.mark.parametrize(
    "url",
    ["https://crm.example/hooks?of=1", "http://127.0.0.1:8080/x", "http://[::1]:80/", "http://localhost:9"],
)
def test_https_and_what_stays_on_this_machine_is_taken(url: str) -> None:
    assert receiver(url).url.geturl() == url


def test_without_settings_there_is_no_receiver() -> None:
    assert webhook.receiver(settings.read({})) is None


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (environment("http://crm.example/x"), "LEAD_SCORING_WEBHOOK_URL: http to another machine can be read and changed on its way; write https"),
        (environment("http://127.0.0.1.evil.example"), "LEAD_SCORING_WEBHOOK_URL: http to another machine can be read and changed on its way; write https"),
        (environment("https://me:open@crm.example"), "LEAD_SCORING_WEBHOOK_URL: has a name or a password before the host; the signature says who sends"),
        (environment("crm.example/x"), "LEAD_SCORING_WEBHOOK_URL: cannot be read; write https://HOST/PATH"),
        (environment("https://crm.example:port/x"), "LEAD_SCORING_WEBHOOK_URL: cannot be read; write https://HOST/PATH"),
        (environment("https://crm.example/a b"), "LEAD_SCORING_WEBHOOK_URL: cannot be read; write https://HOST/PATH"),
        (environment("https://crm.example", "open-sesame"), "LEAD_SCORING_WEBHOOK_SECRET: is not whsec_ and base64 of 24 to 64 bytes; docs/webhooks.md says how to make one"),
        (environment("https://crm.example", "whsec_c2hvcnQ="), "LEAD_SCORING_WEBHOOK_SECRET: is not whsec_ and base64 of 24 to 64 bytes; docs/webhooks.md says how to make one"),
        (environment("https://crm.example", "whsec_!!!!"), "LEAD_SCORING_WEBHOOK_SECRET: is not whsec_ and base64 of 24 to 64 bytes; docs/webhooks.md says how to make one"),
        (environment("https://crm.example", ""), "LEAD_SCORING_WEBHOOK_URL is set and LEAD_SCORING_WEBHOOK_SECRET is not; set both, or neither"),
        (environment(""), "LEAD_SCORING_WEBHOOK_SECRET is set and LEAD_SCORING_WEBHOOK_URL is not; set both, or neither"),
        ({**environment("https://crm.example"), "LEAD_SCORING_STORE": ""}, "LEAD_SCORING_WEBHOOK_URL is set and LEAD_SCORING_STORE is not; which lines are crossed is known from a store"),
    ],
)  # fmt: skip
def test_what_could_not_be_trusted_is_refused_without_being_shown(given: dict[str, str], message: str) -> None:
    with pytest.raises(CallError, match=f"^{re.escape(message)}$"):
        webhook.receiver(settings.read(given))


def test_neither_the_path_nor_the_secret_is_shown() -> None:
    found = settings.read(environment("https://crm.example/secret-path", KEY))
    shown = (
        f"{found!r} {receiver('https://crm.example/secret-path')!r} {receiver('https://crm.example/secret-path').label}"
    )
    assert "secret-path" not in shown
    assert KEY not in shown
    assert "AAECAw" not in shown
    assert receiver("https://crm.example:8443/secret-path").label == "https://crm.example:8443"


@contextmanager
def server(answer: Callable[[socket.socket], None], context: ssl.SSLContext | None = None) -> Iterator[int]:
    """Listen, and do with each connection what `answer` does."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            while True:
                try:
                    one, _ = listening.accept()
                except OSError:
                    return
                try:
                    with context.wrap_socket(one, server_side=True) if context else one as taken:
                        answer(taken)
                except OSError:
                    continue

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)
    thread.join()


def said(text: bytes) -> Callable[[socket.socket], None]:
    def answer(one: socket.socket) -> None:
        one.recv(100_000)
        one.sendall(text)

    return answer


def post(port: int, timeout: float = 5.0, scheme: str = "http") -> Told:
    one = receiver(f"{scheme}://127.0.0.1:{port}/x")
    return webhook.Receiver(one.url, one.signers, timeout).post("msg_1", "{}", 10 * SECOND)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\n", Told(None)),
        (b"HTTP/1.1 299 Yes\r\n\r\n", Told(None)),
        (b"HTTP/1.1 301 Moved\r\nlocation: http://127.0.0.1/\r\n\r\n", Told("answered 301")),
        (b"HTTP/1.1 400 Jane Doe\r\n\r\n", Told("answered 400")),
        (b"HTTP/1.1 410 Gone\r\n\r\n", Told("answered 410", gone=True)),
        (b"HTTP/1.1 429 Slowly\r\nretry-after: 17\r\n\r\n", Told("answered 429", retry_after=17)),
        (b"HTTP/1.1 503 No\r\nRetry-After: Thu, 01 Jan 1970 00:01:10 GMT\r\n\r\n", Told("answered 503", retry_after=60)),
        (b"HTTP/1.1 503 No\r\nretry-after: soon\r\n\r\n", Told("answered 503")),
        (b"HTTP/1.1 500 No\r\nretry-after: 17\r\n\r\n", Told("answered 500")),
        (b"SSH-2.0-OpenSSH_9.9\r\n", Told("answered something that is no HTTP")),
        (b"", Told("closed the connection without an answer")),
    ],
)  # fmt: skip
def test_an_answer_is_its_status_and_what_it_asks_for(text: bytes, told: Told) -> None:
    with server(said(text)) as port:
        assert post(port) == told


@pytest.mark.parametrize(
    ("begins", "told"),
    [(b"", Told("no answer within 0.5 s")), (b"HTTP/1.1 200 OK\r\n", Told(None))],
)
def test_a_receiver_that_sends_a_byte_now_and_then_is_cut_off_in_time(begins: bytes, told: Told) -> None:
    """What it said by then counts: the first line is the answer."""

    def drip(one: socket.socket) -> None:
        one.recv(100_000)
        one.sendall(begins)
        for _ in range(100):
            one.sendall(b"x")
            time.sleep(0.1)

    with server(drip) as port:
        started = time.monotonic()
        assert post(port, timeout=0.5) == told
        assert time.monotonic() - started < 3


@contextmanager
def slow_resolver(patch: pytest.MonkeyPatch, seconds: float) -> Iterator[list[str]]:
    """Let the resolver take so long; what is given names the host of each look-up. It ends when all have ended."""
    resolve, asked = socket.getaddrinfo, list[str]()

    def slow(host: str, *given: Any, **named: Any) -> Any:
        asked.append(host)
        time.sleep(seconds)
        return resolve(host, *given, **named)

    patch.setattr(socket, "getaddrinfo", slow)
    yield asked
    for one in threading.enumerate():
        if one.name == "resolver":
            one.join()


def test_a_resolver_that_hangs_ends_no_later_than_an_attempt_may_last(monkeypatch: pytest.MonkeyPatch) -> None:
    with server(said(b"HTTP/1.1 200 OK\r\n\r\n")) as port, slow_resolver(monkeypatch, 1.5):
        started = time.monotonic()
        assert post(port, timeout=0.3) == Told("its name was not resolved within 0.3 s")
        assert time.monotonic() - started < 1


def test_attempts_beside_a_resolver_that_hangs_share_one_look_up_and_the_next_makes_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with server(said(b"HTTP/1.1 200 OK\r\n\r\n")) as port, slow_resolver(monkeypatch, 0.8) as asked:
        one = receiver(f"http://127.0.0.1:{port}/x")
        hurried, patient = (webhook.Receiver(one.url, one.signers, seconds, one.names) for seconds in (0.3, 5.0))
        late = [hurried.post("msg_1", "{}", SECOND) for _ in range(2)]
        assert (late, asked) == ([Told("its name was not resolved within 0.3 s")] * 2, ["127.0.0.1"])
        assert patient.post("msg_1", "{}", SECOND) == Told(None)
        assert asked == ["127.0.0.1"]
        assert patient.post("msg_1", "{}", SECOND) == Told(None)
        assert asked == ["127.0.0.1"] * 2


def test_a_name_that_nobody_knows_is_said_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    assert receiver("https://crm.example").post("msg_1", "{}", 0) == Told("its name cannot be resolved")


def test_time_that_resolving_took_is_taken_from_what_follows(monkeypatch: pytest.MonkeyPatch) -> None:
    def drip(one: socket.socket) -> None:
        one.recv(100_000)
        for _ in range(40):
            one.sendall(b"x")
            time.sleep(0.1)

    with slow_resolver(monkeypatch, 0.6), server(drip) as port:
        started = time.monotonic()
        assert post(port, timeout=1) == Told("no answer within 1 s")
        assert time.monotonic() - started < 1.5


def test_addresses_that_do_not_answer_are_tried_one_after_another_and_no_longer_than_an_attempt_may_last(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full, contextlib.ExitStack() as waiting:
        place = full.getsockname()
        for _ in range(4):  # nobody accepts: further connections wait for a place in the line
            one = waiting.enter_context(socket.socket())
            one.setblocking(False)
            one.connect_ex(place)
        found = (socket.AF_INET, socket.SOCK_STREAM, 6, "", place)
        monkeypatch.setattr(webhook, "_CONNECT_SECONDS", 0.3)
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [found] * 20)
        started = time.monotonic()
        assert post(place[1], timeout=1) == Told("no connection within 0.3 s")
        assert 0.9 < time.monotonic() - started < 1.5


def test_an_attempt_ends_long_before_another_process_may_make_it() -> None:
    assert receiver("https://crm.example").timeout * SECOND <= LEASE / 2


def test_a_receiver_that_says_nothing_of_tls_is_cut_off_in_time() -> None:
    def drip(one: socket.socket) -> None:
        for byte in b"\x16\x03\x03\x40\x00" + bytes(40):
            one.sendall(bytes([byte]))
            time.sleep(0.1)

    with server(drip) as port:
        started = time.monotonic()
        assert post(port, timeout=0.5, scheme="https").error is not None
        assert time.monotonic() - started < 2


def test_nobody_who_listens_is_said_as_it_is() -> None:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        assert post(one.getsockname()[1]) == Told("refused the connection")


def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=127.0.0.1"]
    subprocess.run([*command, "-keyout", "key", "-out", "crt"], cwd=tmp_path, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "crt", tmp_path / "key")
    with server(said(b"HTTP/1.1 200 OK\r\n\r\n"), context) as port:
        assert post(port, scheme="https") == Told("its certificate cannot be verified: self-signed certificate")


def test_each_of_two_secrets_verifies_what_is_sent() -> None:
    got: list[tuple[dict[str, str], str]] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            got.append((dict(self.headers.items()), body))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as one:
        thread = threading.Thread(target=one.handle_request)
        thread.start()
        now = time.time_ns() // 1000
        found = receiver(f"http://127.0.0.1:{one.server_port}/x", f"{KEY} {OTHER}")
        assert found.post("msg_1", '{"type":"lead.reached_mql"}', now) == Told(None)
        thread.join()
    ((headers, body),) = got
    for secret in (KEY, OTHER):
        assert Webhook(secret).verify(body, headers) == {"type": "lead.reached_mql"}
    assert len(headers["webhook-signature"].split()) == 2


CROSSING = Crossing("msg_1", "a", 1, "mql", None, "mql", 0, None, 1, "{}", 0, "pending", 1, 0, None, None)


def tried(attempts: int, made_at: int = 0) -> Crossing:
    values = {name: getattr(CROSSING, name) for name in Crossing.__slots__}
    return Crossing(**{**values, "attempts": attempts, "made_at": made_at})


@given(st.integers(1, 60), st.integers(0, 2 * DAY), st.none() | st.floats(0, 1e9))
def test_delays_double_up_to_three_hours_and_honour_what_was_asked_for_up_to_a_day(
    attempts: int, now: int, asked: float | None
) -> None:
    at = again_at(tried(attempts), Told("answered 503", retry_after=asked), now)
    usual = min(5 * SECOND * 2 ** (attempts - 1), 3 * HOUR)
    wanted = min((asked or 0) * SECOND, DAY)
    least, most = max(0.8 * usual, wanted) - 1, max(1.2 * usual, wanted) + 1
    if at is None:
        assert now + most >= 3 * DAY
    else:
        assert least <= at - now <= most
        assert at < 3 * DAY
    assert at == again_at(tried(attempts), Told("answered 503", retry_after=asked), now)


def test_a_crossing_is_tried_some_thirty_five_times_over_three_days() -> None:
    now, attempts = 0, 1
    while (at := again_at(tried(attempts), Told("answered 500"), now)) is not None:
        now, attempts = at, attempts + 1
    assert 30 <= attempts <= 40
    assert 2.8 * DAY < now < 3 * DAY


def test_nothing_is_tried_again_where_the_receiver_has_gone() -> None:
    assert again_at(tried(1), Told("answered 410", gone=True), 0) is None


def test_a_date_that_is_over_asks_for_nothing() -> None:
    past = format_datetime(datetime(1970, 1, 1, tzinfo=UTC), usegmt=True).encode()
    with server(said(b"HTTP/1.1 503 No\r\nretry-after: " + past + b"\r\n\r\n")) as port:
        assert post(port) == Told("answered 503", retry_after=0)


def test_metrics_of_webhooks_have_a_bounded_number_of_series() -> None:
    metrics = Metrics(multiprocess=False)
    for outcome in ("delivered", "failed", "dead", "failed"):
        metrics.store.webhook(outcome)
    metrics.store.webhooks_waiting(3, 12.5)
    metrics.store.rescored(7)
    metrics.store.rescoring_behind(2)
    lines = metrics.text().decode().splitlines()
    for line in (
        'lead_scoring_webhooks_total{outcome="failed"} 2.0',
        "lead_scoring_pending_webhooks 3.0",
        "lead_scoring_oldest_pending_webhook_seconds 12.5",
        "lead_scoring_rescored_leads_total 7.0",
        "lead_scoring_rescoring_behind_batches 2.0",
    ):
        assert line in lines
