"""Leads by lot: weighted by how likely each was to be called, they say of all leads what the called alone cannot."""

import numpy as np
import pytest

from serving.board.exploring import Lot, draw
from training.evaluate import figures
from training.monitor.explored import HandedOver, compare
from training.scores import Scores


def handed(rows: int, explored: int, converted: int, propensity: float = 0.5) -> HandedOver:
    """The first `explored` of so many rows came by lot, and the first `converted` of these converted."""
    place = np.arange(rows)
    label = (place < converted).astype(np.int8)
    return HandedOver(label, place < explored, np.full(rows, propensity), place)


def scores(values: np.ndarray) -> Scores:
    return Scores(values, values)


def test_too_few_by_lot_are_told_and_not_compared() -> None:
    found = compare(
        handed(100, 49, 9), {"model": scores(np.linspace(0.1, 0.9, 100)), "rules": scores(np.ones(100) / 2)}, 1
    )
    assert (found.handed_over, found.explored, found.converted, found.worth) == (100, 49, 9, pytest.approx(100))
    assert (found.scores, found.differences) == ({}, {})
    assert found.missing == ("49 have their horizon behind them, 50 are needed; 9 of 49 converted, 10 are needed")


def test_nobody_handed_over_is_told_too() -> None:
    found = compare(handed(0, 0, 0), {"model": scores(np.zeros(0)), "rules": scores(np.zeros(0))}, 1)
    assert found.missing.startswith("0 have their horizon behind them, 50 are needed")


def test_equal_propensities_weigh_nothing() -> None:
    values = np.random.default_rng(1).random(200)
    lots = handed(200, 100, 40)
    found = compare(lots, {"model": scores(values), "rules": scores(np.full(200, 0.3))}, 1, draws=50)
    plain = figures(lots.label, values, values, lots.group).measures
    assert found.scores["model"]["auc"].value == pytest.approx(plain.auc)
    assert found.scores["model"]["log_loss"].value == pytest.approx(plain.log_loss)
    assert found.differences["auc"].value == pytest.approx(plain.auc - 0.5)
    assert found.worth == pytest.approx(200)


def test_a_lead_with_half_the_propensity_counts_twice() -> None:
    lots = handed(120, 60, 20)
    halved = HandedOver(lots.label, lots.explored, np.where(np.arange(120) < 60, 0.25, 0.5), lots.group)
    values = np.random.default_rng(2).random(120)
    twice = np.r_[np.arange(60), np.arange(120)]
    found = compare(halved, {"model": scores(values), "rules": scores(values)}, 1, draws=20)
    plain = figures(lots.label[twice], values[twice], values[twice], lots.group[twice]).measures
    assert found.scores["model"]["log_loss"].value == pytest.approx(plain.log_loss)
    assert found.scores["model"]["auc"].value == pytest.approx(plain.auc)


def test_a_call_that_causes_conversions_flatters_the_score_it_followed_and_the_lots_tell() -> None:
    """A score that knows nothing decides who is called, and a call doubles the chance.

    Among all leads it looks good; by the lots it is chance, and the other score, which knows the leads, the better one.
    """
    random = np.random.default_rng(4)
    pool, knows = 300, 0.05 + 0.3 * random.random((60, 300)) ** 2
    blind = random.random((60, pool))
    called_label, rows = [], []
    everybody: list[np.ndarray] = []
    for day in range(60):
        order = np.argsort(-blind[day])
        found = draw(list(map(str, order.tolist())), pool, 30, Lot(0.5, day))
        on_list = order[found.rank]
        chance = knows[day].copy()
        chance[on_list] *= 2
        label = random.random(pool) < chance
        everybody.append(np.stack([label, blind[day]]))
        called_label.append(label[on_list])
        rows.append(np.stack([found.explored, found.propensity, blind[day][on_list], knows[day][on_list]]))
    labels, columns = np.concatenate(called_label).astype(np.int8), np.concatenate(rows, axis=1)
    whole = np.concatenate(everybody, axis=1)
    flattered = figures(whole[0].astype(np.int8), whole[1], whole[1], np.arange(whole.shape[1])).measures
    assert flattered.auc > 0.515
    lots = HandedOver(labels, columns[0] == 1, columns[1], np.arange(len(labels)))
    found_by_lot = compare(lots, {"model": scores(columns[2]), "rules": scores(columns[3])}, 1, draws=200)
    blind_auc, knowing = (found_by_lot.scores[name]["auc"] for name in ("model", "rules"))
    assert blind_auc.low < 0.5 < blind_auc.high
    assert knowing.low > 0.55
    assert found_by_lot.differences["auc"].high < 0
