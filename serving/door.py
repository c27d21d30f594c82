"""The HTTP surface: every path, every answer and every error of the service, as one small ASGI application.

docs/decisions/0006 says why BentoML's own endpoints are not used for it.
"""

import asyncio
import json
import logging
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from uuid import uuid4

from serving import gate, logs
from serving.engine import Engine
from serving.errors import Problem, RequestError
from serving.gate import Receive, Scope, Send
from serving.logs import RequestLine
from serving.metrics import CONTENT_TYPE, Metrics
from serving.reply import Counts
from serving.routes import ROUTES, Route
from serving.settings import Settings

_log = logging.getLogger("lead_scoring.door")
_JSON = "application/json"
_BY_PATH = {one.path: one for one in ROUTES}
_PROBES = ("/livez", "/readyz", "/healthz", "/metrics")
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Response:
    """What goes back: status, body, media type, and headers beside those that every answer has."""

    status: int
    body: bytes
    media_type: str = _JSON
    headers: tuple[tuple[str, str], ...] = ()
    model_version: str | None = None
    counts: Counts = Counts()


class Door:
    """An ASGI middleware that answers every HTTP request itself; only lifespan and websockets reach `app`.

    `clock` gives UTC microseconds. Scoring runs on `settings.threads` threads, so that probes never wait for it.
    """

    def __init__(
        self, app: Application, engine: Engine, settings: Settings, metrics: Metrics, clock: Callable[[], int]
    ) -> None:
        self._app, self._engine, self._settings, self._metrics, self._clock = app, engine, settings, metrics, clock
        self._threads = ThreadPoolExecutor(settings.threads, "score")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, whatever it is, in the one envelope; log and count it without its content."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, request_id = time.perf_counter(), uuid4().hex
        response = await self._response(scope, receive, request_id)
        await _send(send, response, request_id, with_body=scope["method"] != "HEAD")
        self._record(scope, response, request_id, time.perf_counter() - started)

    async def _response(self, scope: Scope, receive: Receive, request_id: str) -> Response:
        try:
            async with asyncio.timeout(self._settings.timeout_seconds):
                return await self._dispatch(scope, receive, request_id)
        except RequestError as error:
            problem = error
        except TimeoutError:
            problem = RequestError(Problem.TIMEOUT, "the request took too long; send fewer leads at a time")
        except Exception as error:  # noqa: BLE001  # whatever it is, the client gets an answer and the log no values
            _log_bug(error, request_id)
            problem = RequestError(Problem.INTERNAL, "the request could not be answered; it is in the service's log")
        body = json.dumps(problem.envelope(request_id)).encode()
        return Response(problem.problem.status, body, headers=problem.headers)

    async def _dispatch(self, scope: Scope, receive: Receive, request_id: str) -> Response:
        path, method = scope["path"], scope["method"]
        if path in _BY_PATH:
            return await self._answer(_BY_PATH[path], scope, receive, request_id)
        if path in _PROBES:
            _allow(method, ("GET", "HEAD"))
            return self._probe(path)
        known = ", ".join((*_BY_PATH, *_PROBES))
        raise RequestError(Problem.NOT_FOUND, f"there is nothing at this path; there is {known}")

    async def _answer(self, route: Route, scope: Scope, receive: Receive, request_id: str) -> Response:
        _allow(scope["method"], ("GET", "HEAD") if route.method == "GET" else (route.method,))
        body = b"" if route.request is None else await self._body(scope, receive)
        answer = route.answer(self._engine.predictor)
        loop = asyncio.get_running_loop()
        reply = await loop.run_in_executor(self._threads, answer, body, request_id, self._clock())
        return Response(200, reply.body, model_version=reply.model_version, counts=reply.counts)

    async def _body(self, scope: Scope, receive: Receive) -> bytes:
        gate.refuse_other_media(scope["headers"])
        return await gate.body(scope, receive, self._settings.max_body_bytes)

    def _probe(self, path: str) -> Response:
        if path == "/metrics":
            return Response(200, self._metrics.text(), CONTENT_TYPE)
        if path == "/readyz":
            _ = self._engine.predictor
            return Response(200, b'{"status":"ready"}')
        return Response(200, b'{"status":"alive"}')

    def _record(self, scope: Scope, response: Response, request_id: str, seconds: float) -> None:
        path = scope["path"]
        endpoint = path if path in _BY_PATH or path in _PROBES else "other"
        self._metrics.request(endpoint, response.status, seconds)
        if endpoint not in _PROBES:
            self._metrics.counts(response.counts)
            counts, milliseconds = response.counts, round(seconds * 1000, 1)
            logs.request(
                RequestLine(
                    request_id, endpoint, response.status, counts.scored, counts.failed, milliseconds,
                    response.model_version, None,
                )  # fmt: skip
            )


def _allow(method: str, allowed: tuple[str, ...]) -> None:
    if method not in allowed:
        names = ", ".join(allowed)
        raise RequestError(Problem.METHOD_NOT_ALLOWED, f"use {names}", headers=(("allow", names),))


async def _send(send: Send, response: Response, request_id: str, *, with_body: bool) -> None:
    headers = {
        "content-type": response.media_type,
        "content-length": str(len(response.body)),
        "cache-control": "no-store",
        "x-request-id": request_id,
        **dict(response.headers),
    }
    encoded = [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": response.status, "headers": encoded})
    await send({"type": "http.response.body", "body": response.body if with_body else b""})


def _log_bug(error: Exception, request_id: str) -> None:
    """Say where it broke; never the message, which may hold what a client sent."""
    where = logs.places(error.__traceback__)
    _log.error("a mistake of the service: %s at %s", type(error).__name__, where, extra={"request_id": request_id})
