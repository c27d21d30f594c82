"""Bodies that nothing proves yet: a flood of them, slow or wrongly signed, keeps no signed request out."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from serving_hubspot import SETTINGS, door_of, event, headers
from serving_intake import emptied

from histories.store import Store
from serving.http import door as doors
from serving.http.door import Door
from serving.http.unproven import FAILURES, Unproven

EVENTS = json.dumps([event("contact.creation")]).encode()
WRONG = "zzzzzzzz-zzzz"
HUBSPOT, STRANGER, ANOTHER = "198.51.100.7", "203.0.113.9", "203.0.113.10"


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Store]:
    with emptied(tmp_path) as one:
        yield one


@pytest.fixture
def app(opened: Store, monkeypatch: pytest.MonkeyPatch) -> Door:
    """A door with two places, and a second for a body."""
    monkeypatch.setattr(doors, "_UNPROVEN", 2)
    monkeypatch.setattr(doors, "_UNPROVEN_SECONDS", 1.0)
    return door_of(opened, SETTINGS)


class Sending:
    """A request whose head and first byte are sent, and the rest when it is told to."""

    def __init__(self, app: Door, address: str, body: bytes = EVENTS, secret: str | None = None) -> None:
        self._parts, self._rest, self.status, self.body = [body[:1], body[1:]], asyncio.Event(), 0, b""
        self.headers: dict[bytes, bytes] = {}
        named = headers(body) if secret is None else headers(body, secret=secret)
        head = [(b"host", b"localhost"), *((name.lower().encode(), value.encode()) for name, value in named.items())]
        scope = {"type": "http", "method": "POST", "path": "/v1/hubspot", "client": (address, 1), "headers": head}
        self._task = asyncio.create_task(app(scope, self._receive, self._hear))

    async def finished(self) -> int:
        self._rest.set()
        await self._task
        return self.status

    async def given_up(self) -> int:
        await self._task
        return self.status

    async def _receive(self) -> Any:
        if len(self._parts) == 1:
            await self._rest.wait()
        return {"type": "http.request", "body": self._parts.pop(0), "more_body": bool(self._parts)}

    async def _hear(self, message: Any) -> None:
        self.status = message.get("status", self.status)
        self.headers |= dict(message.get("headers", ()))
        self.body += message.get("body", b"")


async def sending(app: Door, *addresses: str) -> list[Sending]:
    """Begin requests in this order, and let each come as far as it does."""
    begun = [Sending(app, one) for one in addresses]
    await asyncio.sleep(0.02)
    return begun


def test_where_all_places_are_held_by_slow_bodies_a_signed_one_takes_that_of_the_oldest(app: Door) -> None:
    async def ask() -> tuple[list[int], int, list[int]]:
        slow = await sending(app, STRANGER, ANOTHER)
        held = app._budget._held
        (signed,) = await sending(app, HUBSPOT)
        status = await signed.finished()
        assert (held, app._pool._in_hand) == (0, 0)
        return [one.status for one in slow], status, [await one.given_up() for one in slow]

    assert asyncio.run(ask()) == ([503, 0], 200, [503, 504])


def test_an_address_that_failed_too_often_takes_places_from_its_like_alone(app: Door) -> None:
    async def ask() -> tuple[int, list[int]]:
        for _ in range(FAILURES.burst):
            assert await Sending(app, STRANGER, secret=WRONG).finished() == 401
        (signed,) = await sending(app, HUBSPOT)
        flood = await sending(app, *[STRANGER] * 5)
        return await signed.finished(), [one.status for one in flood]

    assert asyncio.run(ask()) == (200, [503, 503, 503, 0, 0])


def test_an_address_that_failed_too_often_is_let_in_all_the_same_where_it_is_right(app: Door) -> None:
    async def ask() -> int:
        for _ in range(FAILURES.burst + 5):
            await Sending(app, HUBSPOT, secret=WRONG).finished()
        return await Sending(app, HUBSPOT).finished()

    assert asyncio.run(ask()) == 200


def test_a_request_that_loses_its_place_is_told_to_come_again(app: Door) -> None:
    async def ask() -> Sending:
        first, *_ = await sending(app, STRANGER, STRANGER, STRANGER)
        return first

    lost = asyncio.run(ask())
    assert (lost.status, lost.headers[b"retry-after"]) == (503, b"1")
    assert json.loads(lost.body)["error"]["message"] == (
        "newer requests took its place; send the whole body at once, and try again in a second"
    )


def test_of_failures_the_newest_addresses_are_remembered_and_each_recovers_with_time() -> None:
    now = [0]
    places = Unproven(2, lambda: now[0])
    failures = places._failures
    for _ in range(FAILURES.burst):
        failures.note(STRANGER, now[0])
    assert failures.too_many(STRANGER, now[0])
    assert not failures.too_many(ANOTHER, now[0])
    assert not failures.too_many(STRANGER, now[0] + FAILURES.interval)
    for number in range(1_000):
        failures.note(f"10.0.{number // 256}.{number % 256}", now[0])
    assert len(failures._full_at) == 1_000
    assert not failures.too_many(STRANGER, now[0])
