"""A worker answers with what is in force, loads beside it what is proposed, and goes on where it cannot."""

import errno
import fcntl
import json
import logging
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from serving_client import batch_of
from serving_models import Packed, Pair, kept

from histories import clock
from histories.contract import LeadHistory
from serving.deploy import workers
from serving.deploy.deployment import Deployment, Order
from serving.deploy.follower import Follower
from serving.deploy.workers import Worker
from serving.engine import BUNDLE, Engine
from serving.wire import answers
from serving.wire.errors import RequestError

NOW = clock.parse("2026-02-01T00:00:00Z")


@dataclass(frozen=True)
class Service:
    """A worker in this process; it looks at the folder when it is told to."""

    engine: Engine
    deployment: Deployment
    follower: Follower
    told: list[tuple[str, str]]
    now: list[int]

    def look(self) -> Worker:
        """Look once, and return what the worker says of itself."""
        self.follower.look()
        (one,) = workers.live(self.deployment.workers)
        return one


@pytest.fixture
def service(pair: Pair, tmp_path: Path) -> Iterator[Service]:
    """Started with the old model."""
    deployment, told = kept(pair, tmp_path / "deployment"), list[tuple[str, str]]()
    engine = Engine(None, 10_000, told=lambda model, rulebook: told.append((model, rulebook)))
    worker = Worker(1, "here", "127.0.0.1:3000", "2026-01-01T00:00:00Z")
    now = [NOW]
    follower = Follower(engine, deployment, pair.old.order(), pair.old.folder, worker, lambda: now[0])
    yield Service(engine, deployment, follower, told, now)
    shutil.rmtree(deployment.workers, ignore_errors=True)


def rows(engine: Engine, leads: tuple[LeadHistory, ...], as_of: int) -> object:
    reply = engine.predictor.predict(json.dumps(batch_of(leads, as_of, 3)).encode(), "r1", 0)
    return json.loads(reply.body)["leads"]


def own(packed: Packed, leads: tuple[LeadHistory, ...], as_of: int) -> object:
    return [answers.row(one).model_dump(mode="json") for one in packed.scorer.score(leads, as_of, 3)]


def test_where_nothing_is_deployed_a_service_answers_with_what_it_was_started_with(
    service: Service, pair: Pair
) -> None:
    said = service.look()
    assert (said.tag, said.since, said.refused) == (pair.old.tag, "2026-02-01T00:00:00Z", None)
    assert service.engine.predictor.versions["model_version"] == pair.old.bundle.version


def test_a_service_starts_with_what_is_in_force_not_with_what_it_was_started_with(service: Service, pair: Pair) -> None:
    service.deployment.put_in_force(pair.new.order())
    assert service.look().tag == pair.new.tag
    assert service.told == [(pair.new.bundle.version, pair.new.rulebook.version)]


def test_what_is_proposed_is_loaded_and_answers_only_when_it_is_in_force(
    service: Service, pair: Pair, leads: tuple[LeadHistory, ...], as_of: int
) -> None:
    service.look()
    held, order = service.engine.predictor, pair.new.order("2026-02-02T00:00:00Z")
    with service.deployment.proposed(order):
        said = service.look()
        assert (said.tag, said.prepared) == (pair.old.tag, str(order))
        assert rows(service.engine, leads[:20], as_of) == own(pair.old, leads[:20], as_of)
        service.deployment.put_in_force(order)
        said = service.look()
        assert (said.tag, said.model_version) == (pair.new.tag, pair.new.bundle.version)
        assert rows(service.engine, leads[:20], as_of) == own(pair.new, leads[:20], as_of)
    assert service.look().prepared is None
    begun = json.loads(held.predict(json.dumps(batch_of(leads[:20], as_of, 3)).encode(), "r1", 0).body)
    assert begun["leads"] == own(pair.old, leads[:20], as_of), "a request keeps the predictor that it began with"


