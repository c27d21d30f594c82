"""What a CRM says of a person over HTTP, and a person who objects and is forgotten while the service runs."""

import contextlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from serving_client import batch_of
from serving_intake import NOW, emptied
from serving_stored import fill
from serving_world import Packable

import lead_scoring
from histories import clock, store
from histories.contract import Interaction, LeadHistory
from histories.store import InteractionRow, LeadRow, Store
from serving import serve
from serving.live.people import People
from serving.wire.errors import Problem, RequestError
from serving.wire.mapping import request_of


@pytest.fixture
def people(tmp_path: Path) -> Iterator[People]:
    """What answers, with the leads a, b and c in its store."""
    with emptied(tmp_path) as opened:
        opened.add_leads([LeadRow(one, 1) for one in "abc"], NOW)
        yield People(opened, "m1")


def posted(people: People, what: str, body: object, now: int = NOW) -> dict[str, Any]:
    return json.loads(getattr(people, what)(json.dumps(body).encode(), "r", now).body)  # type: ignore[no-any-return]


def test_a_merge_counts_from_the_moment_that_is_told_and_again_changes_nothing(people: People) -> None:
    people.store.add_interactions([InteractionRow("a", Interaction("i", 5, "call"))], NOW)
    body = {"lead_id": "a", "into_lead": "b", "known_at": "2026-01-31T10:00:00+01:00"}
    assert posted(people, "merge", body) == {"request_id": "r", "watermark": 3, "changed": True}
    assert posted(people, "merge", body)["changed"] is False
    (moved,) = store.lead(people.store, "b").interactions
    assert moved.received_at == clock.parse("2026-01-31T09:00:00Z")


def test_without_a_moment_a_merge_is_known_since_now(people: People) -> None:
    people.store.add_interactions([InteractionRow("a", Interaction("i", 5, "call"))], NOW)
    posted(people, "merge", {"lead_id": "a", "into_lead": "b"})
    assert store.lead(people.store, "b").interactions[0].received_at == NOW


def test_an_objection_is_honoured_and_ended(people: People) -> None:
    for body, changed, objecting in (
        ({"lead_id": "a"}, True, {"a"}),
        ({"lead_id": "a", "suppressed": True}, False, {"a"}),
        ({"lead_id": "a", "suppressed": False}, True, set()),
        ({"lead_id": "a", "suppressed": False}, False, set()),
    ):
        reply = posted(people, "suppress", body)
        assert (reply["changed"], reply["known"]) == (changed, True)
        assert store.suppressed(people.store, ["a", "b"]) == objecting


def test_an_objection_of_a_lead_that_nobody_knows_yet_says_so_and_holds_when_it_comes(people: People) -> None:
    reply = posted(people, "suppress", {"lead_id": "typo"})
    assert (reply["changed"], reply["known"]) == (True, False)
    people.store.add_leads([LeadRow("typo", 1)], NOW)
    assert store.suppressed(people.store, ["typo"]) == {"typo"}
    assert posted(people, "suppress", {"lead_id": "typo"})["known"] is True


@pytest.mark.parametrize(
    ("what", "body", "field", "message"),
    [
        ("merge", {"lead_id": "a", "into_lead": "x"}, "into_lead", "the store knows no such lead; send the lead first"),
        ("merge", {"lead_id": "a", "into_lead": "a"}, "into_lead", "cannot be merged into itself"),
        ("merge", {"lead_id": "a", "into_lead": "b", "known_at": "2026-03-02T00:00:00Z"}, "known_at", "lies before 1970 or after now"),
        ("merge", {"lead_id": "a"}, "into_lead", "is missing; it must be there"),
        ("merge", {"lead_id": "a", "into": "b"}, "into", "is not a known key; allowed are lead_id, into_lead, known_at; did you mean 'into_lead'?"),
        ("suppress", {"lead_id": "a", "suppressed": "no"}, "suppressed", "is neither true nor false; write one of them without quotes"),
        ("suppress", {"lead_id": ""}, "lead_id", "is empty; write a text"),
        ("suppress", ["a"], None, "the body is not an object; write one in braces"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_or_done_is_refused_by_its_field_and_nothing_is_kept(
    people: People, what: str, body: object, field: str | None, message: str
) -> None:
    before = people.store.watermark()
    with pytest.raises(RequestError) as refusal:
        posted(people, what, body)
    assert (refusal.value.problem, refusal.value.field) == (Problem.INVALID_REQUEST, field)
    assert refusal.value.message == message
    assert people.store.watermark() == before


@pytest.mark.slow
def test_a_person_who_objects_and_is_forgotten_while_the_service_runs_leaves_nothing(
    packable: Packable, leads: tuple[LeadHistory, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Over HTTP and by command: asked for before and after, in every form; then the folder's bytes are searched."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LEAD_SCORING_STORE", f"sqlite:///{tmp_path}/store.db")
    monkeypatch.setenv("LEAD_SCORING_REQUEST_LOG", str(tmp_path / "log"))
    store.upgrade(f"sqlite:///{tmp_path}/store.db")
    person, other = leads[0], leads[1]
    with Store.open(f"sqlite:///{tmp_path}/store.db") as opened:
        fill(opened, leads[:10])
    with serve.background(packable.bundle_folder, packable.rulebook) as served:
        with httpx.Client(base_url=served.url, timeout=60) as http:
            bare, whole = {"lead_id": person.lead_id}, request_of(person)
            for body in (bare, whole, {"lead_id": other.lead_id}):
                assert http.post("/v1/predict_one", json=body).json()["status"] == "scored"
            assert http.post("/v1/suppress", json=bare).json()["changed"] is True
            for body in (bare, whole):
                refused = http.post("/v1/predict_one", json=body)
                assert (refused.status_code, refused.json()["error"]["code"]) == (400, "suppressed")
            assert http.post("/v1/suppress", json={**bare, "suppressed": False}).json()["changed"] is True
            assert http.post("/v1/predict_one", json=bare).status_code == 200

            command("forget", person.lead_id, "--yes", monkeypatch=monkeypatch)
            assert held(tmp_path, person.lead_id) == set()
            for body in (bare, whole):
                assert http.post("/v1/predict_one", json=body).json()["error"]["code"] == "suppressed"
            rows = http.post("/v1/predict", json=batch_of([person, other])).json()["leads"]
            assert [row["status"] for row in rows] == ["failed", "scored"]
            interaction = {**bare, "interaction_id": "new", "occurred_at": "2026-01-01T00:00:00Z", "kind": "call"}
            told = http.post("/v1/interactions", json={"interactions": [interaction]}).json()
            assert [(row["status"], row["reason"]) for row in told["rows"]] == [("refused", "its lead was forgotten")]
        assert held(tmp_path, person.lead_id) == set()
    assert held(tmp_path, person.lead_id) == set()
    assert held(tmp_path, other.lead_id) >= {"store.db"}


def command(*words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["lead-scoring", *words])
    with contextlib.suppress(SystemExit):
        lead_scoring.main()


def held(folder: Path, lead_id: str) -> set[str]:
    """The files whose bytes hold an id that no other id begins with."""
    paths = [path for path in folder.rglob("*") if path.is_file()]
    return {path.name for path in paths if lead_id.encode() in path.read_bytes()}
