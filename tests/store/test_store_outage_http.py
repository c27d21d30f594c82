"""A real service whose PostgreSQL is stopped and started while clients post and ask: 503 with Retry-After, and on it goes."""

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa
from store_server import Server

from histories import store as stores
from histories.store import Store
from histories.store.database.schema import INTERACTIONS
from serving import serve

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
ROWS = 20


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.end()


@dataclass
class Clients:
    """What clients of the service saw."""

    url: str
    over: threading.Event = field(default_factory=threading.Event)
    acknowledged: set[str] = field(default_factory=set)
    refused: list[httpx.Response] = field(default_factory=list)
    answered: list[float] = field(default_factory=list)
    others: list[object] = field(default_factory=list)

    def post(self, writer: int) -> None:
        """Post batch after batch, each again until it is acknowledged."""
        number = 0
        while not self.over.is_set():
            ids = [f"{writer}:{number}:{place}" for place in range(ROWS)]
            rows = [
                {"lead_id": "a", "interaction_id": one, "occurred_at": "2026-01-05T00:00:00Z", "kind": "call"}
                for one in ids
            ]
            if self._sent("/v1/interactions", {"interactions": rows}) is not None:
                self.acknowledged.update(ids)
                number += 1

    def ask(self) -> None:
        while not self.over.is_set():
            if self._sent("/v1/predict_one", {"lead_id": "a"}) is not None:
                self.answered.append(time.monotonic())

    def _sent(self, path: str, body: object) -> httpx.Response | None:
        try:
            response = httpx.post(self.url + path, json=body, timeout=60)
        except httpx.HTTPError as error:
            self.others.append(error)
            self.over.set()
            return None
        if response.status_code == 200:
            return response
        if response.status_code == 503:
            self.refused.append(response)
            time.sleep(0.1)
        else:
            self.others.append((path, response.status_code, response.text))
            self.over.set()
        return None


def test_a_service_whose_database_goes_and_comes_back_says_503_and_loses_nothing(
    server: Server, packed: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stores.upgrade(server.url)
    monkeypatch.setenv("LEAD_SCORING_STORE", server.url)
    with serve.background(*packed, log=tmp_path / "service.log", wait=600) as served:
        lead = {"lead_id": "a", "created_at": "2026-01-01T00:00:00Z"}
        assert httpx.post(served.url + "/v1/leads", json={"leads": [lead]}, timeout=60).status_code == 200
        clients = Clients(served.url)
        threads = [threading.Thread(target=clients.post, args=(number,)) for number in range(3)]
        threads += [threading.Thread(target=clients.ask)]
        for one in threads:
            one.start()
        for how in ("fast", "immediate", "fast"):
            posted, refused = len(clients.acknowledged), len(clients.refused)
            _wait_for(lambda before=posted: len(clients.acknowledged) > before + 100, clients)
            server.stop(how)
            _wait_for(lambda before=refused: len(clients.refused) > before + 5, clients)
            begin = time.monotonic()
            server.start()
            _wait_for(lambda begin=begin: bool(clients.answered) and clients.answered[-1] > begin, clients)
        clients.over.set()
        for one in threads:
            one.join()
        assert clients.others == []
    codes = {(one.json()["error"]["code"], one.headers["retry-after"]) for one in clients.refused}
    assert codes == {("store_unavailable", "2")}
    assert max(one.elapsed.total_seconds() for one in clients.refused) < 15
    with Store.open(server.url) as store, store.database.reading() as connection:
        there = list(connection.execute(sa.select(INTERACTIONS.c.interaction_id)).scalars())
    assert len(there) == len(set(there))
    assert clients.acknowledged <= set(there)


def _wait_for(what: object, clients: Clients) -> None:
    end = time.monotonic() + 180
    while not what():  # type: ignore[operator]
        assert clients.others == []
        assert time.monotonic() < end, [one.text for one in clients.refused[-3:]]
        time.sleep(0.05)
