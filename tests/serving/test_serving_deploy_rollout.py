"""All workers change over, or none: whatever happens on the way is written down."""

import itertools
import re
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from serving_models import Pair, kept

from histories.errors import DataError
from serving.deploy import deployment_log, rollout, workers
from serving.deploy.deployment import Deployment
from serving.deploy.deployment_log import Action
from serving.deploy.follower import Follower
from serving.deploy.workers import Worker
from serving.engine import BUNDLE, Engine


def silent(*_: object) -> None:
    """Nobody watches."""


@pytest.fixture
def deployment(pair: Pair, tmp_path: Path) -> Deployment:
    return kept(pair, tmp_path)


@pytest.fixture
def service(deployment: Deployment, pair: Pair) -> Iterator[list[Engine]]:
    """Two workers that follow the folder, started with the old model."""
    engines, ended = [Engine(None, 10_000), Engine(None, 10_000)], threading.Event()
    followers = [
        Follower(
            one, deployment, pair.old.order(), pair.old.folder,
            Worker(pid, "here", "127.0.0.1:3000", "2026-01-01T00:00:00Z"), lambda: 0,
        )
        for pid, one in enumerate(engines, 1)
    ]  # fmt: skip

    def follow(one: Follower) -> None:
        while not ended.wait(0.02):
            one.look()

    for one in followers:
        one.look()
    threads = [threading.Thread(target=follow, args=(one,)) for one in followers]
    for thread in threads:
        thread.start()
    yield engines
    ended.set()
    for thread in threads:
        thread.join()


def answering(engines: list[Engine]) -> list[str]:
    return [one.predictor.versions["model_version"] for one in engines]


def told(deployment: Deployment) -> list[tuple[Action, str]]:
    return [(one.action, one.tag) for one in deployment_log.read(deployment.log)]


def test_both_workers_answer_with_the_new_one_and_a_rollback_leads_to_the_one_found(
    deployment: Deployment, service: list[Engine], pair: Pair
) -> None:
    done = rollout.roll_out(deployment, pair.new.entry(), silent)
    assert [one.tag for one in done] == [pair.new.tag] * 2
    assert answering(service) == [pair.new.bundle.version] * 2
    assert told(deployment) == [(Action.FOUND, pair.old.tag), (Action.DEPLOY, pair.new.tag)]
    rollout.roll_out(deployment, pair.old.entry("2026-01-02T00:00:00Z", Action.ROLLBACK), silent)
    assert answering(service) == [pair.old.bundle.version] * 2
    assert deployment.candidate() is None


