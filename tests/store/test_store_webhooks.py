"""A receiver that is down, slow or broken gets each crossing in the end, under its one id, in order for each lead."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from crossing_cases import answer, note, there
from webhook_cases import SECRET, Crm, check_delivered

from histories.clock import SECOND
from histories.store import Store
from histories.store.crossing import deliveries
from histories.store.privacy import people
from serving.live.delivery import Delivery, Postman

SPEED = 20  # a second of these tests is so many of the sender's clock


class Heard:
    """What a listener heard."""

    def __init__(self) -> None:
        self.outcomes: list[str] = []
        self.waiting: list[int] = []

    def webhook(self, outcome: str) -> None:
        self.outcomes.append(outcome)

    def webhooks_waiting(self, pending: int, oldest_seconds: float) -> None:
        assert oldest_seconds >= 0
        self.waiting.append(pending)

    def wait(self, outcomes: list[str]) -> None:
        """An attempt is written down before it is heard of."""
        deadline = time.monotonic() + 5
        while self.outcomes != outcomes:
            assert time.monotonic() < deadline
            time.sleep(0.01)


@pytest.fixture
def crm(tmp_path: Path) -> Iterator[Crm]:
    one = Crm(tmp_path)
    one.start()
    yield one
    one.kill()


@pytest.fixture
def now() -> Callable[[], int]:
    started = time.monotonic()
    return lambda: round((1_000_000 + (time.monotonic() - started) * SPEED) * SECOND)


def delivery(store: Store, crm: Crm, now: Callable[[], int], heard: Heard | None = None) -> Delivery:
    return Delivery(Postman(store, crm.receiver(), now, heard or Heard()))


def deliver_all(store: Store, senders: list[Delivery], seconds: float = 30) -> None:
    """Let senders look until nothing is pending."""
    deadline = time.monotonic() + seconds
    while True:
        for one in senders:
            one.look()
        with store.database.reading() as connection:
            if deliveries.waiting(connection).pending == 0:
                return
        assert time.monotonic() < deadline
        time.sleep(0.02)


def cross(store: Store, leads: int, count: int, now: Callable[[], int]) -> None:
    """Let each lead cross a line `count` times."""
    for number in range(count + 1):
        note(store, *(answer(f"lead:{one}", "lead", now(), grade="AB"[number % 2]) for one in range(leads)))


def test_a_crossing_is_told_once_signed_at_the_url_that_was_named(
    opened: Store, crm: Crm, now: Callable[[], int]
) -> None:
    cross(opened, leads=1, count=1, now=now)
    heard = Heard()
    deliver_all(opened, [delivery(opened, crm, now, heard)])
    (message,) = crm.got()
    check_delivered(opened, [message])
    assert message.path == "/hooks/leads?of=crm"
    assert message.headers["content-type"] == "application/json"
    assert not message.is_signed(SECRET[:-8] + "AAAAAAA=")
    heard.wait(["delivered"])
    assert heard.waiting == [1]


def test_a_mistake_of_ours_is_said_once_and_ends_no_delivery(
    opened: Store, crm: Crm, now: Callable[[], int], caplog: pytest.LogCaptureFixture
) -> None:
    class Ended(BaseException):
        pass

    class Broken(Heard):
        def webhooks_waiting(self, pending: int, oldest_seconds: float) -> None:
            super().webhooks_waiting(pending, oldest_seconds)
            if len(self.waiting) < 4:
                raise ZeroDivisionError

    def until_done() -> int:
        if heard.outcomes:
            raise Ended
        return now()

    cross(opened, leads=1, count=1, now=now)
    heard = Broken()
    with pytest.raises(Ended):
        Delivery(Postman(opened, crm.receiver(), until_done, heard)).run()
    assert heard.outcomes == ["delivered"]
    said = [one.getMessage() for one in caplog.records if one.name == "lead_scoring.webhooks"]
    assert said == ["delivery broke off, and begins again: ZeroDivisionError"]


def test_a_receiver_that_is_down_then_broken_then_slow_gets_all_in_order_and_can_tell_repeats(
    opened: Store, crm: Crm, now: Callable[[], int]
) -> None:
    crm.kill()
    senders = [delivery(opened, crm, now) for _ in range(2)]

    def trouble() -> None:
        time.sleep(0.5)
        crm.answers("500")
        crm.start()
        crm.wait(4)
        crm.answers("slow 1.5")
        crm.wait(len(crm.got()) + 4)
        crm.answers("503 1")
        crm.wait(len(crm.got()) + 2)
        crm.answers("204")

    happens = threading.Thread(target=trouble)
    cross(opened, leads=4, count=2, now=now)
    happens.start()
    deliver_all(opened, senders)
    happens.join()
    messages = crm.got()
    assert len(messages) > len(there(opened))
    check_delivered(opened, messages)


def test_a_receiver_that_has_gone_is_asked_once_a_crossing_and_the_next_one_of_the_lead_is_told(
    opened: Store, crm: Crm, now: Callable[[], int]
) -> None:
    cross(opened, leads=1, count=2, now=now)
    crm.answers("410")
    heard = Heard()
    sender = delivery(opened, crm, now, heard)
    deliver_all(opened, [sender])
    assert [(one.state, one.attempts, one.last_error) for one in there(opened)] == [("dead", 1, "answered 410")] * 2
    heard.wait(["dead", "dead"])


def test_a_redirect_is_not_followed(opened: Store, crm: Crm, now: Callable[[], int]) -> None:
    cross(opened, leads=1, count=1, now=now)
    crm.answers("302")
    sender = delivery(opened, crm, now)
    sender.look()
    crm.wait(1)
    while there(opened)[0].last_error is None:
        time.sleep(0.02)
    assert there(opened)[0].last_error == "answered 302"
    crm.answers("204")
    deliver_all(opened, [sender])
    assert {one.path for one in crm.got()} == {"/hooks/leads?of=crm"}


def test_crossings_of_a_lead_that_objects_are_told_to_nobody(opened: Store, crm: Crm, now: Callable[[], int]) -> None:
    people.suppress(opened, "lead:0", now())
    cross(opened, leads=2, count=2, now=now)
    deliver_all(opened, [delivery(opened, crm, now)])
    assert {one.lead_id for one in crm.got()} == {"lead:1"}
    assert [(one.state, one.last_error) for one in there(opened, "lead:0")] == [("dead", "suppressed")] * 2
