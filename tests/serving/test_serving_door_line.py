"""The line before the threads has an end, and whoever is turned away is told when to come back."""

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from serving_client import InProcess
from serving_door import JSON, door, echo, error

from serving.settings import Settings
from serving.wire.reply import Reply


class Slow:
    """Answers once it is released, and tells when the first call has begun."""

    def __init__(self) -> None:
        self.begun, self.released = threading.Event(), threading.Event()

    def __call__(self, body: bytes) -> Reply:
        self.begun.set()
        self.released.wait(30)
        return echo(body)


def ask(one: InProcess) -> Any:
    return one.post("/v1/predict", content=b"{}", headers=JSON)


def waiting(one: InProcess) -> str:
    text = one.get("/metrics").text
    (line,) = [each for each in text.splitlines() if each.startswith("lead_scoring_waiting_requests ")]
    return line.split(" ")[1]


def test_beyond_the_threads_and_the_line_it_is_503_busy_and_all_others_are_answered() -> None:
    slow = Slow()
    one = InProcess(door(slow, Settings(threads=1, max_waiting=2)))
    with ThreadPoolExecutor(3) as clients:
        asked = [clients.submit(ask, one)]
        assert slow.begun.wait(10)
        asked += [clients.submit(ask, one) for _ in range(2)]
        while waiting(one) != "2.0":
            time.sleep(0.05)
        refused = ask(one)
        assert (refused.status_code, error(refused)["code"]) == (503, "busy")
        assert refused.headers["retry-after"] == "1"
        assert one.get("/livez").status_code == 200
        slow.released.set()
        assert [each.result().status_code for each in asked] == [200] * 3
    assert waiting(one) == "0.0"
    assert ask(one).status_code == 200


def test_without_a_line_only_what_is_worked_on_is_taken() -> None:
    slow = Slow()
    one = InProcess(door(slow, Settings(threads=1, max_waiting=0)))
    with ThreadPoolExecutor(1) as clients:
        first = clients.submit(ask, one)
        assert slow.begun.wait(10)
        assert ask(one).status_code == 503
        slow.released.set()
        assert first.result().status_code == 200


def test_a_request_that_waited_too_long_is_504_leaves_the_line_and_is_never_worked_on() -> None:
    slow, worked_on = Slow(), []

    def answer(body: bytes) -> Reply:
        worked_on.append(body)
        return slow(body)

    one = InProcess(door(answer, Settings(threads=1, max_waiting=1, timeout_seconds=0.5)))
    assert ask(one).status_code == 504
    assert one.post("/v1/predict", content=b"late", headers=JSON).status_code == 504
    assert waiting(one) == "0.0"
    slow.released.set()
    while ask(one).status_code != 200:
        time.sleep(0.05)
    assert b"late" not in worked_on


async def part_of_a_body(app: Any, part: bytes) -> tuple[asyncio.Task[None], list[Any]]:
    """Send the first part of a body, and never the rest: the request that stays open, and what it heard."""
    heard: list[Any] = []
    parts = [{"type": "http.request", "body": part, "more_body": True}]

    async def receive() -> Any:
        return parts.pop() if parts else await asyncio.Event().wait()

    async def send(message: Any) -> None:
        heard.append(message)

    scope = {"type": "http", "method": "POST", "path": "/v1/predict", "client": ("127.0.0.1", 1)}
    headers = [(b"host", b"localhost"), (b"content-type", b"application/json")]
    task = asyncio.create_task(app({**scope, "headers": headers}, receive, send))
    await asyncio.sleep(0.01)
    return task, heard


def statuses(settings: Settings, *parts: bytes) -> list[int | None]:
    """Begin all these requests, one after the other, and say which were answered though their bodies never ended."""

    async def ask_all() -> list[int | None]:
        app = door(echo, settings)
        asked = [await part_of_a_body(app, part) for part in parts]
        found = [heard[0]["status"] if heard else None for _, heard in asked]
        for task, _ in asked:
            task.cancel()
        await asyncio.gather(*(task for task, _ in asked), return_exceptions=True)
        assert (app._pool._in_hand, app._budget._held) == (0, 0)
        return found

    return asyncio.run(ask_all())


def test_a_body_that_is_still_coming_in_has_a_place_and_one_beyond_the_places_is_not_read() -> None:
    assert statuses(Settings(threads=1, max_waiting=2), *[b"{"] * 4) == [None] * 3 + [503]


def test_bodies_of_all_requests_together_hold_no_more_than_four_of_the_greatest_size() -> None:
    bodies = [b" " * 1000] * 4
    assert statuses(Settings(max_body_bytes=1000), *bodies, b"{", b"") == [None] * 4 + [503, None]


def test_a_body_is_held_until_its_call_has_ended_and_not_longer() -> None:
    slow = Slow()
    app = door(slow, Settings(threads=1, max_body_bytes=1000, timeout_seconds=0.5))
    assert InProcess(app).post("/v1/predict", content=b" " * 900, headers=JSON).status_code == 504
    assert (app._pool._in_hand, app._budget._held) == (1, 900)
    slow.released.set()
    while ask(InProcess(app)).status_code != 200:
        time.sleep(0.05)
    assert (app._pool._in_hand, app._budget._held) == (0, 0)