def test_what_is_no_longer_proposed_is_dropped_and_what_answers_goes_on(service: Service, pair: Pair) -> None:
    service.look()
    with service.deployment.proposed(pair.new.order()):
        assert service.look().prepared == str(pair.new.order())
    said = service.look()
    assert (said.tag, said.prepared) == (pair.old.tag, None)


def test_a_bundle_of_another_format_is_refused_by_name_and_tried_again_when_it_is_ordered_again(
    service: Service, pair: Pair
) -> None:
    service.look()
    manifest = service.deployment.model(pair.new.tag) / BUNDLE / "manifest.json"
    whole = manifest.read_text(encoding="utf-8")
    manifest.write_text(json.dumps({**json.loads(whole), "format": 999}), encoding="utf-8")
    with service.deployment.proposed(pair.new.order()):
        said = service.look()
        assert (said.tag, said.prepared, said.refused) == (pair.old.tag, None, str(pair.new.order()))
        assert f"{manifest.parent} has format 999, this program reads" in str(said.why)
        manifest.write_text(whole, encoding="utf-8")
        assert service.look().refused == str(pair.new.order()), "twice a second would be too often"
    again = Order(pair.new.tag, "2026-02-03T00:00:00Z")
    with service.deployment.proposed(again):
        said = service.look()
        assert (said.prepared, said.refused) == (str(again), None)


def test_what_could_not_be_loaded_is_tried_again_a_minute_later(service: Service, pair: Pair) -> None:
    manifest = service.deployment.model(pair.new.tag) / BUNDLE / "manifest.json"
    whole = manifest.read_text(encoding="utf-8")
    manifest.write_text("", encoding="utf-8")
    service.deployment.put_in_force(pair.new.order())
    assert service.look().tag is None
    manifest.write_text(whole, encoding="utf-8")
    service.now[0] += 59 * clock.SECOND
    assert service.look().tag is None
    service.now[0] += clock.SECOND
    said = service.look()
    assert (said.tag, said.refused, said.why) == (pair.new.tag, None, None)


def test_a_worker_that_cannot_be_seen_in_the_folder_goes_on_with_what_it_answers_with_until_it_can(
    service: Service, pair: Pair, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A deploy would take the folder for one that nobody follows, and put in force what no worker has loaded."""

    def no_locks(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    with monkeypatch.context() as patch, caplog.at_level(logging.ERROR):
        patch.setattr(fcntl, "flock", no_locks)
        service.follower.look()
        service.deployment.put_in_force(pair.new.order())
        service.follower.look()
        assert service.engine.predictor.versions["model_version"] == pair.old.bundle.version
    assert "the deployment folder: [Errno 37] No locks available" in caplog.text
    assert service.look().tag == pair.new.tag


def test_requests_wait_from_the_start_on_for_what_is_loaded_and_not_after_it_failed(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", lambda _: None)
        service.follower.start()
    assert service.engine.will_answer, "nothing has begun yet: the follower first copies the packed model"
    service.deployment.put_in_force(Order("lead_scoring:gone", "2026-02-02T00:00:00Z"))
    service.look()
    assert not service.engine.will_answer


def test_a_service_whose_deployed_model_is_gone_is_never_ready_until_another_is_in_force(
    service: Service, pair: Pair, caplog: pytest.LogCaptureFixture
) -> None:
    service.deployment.put_in_force(Order("lead_scoring:gone", "2026-02-02T00:00:00Z"))
    with caplog.at_level(logging.ERROR):
        assert service.look().tag is None
    assert "refuses lead_scoring:gone: " in caplog.text
    with pytest.raises(RequestError):
        _ = service.engine.predictor
    service.deployment.put_in_force(pair.new.order())
    assert service.look().tag == pair.new.tag


def test_a_folder_that_cannot_be_read_is_told_once_and_what_answers_goes_on(
    service: Service, pair: Pair, caplog: pytest.LogCaptureFixture
) -> None:
    service.look()
    (service.deployment.folder / "current").write_bytes(b"nonsense")
    with caplog.at_level(logging.ERROR):
        assert [service.look().tag for _ in range(3)] == [pair.old.tag] * 3
    assert caplog.text.count("the deployment folder: ") == 1
