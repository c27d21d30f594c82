"""Leads by lot: weighted by how likely each was to be called, they say of all leads what the called alone cannot."""

import numpy as np
import pyarrow as pa
import pytest

from histories.assemble import assemble
from histories.clock import DAY
from histories.contract import Families, LeadHistory, Outcome, Stage, Target
from histories.store.kept.given import HANDED_OVER
from serving.board.exploring import Lot, draw
from training.evaluate import figures
from training.monitor import lots
from training.monitor.counted import Counted, Tally
from training.monitor.explored import HandedOver, compare
from training.scores import Scores


def handed(rows: int, explored: int, converted: int, propensity: float = 0.5) -> HandedOver:
    """The first `explored` of so many rows came by lot, and the first `converted` of these converted."""
    place = np.arange(rows)
    label = (place < converted).astype(np.int8)
    return HandedOver(label, place < explored, np.full(rows, propensity), place, place)


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
    called = handed(200, 100, 40)
    found = compare(called, {"model": scores(values), "rules": scores(np.full(200, 0.3))}, 1, draws=50)
    plain = figures(called.label, values, values, called.group).measures
    assert found.scores["model"]["auc"].value == pytest.approx(plain.auc)
    assert found.scores["model"]["log_loss"].value == pytest.approx(plain.log_loss)
    assert found.differences["auc"].value == pytest.approx(plain.auc - 0.5)
    assert found.worth == pytest.approx(200)


def test_a_lead_with_half_the_propensity_counts_twice() -> None:
    called = handed(120, 60, 20)
    chances = np.where(np.arange(120) < 60, 0.25, 0.5)
    halved = HandedOver(called.label, called.explored, chances, called.group, called.lead)
    values = np.random.default_rng(2).random(120)
    twice = np.r_[np.arange(60), np.arange(120)]
    found = compare(halved, {"model": scores(values), "rules": scores(values)}, 1, draws=20)
    plain = figures(called.label[twice], values[twice], values[twice], called.group[twice]).measures
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
    called = HandedOver(labels, columns[0] == 1, columns[1], *[np.arange(len(labels))] * 2)
    found_by_lot = compare(called, {"model": scores(columns[2]), "rules": scores(columns[3])}, 1, draws=200)
    blind_auc, knowing = (found_by_lot.scores[name]["auc"] for name in ("model", "rules"))
    assert blind_auc.low < 0.5 < blind_auc.high
    assert knowing.low > 0.55
    assert found_by_lot.differences["auc"].high < 0


def test_a_lead_counts_each_time_it_was_handed_over_with_that_list_s_propensity() -> None:
    """On ten daily lists: `sure` on each, `lucky` on two by lot. It converts ten days after the last, within thirty."""
    won = LeadHistory("lucky", 0, outcomes=(Outcome(Stage.CUSTOMER, 19 * DAY + 1),))
    histories = assemble([LeadHistory("sure", 0), won], exported_at=48 * DAY, timezone="UTC", families=Families({}))
    listed = [("sure", day, False, 1.0) for day in range(10)] + [("lucky", day, True, 0.01) for day in (2, 7)]
    rows = [(number, *one) for number, one in enumerate(listed)]
    handed_over = pa.Table.from_pylist(
        [
            {
                "list_id": str(day),
                "lead_id": lead,
                "as_of": DAY * (day + 10),
                "explored": lot,
                "propensity": chance,
                "score_id": number,
            }
            for number, lead, day, lot, chance in rows
        ],
        schema=HANDED_OVER,
    )
    answers = pa.table(
        {
            "score_id": pa.array([number for number, *_ in rows], pa.int64()),
            "probability_customer": [0.1] * 12,
            "rule_points": [5.0] * 12,
            "bundle_version": ["b"] * 12,
            "rulebook_version": ["r"] * 12,
        }
    )
    nobody = np.zeros(0, dtype=np.int64)
    asked = Counted(Target.CUSTOMER, 30, *[nobody] * 3, nobody.astype(np.int8), nobody, Tally(*[0] * 10))
    leads = lots.handed_over(histories, answers, handed_over, asked).leads
    assert leads.propensity.tolist() == [0.01] * 2 + [1.0] * 9  # by lead; the last list's horizon goes on
    assert leads.label.tolist() == [1] * 2 + [0] * 9
    found = compare(leads, {"model": scores(np.full(11, 0.1)), "rules": scores(np.full(11, 0.1))}, 1)
    assert (found.handed_over, found.explored, found.converted) == (11, 1, 1)
