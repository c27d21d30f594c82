"""What a request must be before anyone reads it: its method, its media type, and a body of bearable size."""

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

from serving.wire.errors import Problem, RequestError

Message = MutableMapping[str, Any]  # ASGI's own shape
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Scope = MutableMapping[str, Any]


def refuse_other_media(headers: Iterable[tuple[bytes, bytes]]) -> None:
    """Raise RequestError unless the body is announced as plain JSON in UTF-8."""
    found = {name.lower(): value.decode("latin-1").lower() for name, value in headers}
    media, *parameters = (part.strip() for part in found.get(b"content-type", "").split(";"))
    if media != "application/json":
        raise RequestError(Problem.UNSUPPORTED_MEDIA_TYPE, "send Content-Type: application/json")
    for parameter in parameters:
        if parameter.startswith("charset=") and parameter.strip('"') not in {"charset=utf-8", 'charset="utf-8'}:
            raise RequestError(Problem.UNSUPPORTED_MEDIA_TYPE, "send the body in UTF-8")
    if found.get(b"content-encoding", "identity") != "identity":
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
