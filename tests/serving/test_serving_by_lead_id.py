"""A lead of the history store is asked for by its id alone: on SQLite and on PostgreSQL, without HTTP."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from serving_client import batch_of
from serving_stored import answer, asked, fill, paired

from histories import clock
from histories.contract import LeadHistory, Outcome, Stage
from histories.store import InteractionRow, OutcomeRow, Store
from histories.store.database.connections import Database
from histories.store.database.score_row import ScoreRow
from histories.store.kept import answers
from histories.store.privacy import forgetting, people
from scoring.bundle import Bundle
from scoring.rulebook import Rulebook
from serving.live.inputs import inputs
from serving.predictor import Predictor
from serving.request_log import RequestLog
from serving.wire import mapping
from serving.wire.errors import Problem, RequestError

DAY = clock.DAY


@pytest.fixture
def stored(empty_store: Store, bundle: Bundle, rulebook: Rulebook, leads: tuple[LeadHistory, ...]) -> Predictor:
    """A predictor on a store that knows the first 40 leads, each without an account."""
    fill(empty_store, [alone(one) for one in leads[:40]])
    return Predictor(bundle, rulebook, 10_000, store=empty_store)


def alone(one: LeadHistory) -> LeadHistory:
    return replace(one, account_id=None, account_interactions=None)


def refused(predictor: Predictor, body: bytes, now: int) -> RequestError:
    with pytest.raises(RequestError) as caught:
        predictor.predict_one(body, "r1", now)
    return caught.value


def test_its_answer_is_that_of_a_request_that_tells_it_whole_to_the_last_bit(
    stored: Predictor, predictor: Predictor, leads: tuple[LeadHistory, ...], as_of: int
) -> None:
    named = {"as_of": clock.iso(as_of), "leads": [{"lead_id": one.lead_id} for one in leads[:40]]}
    told = batch_of([alone(one) for one in leads[:40]], as_of)
    ours = stored.predict(json.dumps(named).encode(), "r1", as_of).body
    assert ours == predictor.predict(json.dumps(told).encode(), "r1", as_of).body
    for call in ("predict_one", "explain"):
        whole = json.dumps(mapping.request_of(alone(leads[3]), as_of)).encode()
        one = getattr(stored, call)(asked(leads[3].lead_id, as_of), "r1", as_of).body
        assert one == getattr(predictor, call)(whole, "r1", as_of).body


def test_an_account_is_the_stores_too(
    empty_store: Store, predictor: Predictor, bundle: Bundle, rulebook: Rulebook, leads: tuple[LeadHistory, ...], as_of: int
) -> None:  # fmt: skip
    colleagues = paired(leads[:20])
    fill(empty_store, colleagues)
    stored = Predictor(bundle, rulebook, 10_000, store=empty_store)
    for one in colleagues:
        whole = json.dumps(mapping.request_of(one, as_of)).encode()
        assert stored.predict_one(asked(one.lead_id, as_of), "r", as_of).body == (
            predictor.predict_one(whole, "r", as_of).body
        )


def test_what_a_request_tells_is_added_for_this_answer_and_not_kept(
    stored: Predictor, predictor: Predictor, leads: tuple[LeadHistory, ...], as_of: int
) -> None:
    lead = alone(next(one for one in leads[:40] if one.interactions))
    before = answer(stored, asked(lead.lead_id, as_of), as_of)
    reply = {"interaction_id": "new:1", "occurred_at": clock.iso(as_of - DAY), "kind": "reply", "direction": "inbound"}
    again = mapping.request_of(lead)["interactions"][0]  # type: ignore[index]  # is there already
    told = {"interactions": [reply, again], "outcomes": [{"stage": "mql", "reached_at": clock.iso(as_of - DAY)}]}
    with_more = answer(stored, asked(lead.lead_id, as_of, **told), as_of)
    whole = mapping.request_of(lead, as_of)
    whole["interactions"] = [*whole["interactions"], reply]  # type: ignore[misc]
    whole["outcomes"] = [*whole["outcomes"], *told["outcomes"]]  # type: ignore[misc]
    assert with_more == answer(predictor, json.dumps(whole).encode(), as_of)
    assert with_more["rule_points"] != before["rule_points"]
    assert answer(stored, asked(lead.lead_id, as_of), as_of) == before


def test_an_attribute_without_a_time_outdates_the_stored_one(
    stored: Predictor, leads: tuple[LeadHistory, ...], as_of: int
) -> None:
    lead = leads[0].lead_id
    big = answer(stored, asked(lead, as_of, attributes={"employees": 500}), as_of)
    small = answer(stored, asked(lead, as_of, attributes={"employees": 1}), as_of)
    known = {"value": 1, "known_at": clock.iso(as_of - DAY)}
    dated = answer(
        stored, asked(lead, as_of, attributes={"employees": [known, {"value": 500, "known_at": None}]}), as_of
    )
    assert big == dated
    assert big != small


def test_a_lead_that_nobody_knows_fails_alone(stored: Predictor, leads: tuple[LeadHistory, ...], as_of: int) -> None:
    said = "is of no lead that the history store knows; send the lead first, or its created_at and all of it"
    body = json.dumps({"leads": [{"lead_id": "nobody"}, {"lead_id": leads[0].lead_id}]}).encode()
    first, second = json.loads(stored.predict(body, "r1", as_of).body)["leads"]
    assert (first["lead_id"], first["status"], first["error_code"]) == ("nobody", "failed", "unknown_lead")
    assert first["error_message"] == f"leads[0].lead_id: {said}"
    assert second["status"] == "scored"
    error = refused(stored, asked("nobody"), as_of)
    assert (error.problem, error.field, error.message) == (Problem.UNKNOWN_LEAD, "lead_id", said)


def test_a_lead_that_has_more_in_the_store_than_a_request_may_tell_fails_alone_and_what_was_answered_replays(
    empty_store: Store, bundle: Bundle, rulebook: Rulebook, leads: tuple[LeadHistory, ...], as_of: int
) -> None:
    one, *others = sorted(
        paired(leads[:20]), key=lambda each: len(each.interactions) + len(each.account_interactions or ())
    )
    fill(empty_store, [one, *others])
    most = len(others[-1].interactions) + len(others[-1].account_interactions or ())
    large = others[-1].lead_id
    answer(Predictor(bundle, rulebook, most, store=empty_store), asked(large, as_of), as_of)
    stored = Predictor(bundle, rulebook, most - 1, store=empty_store)
    body = json.dumps({"leads": [{"lead_id": large}, {"lead_id": one.lead_id}]}).encode()
    first, second = json.loads(stored.predict(body, "r1", as_of).body)["leads"]
    said = (
        f"is of a lead that has more than {most - 1} interactions in the history store, its account's included; the "
        "service's LEAD_SCORING_MAX_INTERACTIONS allows for more"
    )
    assert (first["error_code"], first["error_message"]) == ("invalid_lead", f"leads[0].lead_id: {said}")
    assert second["status"] == "scored"
    error = refused(stored, asked(large, as_of), as_of)
    assert (error.problem, error.field, error.message) == (Problem.INVALID_LEAD, "lead_id", said)
    (row,) = answers.scores_of(empty_store, large)
    assert inputs(empty_store, row) == others[-1]


def test_who_objected_is_not_scored_also_where_the_request_tells_all(
    stored: Predictor, leads: tuple[LeadHistory, ...], as_of: int
) -> None:
    people.suppress(stored.store, leads[1].lead_id, as_of)
    whole = json.dumps(mapping.request_of(leads[1], as_of)).encode()
    for body in (asked(leads[1].lead_id, as_of), whole):
        error = refused(stored, body, as_of)
        assert error.problem is Problem.SUPPRESSED
        assert str(error) == "lead_id: is of a lead that has objected to being scored"
    assert answers.count(stored.store) == 0


def test_a_lead_that_was_merged_away_is_answered_as_the_one_that_it_became(
    stored: Predictor, leads: tuple[LeadHistory, ...], as_of: int
) -> None:
    people.merge(stored.store, leads[0].lead_id, leads[1].lead_id, as_of - DAY, as_of)
    one, other = (answer(stored, asked(each.lead_id, as_of), as_of) for each in leads[:2])
    assert one == other
    assert one["lead_id"] == leads[1].lead_id
    given = answers.scores_of(stored.store, leads[0].lead_id)
    assert [each.lead_id for each in given] == [leads[1].lead_id] * 2


def test_each_answer_is_kept_as_it_went_out_and_no_failure_is(
    stored: Predictor, leads: tuple[LeadHistory, ...], as_of: int
) -> None:
    told = mapping.request_of(leads[50])
    body = {"as_of": clock.iso(as_of), "leads": [{"lead_id": leads[0].lead_id}, told, {"lead_id": "nobody"}, 7]}
    rows = json.loads(stored.predict(json.dumps(body).encode(), "r9", as_of + 5).body)["leads"]
    (one,), (other,) = (answers.scores_of(stored.store, leads[place].lead_id) for place in (0, 50))
    assert answers.count(stored.store) == 2
    assert (one.request_id, one.as_of, one.answered_at, one.stored, one.given) == ("r9", as_of, as_of + 5, 1, None)
    assert (other.stored, json.loads(other.given or "")) == (0, told)
    assert one.watermark == other.watermark == stored.store.watermark()
    for kept, row in zip((one, other), rows, strict=False):
        for name in ("probability_sql", "probability_customer", "score", "grade", "rule_points", "rule_stage"):
            assert getattr(kept, name) == row[name]
        assert clock.iso_or_none(kept.valid_until) == row["valid_until"]


def test_of_a_lead_that_is_forgotten_while_it_is_scored_no_line_is_logged(
    empty_store: Store, bundle: Bundle, rulebook: Rulebook, leads: tuple[LeadHistory, ...], as_of: int, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    fill(empty_store, [alone(one) for one in leads[:3]])
    folder = tmp_path / "log"
    predictor = Predictor(bundle, rulebook, 10_000, RequestLog(folder, 2**30), store=empty_store)
    gone, keep = leads[1].lead_id, answers.keep

    def after_a_removal(store: Store, rows: Sequence[ScoreRow], now: int, *told: Any) -> tuple[int | None, ...]:
        forgetting.remove(store, forgetting.begin(store, gone, as_of))
        return keep(store, rows, now, *told)

    monkeypatch.setattr(answers, "keep", after_a_removal)
    body = {"as_of": clock.iso(as_of), "leads": [{"lead_id": one.lead_id} for one in leads[:3]]}
    predictor.predict(json.dumps(body).encode(), "r1", as_of)
    lines = [json.loads(line) for one in folder.iterdir() for line in one.read_bytes().splitlines()]
    assert [line["lead_id"] for line in lines if "lead_id" in line] == [leads[0].lead_id, leads[2].lead_id]


def test_what_an_answer_was_made_from_is_read_again_though_more_came_since(
    stored: Predictor, leads: tuple[LeadHistory, ...], as_of: int
) -> None:
    lead = alone(leads[2])
    answer(stored, asked(lead.lead_id, as_of, outcomes=[{"stage": "sql", "reached_at": clock.iso(as_of - 1)}]), as_of)
    later = leads[3].interactions[0]._replace(interaction_id="later")
    stored.store.add_interactions([InteractionRow(lead.lead_id, later)], as_of)
    stored.store.add_outcomes([OutcomeRow(lead.lead_id, Outcome(Stage.LOST, as_of - 1))], as_of)
    (row,) = answers.scores_of(stored.store, lead.lead_id)
    assert inputs(stored.store, row) == replace(lead, outcomes=(*lead.outcomes, Outcome(Stage.SQL, as_of - 1)))


def test_a_database_that_does_not_answer_is_a_503_that_may_be_sent_again(
    bundle: Bundle, rulebook: Rulebook, as_of: int
) -> None:
    gone = Store(Database("postgresql://nobody@127.0.0.1:1/crm"))
    error = refused(Predictor(bundle, rulebook, 10_000, store=gone), asked("L1"), as_of)
    assert (error.problem, error.headers) == (Problem.STORE_UNAVAILABLE, (("retry-after", "2"),))
    assert error.message == (
        "the history store does not answer; send the request again in a few seconds, nothing counts twice"
    )


def test_without_a_store_a_lead_is_told_whole(predictor: Predictor, as_of: int) -> None:
    assert str(refused(predictor, asked("L1"), as_of)) == "created_at: is missing; it must be there"
    error = refused(predictor, asked("L1", created_at=None), as_of)
    assert str(error).startswith("created_at: is not a text; write the time with its offset")
    with pytest.raises(RequestError, match=r"^this service has no history store; LEAD_SCORING_STORE names one$"):
        _ = predictor.store
