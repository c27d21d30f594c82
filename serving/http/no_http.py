"""What is no HTTP never comes as far as the door: uvicorn, the server below, answers it. Here it learns our envelope.

WebSocket handshakes it would answer itself too, those with odd headers in words of its own. With its WebSocket switched
off they are plain HTTP requests, whose `Upgrade` is passed over, as RFC 9110 (7.8) lets a server do.
"""

import json
import logging
from typing import Any
from uuid import uuid4

from uvicorn import config
from uvicorn.protocols.http import auto

from serving.http import logs
from serving.http.logs import RequestLine
from serving.wire.errors import Problem, RequestError

_MESSAGE = "what came is no HTTP/1.1 request, or its headers are too long; send a shorter one"


def answer_in_the_envelope() -> None:
    """Have every connection that is made to this process answered by the door or in its envelope, from now on."""
    config.WS_PROTOCOLS["auto"] = None
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
