"""`/v1/why` and `lead-scoring why`: two answers of the store held against each other, on SQLite and on PostgreSQL."""

import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from serving_stored import answer, asked, fill

from histories import clock, store
from histories.clock import DAY
from histories.contract import Interaction, LeadHistory
from histories.errors import CallError, DataError
from histories.store import InteractionRow, LeadRow, Store
from histories.store.kept import answers
from histories.store.privacy import forgetting, people
from scoring import rulebook as rulebooks
from scoring.bundle import Bundle
from scoring.rulebook import Rulebook
from scoring.scorer import Scorer
from serving.live.comparing import Comparing
from serving.predictor import Predictor
from serving.wire.errors import Problem, RequestError

LEAD = "L-why"


@pytest.fixture
def edited(rulebook: Rulebook) -> Rulebook:
    """The rulebook with 4 points more for a look at prices."""
    return rulebooks.parse(rulebook.source.replace("points = 10\n", "points = 14\n", 1), "rulebook.toml")


@pytest.fixture
def swapped(bundle: Bundle) -> Bundle:
    """The bundle with fewer members in its models."""
    models = {target: replace(one, members=one.members[:2]) for target, one in bundle.models.items()}
    return replace(bundle, models=models)


@pytest.fixture
def told(empty_store: Store, bundle: Bundle, rulebook: Rulebook, as_of: int) -> Predictor:
    """A service that answered for a lead, which has looked at prices once; ten days on it looks again, and answers."""
    empty_store.add_leads([LeadRow(LEAD, as_of - 20 * DAY)], as_of - 20 * DAY)
    visited(empty_store, "a", as_of - 15 * DAY)
    predictor = Predictor(bundle, rulebook, 10_000, store=empty_store)
    predictor.archive(as_of - 10 * DAY)
    answer(predictor, asked(LEAD), as_of - 10 * DAY)
    visited(empty_store, "b", as_of - 2 * DAY)
    return predictor


def visited(store: Store, name: str, at: int) -> None:
    row = InteractionRow(LEAD, Interaction(name, at, "session:pricing_page", at + 1_000_000, "web", None, 3.0))
    store.add_interactions([row], at + 1_000_000)


def why(
    predictor: Predictor, begin: int, until: int | None, now: int, parse: type = float, **more: Any
) -> dict[str, Any]:
    moments = {"from_time": clock.iso(begin)} | ({} if until is None else {"to_time": clock.iso(until)})
    body = json.dumps({"lead_id": LEAD, **moments, **more}).encode()
    return json.loads(predictor.why_answers.why(body, "r1", now).body, parse_float=parse)  # type: ignore[no-any-return]


def effects(change: dict[str, Any]) -> dict[str, Any]:
    return {one["cause"]: one["effect"] for one in change["parts"] if one["effect"]}


def refused(predictor: Predictor, begin: int, until: int, now: int) -> RequestError:
    with pytest.raises(RequestError) as caught:
        why(predictor, begin, until, now)
    return caught.value


