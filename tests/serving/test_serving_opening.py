"""The store that a service opens: made or migrated where it must be, named so that every process finds it."""

import logging
import threading
from pathlib import Path

import pytest

from histories import store
from histories.errors import CallError, DataError
from histories.store import StoreUnavailableError
from histories.store.database.schema import HEAD
from histories.store.kept import artifacts
from histories.store.kept.artifacts import Kind
from scoring import bundle as bundles
from scoring.bundle import Bundle
from scoring.rulebook import Rulebook
from serving.engine import BUNDLE, RULEBOOK, Engine, StorePlace
from serving.live import opening
from serving.predictor import Predictor
from serving.secret import Secret


def test_an_older_shape_is_migrated_and_a_new_place_is_made(store_url: str, tmp_path: Path) -> None:
    store.downgrade(store_url, "0002")
    opening.opened(Secret(store_url)).close()
    opening.opened(Secret(f"sqlite:///{tmp_path}/new.db")).close()
    for url in (store_url, f"sqlite:///{tmp_path}/new.db"):
        store.Store.open(url).close()
    assert HEAD >= "0004"


def test_workers_that_start_together_all_find_it_made(store_url: str) -> None:
    store.downgrade(store_url, "base")
    failed: list[Exception] = []

    def start() -> None:
        try:
            opening.opened(Secret(store_url)).close()
        except Exception as error:  # noqa: BLE001  # told below
            failed.append(error)

    threads = [threading.Thread(target=start) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert failed == []


def test_what_waiting_does_not_mend_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(CallError, match=r"^the store's URL begins with 'mysql'; write sqlite:///PATH or postgresql://"):
        opening.waited_for(lambda: opening.opened(Secret("mysql://me:open-sesame@db/crm")))
    (tmp_path / "no.db").write_text("this is no database, and long enough to be looked at" * 20)
    with pytest.raises(DataError, match=r"no\.db cannot be read: file is not a database$"):
        opening.waited_for(lambda: opening.opened(Secret(f"sqlite:///{tmp_path}/no.db")))
    with pytest.raises(
        StoreUnavailableError, match=r"^the store at postgresql://me:\*\*\*@127\.0\.0\.1:1/crm does not"
    ):
        opening.opened(Secret("postgresql://me:open-sesame@127.0.0.1:1/crm"))


@pytest.mark.timeout(120)
def test_a_worker_waits_for_its_database_and_is_ready_when_it_answers(
    bundle: Bundle, rulebook: Rulebook, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    """A folder that is not writable yet stands for a database that does not answer yet: SQLite says the same of it."""
    bundles.write(bundle, tmp_path / BUNDLE)
    (tmp_path / RULEBOOK).write_text(rulebook.source, encoding="utf-8")
    monkeypatch.setattr(opening, "_SECONDS", 0.05)
    place = tmp_path / "store.db"
    place.mkdir()  # unable to open database file
    engine = Engine(None, 100, store=StorePlace(Secret(f"sqlite:///{place}"), lambda: 1))
    with caplog.at_level(logging.INFO):
        thread = engine.start(tmp_path)
        while "waits for the store" not in caplog.text:
            assert thread.is_alive()
            thread.join(0.05)
        assert engine.will_answer
        assert engine.store is None
        place.rmdir()
        thread.join(60)
    assert engine.predictor.store is engine.store
    assert caplog.text.count("waits for the store") == 1


def test_a_database_that_goes_away_while_the_bundle_loads_is_waited_for_too(
    bundle: Bundle, rulebook: Rulebook, store_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundles.write(bundle, tmp_path / BUNDLE)
    (tmp_path / RULEBOOK).write_text(rulebook.source, encoding="utf-8")
    monkeypatch.setattr(opening, "_SECONDS", 0.05)
    tries, archive = [], Predictor.archive

    def away_twice(predictor: Predictor, now: int) -> None:
        tries.append(now)
        if len(tries) <= 2:
            raise StoreUnavailableError("the store does not answer")
        archive(predictor, now)

    monkeypatch.setattr(Predictor, "archive", away_twice)
    engine = Engine(None, 100, store=StorePlace(Secret(store_url), lambda: 1))
    engine.load(tmp_path)
    assert len(tries) == 3
    assert artifacts.artifact(engine.predictor.store, bundle.version, Kind.BUNDLE)
    engine.predictor.store.close()


def test_a_fault_of_our_own_is_logged_and_no_request_waits_for_what_never_comes(
    bundle: Bundle, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundles.write(bundle, tmp_path / BUNDLE)
    monkeypatch.setattr(bundles, "read", lambda folder: {}[folder])
    engine = Engine(None, 100)
    engine.load(tmp_path)
    assert "cannot serve: a fault of lead-scoring itself" in caplog.text
    assert not engine.will_answer


def test_a_path_is_the_same_from_every_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert opening.absolute(Secret("sqlite:///crm.db")) == Secret(f"sqlite:///{tmp_path}/crm.db")
    for unchanged in ("sqlite:////var/crm.db", "postgresql://me@db/crm", "sqlite://"):
        assert opening.absolute(Secret(unchanged)) == Secret(unchanged)
