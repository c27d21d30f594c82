"""The HTTP surface: every path, every answer and every error of the service, as one small ASGI application.

docs/decisions/0006 says why BentoML's own endpoints are not used for it.
"""

import asyncio
import json
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from uuid import uuid4

from serving.engine import Engine
from serving.http import gate, logs, rate, signature
from serving.http.access import Access, Asking
from serving.http.budget import Budget
from serving.http.gate import Receive, Scope, Send
from serving.http.keyring import Keyring
from serving.http.logs import RequestLine
from serving.http.metrics import CONTENT_TYPE, Metrics
from serving.http.permission import Permission
from serving.http.pool import Pool
from serving.http.rate import RateLimit
from serving.http.routes import HUBSPOT, JSON, ROUTES, Route
from serving.http.unproven import Unproven
from serving.settings import Settings
from serving.wire.errors import Problem, RequestError
from serving.wire.hubspot import renamed
from serving.wire.reply import Counts

_log = logging.getLogger("lead_scoring.door")
_BY_PATH = {one.path: one for one in ROUTES}
_PROBES = ("/livez", "/readyz", "/healthz")
_METRICS, _DOCS = _PAGES = ("/metrics", "/docs.json")
_KNOWN = (*_BY_PATH, HUBSPOT.path, *_PROBES, *_PAGES)
_READ = ("GET", "HEAD")
_MOST_EVENTS = 2_000_000  # bytes: HubSpot sends some 100 events at a time
_UNPROVEN, _UNPROVEN_SECONDS = 10, 5.0  # requests whose sender only their body proves; HubSpot sends 10 at once
_BODIES = 4  # of the greatest size: what the bodies of all requests together may hold
_LOADING_SHARE, _LOOK_SECONDS = 0.8, 0.05
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Response:
    """What goes back: status, body, media type, and headers beside those that every answer has."""

    status: int
    body: bytes
    media_type: str = JSON[0]
    headers: tuple[tuple[str, str], ...] = ()
    model_version: str | None = None
    counts: Counts = field(default_factory=Counts)


