"""The line before the threads has an end, and whoever is turned away is told when to come back."""

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