def test_two_answers_that_were_given_differ_by_parts_that_add_up(told: Predictor, bundle: Bundle, as_of: int) -> None:
    first, second = as_of - 10 * DAY, as_of
    given = [answer(told, asked(LEAD), second)]
    rows = answers.scores_of(told.store, LEAD)
    found = why(told, first + 3_600_000_000, second + DAY, second + DAY)
    assert (found["request_id"], found["lead_id"]) == ("r1", LEAD)
    assert [found[side]["answered_at"] for side in ("before", "after")] == [clock.iso(first), clock.iso(second)]
    assert {found[side]["text"] for side in ("before", "after")} == {"The answer that was given"}
    assert {found[side]["model_version"] for side in ("before", "after")} == {bundle.version}
    assert {one["cause"]: one["facts"] for one in found["causes"]} == {
        "interactions": ["1 new interaction: 1 pricing page visit"],
        "ageing": ["10 days passed"],
    }
    points = found["points"]
    assert [points["before"], points["after"]] == [one.rule_points for one in rows]
    assert points["after"] == given[0]["rule_points"]
    for change in found["probabilities"]:
        target = change["target"]
        ends = [getattr(one, f"probability_{target}") for one in rows]
        assert [change["before"], change["after"]] == pytest.approx(ends, abs=1e-12)
        assert change["before"] + sum(one["effect"] for one in change["parts"]) == change["after"]
        odds = sum(one["log_odds_effect"] for one in change["parts"])
        assert change["log_odds_before"] + odds == change["log_odds_after"]
        for part in change["parts"]:
            assert sum(one["effect"] for one in part["moved"]) + part["rest"] == part["log_odds_effect"]
        assert set(effects(change)) <= {"interactions", "ageing"}
    assert {change["target"] for change in found["probabilities"]} == {"sql", "customer"}


def test_points_add_up_in_decimals_and_name_rules_and_interactions(told: Predictor, as_of: int) -> None:
    answer(told, asked(LEAD), as_of)
    points = why(told, as_of - 9 * DAY, None, as_of + DAY, parse=Decimal)["points"]
    assert sum((one["effect"] for one in points["parts"]), points["before"]) == points["after"]
    by_cause = {one["cause"]: one for one in points["parts"]}
    (new,), (old,) = by_cause["interactions"]["moved"], by_cause["ageing"]["moved"]
    assert new["code"] == old["code"] == "rule:Looked at prices"
    assert [one["interaction_id"] for one in new["interactions"]] == ["b"]
    assert [one["interaction_id"] for one in old["interactions"]] == ["a"]
    # 10 points, halved every 30 days: 5 days old, then 15 days; and 2 days old
    assert (old["effect"], new["effect"]) == (Decimal("-1.84"), Decimal("9.55"))


def test_a_rulebook_edit_and_a_model_swap_between_two_answers_have_parts_of_their_own(
    told: Predictor, swapped: Bundle, edited: Rulebook, as_of: int
) -> None:
    later = Predictor(swapped, edited, 10_000, store=told.store)
    later.archive(as_of)
    answer(later, asked(LEAD), as_of)
    for asked_of in (told, later):  # whoever is asked: both answers bring their own bundle and rulebook
        found = why(asked_of, as_of - 9 * DAY, as_of, as_of)
        assert set(effects(found["points"])) == {"interactions", "ageing", "rulebook"}
        assert all("model" in effects(one) and "rulebook" not in effects(one) for one in found["probabilities"])
        facts = {one["cause"]: one["facts"] for one in found["causes"]}
        assert facts["rulebook"][1:] == ["“Looked at prices”: 10 → 14 points"]
        assert facts["model"] == [f"Model {swapped.version} in place of {found['before']['model_version']}"]


def test_where_no_answer_was_given_it_is_what_is_in_force_that_would_have_answered(
    told: Predictor, swapped: Bundle, rulebook: Rulebook, as_of: int
) -> None:
    predictor = Predictor(swapped, rulebook, 10_000, store=told.store)
    found = why(predictor, as_of - 12 * DAY, as_of, as_of)
    assert [found[side]["answered_at"] for side in ("before", "after")] == [None, clock.iso(as_of - 10 * DAY)]
    assert found["before"]["as_of"] == clock.iso(as_of - 12 * DAY)
    assert found["before"]["model_version"] == swapped.version
    assert found["before"]["text"].startswith("No answer was given: ")


def test_without_an_answer_in_between_the_later_one_is_what_would_be_answered(
    told: Predictor, bundle: Bundle, rulebook: Rulebook, as_of: int
) -> None:
    found = why(told, as_of - 9 * DAY, as_of, as_of)
    assert [found[side]["answered_at"] for side in ("before", "after")] == [clock.iso(as_of - 10 * DAY), None]
    (now,) = Scorer(bundle, rulebook).score([store.lead(told.store, LEAD)], as_of)
    assert found["points"]["after"] == now.rule_points


