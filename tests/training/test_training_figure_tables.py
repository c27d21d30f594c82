"""The tables behind the figures hold the figures' own numbers."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from mlflow import MlflowClient
from small_company import Trained

from training import figure_tables
from training.importance import shares
from training.lineup import Lineup

NAMES = ("reliability", "gains_lift", "distributions", "quadrants", "precision_at_capacity", "auc_by_age", "importance")


def rows(trained: Trained, name: str) -> list[dict[str, object]]:
    client = MlflowClient(trained.tracker.uri)
    kept = json.loads(Path(client.download_artifacts(trained.result.run_id, f"tables/{name}.json")).read_text())
    return [dict(zip(kept["columns"], row, strict=True)) for row in kept["data"]]


def customer(found: list[dict[str, object]], **wanted: object) -> list[dict[str, object]]:
    wanted = {"target": "customer", **wanted}
    return [row for row in found if all(row[key] == value for key, value in wanted.items())]


def lineup(trained: Trained) -> Lineup:
    return trained.result.lineups[0]


@pytest.fixture(scope="module")
def read(trained: Trained) -> dict[str, list[dict[str, object]]]:
    return {name: rows(trained, name) for name in NAMES}


def test_every_figure_has_its_table(trained: Trained) -> None:
    client = MlflowClient(trained.tracker.uri)
    tables = {Path(one.path).stem for one in client.list_artifacts(trained.result.run_id, "tables")}
    pictures = {
        Path(one.path).stem.partition("_")[2] for one in client.list_artifacts(trained.result.run_id, "figures")
    }
    assert tables == pictures == set(NAMES)


def test_every_score_of_every_target_is_in_each_table(read: dict[str, list[dict[str, object]]]) -> None:
    for name in set(NAMES) - {"quadrants", "importance"}:
        found = {(row["target"], row["score"]) for row in read[name]}
        assert found == {(target, score) for target in ("customer", "sql") for score in ("model", "rules")}, name


def test_the_reliability_curve_holds_every_snapshot_once_and_rises(trained: Trained, read: dict) -> None:
    for kind in ("curve", "tenth"):
        found = customer(read["reliability"], score="model", kind=kind)
        assert sum(row["snapshots"] for row in found) == lineup(trained).rows.num_rows
    observed = [row["observed"] for row in customer(read["reliability"], score="model", kind="curve")]
    assert observed == sorted(observed)
    curve = customer(read["reliability"], score="model", kind="curve")
    conversions = sum(row["observed"] * row["snapshots"] for row in curve)
    assert conversions == pytest.approx(lineup(trained).labels.sum(), abs=0.01)


def test_the_quadrants_hold_every_snapshot_and_conversion_once(trained: Trained, read: dict) -> None:
    found = customer(read["quadrants"])
    assert sum(row["snapshots"] for row in found) == lineup(trained).rows.num_rows
    assert sum(row["conversions"] for row in found) == lineup(trained).labels.sum()


def test_the_teams_own_capacity_is_a_point_of_the_curve_with_an_interval(trained: Trained, read: dict) -> None:
    (own,) = customer(read["precision_at_capacity"], score="model", own_capacity=True)
    measured = lineup(trained).capacity["model"]
    assert own["calls_per_week"] == measured.calls_per_week == 20
    assert own["precision"] == pytest.approx(measured.measures.precision, abs=1e-6)
    assert own["low"] < own["precision"] < own["high"]


def test_gains_end_at_everything_and_distributions_hold_everybody(read: dict) -> None:
    assert customer(read["gains_lift"], score="rules")[-1]["share_of_conversions"] == 1
    for group in ("share_of_converted", "share_of_others"):
        assert sum(row[group] for row in customer(read["distributions"], score="model")) == pytest.approx(1, abs=1e-4)


def test_the_model_goes_by_what_the_company_was_made_from(read: dict) -> None:
    """Quotes tell; they belong to no family."""
    found = customer(read["importance"])
    shares = [row["share_of_effects"] for row in found]
    assert sum(shares) == pytest.approx(1, abs=1e-4)
    assert shares == sorted(shares, reverse=True)
    assert found[0]["family"] in {"kinds of no family", "all interactions"}


def test_a_familys_share_is_how_far_its_columns_together_move_the_log_odds(trained: Trained) -> None:
    """Two rows: what columns of one family give and take within a row is set off, between rows it is not."""
    catalogue = trained.result.bundle.catalogue
    values = np.zeros((2, len(catalogue.names) + 2))
    visits = [place for place, one in enumerate(catalogue.features) if one.signal == "direction:inbound"][:2]
    values[0, visits], values[1, visits] = (1.0, -0.5), (-0.75, -0.75)
    values[:, catalogue.names.index("lead_age_days")] = (0.5, -0.5)
    values[:, -2] = (0.25, 0.25)  # the points
    values[:, -1] = 100.0  # the bias is nobody's
    found = shares(values, catalogue)
    assert found == pytest.approx({"inbound": 4 / 7, "age of the lead": 2 / 7, "the rulebook's points": 1 / 7})
    assert list(found) == ["inbound", "age of the lead", "the rulebook's points"]


def test_where_there_is_no_board_there_is_no_curve(trained: Trained) -> None:
    assert figure_tables.curves(replace(lineup(trained), boards=None)) == {}
    assert np.isfinite(figure_tables.curves(lineup(trained))["model"].precision).all()
