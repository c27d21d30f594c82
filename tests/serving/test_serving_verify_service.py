"""A real service on each database, a model swapped and a rulebook edited under load: every answer comes out again."""

import itertools
import os
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa
from serving_models import Packed, Pair, packed
from serving_stored import fill, paired
from serving_world import Packable

from histories import clock
from histories.contract import LeadHistory
from histories.store import InteractionRow, Store
from histories.store.database.schema import SCORES
from histories.store.kept import answers
from scoring import rulebook as rulebooks
from serving import serve
from serving.deploy import rollout
from serving.deploy.deployment import Deployment
from serving.live.verify import verify
from serving.wire import mapping

ANSWERS = int(os.environ.get("LEAD_SCORING_VERIFY_ANSWERS", "900"))
CLIENTS, LEADS_A_REQUEST = 2, 10


@dataclass
class Clients:
    """They ask without a pause, a third of the leads by id alone, a third with more, a third told whole."""

    url: str
    leads: Sequence[LeadHistory]
    wrong: list[str] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def asking(self) -> Iterator[None]:
        threads = [threading.Thread(target=self.ask, args=(number,)) for number in range(CLIENTS)]
        for one in threads:
            one.start()
        try:
            yield
        finally:
            self.ended.set()
            for one in threads:
                one.join()

    def ask(self, client: int) -> None:
        with httpx.Client(base_url=self.url, timeout=120) as http:
            for turn in itertools.count(client):
                if self.ended.is_set():
                    return
                places = range(turn * LEADS_A_REQUEST, (turn + 1) * LEADS_A_REQUEST)
                asked = [self.lead(place, self.leads[place % len(self.leads)]) for place in places]
                response = http.post("/v1/predict", json={"leads": asked})
                failed = response.status_code != 200 or any(
                    one["status"] != "scored" for one in response.json()["leads"]
                )
                if failed:
                    self.wrong.append(f"{response.status_code} {response.text[:300]}")

    def lead(self, place: int, one: LeadHistory) -> object:
        touch = {"occurred_at": clock.iso(clock.parse("2026-05-01") + place), "kind": "reply", "direction": "inbound"}
        if place % 3 == 0:
            return {"lead_id": one.lead_id}
        if place % 3 == 1:
            return {"lead_id": one.lead_id, "interactions": [touch], "attributes": {"employees": place % 500}}
        return mapping.request_of(one)


def until(store: Store, clients: Clients, count: int, leads: Sequence[LeadHistory]) -> None:
    """Wait for so many answers; meanwhile things happen to the leads."""
    wait, some = threading.Event(), leads[0].interactions[0]
    for number in itertools.count():
        assert clients.wrong == []
        known = answers.count(store)
        if known >= count:
            return
        lead = leads[(known + number) % len(leads)]
        new = some._replace(interaction_id=f"meanwhile:{count}:{number}", occurred_at=lead.created_at + number)
        store.add_interactions([InteractionRow(lead.lead_id, new)], recorded_at=lead.created_at)
        wait.wait(0.2)


def rolled_out(deployment: Deployment, new: Packed, at: str) -> None:
    deployment.keep(new.tag, new.folder)
    rollout.roll_out(deployment, new.entry(at), lambda *_: None, wait=900)


def versions(store: Store) -> Counter[tuple[str, str]]:
    with store.database.reading() as connection:
        found = connection.execute(sa.select(SCORES.c.bundle_version, SCORES.c.rulebook_version))
        return Counter((bundle, rulebook) for bundle, rulebook in found)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_no_answer_differs_that_was_given_before_during_or_after_a_swap_and_an_edit(
    store_url: str, packable: Packable, pair: Pair, leads: tuple[LeadHistory, ...], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv("LEAD_SCORING_STORE", store_url)
    monkeypatch.setenv("LEAD_SCORING_WORKERS", "2")
    text = pair.new.rulebook.source.replace("points = 25", "points = 24")
    edited = packed("lead_scoring:edited", tmp_path / "edited", pair.new.bundle, rulebooks.parse(text, "edited"))
    asked, deployment = paired(leads[:60]), Deployment(tmp_path / "deployment")
    with (
        Store.open(store_url) as store,
        serve.background(
            packable.bundle_folder, packable.rulebook, log=tmp_path / "log", wait=900, deployment=deployment.folder
        ) as served,
    ):
        fill(store, asked)
        clients = Clients(served.url, asked)
        with clients.asking():
            until(store, clients, ANSWERS // 3, asked)
            rolled_out(deployment, pair.new, "2026-01-01T00:00:00Z")
            until(store, clients, 2 * ANSWERS // 3, asked)
            rolled_out(deployment, edited, "2026-01-02T00:00:00Z")
            until(store, clients, ANSWERS, asked)
        assert clients.wrong == []
    with Store.open(store_url) as store:  # what the service left behind is all there is
        given = versions(store)
        assert [(one.bundle.version, one.rulebook.version) in given for one in (pair.old, pair.new, edited)] == [
            True
        ] * 3
        found = verify(store, given.total(), 1, lambda *_: None)
    assert found.sound, found
    assert (found.drawn, found.forgotten) == (given.total(), 0)
    assert found.drawn >= ANSWERS
    print(f"{found.drawn:,} answers of {dict(given)}: none differs")  # noqa: T201  # `pytest -s` shows docs' figures