def test_what_ifs_are_no_answers_that_were_given(told: Predictor, as_of: int) -> None:
    demo = {"occurred_at": clock.iso(as_of - 5 * DAY), "kind": "demo_request"}
    answer(told, asked(LEAD, interactions=[demo]), as_of - DAY)
    found = why(told, as_of - 9 * DAY, as_of, as_of)
    assert found["after"]["answered_at"] is None


def test_an_answer_of_which_something_is_forgotten_counts_as_not_given(
    empty_store: Store, bundle: Bundle, rulebook: Rulebook, leads: tuple[LeadHistory, ...], as_of: int
) -> None:
    fill(empty_store, leads)
    predictor = Predictor(bundle, rulebook, 10_000, store=empty_store)
    predictor.archive(as_of)
    lead = next(one for one in leads if one.account_interactions)
    colleague = next(one for one in leads if one.account_id == lead.account_id and one.lead_id != lead.lead_id)
    answer(predictor, asked(lead.lead_id), as_of)
    comparing = Comparing(empty_store, lambda: (bundle, rulebook))
    given = comparing.compare(lead.lead_id, as_of, as_of + DAY, 3).before.given
    assert given is not None
    assert given.answered_at == as_of
    forgetting.remove(empty_store, forgetting.begin(empty_store, colleague.lead_id, as_of + 1))
    assert comparing.compare(lead.lead_id, as_of, as_of + DAY, 3).before.given is None


def test_what_cannot_be_compared_is_refused_without_the_leads_name(told: Predictor, as_of: int) -> None:
    first = as_of - 10 * DAY
    assert str(refused(told, as_of, as_of, as_of)) == "from_time: is not before to_time; name the earlier moment"
    assert str(refused(told, as_of, as_of + 1, as_of)) == "to_time: lies in the future; nothing is known of it yet"
    assert str(refused(told, as_of - 30 * DAY, as_of, as_of)) == (
        "from_time: lies before the lead was created; name a later moment"
    )
    people.suppress(told.store, LEAD, as_of)
    error = refused(told, first, as_of, as_of)
    assert (error.problem, error.field) == (Problem.SUPPRESSED, "lead_id")
    with pytest.raises(RequestError) as caught:
        told.why_answers.why(json.dumps({"lead_id": "x", "from_time": clock.iso(first)}).encode(), "r1", as_of)
    assert caught.value.problem is Problem.UNKNOWN_LEAD
    with pytest.raises(
        RequestError, match=r"^till: is not a known key; allowed are lead_id, from_time, to_time, reasons"
    ):
        why(told, first, as_of, as_of, till="x")


def test_without_a_store_there_is_nothing_to_compare(predictor: Predictor) -> None:
    with pytest.raises(RequestError) as caught:
        _ = predictor.why_answers
    assert caught.value.problem is Problem.NO_STORE


def test_moments_the_wrong_way_round_and_a_lead_of_later_are_errors_of_the_call(
    told: Predictor, bundle: Bundle, rulebook: Rulebook, as_of: int
) -> None:
    comparing = Comparing(told.store, lambda: (bundle, rulebook))
    with pytest.raises(CallError, match=r"^2026-05-01T00:00:00Z is not before 2026-04-30T00:00:00Z; name the earlier"):
        comparing.compare(LEAD, as_of, as_of - DAY, 3)
    with pytest.raises(
        DataError, match=r"^lead 'L-why' was created at 2026-04-11T00:00:00Z, after 2026-04-01T00:00:00Z"
    ):
        comparing.compare(LEAD, as_of - 30 * DAY, as_of, 3)
    with pytest.raises(DataError, match=r"^the store knows no lead 'nobody'$"):
        comparing.compare("nobody", as_of - 30 * DAY, as_of, 3)