def test_one_worker_that_cannot_load_it_is_enough_to_leave_all_as_they_are(
    deployment: Deployment, service: list[Engine], pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(folder: Path) -> None:
        raise MemoryError(f"no room for {folder.name}")

    monkeypatch.setattr(service[1], "made", full)
    why = "worker 2 of 127.0.0.1:3000 on here cannot load lead_scoring:new: MemoryError: no room for new. Nothing was changed"
    with pytest.raises(DataError, match=f"^{re.escape(why)}$"):
        rollout.roll_out(deployment, pair.new.entry(), silent)
    assert answering(service) == [pair.old.bundle.version] * 2
    assert (deployment.current(), deployment.candidate(), told(deployment)) == (None, None, [])


def test_a_worker_that_does_not_answer_in_time_takes_all_back(
    deployment: Deployment, service: list[Engine], pair: Pair
) -> None:
    looked = itertools.count()
    stuck = workers.Presence(deployment.workers, Worker(3, "here", "127.0.0.1:4000", "2026-01-01T00:00:00Z"))
    order = pair.new.order()

    def prepared(*_: object) -> None:
        if next(looked) == 0:
            stuck.say(Worker(3, "here", "127.0.0.1:4000", "2026-01-01T00:00:00Z", prepared=str(order)))

    why = (
        "worker 3 of 127.0.0.1:4000 on here did not answer with it (lead_scoring:new) within 10 s. Nothing was changed"
    )
    with pytest.raises(DataError, match=f"^{re.escape(why)}$"):
        rollout.roll_out(deployment, pair.new.entry(), prepared, wait=10)
    stuck.leave()
    assert told(deployment)[-2:] == [(Action.DEPLOY, pair.new.tag), (Action.TAKEN_BACK, pair.new.tag)]
    assert deployment_log.read(deployment.log)[-1].said == why
    rollout.roll_out(deployment, pair.old.entry("2026-01-02T00:00:00Z"), silent)
    assert answering(service) == [pair.old.bundle.version] * 2


@pytest.mark.parametrize("step", ["append", "put_in_force", "live"])
def test_an_interrupt_at_any_step_takes_all_back(
    deployment: Deployment, pair: Pair, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """Ctrl-C just after the entry was written, after it came in force, and while workers change over."""
    rollout.roll_out(deployment, pair.old.entry(), silent)
    before, calls = told(deployment), itertools.count(1)
    place = {"append": deployment_log, "put_in_force": Deployment, "live": workers}[step]
    honest, when = getattr(place, step), 3 if step == "live" else 1

    def interrupted(*arguments: object) -> object:
        done = honest(*arguments)
        if next(calls) == when:
            raise KeyboardInterrupt
        return done

    monkeypatch.setattr(place, step, interrupted)
    with pytest.raises(KeyboardInterrupt):
        rollout.roll_out(deployment, pair.new.entry("2026-01-02T00:00:00Z"), silent)
    assert (deployment.current(), deployment.candidate()) == (pair.old.order(), None)
    assert told(deployment) == [*before, (Action.DEPLOY, pair.new.tag), (Action.TAKEN_BACK, pair.new.tag)]
    assert deployment_log.read(deployment.log)[-1].said == "the deploy was interrupted"


def test_an_interrupt_before_anything_was_written_leaves_the_history_as_it_is(
    deployment: Deployment, pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    rollout.roll_out(deployment, pair.old.entry(), silent)
    before = told(deployment)
    monkeypatch.setattr(deployment_log, "append", interrupted)
    with pytest.raises(KeyboardInterrupt):
        rollout.roll_out(deployment, pair.old.entry("2026-01-02T00:00:00Z"), silent)
    assert (told(deployment), deployment.current()) == (before, pair.old.order())


def test_without_a_service_it_is_what_the_next_one_starts_with(deployment: Deployment, pair: Pair) -> None:
    assert rollout.roll_out(deployment, pair.new.entry(), silent) == ()
    assert deployment.current() == pair.new.order()


def test_a_deploy_that_was_killed_before_it_took_hold_is_written_down_by_the_next(
    deployment: Deployment, pair: Pair
) -> None:
    rollout.roll_out(deployment, pair.old.entry(), silent)
    deployment_log.append(deployment.log, pair.new.entry("2026-01-02T00:00:00Z"))
    (deployment.folder / "candidate").write_text(f"{pair.new.order()}\n", encoding="utf-8")
    rollout.mend(deployment)
    assert deployment.candidate() is None, "workers would hold it in memory for ever"
    rollout.mend(deployment)
    assert told(deployment)[1:] == [(Action.DEPLOY, pair.new.tag), (Action.TAKEN_BACK, pair.new.tag)]
    assert deployment_log.read(deployment.log)[-1].said == "the deploy was broken off"


def test_models_that_no_rollback_leads_to_are_removed(deployment: Deployment, pair: Pair) -> None:
    for number in range(12):
        tag = f"lead_scoring:{number}"
        deployment.keep(tag, pair.old.folder)
        rollout.roll_out(deployment, replace(pair.old.entry(f"2026-01-{number + 1:02}"), tag=tag), silent)
    assert (deployment.folder / "models" / "11" / BUNDLE).is_dir()
    assert sorted(int(one.name) for one in (deployment.folder / "models").iterdir()) == list(range(2, 12))
