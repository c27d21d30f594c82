"""`/v1/model` tells what the bundle holds: versions, targets, members, what was learnt from, and how well it did."""

import json
from dataclasses import replace
from typing import Any

import pytest
import small_bundle

from histories import clock
from histories.contract import Target
from scoring import rulebook as rulebooks
from scoring.bundle import Bundle
from scoring.calibration import IDENTITY
from scoring.chain import Chain, sql_column
from scoring.model import Model, PointsMember
from scoring.ridge import RidgeMember
from scoring.rulebook import Rulebook
from serving.predictor import Predictor


def told(bundle: Bundle, rulebook: Rulebook) -> dict[str, Any]:
    reply = Predictor(bundle, rulebook, 10_000).model(b"", "r1", 0)
    assert (reply.model_version, reply.counts.scored) == (bundle.version, 0)
    return json.loads(reply.body)  # type: ignore[no-any-return]


def target_of(bundle: Bundle, model: Model | Chain) -> dict[str, Any]:
    found = told(replace(bundle, models={model.target: model}), small_bundle.book())["targets"]
    assert len(found) == 1
    return found[0]  # type: ignore[no-any-return]


def test_what_is_around_the_targets_is_bundle_rulebook_and_card(bundle: Bundle) -> None:
    other = rulebooks.parse('name = "other"', "rulebook.toml")
    found = told(bundle, other)
    assert {key: value for key, value in found.items() if key != "targets"} == {
        "request_id": "r1",
        "model_version": bundle.version,
        "rulebook_version": other.version,
        "rulebook_name": "other",
        "learnt_rulebook_version": small_bundle.book().version,
        "catalogue_version": bundle.catalogue.hash,
        "features": len(bundle.catalogue.names),
        "timezone": "Europe/Amsterdam",
        "trained_until": clock.iso(bundle.card.trained_until),
        "created_at": clock.iso(bundle.card.created_at),
        "source": "simulated leads",
        "leads": 300,
        "snapshots": 900,
        "grades": [90.0, 70.0, 40.0],
        "high_probability": bundle.policy.high_probability,
        "reference_leads": 300,
        "limits": ["Only for tests."],
    }


def test_test_figures_have_their_intervals_and_what_is_not_defined_is_null(bundle: Bundle, rulebook: Rulebook) -> None:
    sql, customer = told(bundle, rulebook)["targets"]
    assert [(one["target"], one["horizon_days"], one["converted_leads"]) for one in (sql, customer)] == [
        ("sql", 30, 90),
        ("customer", 90, 45),
    ]
    assert sql["test"] == []
    assert customer["test"] == [
        {"name": "auc", "value": 0.1 + 0.2, "low": 0.1, "high": 0.7},
        {"name": "brier", "value": None, "low": None, "high": None},
        {"name": "log_loss", "value": 1 / 3, "low": None, "high": None},
    ]


def test_members_are_told_with_their_kind_weight_and_trees(bundle: Bundle, rulebook: Rulebook) -> None:
    found = told(bundle, rulebook)["targets"][0]["members"]
    assert [(one["part"], one["kind"], one["weight"], one["trees"]) for one in found] == [
        (None, "booster", 1.0, 15),
        (None, "booster", 1.0, 15),
        (None, "points", 0.5, None),
        (None, "ridge", 2.0, None),
    ]


def test_the_step_of_the_ladder_is_read_off_the_members(bundle: Bundle) -> None:
    whole = small_bundle.model(Target.CUSTOMER, 90)
    trees, _, points, ridge = whole.members
    assert isinstance(points, PointsMember)
    assert isinstance(ridge, RidgeMember)
    steps = {
        "model": (trees,),
        "points": (points,),
        "blend": (whole.members[1], ridge),
    }
    for step, members in steps.items():
        assert target_of(bundle, Model(Target.CUSTOMER, 90, members, IDENTITY))["step"] == step


def test_a_chain_tells_the_members_of_both_its_parts(bundle: Bundle) -> None:
    parts = small_bundle.model(Target.SQL, 90), small_bundle.model(Target.CUSTOMER, 90)
    found = target_of(bundle, Chain(*parts, sql_column(small_bundle.catalogue())))
    assert (found["target"], found["step"], found["horizon_days"]) == ("customer", "chain", 90)
    assert [one["part"] for one in found["members"]] == ["sql"] * 4 + ["given_sql"] * 4


@pytest.mark.parametrize("source", ["/home/jane/exports/crm.toml", r"C:\Users\jane\exports\crm.toml"])
def test_of_the_export_the_folder_and_the_file_are_told_and_not_where_they_lay(
    bundle: Bundle, rulebook: Rulebook, source: str
) -> None:
    assert told(replace(bundle, card=replace(bundle.card, source=source)), rulebook)["source"].endswith(
        "exports/crm.toml"
    )
    assert "jane" not in json.dumps(told(replace(bundle, card=replace(bundle.card, source=source)), rulebook))
