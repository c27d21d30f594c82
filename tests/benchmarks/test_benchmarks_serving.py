"""The service's benchmark: its leads are what it says they are, and its verdicts follow from its figures."""

import importlib
import sys
from dataclasses import replace
from pathlib import Path

import pyarrow.compute as pc
import pytest

from benchmarks.serving import crowd
from benchmarks.serving.board import Board
from benchmarks.serving.client import Timed
from benchmarks.serving.page import page
from benchmarks.serving.results import (
    CONSTANT,
    MANY,
    MLFLOW,
    MLFLOW_MANY,
    NO_REASONS,
    THREE_REASONS,
    Results,
    verdicts,
)
from histories.contract import INTERACTIONS, Target
from scoring.standings import STAGE, standings

sys.path.append(str(Path(__file__).parents[1] / "scoring"))
small_bundle = importlib.import_module("small_bundle")


def call(median: float, leads_a_second: float) -> Timed:
    return Timed(median, median, 10, leads_a_second)


RESULTS = Results(
    {
        CONSTANT: call(0.010, 100),
        NO_REASONS: call(0.014, 50),
        THREE_REASONS: call(0.020, 40),
        MANY: call(0.4, 500),
        MLFLOW: call(0.1, 10),
        MLFLOW_MANY: call(2.0, 100),
    },
    (Board(1_000, 1.0, 2.0, 3.0, 2),),
)


def test_what_is_just_reached_is_met_and_what_is_just_missed_is_not() -> None:
    assert [one.met for one in verdicts(RESULTS)] == [True] * 6
    worse = {name: replace(one, median=one.median * 1.01) for name, one in RESULTS.calls.items()}
    worse[CONSTANT] = RESULTS.calls[CONSTANT]
    worse[MANY] = call(0.4, 499)
    board = replace(RESULTS.boards[0], scored=3.01)
    assert [one.met for one in verdicts(Results(worse, (board,)))] == [False, False, False, True, False, False]


def test_the_page_shows_each_target_with_its_verdict() -> None:
    text = page(RESULTS, 0, "a machine", "some versions")
    assert "| leads a second in calls of 200, against calls of one | ≥ 10 × | 10.00 × | met |" in text
    assert "| 1,000 | 1.0 | 1.0 | 2.0 | 3.0 |" in text
    missed = Results({**RESULTS.calls, MANY: call(0.4, 400)}, RESULTS.boards)
    assert "≥ 10 × | 8.00 × | **not met** |" in page(missed, 0, "a machine", "some versions")


@pytest.fixture(scope="module")
def made() -> object:
    return crowd.histories(small_bundle.catalogue(), 200, seed=1)


def test_each_lead_of_the_crowd_is_open_and_has_twenty_interactions_before_the_moment(made) -> None:
    assert made.interactions.schema == INTERACTIONS
    counted = made.interactions.group_by("lead_id").aggregate([("interaction_id", "count")])
    assert set(counted["interaction_id_count"].to_pylist()) == {crowd.EACH}
    assert counted.num_rows == 200
    assert pc.max(made.interactions["occurred_at"]).as_py() < crowd.AS_OF
    stages = standings(made, crowd.AS_OF)[:, STAGE]
    assert stages.max() < Target.CUSTOMER.stage.rank
    assert 0 < (stages == Target.SQL.stage.rank).mean() < 0.3


def test_the_crowd_is_the_same_for_the_same_seed_and_another_for_another(made) -> None:
    again, other = (crowd.histories(small_bundle.catalogue(), 200, seed) for seed in (1, 2))
    assert again.interactions.equals(made.interactions)
    assert again.attributes.equals(made.attributes)
    assert not other.interactions.equals(made.interactions)
