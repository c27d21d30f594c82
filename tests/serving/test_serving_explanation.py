"""`/v1/explain` leaves nothing out: what it lists adds up to the answer that it explains."""

import json
import math
from collections import Counter
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
import small_bundle  # tests/serving/conftest.py finds it

from histories import clock
from histories.clock import DAY
from histories.contract import Attribute, Interaction, LeadHistory, Outcome, Stage, Target
from scoring import rulebook as rulebooks
from scoring.bundle import Bundle
from scoring.chain import Chain, sql_column
from scoring.rulebook import Rulebook
from serving.predictor import Predictor
from serving.wire.errors import RequestError
from serving.wire.mapping import request_of

DAYS_30 = {Target.SQL: small_bundle.model(Target.SQL, 30), Target.CUSTOMER: small_bundle.model(Target.CUSTOMER, 30)}


def chained() -> Bundle:
    parts = small_bundle.model(Target.SQL, 30), small_bundle.model(Target.CUSTOMER, 30)
    models = {**DAYS_30, Target.CUSTOMER: Chain(*parts, sql_column(small_bundle.catalogue()))}
    return replace(small_bundle.bundle(), models=models)


BUNDLES = {
    "apart": small_bundle.bundle(),
    "bounded": replace(small_bundle.bundle(), models=DAYS_30),
    "chained": chained(),
}


def explained(
    predictor: Predictor, lead: LeadHistory, as_of: int, parse_float: type = float, reasons: int = 3
) -> dict[str, Any]:
    body = json.dumps(request_of(lead, as_of, reasons)).encode()
    return json.loads(predictor.explain(body, "r1", 0).body, parse_float=parse_float)  # type: ignore[no-any-return]


def sigmoid(log_odds: float) -> float:
    return 1 / (1 + math.exp(-log_odds))


@pytest.mark.parametrize("name", BUNDLES)
def test_everything_listed_adds_up_to_the_log_odds_of_the_probability_that_is_served(
    name: str, rulebook: Rulebook, leads: tuple[LeadHistory, ...], as_of: int
) -> None:
    predictor, capped, answered = Predictor(BUNDLES[name], rulebook, 10_000), 0, Counter[str]()
    for lead in leads[:60]:
        found = explained(predictor, lead, as_of)
        for one in found["probabilities"]:
            parts = [one["bias"], one["points"], one["cap"], *(part["effect"] for part in one["contributions"])]
            assert math.fsum(parts) == pytest.approx(one["log_odds"], abs=1e-9)
            assert one["probability"] == found["answer"][f"probability_{one['target']}"]
            assert one["probability"] == pytest.approx(sigmoid(one["log_odds"]), rel=1e-12)
            assert one["cap"] <= 0
            capped += one["cap"] < 0
            answered[one["target"]] += 1
        assert len(found["probabilities"]) == sum(
            found["answer"][f"probability_{target}"] is not None for target in ("sql", "customer")
        )
    assert set(answered) == {"sql", "customer"}
    assert (capped > 0) == (name == "bounded")  # a chain's P(customer) is a product, and never above P(sql)


def test_the_answer_within_is_that_of_predict_one(
    predictor: Predictor, leads: tuple[LeadHistory, ...], as_of: int
) -> None:
    for lead in leads[:10]:
        body = json.dumps(request_of(lead, as_of, 10)).encode()
        one = json.loads(predictor.predict_one(body, "r1", 0).body)
        found = json.loads(predictor.explain(body, "r1", 0).body)
        around = {name: found[name] for name in ("request_id", "as_of", "model_version", "rulebook_version")}
        assert found["answer"] | around == one


def test_contributions_of_one_code_add_up_to_the_reason_of_that_code(
    predictor: Predictor, leads: tuple[LeadHistory, ...], as_of: int
) -> None:
    for lead in leads[:20]:
        found = explained(predictor, lead, as_of, reasons=10)
        asked = {one["target"]: one for one in found["probabilities"]}
        if (told := asked.get("customer") or asked.get("sql")) is None:
            continue
        sums: Counter[str] = Counter()
        for part in told["contributions"]:
            sums[part["code"]] += part["effect"]
        sums["points"] += told["points"]
        assert found["answer"]["reasons"]
        for reason in found["answer"]["reasons"]:
            assert sums[reason["code"]] == pytest.approx(reason["effect"], abs=1e-9)


def test_contributions_come_strongest_first_and_without_those_that_add_nothing(
    predictor: Predictor, leads: tuple[LeadHistory, ...], as_of: int
) -> None:
    for one in explained(predictor, leads[0], as_of)["probabilities"]:
        sizes = [abs(part["effect"]) for part in one["contributions"]]
        assert sizes == sorted(sizes, reverse=True)
        assert min(sizes) > 0


