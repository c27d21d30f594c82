"""From bytes to bytes, without HTTP: what comes back is what the scorer says, and a bad lead stops no other."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from serving_client import batch_of

from histories import clock
from histories.contract import LeadHistory
from scoring.bundle import Bundle
from scoring.rulebook import Rulebook
from scoring.scorer import Scorer
from serving.predictor import Predictor
from serving.wire import answers, mapping
from serving.wire.errors import RequestError

ROW = [
    "lead_id", "status", "error_code", "error_message", "probability_sql", "probability_customer", "score", "grade",
    "rule_points", "rule_grade", "rule_stage", "stage", "agreement", "next_action", "follow_up_by", "reasons",
    "rule_reasons", "valid_until", "warnings",
]  # fmt: skip
AROUND = ["request_id", "as_of", "model_version", "rulebook_version"]
TOUCH = {"interaction_id": "x:1", "occurred_at": "2026-02-01T00:00:00Z", "kind": "reply"}


def batch(predictor: Predictor, body: Any, now: int = 0) -> dict[str, Any]:
    return json.loads(predictor.predict(json.dumps(body).encode(), "r1", now).body)  # type: ignore[no-any-return]


def refused(predictor: Predictor, body: Any, now: int) -> RequestError:
    with pytest.raises(RequestError) as caught:
        predictor.predict_one(json.dumps(body).encode(), "r1", now)
    return caught.value


@pytest.mark.parametrize("reasons", [0, 3, 10])
def test_a_batch_is_answered_as_the_scorer_does_bit_for_bit(
    predictor: Predictor, bundle: Bundle, rulebook: Rulebook, leads: tuple[LeadHistory, ...], as_of: int, reasons: int
) -> None:
    some = leads[:200]
    answer = batch(predictor, batch_of(some, as_of, reasons))
    expected = [
        answers.row(one).model_dump(mode="json") for one in Scorer(bundle, rulebook).score(some, as_of, reasons)
    ]
    assert answer["leads"] == expected
    assert {one["status"] for one in answer["leads"]} == {"scored"}
    assert {one["probability_sql"] is None for one in answer["leads"]} == {True, False}


def test_what_is_around_the_rows_says_which_model_rulebook_and_moment(
    predictor: Predictor, bundle: Bundle, rulebook: Rulebook, leads: tuple[LeadHistory, ...], as_of: int
) -> None:
    answer = batch(predictor, batch_of(leads[:1]), as_of)
    assert list(answer) == [*AROUND, "leads"]
    assert [answer[name] for name in AROUND] == ["r1", clock.iso(as_of), bundle.version, rulebook.version]
    assert list(answer["leads"][0]) == ROW
    explicit = batch(predictor, batch_of(leads[:1], as_of), as_of + clock.DAY)
    assert explicit == answer


def test_one_lead_flat_is_its_row_of_a_batch(predictor: Predictor, leads: tuple[LeadHistory, ...], as_of: int) -> None:
    for lead in leads[:20]:
        one = json.loads(predictor.predict_one(json.dumps(mapping.request_of(lead, as_of)).encode(), "r1", 0).body)
        (row,) = batch(predictor, batch_of([lead], as_of))["leads"]
        assert {name: one[name] for name in ROW} == row
        assert sorted(one) == sorted([*AROUND, *ROW])


def test_a_bad_lead_fails_in_its_own_row_and_the_others_are_scored(
    predictor: Predictor, leads: tuple[LeadHistory, ...], as_of: int
) -> None:
    good = batch_of(leads[:3], as_of)
    rows = [json.loads(json.dumps(one)) for one in good["leads"]]  # type: ignore[union-attr]
    rows.insert(1, {**rows[0], "lead_id": "late", "interactions": [{"occurred_at": "2026-02-01", "kind": "reply"}]})
    rows.insert(3, "no lead at all")
    rows.insert(4, {**rows[0], "lead_id": "unborn", "created_at": "2026-12-01T00:00:00Z"})
    rows.append({**rows[0], "attributes": {"employees": "many"}})
    answer = batch(predictor, {**good, "leads": rows})
    scored = batch(predictor, good)["leads"]
    assert [answer["leads"][place] for place in (0, 2, 5)] == scored
    failed = [answer["leads"][place] for place in (1, 3, 4, 6)]
    assert [(one["lead_id"], one["error_code"]) for one in failed] == [
        ("late", "invalid_lead"),
        (None, "invalid_lead"),
        ("unborn", "created_after_as_of"),
        (rows[0]["lead_id"], "invalid_lead"),
    ]
    assert failed[0]["error_message"].startswith("leads[1].interactions[0].occurred_at: has no offset; ")
    assert failed[1]["error_message"] == "leads[3]: is not an object; write one in braces"
    assert failed[3]["error_message"].startswith("leads[6].attributes.employees: is not a number; ")
    for row in failed:
        assert {name for name, value in row.items() if value not in (None, [])} <= {
            "lead_id",
            "status",
            "error_code",
            "error_message",
        }


def test_a_batch_of_bad_leads_alone_is_answered_row_by_row(predictor: Predictor) -> None:
    reply = predictor.predict(b'{"leads": [1, null]}', "r1", 0)
    assert (reply.counts.scored, reply.counts.failed) == (0, 2)
    assert [one["status"] for one in json.loads(reply.body)["leads"]] == ["failed", "failed"]


def test_a_bad_lead_alone_is_an_error_that_names_the_field(
    predictor: Predictor, leads: tuple[LeadHistory, ...], as_of: int
) -> None:
    body = mapping.request_of(leads[0])
    error = refused(predictor, {**body, "interactions": [{**TOUCH, "value": "12"}]}, as_of)
    assert (error.problem.status, error.field) == (400, "interactions[0].value")
    later = refused(predictor, body, 0)
    assert (later.problem.status, later.code) == (400, "created_after_as_of")


def test_unknown_kinds_and_attributes_and_later_interactions_are_warned_of(
    predictor: Predictor, leads: tuple[LeadHistory, ...], as_of: int
) -> None:
    body = mapping.request_of(leads[0], as_of)
    body["attributes"] = {"shoe_size": 43}
    body["interactions"] = [
        {**TOUCH, "kind": "smoke_signal"},
        {**TOUCH, "interaction_id": "x:2", "occurred_at": "9999-12-01T00:00:00Z"},
    ]
    warnings = " | ".join(batch(predictor, {"as_of": body.pop("as_of"), "leads": [body]})["leads"][0]["warnings"])
    assert "smoke_signal" in warnings
    assert "shoe_size" in warnings
    assert "1 interaction was left out: at or after as_of" in warnings


@pytest.mark.parametrize("body", [b"", b"  \n", b"{", b"\xff", b"[" * 10_000])
def test_what_is_not_json_is_refused_as_such(predictor: Predictor, body: bytes) -> None:
    for predict in (predictor.predict, predictor.predict_one):
        with pytest.raises(RequestError) as caught:
            predict(body, "r1", 0)
        assert caught.value.problem.code == "invalid_json"


def test_ten_thousand_interactions_are_scored_and_one_more_is_refused(
    predictor: Predictor, leads: tuple[LeadHistory, ...], as_of: int
) -> None:
    body = mapping.request_of(leads[0], as_of)
    body.pop("account_interactions", None)
    body["interactions"] = [{**TOUCH, "interaction_id": f"x:{number}"} for number in range(10_000)]
    assert json.loads(predictor.predict_one(json.dumps(body).encode(), "r1", 0).body)["status"] == "scored"
    body["account_interactions"] = [TOUCH]
    error = refused(predictor, body, 0)
    message = "has more than 10000 entries, the account's included; send the newest"
    assert (error.field, error.message) == ("interactions", message)
    as_of_text = body.pop("as_of")
    (row,) = batch(predictor, {"as_of": as_of_text, "leads": [body]})["leads"]
    assert row["error_message"] == f"leads[0].interactions: {message}"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just("2026-02-01T00:00:00Z"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5) | st.sampled_from([*TOUCH, "value"]), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip


@hypothesis_settings(max_examples=100, deadline=None)
@given(st.data())
def test_a_lead_with_anything_in_any_place_is_scored_or_failed(
    predictor: Predictor, leads: tuple[LeadHistory, ...], as_of: int, data: st.DataObject
) -> None:
    body = json.loads(json.dumps(mapping.request_of(leads[data.draw(st.integers(0, 20))])))
    target = data.draw(st.sampled_from([body, body["attributes"], *body["interactions"][:3], *body["outcomes"]]))
    target[data.draw(st.sampled_from([*target, "attributes", "kind", "value"]))] = data.draw(JSON)
    reply = predictor.predict(json.dumps({"as_of": clock.iso(as_of), "leads": [body]}).encode(), "r1", 0)
    (row,) = json.loads(reply.body)["leads"]
    assert row["status"] in {"scored", "failed"}
    assert (row["error_code"] is None) == (row["status"] == "scored")


@hypothesis_settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_answered_or_refused(predictor: Predictor, body: bytes) -> None:
    for predict in (predictor.predict, predictor.predict_one):
        with pytest.raises(RequestError) as caught:
            predict(body, "r1", 0)
        assert caught.value.problem.status == 400
