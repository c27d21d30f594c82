"""What a score comes to at the team's capacity, counted by hand on small boards."""

import itertools
from dataclasses import asdict, replace

import numpy as np
import pyarrow as pa
import pytest

from histories.contract import Target
from training import capacity
from training.boards import Boards, Calling
from training.capacity import at_capacity
from training.recipe import Business
from training.scores import Scores

WORTH = Business(calls_per_week=1, deal_value=100.0, call_cost=20.0)


def boards(days: list[list[int]], label: list[int], leads: int, target: Target = Target.CUSTOMER) -> Boards:
    """Boards on which the named leads stand; labels in the order of the rows."""
    rows = list(itertools.chain(*days))
    starts = np.cumsum([0, *(len(day) for day in days)])
    table = pa.table({"lead_id": [str(row) for row in rows], "cutoff": [0] * len(rows)})
    return Boards(target, table, np.array(label, np.int8), np.array(rows), starts, np.arange(leads))


# Two weeks, three leads, one call a week: lead 0 converts after the first board, lead 2 after the second.
TWO_WEEKS = boards([[0, 1, 2], [1, 2]], [1, 0, 0, 0, 1], 3)
SCORES = Scores(np.array([0.6, 0.3, 0.1, 0.3, 0.2]), np.array([3.0, 2.0, 1.0, 2.0, 1.0]))


def test_figures_at_capacity_counted_by_hand() -> None:
    """Lead 0 is called in the first week and converts, lead 1 in the second and does not."""
    found = at_capacity(TWO_WEEKS, SCORES, 1, WORTH, seed=1, draws=50)
    measures = found.measures
    assert (measures.calls, measures.conversions, measures.precision) == (2, 1, 0.5)
    assert measures.lift == pytest.approx(0.5 / (2 / 5))
    assert measures.expected_value == pytest.approx((0.6 + 0.3) * 100 - 2 * 20)
    assert measures.realised_value == pytest.approx(100 - 2 * 20)
    assert (found.boards, found.calls_per_week) == (2, 1)
    assert found.selected.tolist() == [1, 0, 0, 1, 0]


def test_the_net_benefit_is_that_of_decision_curves() -> None:
    """TP/n - FP/n * t/(1-t) with t = c/V: 1/3 - 1/3 * 0.25."""
    measures = at_capacity(TWO_WEEKS, SCORES, 1, WORTH, seed=1, draws=10).measures
    assert measures.net_benefit == pytest.approx(1 / 3 - 1 / 3 * 0.25)


@pytest.mark.parametrize(
    ("on", "business"),
    [(TWO_WEEKS, replace(WORTH, deal_value=None)), (replace(TWO_WEEKS, target=Target.SQL), WORTH)],
)
def test_nothing_is_worth_anything_without_a_deals_value_or_for_sql(on: Boards, business: Business) -> None:
    measures = at_capacity(on, SCORES, 1, business, seed=1, draws=10).measures
    assert np.isnan([measures.expected_value, measures.realised_value, measures.net_benefit]).all()
    assert measures.precision == 0.5


def test_a_tie_gives_each_of_the_tied_its_chance() -> None:
    tied = Scores(np.full(5, 0.2), np.zeros(5))
    found = at_capacity(TWO_WEEKS, tied, 1, WORTH, seed=1, draws=10)
    assert found.selected[:3].tolist() == pytest.approx([1 / 3] * 3)
    assert found.selected.sum() == found.measures.calls == pytest.approx(2)
    assert found.measures.conversions == pytest.approx(1 / 3 + found.selected[4])


def test_what_a_score_comes_to_does_not_differ_from_itself() -> None:
    found = at_capacity(TWO_WEEKS, SCORES, 1, WORTH, seed=1, draws=50)
    for one in capacity.difference(found, found).values():
        assert (one.value, one.low, one.high) == (0, 0, 0)


def many(seed: int, leads: int = 300, weeks: int = 6) -> tuple[Boards, np.ndarray]:
    """Boards of leads that come and go, and the chance of each row."""
    random = np.random.default_rng(seed)
    days = [sorted(random.choice(leads, size=leads // 2, replace=False).tolist()) for _ in range(weeks)]
    chance = random.beta(1, 6, leads)
    rows = np.concatenate([np.array(day) for day in days])
    label = (random.random(leads) < chance).astype(int)[rows]
    return boards(days, label.tolist(), leads), chance[rows]


def test_a_better_score_finds_more_at_any_capacity_and_both_come_to_the_same_where_all_are_called() -> None:
    on, chance = many(3)
    noise = np.random.default_rng(0).random(len(chance))
    for calls in (5, 20, 60):
        good, poor = (
            at_capacity(on, Scores(chance, one), calls, WORTH, seed=1, draws=20).measures for one in (chance, noise)
        )
        assert good.conversions > poor.conversions
    everybody = [at_capacity(on, Scores(chance, one), 150, WORTH, seed=1, draws=5).measures for one in (chance, noise)]
    assert asdict(everybody[0]) == pytest.approx(asdict(everybody[1]))
    assert everybody[0].calls == len(np.unique(on.lead))


def test_the_interval_of_a_difference_is_of_the_same_draws() -> None:
    """Two scores that are nearly one: their difference is far surer than either figure."""
    on, chance = many(5)
    nearly = chance + 1e-3 * np.random.default_rng(1).random(len(chance))
    first, second = (at_capacity(on, Scores(chance, one), 20, WORTH, seed=1, draws=300) for one in (chance, nearly))
    apart, alone = capacity.difference(first, second)["precision"], first.intervals["precision"]
    assert apart.high - apart.low < 0.5 * (alone.high - alone.low)


def test_without_a_recipes_number_a_tenth_of_the_mean_board_is_called() -> None:
    on, _ = many(1)
    assert capacity.calls_of(on, Business()) == 15
    assert capacity.calls_of(on, Business(calls_per_week=7)) == 7
    assert capacity.calls_of(TWO_WEEKS, Business()) == 1


def test_the_curve_of_precision_passes_through_the_teams_own_capacity() -> None:
    on, chance = many(2)
    calls, precision = capacity.precisions(on, Scores(chance, chance), 20)
    assert (np.diff(calls) > 0).all()
    assert calls.max() <= 150
    own = at_capacity(on, Scores(chance, chance), 20, WORTH, seed=1, draws=5).measures.precision
    assert precision[calls.tolist().index(20)] == pytest.approx(own)


def test_what_is_selected_adds_up_to_what_is_called() -> None:
    on, chance = many(7)
    tied = np.round(chance, 1)
    calling = Calling(on, tied, 20, chance)
    selected = calling.selected()
    calls, conversions, promised = calling.called(np.ones((1, 300)))[0]
    assert [selected.sum(), selected @ on.label, selected @ chance] == pytest.approx([calls, conversions, promised])
