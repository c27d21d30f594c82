"""PostgreSQL stopped and started while it is written to and read: told at once, nothing acknowledged lost, no restart."""

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
import sqlalchemy as sa
from store_server import Server

from histories import store as stores
from histories.contract import Interaction
from histories.store import InteractionRow, LeadRow, Store, StoreUnavailableError
from histories.store.database.schema import INTERACTIONS

ROWS = 50


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.end()


@dataclass
class Load:
    """What writers and readers saw: ids acknowledged, how long refused calls took, when calls went well."""

    store: Store
    over: threading.Event = field(default_factory=threading.Event)
    acknowledged: set[str] = field(default_factory=set)
    refused: list[float] = field(default_factory=list)
    went_well: list[float] = field(default_factory=list)
    others: list[BaseException] = field(default_factory=list)

    def write(self, writer: int) -> None:
        """Send batch after batch, each again until it is acknowledged."""
        number = 0
        while not self.over.is_set():
            ids = [f"{writer}:{number}:{place}" for place in range(ROWS)]
            rows = [InteractionRow("a", Interaction(one, 5, "call")) for one in ids]
            if self._tried(lambda rows=rows: self.store.add_interactions(rows, 1)):
                self.acknowledged.update(ids)
                number += 1

    def read(self) -> None:
        while not self.over.is_set():
            self._tried(lambda: stores.asked(self.store, ["a"]))

    def _tried(self, work: object) -> bool:
        begin = time.monotonic()
        try:
            work()  # type: ignore[operator]
        except StoreUnavailableError:
            self.refused.append(time.monotonic() - begin)
            time.sleep(0.05)
            return False
        except BaseException as error:  # noqa: BLE001 - of a thread: shown by the test
            self.others.append(error)
            self.over.set()
            return False
        self.went_well.append(time.monotonic())
        return True


def check_outages(server: Server, ways: list[str]) -> None:
    stores.upgrade(server.url)
    with Store.open(server.url) as store:
        store.add_leads([LeadRow("a", 1)], 1)
        load = Load(store)
        threads = [threading.Thread(target=load.write, args=(number,)) for number in range(4)]
        threads += [threading.Thread(target=load.read)]
        for one in threads:
            one.start()
        for how in ways:
            _wait_for(lambda: len(load.acknowledged) > 200, load)
            refused = len(load.refused)
            server.stop(how)
            _wait_for(lambda before=refused: len(load.refused) > before + 10, load)
            started = time.monotonic()
            server.start()
            _wait_for(lambda begin=started: load.went_well[-1] > begin, load)
        load.over.set()
        for one in threads:
            one.join()
        assert load.others == []
        with store.database.reading() as connection:
            there = list(connection.execute(sa.select(INTERACTIONS.c.interaction_id)).scalars())
    assert len(there) == len(set(there))
    assert load.acknowledged <= set(there)
    assert len(there) % ROWS == 0  # what was not acknowledged is there as a whole, or not at all
    assert max(load.refused) < 15


def _wait_for(what: object, load: Load) -> None:
    end = time.monotonic() + 120
    while not what():  # type: ignore[operator]
        assert time.monotonic() < end, load.others
        assert load.others == []
        time.sleep(0.02)


def test_a_server_that_is_stopped_and_started_loses_nothing_and_is_found_again(server: Server) -> None:
    check_outages(server, ["fast", "immediate"])


@pytest.mark.slow
def test_six_outages_lose_nothing(server: Server) -> None:
    check_outages(server, ["fast", "immediate"] * 3)
