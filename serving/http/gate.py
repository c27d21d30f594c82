"""What a request must be before anyone reads it: its method, its media type, and a body of bearable size."""

from collections.abc import Awaitable, Callable, Iterable, MutableMapping, Sequence
from typing import Any

from serving.wire.errors import Problem, RequestError

Message = MutableMapping[str, Any]  # ASGI's own shape
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Scope = MutableMapping[str, Any]


def refuse_two_lengths(scope: Scope) -> None:
    """Raise RequestError where a head leaves open how long the body is, and have the connection closed.

    A proxy that goes by Content-Length and a server that goes by Transfer-Encoding see two requests in different
    places of the same bytes (request smuggling; RFC 9112, 6.1 and 6.3). HTTP/1.0 knows no Transfer-Encoding.
    """
    names = {name.lower() for name, _ in scope["headers"]}
    if b"transfer-encoding" in names and (b"content-length" in names or scope.get("http_version") == "1.0"):
        message = "the head has Transfer-Encoding beside Content-Length, or in HTTP/1.0; send Content-Length alone"
        raise RequestError(Problem.INVALID_HTTP, message, headers=(("connection", "close"),))


def refuse_other_media(headers: Iterable[tuple[bytes, bytes]], allowed: Sequence[str]) -> None:
    """Raise RequestError unless the body is announced, once, as JSON of an allowed media type, in UTF-8."""
    found = [(name.lower(), value.decode("latin-1").strip().lower()) for name, value in headers]
    types = [value for name, value in found if name == b"content-type"]
    media, *parameters = (part.strip() for part in (types[0] if len(types) == 1 else "").split(";"))
    if media not in allowed:
        raise RequestError(Problem.UNSUPPORTED_MEDIA_TYPE, f"send Content-Type: {' or '.join(allowed)}, once")
    for parameter in parameters:
        if parameter.startswith("charset=") and parameter.strip('"') not in {"charset=utf-8", 'charset="utf-8'}:
            raise RequestError(Problem.UNSUPPORTED_MEDIA_TYPE, "send the body in UTF-8")
    if any(name == b"content-encoding" and value != "identity" for name, value in found):
        raise RequestError(Problem.UNSUPPORTED_MEDIA_TYPE, "send the body without Content-Encoding")


async def body(scope: Scope, receive: Receive, most: int, take: Callable[[int], None]) -> bytes:
    """Return the body, each part of it after `take` let its bytes in.

    Raises RequestError as soon as it is longer than `most` bytes, or where it breaks off. Nobody reads the answer to a body that broke off, but one must be sent: BentoML waits for it, and could not stop.
    """
    announced = next((value for name, value in scope["headers"] if name.lower() == b"content-length"), b"0")
    if announced.isdigit() and int(announced) > most:
        raise _too_large(most)
    parts, length = [], 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise RequestError(Problem.INCOMPLETE_BODY, "the connection was closed before the body was complete")
        part = message.get("body", b"")
        length += len(part)
        if length > most:
            raise _too_large(most)
        take(len(part))
        parts.append(part)
        if not message.get("more_body", False):
            return b"".join(parts)


def _too_large(most: int) -> RequestError:
    return RequestError(Problem.BODY_TOO_LARGE, f"the body is longer than {most} bytes; send fewer leads at a time")