class Door:
    """An ASGI middleware that answers every request itself; only the lifespan reaches `app`.

    `clock` gives UTC microseconds, `docs` the specification that `/docs.json` shows, `monotonic` nanoseconds of a clock that never goes back. Scoring runs on
    `settings.threads` threads, so that probes never wait for it.
    """

    def __init__(
        self,
        app: Application,
        engine: Engine,
        settings: Settings,
        metrics: Metrics,
        clock: Callable[[], int],
        docs: Callable[[], bytes],
        monotonic: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self._app, self._engine, self._settings, self._metrics = app, engine, settings, metrics
        self._clock, self._docs = clock, docs
        limit = RateLimit(rate.per_minute(settings.requests_per_minute, settings.workers))
        self._access = Access(Keyring(settings.keys), limit, clock, monotonic)
        self._pool = Pool(settings.threads, settings.max_waiting, metrics.waiting)
        self._budget = Budget(_BODIES * settings.max_body_bytes)
        self._unproven = Unproven(_UNPROVEN, monotonic)
        self._hubspot_names = renamed(settings.hubspot_attributes)
        self._open = {_METRICS: settings.open_metrics, _DOCS: settings.open_docs}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, whatever it is, in the one envelope; log and count it without its content."""
        if scope["type"] == "lifespan":
            self._access.announce()
            await self._app(scope, receive, send)
            logs.flush()
            return
        started, asking = time.perf_counter(), Asking(uuid4().hex)
        response = await self._response(scope, receive, asking)
        await _send(scope, send, response, asking.request_id)
        self._record(scope, response, asking, time.perf_counter() - started)

    async def _response(self, scope: Scope, receive: Receive, asking: Asking) -> Response:
        try:
            async with asyncio.timeout(self._settings.timeout_seconds):
                return await self._dispatch(scope, receive, asking)
        except RequestError as error:
            problem = error
        except TimeoutError:
            problem = RequestError(Problem.TIMEOUT, "the request took too long; send fewer leads at a time")
        except Exception as error:  # noqa: BLE001  # whatever it is, the client gets an answer and the log no values
            _log_bug(error, asking.request_id)
            problem = RequestError(Problem.INTERNAL, "the request could not be answered; it is in the service's log")
        body = json.dumps(problem.envelope(asking.request_id)).encode()
        return Response(problem.problem.status, body, headers=problem.headers)

    async def _dispatch(self, scope: Scope, receive: Receive, asking: Asking) -> Response:
        gate.refuse_two_lengths(scope)
        path, method = scope["path"], scope["method"]
        if path in _BY_PATH:
            return await self._answer(_BY_PATH[path], scope, receive, asking)
        if path == HUBSPOT.path:
            return await self._hubspot(scope, receive, asking)
        if path in _PROBES:
            _allow(method, _READ)
            return self._probe(path, scope)
        if path in _PAGES:
            _allow(method, _READ)
            return self._page(path, scope, asking)
        raise RequestError(Problem.NOT_FOUND, f"there is nothing at this path; there is {', '.join(_KNOWN)}")

    async def _answer(self, route: Route, scope: Scope, receive: Receive, asking: Asking) -> Response:
        _allow(scope["method"], _READ if route.method == "GET" else (route.method,))
        self._access.admit(scope, route.permission, asking)
        if route.request is not None:
            gate.refuse_other_media(scope["headers"], route.media)
        with self._pool.place() as place:
            await self._loaded()
            body = b""
            if route.request is not None:
                take = place.enter_context(self._budget.share())
                body = await gate.body(scope, receive, self._settings.max_body_bytes, take)
            answer = route.answer(self._engine.predictor)
            reply = await self._pool.run(place, answer, body, asking.request_id, self._clock())
        return Response(200, reply.body, model_version=reply.model_version, counts=reply.counts)

    async def _hubspot(self, scope: Scope, receive: Receive, asking: Asking) -> Response:
        """Answer HubSpot, which shows a signature in place of a key: nothing of it is read before its head is right.

        It gets a place before the threads, and its share of the bodies' bytes, once its body is there and proved who
        sends it: anybody can write a head.
        """
        _allow(scope["method"], (HUBSPOT.method,))
        secret, url = self._settings.hubspot_secret, self._settings.public_url
        if not secret or not url:
            message = "HubSpot is not set up: LEAD_SCORING_HUBSPOT_SECRET and LEAD_SCORING_PUBLIC_URL do it"
            raise RequestError(Problem.NOT_FOUND, message)
        claim = signature.claimed(scope, url, self._clock())
        gate.refuse_other_media(scope["headers"], JSON)
        async with self._unproven.place(scope, _UNPROVEN_SECONDS):
            body = await gate.body(scope, receive, min(_MOST_EVENTS, self._settings.max_body_bytes), lambda _: None)
            signature.refuse_others(claim, body, secret)
        with self._pool.place() as place:
            place.enter_context(self._budget.share())(len(body))
            await self._loaded()
            answer = HUBSPOT.answer(self._engine.predictor, self._hubspot_names)
            reply = await self._pool.run(place, answer, body, asking.request_id, self._clock())
        return Response(200, reply.body, model_version=reply.model_version, counts=reply.counts)

    async def _loaded(self) -> None:
        """Wait, not for ever: a worker that takes another's place gets requests while it still loads."""
        time_of = asyncio.get_running_loop().time  # a busy machine sleeps longer than it was told to
        patience = time_of() + _LOADING_SHARE * self._settings.timeout_seconds
        while self._engine.will_answer and time_of() < patience:
            await asyncio.sleep(_LOOK_SECONDS)

    def _probe(self, path: str, scope: Scope) -> Response:
        if path == "/readyz":
            _ = self._engine.predictor
            self._access.refuse_strangers(scope)
            return Response(200, b'{"status":"ready"}')
        return Response(200, b'{"status":"alive"}')

    def _page(self, path: str, scope: Scope, asking: Asking) -> Response:
        if not self._open[path]:
            self._access.admit(scope, Permission.ADMIN, asking)
        if path == _METRICS:
            return Response(200, self._metrics.text(), CONTENT_TYPE)
        return Response(200, self._docs())

    def _record(self, scope: Scope, response: Response, asking: Asking, seconds: float) -> None:
        endpoint = scope["path"] if scope["path"] in _KNOWN else "other"
        self._metrics.request(endpoint, response.status, seconds)
        if response.status == Problem.RATE_LIMITED.status and asking.key_id:
            self._metrics.rate_limited(asking.key_id)
        if endpoint in _PROBES or (endpoint == _METRICS and response.status == 200):
            return
        self._metrics.counts(response.counts)
        logs.request(
            RequestLine(
                request_id=asking.request_id,
                path=endpoint,
                status=response.status,
                leads=response.counts.scored,
                failed=response.counts.failed,
                milliseconds=round(seconds * 1000, 1),
                model_version=response.model_version,
                key=asking.key_id,
            )
        )


def _allow(method: str, allowed: tuple[str, ...]) -> None:
    if method not in allowed:
        names = ", ".join(allowed)
        raise RequestError(Problem.METHOD_NOT_ALLOWED, f"use {names}", headers=(("allow", names),))


async def _send(scope: Scope, send: Send, response: Response, request_id: str) -> None:
    headers = {
        "content-type": response.media_type,
        "content-length": str(len(response.body)),
        "cache-control": "no-store",
        "x-request-id": request_id,
        **dict(response.headers),
    }
    encoded = [(name.encode(), value.encode()) for name, value in headers.items()]
    body = b"" if scope["method"] == "HEAD" else response.body
    await send({"type": "http.response.start", "status": response.status, "headers": encoded})
    await send({"type": "http.response.body", "body": body})


def _log_bug(error: Exception, request_id: str) -> None:
    """Say where it broke; never the message, which may hold what a client sent."""
    where = logs.places(error.__traceback__)
    _log.error("a mistake of the service: %s at %s", type(error).__name__, where, extra={"request_id": request_id})
