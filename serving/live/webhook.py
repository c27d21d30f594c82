"""One signed HTTP request to the receiver of webhooks, and what it said. Its answer's body is never read."""

import base64
import contextlib
import email.utils
import http.client
import socket
import ssl
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

from standardwebhooks import Webhook

from histories.clock import SECOND
from histories.errors import CallError
from serving.live.names import Address, Names, UnresolvedError
from serving.settings import Settings

URL, SECRET = "LEAD_SCORING_WEBHOOK_URL", "LEAD_SCORING_WEBHOOK_SECRET"  # names, no values
_CONNECT_SECONDS = 4.0  # of each address, and of TLS
_LEAST_KEY, _MOST_KEY = 24, 64  # bytes of a key, as the standard has them


@dataclass(frozen=True, slots=True)
class Told:
    """What became of one attempt. `error` None: delivered. `gone`: the receiver wants nothing more.

    `retry_after`: seconds that the receiver asked for; None: it named none.
    """

    error: str | None
    gone: bool = False
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class Receiver:
    """Where webhooks go, and what signs them. `label` names it in messages: a path may hold a password."""

    url: SplitResult = field(repr=False)
    signers: tuple[Webhook, ...] = field(repr=False)
    timeout: float = 10.0
    names: Names = field(default_factory=Names, repr=False, compare=False)

    @property
    def label(self) -> str:
        """Scheme, host and port."""
        return f"{self.url.scheme}://{self.url.netloc}"

    def post(self, message_id: str, body: str, now: int) -> Told:
        """Send one message. It ends within `timeout` seconds, whatever resolver and receiver do; raises nothing."""
        context = ssl.create_default_context() if self.url.scheme == "https" else None
        connection = self._connection(context)
        cut = threading.Event()
        timer = threading.Timer(self.timeout, _cut, (connection, cut))
        timer.daemon = True
        timer.start()
        try:
            try:
                self._connect(connection, context, time.monotonic() + self.timeout)
            except UnresolvedError:
                return Told(f"its name was not resolved within {self.timeout:g} s")
            except TimeoutError:
                return Told(f"no connection within {self._patience:g} s")
            if cut.is_set():
                raise TimeoutError  # there was nothing yet that the timer could have ended
            connection.sock.settimeout(self.timeout)
            connection.request("POST", self._path(), body.encode(), self._headers(message_id, body, now))
            response = connection.getresponse()
            return _told(response.status, response.headers.get("retry-after"), now)
        except (OSError, http.client.HTTPException, ValueError) as error:
            return Told(f"no answer within {self.timeout:g} s" if cut.is_set() else _words(error, self.timeout))
        finally:
            timer.cancel()
            connection.close()

    @property
    def _patience(self) -> float:
        return min(self.timeout, _CONNECT_SECONDS)

    def _connection(self, context: ssl.SSLContext | None) -> http.client.HTTPConnection:
        host, port = self.url.hostname or "", self.url.port
        if context is None:
            return http.client.HTTPConnection(host, port)
        return http.client.HTTPSConnection(host, port, context=context)

    def _connect(self, connection: http.client.HTTPConnection, context: ssl.SSLContext | None, ends: float) -> None:
        """Give the connection its socket, by `ends` (of the monotonic clock). Raises OSError."""
        opened = self._opened(self.names.addresses(connection.host, connection.port, ends - time.monotonic()), ends)
        connection.sock = opened
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if context is None:
            return
        # Not `HTTPSConnection.connect`, whose socket the timer cannot see before the handshake is over.
        secured = context.wrap_socket(opened, server_hostname=connection.host, do_handshake_on_connect=False)
        connection.sock = secured
        secured.settimeout(self._seconds(ends))
        secured.do_handshake()

    def _opened(self, addresses: Sequence[Address], ends: float) -> socket.socket:
        """Connect to the first address that answers."""
        failed: OSError = TimeoutError()
        for family, kind, protocol, _, address in addresses:
            one = socket.socket(family, kind, protocol)
            try:
                one.settimeout(self._seconds(ends))
                one.connect(address)
            except OSError as error:
                one.close()
                failed = error
            else:
                return one
        raise failed

    def _seconds(self, ends: float) -> float:
        """How long the next step may take. Raises TimeoutError where there is no time left."""
        left = ends - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return min(left, _CONNECT_SECONDS)

    def _path(self) -> str:
        return (self.url.path or "/") + (f"?{self.url.query}" if self.url.query else "")

    def _headers(self, message_id: str, body: str, now: int) -> dict[str, str]:
        moment = datetime.fromtimestamp(now // SECOND, UTC)
        return {
            "content-type": "application/json",
            "user-agent": "lead-scoring",
            "webhook-id": message_id,
            "webhook-timestamp": str(now // SECOND),
            "webhook-signature": " ".join(one.sign(message_id, moment, body) for one in self.signers),
        }


def receiver(settings: Settings) -> Receiver | None:
    """Return the receiver that the settings name; None: there is none. Raises CallError, which shows none of them.

    The secret is `whsec_` and base64 of 24 to 64 bytes; where there are several, with spaces between, each signs: so
    a receiver can change from one to the next.
    """
    url, secret = settings.webhook_url, settings.webhook_secret
    if not url and not secret:
        return None
    if not url or not secret:
        has, lacks = (URL, SECRET) if url else (SECRET, URL)
        raise CallError(f"{has} is set and {lacks} is not; set both, or neither")
    if not settings.store:
        raise CallError(f"{URL} is set and LEAD_SCORING_STORE is not; which lines are crossed is known from a store")
    return Receiver(_checked(url.text), tuple(map(_signer, secret.text.split())))


def _checked(text: str) -> SplitResult:
    try:
        url = urlsplit(text)
        host, _ = url.hostname, url.port
    except ValueError:
        raise CallError(f"{URL}: cannot be read; write https://HOST/PATH") from None
    if url.scheme not in {"http", "https"} or not host or not text.isascii() or not text.isprintable() or " " in text:
        raise CallError(f"{URL}: cannot be read; write https://HOST/PATH")
    if url.username is not None or url.password is not None:
        raise CallError(f"{URL}: has a name or a password before the host; the signature says who sends")
    if url.scheme == "http" and not _is_loopback(host):
        raise CallError(f"{URL}: http to another machine can be read and changed on its way; write https")
    return url


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _signer(text: str) -> Webhook:
    message = f"{SECRET}: is not whsec_ and base64 of {_LEAST_KEY} to {_MOST_KEY} bytes; docs/webhooks.md says how to make one"
    if not text.startswith("whsec_"):
        raise CallError(message)
    try:
        key = base64.b64decode(text.removeprefix("whsec_"), validate=True)
    except ValueError:
        raise CallError(message) from None
    if not _LEAST_KEY <= len(key) <= _MOST_KEY:
        raise CallError(message)
    return Webhook(key)


def _told(status: int, retry_after: str | None, now: int) -> Told:
    if 200 <= status < 300:
        return Told(None)
    asked = _seconds(retry_after, now) if retry_after and status in {429, 503} else None
    return Told(f"answered {status}", gone=status == http.HTTPStatus.GONE, retry_after=asked)


def _seconds(text: str, now: int) -> float | None:
    """Read `Retry-After`: seconds, or a date. None: it is neither."""
    if text.isascii() and text.isdigit() and len(text) < 10:
        return float(text)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(text).timestamp() - now / SECOND)
    except (ValueError, OverflowError):
        return None


def _cut(connection: http.client.HTTPConnection, cut: threading.Event) -> None:
    """End a request that takes too long: a receiver that sends a byte now and then keeps no thread for ever."""
    cut.set()
    if connection.sock is not None:
        with contextlib.suppress(OSError):
            # Not the method of an SSLSocket, which takes the session away from under the thread that reads.
            socket.socket.shutdown(connection.sock, socket.SHUT_RDWR)


def _words(error: Exception, timeout: float) -> str:
    """What went wrong, in words of our own: what a receiver sends is kept nowhere."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate cannot be verified: {error.verify_message}"
    known: tuple[tuple[type[Exception], str], ...] = (
        (TimeoutError, f"no answer within {timeout:g} s"),
        (ssl.SSLError, "no TLS connection"),
        (socket.gaierror, "its name cannot be resolved"),
        (ConnectionRefusedError, "refused the connection"),
        (ConnectionError, "closed the connection without an answer"),
        (OSError, f"cannot be reached ({getattr(error, 'strerror', None)})"),
    )
    return next((words for kind, words in known if isinstance(error, kind)), "answered something that is no HTTP")
