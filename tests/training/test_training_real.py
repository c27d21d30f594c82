"""The two real exports: the split comes to the published counts, and a company without a history gets modest scores."""

from pathlib import Path

import numpy as np
import pytest

from histories import clock, export
from histories.contract import Target
from scoring import rulebook
from training import leakage, recipe
from training.fit import ask, catalogue_of, fit_bundle
from training.fitted import Score

EXAMPLES = Path(__file__).parents[2] / "examples"
pytestmark = pytest.mark.real_data


@pytest.fixture(autouse=True)
def _where_the_data_are(real_data, monkeypatch):
    monkeypatch.setenv("LEAD_SCORING_REAL_DATA", str(real_data.resolve()))


def read(name):
    folder = EXAMPLES / name
    histories = export.read(folder / "crm.toml", clock.parse("2020-01-01")).histories
    return histories, recipe.read(folder / "recipe.toml", histories.timezone)


def test_bpic2012_splits_into_the_references_leads():
    """938, 740, 714 and 644 test leads, with the reference's training counts and conversion rates."""
    histories, plan = read("bpic2012")
    questions, border = ask(histories, plan)
    one = questions[Target.CUSTOMER]
    ages, labels = one.snapshots.age, one.snapshots.label
    assert border == clock.parse("2012-01-27")
    assert [age.text for age in plan.ages] == ["1h", "24h", "72h", "168h"]
    assert np.bincount(ages[one.split.test]).tolist() == [938, 740, 714, 644]
    assert np.bincount(ages[one.split.mature]).tolist() == [4384, 3286, 2997, 2703]
    rates = [labels[one.split.test][ages[one.split.test] == age].mean() for age in range(4)]
    assert rates == pytest.approx([0.242, 0.312, 0.346, 0.379], abs=0.0005)
    assert len(one.split.folds) == 2


def test_olist_without_a_history_comes_out_modest_and_whole():
    """Origin and landing page are all there is: an AUC between chance and what would be suspicious."""
    histories, plan = read("olist")
    rules = rulebook.read(EXAMPLES / "olist" / "rulebook.toml")
    found = fit_bundle(histories, plan, rules, now=histories.exported_at, source="Olist")
    assert set(found.bundle.models) == {Target.SQL, Target.CUSTOMER}
    for result in found.results.values():
        probabilities = result.lineup.contenders["rules"].probability
        assert 0 < probabilities.min() <= probabilities.max() < 0.5
    learnt = found.results[Target.SQL]
    assert learnt.champion is Score.MODEL
    assert 0.65 < learnt.lineup.contenders["model"].figures.measures.auc < 0.85


def audited(name):
    histories, plan = read(name)
    questions, border = ask(histories, plan)
    return leakage.audit(histories, questions, catalogue_of(histories, questions, border, plan.features), plan.seed)


def test_nothing_of_bpic2012_tells_the_answer_and_what_lies_after_it_is_counted():
    """8,334 applications have events after the first that ended them; those that come with the end stop nothing."""
    found = audited("bpic2012")
    assert (found.blocking, found.looks) == ((), ())
    after = {one.field: one.figure for one in found.notes}
    assert after["interactions"] == 8334
    assert set(after) == {"interactions"} | {
        f"kind:{kind}-COMPLETE"
        for kind in ("A_ACTIVATED", "A_APPROVED", "A_REGISTERED", "A_CANCELLED", "A_DECLINED", "O_DECLINED")
    }


def test_nothing_of_olist_tells_the_answer():
    found = audited("olist")
    assert (found.blocking, found.looks) == ((), ())
    assert [(one.field, one.figure) for one in found.notes] == [("interactions", 1)]
