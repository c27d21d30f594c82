"""A door with an answer of the test's own behind it, asked in-process or over a socket."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import uvicorn
from serving_client import InProcess

from histories import clock
from serving.engine import Engine
from serving.http import keys
from serving.http.door import Door
from serving.http.metrics import Metrics
from serving.http.permission import Permission
from serving.predictor import Predictor
from serving.settings import Settings
from serving.specs import openapi
from serving.wire.reply import Counts, Reply

NOW = clock.parse("2026-03-01")
MARKER = "jane.roe@example.org"
JSON = {"content-type": "application/json"}


class Answering(Predictor):
    """Answers with what a function says: the door's own behaviour is under test, not the scores."""

    versions = {"model_version": "m1", "rulebook_version": "r1"}  # noqa: RUF012

    def __init__(self, answer: Callable[[bytes], Reply]) -> None:
        self.answer = answer

    def predict(self, body: bytes, request_id: str, now: int) -> Reply:
        assert (len(request_id), now) == (32, NOW)
        return self.answer(body)

    predict_one = explain = model = predict


def echo(body: bytes) -> Reply:
    return Reply(body, "m1", Counts(2, 1))


async def nothing_else(*_: Any) -> None:
    raise AssertionError("a request went past the door")


def door(
    answer: Callable[[bytes], Reply] | None = None,
    settings: Settings | None = None,
    monotonic: Callable[[], int] = lambda: 0,
) -> Door:
    engine = Engine(None, 10)
    if answer:
        engine.hold(Answering(answer))
    return Door(
        nothing_else, engine, settings or Settings(), Metrics(multiprocess=False), lambda: NOW, openapi.docs, monotonic
    )


def client(answer: Callable[[bytes], Reply] | None = None, settings: Settings | None = None) -> InProcess:
    return InProcess(door(answer, settings))


def error(response: Any) -> dict[str, Any]:
    """Return what the envelope says, having looked at all of it."""
    content = response.json()
    assert list(content) == ["error"]
    assert list(content["error"]) == ["code", "message", "field", "request_id"]
    assert content["error"]["request_id"] == response.headers["x-request-id"]
    assert response.headers["content-type"] == "application/json"
    return dict(content["error"])


def key(path: Path, *permissions: Permission, now: int = NOW, expires_at: int | None = None) -> dict[str, str]:
    """Make a key in the file, and return the headers that show it."""
    made = keys.add(path, "a test", permissions or (Permission.PREDICT,), now, expires_at)
    return {**JSON, "authorization": f"Bearer {made.text}"}


@contextlib.contextmanager
def listening(app: Any) -> Iterator[int]:
    """Serve an application over a real socket, by the server that BentoML uses; yields the port."""
    server = uvicorn.Server(uvicorn.Config(app, lifespan="off", log_config=None, server_header=False))
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        thread = threading.Thread(target=asyncio.run, args=(server.serve(sockets=[one]),))
        thread.start()
        try:
            while not server.started:
                thread.join(0.01)
            yield one.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join()
