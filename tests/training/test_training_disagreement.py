"""The leads that model and rules see differently, counted by hand."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from histories.clock import DAY
from histories.contract import Target
from training import disagreement, lineup
from training.lineup import MODEL, RULES, Lineup
from training.scores import Scores


def made(leads: list[str], model: list[float], points: list[float], labels: list[int]) -> Lineup:
    rows = pa.table(
        {
            "lead_id": leads,
            "group": pa.array(np.arange(len(leads)), pa.int64()),
            "cutoff": pa.array(np.arange(len(leads)) * DAY, pa.int64()),
            "age": ["1d"] * len(leads),
            "label": pa.array(labels, pa.int8()),
        }
    )
    probability, score = np.array(model), np.array(points)
    scores = {MODEL: Scores(probability, probability), RULES: Scores(score / 1000 + 0.01, score)}
    return lineup.of_scores(Target.CUSTOMER, 90, rows, scores, seed=1)


FIVE = made(
    ["anna", "ben", "anna", "carl", "dora"], [0.9, 0.1, 0.8, 0.2, 0.5], [0.0, 50.0, 10.0, 40.0, 20.0], [1, 0, 1, 0, 0]
)


def test_each_lead_stands_once_where_its_ranks_lie_furthest_apart() -> None:
    above, below = disagreement.disputed(FIVE, most=10)
    assert [(one.lead_id, one.model_rank, one.rules_rank, one.converted) for one in above] == [("anna", 0.9, 0.1, True)]
    assert [one.lead_id for one in below] == ["ben", "carl"]
    assert (below[0].probability, below[0].points, below[0].age, below[0].cutoff) == (0.1, 50, "1d", DAY)


def test_no_more_than_asked_for() -> None:
    assert [one.lead_id for one in disagreement.disputed(FIVE, most=1)[1]] == ["ben"]


def test_who_agrees_is_disputed_by_nobody() -> None:
    assert not any("dora" in [one.lead_id for one in side] for side in disagreement.disputed(FIVE, most=10))


def test_quadrants_of_twenty_snapshots_counted_by_hand() -> None:
    """The model's two best are rows 18 and 19, the rules' rows 17 and 19; row 18 converted."""
    model, points = np.arange(20) / 40, np.arange(20.0)
    points[[17, 18]] = points[[18, 17]]
    found = disagreement.quadrants(
        made([str(one) for one in range(20)], model.tolist(), points.tolist(), [0] * 18 + [1, 0])
    )
    assert [(one.model_high, one.rules_high, one.snapshots, one.conversions) for one in found] == [
        (True, True, 1, 0),
        (True, False, 1, 1),
        (False, True, 1, 0),
        (False, False, 17, 0),
    ]


def test_without_a_model_of_its_own_nothing_is_disputed() -> None:
    rules = FIVE.contenders[RULES]
    alone = lineup.replace(FIVE, contenders={RULES: rules}, chosen=RULES)
    same = lineup.replace(FIVE, contenders={MODEL: rules, RULES: rules})
    for one in (alone, same):
        assert disagreement.disputed(one, 10) == ((), ())
        assert disagreement.quadrants(one) == ()


@given(st.lists(st.integers(0, 5), min_size=1, max_size=30))
def test_ranks_lie_between_0_and_1_around_one_half_and_rise_with_the_score(score: list[int]) -> None:
    scores = np.array(score, dtype=float)
    ranks = disagreement.ranks(scores)
    assert ((ranks > 0) & (ranks < 1)).all()
    assert ranks.mean() == pytest.approx(0.5)
    assert all((ranks[scores == one] == ranks[scores == one][0]).all() for one in scores)
    assert (np.diff(ranks[np.argsort(scores, kind="stable")]) >= 0).all()
