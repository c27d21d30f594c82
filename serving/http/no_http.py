"""What is no HTTP never comes as far as the door: uvicorn, the server below, answers it. Here it learns our envelope."""

import json
import logging
from typing import Any
from uuid import uuid4

from uvicorn.protocols.http import auto

from serving.http import logs
from serving.http.logs import RequestLine
from serving.wire.errors import Problem, RequestError

_MESSAGE = "what came is no HTTP/1.1 request, or its headers are too long; send a shorter one"


def answer_in_the_envelope() -> None:
    """Have all connections of this process that send no HTTP answered with the envelope, from now on."""
    protocol: Any = auto.AutoHTTPProtocol
    protocol.send_400_response = _refuse
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)  # its own line for each of them says nothing more


def _refuse(connection: Any, _: str) -> None:
    request_id = uuid4().hex
    body = json.dumps(RequestError(Problem.INVALID_HTTP, _MESSAGE).envelope(request_id)).encode()
    head = (
        "HTTP/1.1 400 Bad Request\r\n"
        "content-type: application/json\r\n"
        f"content-length: {len(body)}\r\n"
        "cache-control: no-store\r\n"
        f"x-request-id: {request_id}\r\n"
        "connection: close\r\n\r\n"
    )
    connection.transport.write(head.encode() + body)
    connection.transport.close()
    logs.request(RequestLine(request_id, "other", Problem.INVALID_HTTP.status, 0, 0, 0.0, None, None))