def test_the_ledger_adds_up_to_the_points_exactly(
    predictor: Predictor, leads: tuple[LeadHistory, ...], as_of: int
) -> None:
    floors = 0
    for lead in leads[:80]:
        found = explained(predictor, lead, as_of, Decimal)
        ledger, entries = found["ledger"], found["ledger"]["entries"]
        assert sum(Decimal(one["counted"]) for one in entries) == ledger["rule_points"]
        assert ledger["rule_points"] == found["answer"]["rule_points"]
        for group in ("engagement", "fit", "qualification"):
            assert sum(Decimal(one["counted"]) for one in entries if one["group"] == group) == ledger[group]
        for one in entries:
            assert one["counted"] == one["decayed"] - one["cut_by_rule_limit"] - one["cut_by_group_limit"]
        floors += any(one["group"] == "floor" for one in entries)
    assert floors


BOOK = """
name = "by hand"
[[engagement]]
rule = "Looked at prices"
kinds = ["session:pricing_page"]
points = 10
limit = 16
half_life_days = 30
[[engagement]]
rule = "Answered"
kinds = ["reply"]
points = 8
[[fit]]
rule = "Mid-size company"
attribute = "employees"
between = [200, 2000]
points = 15
[limits]
engagement = 20
"""


def test_a_ledger_counted_by_hand_says_which_limit_cut_what(bundle: Bundle) -> None:
    predictor = Predictor(bundle, rulebooks.parse(BOOK, "rulebook.toml"), 10_000)
    as_of = clock.parse("2026-03-02")
    seen = (
        Interaction("web:1", as_of - 30 * DAY, "session:pricing_page"),  # 10, halved: 5
        Interaction("web:2", as_of - 1, "session:pricing_page"),  # 10: the limit of the group leaves 7
        Interaction("web:3", as_of - 1, "session:pricing_page"),  # 10: the limit of 16 leaves 1, the group none
        Interaction("mail:1", as_of - 1, "reply"),  # 8: of one moment, ids say which is older
    )
    lead = LeadHistory("L1", as_of - 40 * DAY, None, (Attribute("employees", 240.0),), seen)
    ledger = explained(predictor, lead, as_of)["ledger"]
    rows = [
        (one["rule"], one["interaction_id"], one["points"], one["decayed"], one["cut_by_rule_limit"], one["cut_by_group_limit"], one["counted"])
        for one in ledger["entries"]
    ]  # fmt: skip
    assert rows == [
        ("Mid-size company", None, 15, 15, 0, 0, 15),
        ("Looked at prices", "web:1", 10, 5, 0, 0, 5),
        ("Answered", "mail:1", 8, 8, 0, 0, 8),
        ("Looked at prices", "web:2", 10, 10, 0, 3, 7),
        ("Looked at prices", "web:3", 10, 10, 9, 1, 0),
    ]
    assert [one["at"] for one in ledger["entries"]][:2] == ["2026-01-21T00:00:00Z", "2026-01-31T00:00:00Z"]
    assert (ledger["rule_points"], ledger["engagement"], ledger["fit"]) == (35, 20, 15)


def test_the_feature_row_has_every_column_of_the_catalogue_with_missing_as_null(
    predictor: Predictor, bundle: Bundle, as_of: int
) -> None:
    lead = LeadHistory("L1", as_of - DAY, None, (Attribute("industry", "retail"), Attribute("seniority", "pilot")))
    features = {one["name"]: one for one in explained(predictor, lead, as_of)["features"]}
    assert tuple(features) == bundle.catalogue.names
    assert [features["lead_age_days"][key] for key in ("value", "text", "unit")] == [1.0, None, "days"]
    assert features["interactions_count_7d"]["value"] == 0
    assert features["interactions_age_days"]["value"] is None
    by_signal = {one.signal: features[one.name] for one in bundle.catalogue.features}
    assert by_signal["attribute:industry"]["text"] == "retail"
    assert by_signal["attribute:seniority"]["text"] == "other"
    assert by_signal["attribute:budget"]["value"] is None
    assert all(one["meaning"] for one in features.values())


def test_of_a_customer_no_probability_is_explained_but_its_points_are(predictor: Predictor, as_of: int) -> None:
    lead = LeadHistory("L1", as_of - 9 * DAY, outcomes=(Outcome(Stage.CUSTOMER, as_of - DAY),))
    found = explained(predictor, lead, as_of)
    assert found["probabilities"] == []
    assert found["ledger"]["rule_points"] == found["answer"]["rule_points"] == 0


def test_a_lead_that_cannot_be_scored_cannot_be_explained(predictor: Predictor, as_of: int) -> None:
    with pytest.raises(RequestError) as caught:
        explained(predictor, LeadHistory("L1", as_of + DAY), as_of)
    assert (caught.value.problem.status, caught.value.code) == (400, "created_after_as_of")
