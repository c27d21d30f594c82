"""What a comparison says in words is no more than its figures say."""

import numpy as np
import pyarrow as pa
import pytest

from histories.contract import Target
from training import lineup
from training.bootstrap import Difference
from training.findings import better, caution, finding, headline, ranking
from training.lineup import MODEL, RULES, Lineup
from training.scores import Scores


def rows(labels: np.ndarray) -> pa.Table:
    number = np.arange(len(labels))
    return pa.table(
        {
            "lead_id": [f"lead-{one}" for one in number],
            "group": pa.array(number, pa.int64()),
            "cutoff": pa.array(number, pa.int64()),
            "age": ["1d"] * len(labels),
            "label": pa.array(labels, pa.int8()),
        }
    )


def made(model: np.ndarray | None, rules: np.ndarray, labels: np.ndarray) -> Lineup:
    """Probabilities of model and rules; points are a hundred times the rules' probability."""
    scores = {} if model is None else {MODEL: Scores(model, model)}
    return lineup.of_scores(Target.CUSTOMER, 90, rows(labels), {**scores, RULES: Scores(rules, rules * 100)}, seed=1)


LABELS = np.tile([1, 0, 0, 0], 60)
SHARP = np.where(LABELS == 1, 0.6, 0.15)
FLAT = np.full(len(LABELS), 0.25)
NOISE = np.clip(FLAT + np.random.default_rng(0).normal(0, 0.01, len(LABELS)), 0.01, 0.99)


@pytest.mark.parametrize(
    ("model", "rules", "begins"),
    [
        (SHARP, FLAT, "The model predicts better than the rules (log loss -"),
        (FLAT, SHARP, "The rules predict better than the model (log loss +"),
        (NOISE, FLAT, "The test cannot tell model and rules apart (log loss "),
        (FLAT, FLAT, "The model is the rules' points, brought to probabilities: both say the same."),
        (None, FLAT, "No model could be learnt: the rules' points, brought to probabilities, answer."),
    ],
)
def test_the_sentence_follows_from_the_interval(model: np.ndarray | None, rules: np.ndarray, begins: str) -> None:
    assert finding(made(model, rules, LABELS)).startswith(begins)


def test_the_headline_has_a_line_for_each_target() -> None:
    one = made(None, FLAT, LABELS)
    line = "Customer within 90 days: no model could be learnt: the rules' points, brought to probabilities, answer."
    assert headline([one, one]).splitlines() == [line, line]


def test_the_aucs_are_told_as_pairs_won() -> None:
    assert ranking(made(SHARP, FLAT, LABELS)) == (
        "Of a lead that converted and one that did not, the model ranked the first higher 100% of the time, "
        "the rules 50%."
    )


@pytest.mark.parametrize(
    ("converted", "leads"), [(0, "0 converted leads"), (1, "1 converted lead"), (49, "49 converted leads")]
)
def test_of_fewer_than_fifty_converted_leads_no_winner_is_named(converted: int, leads: str) -> None:
    """A perfect model beside points that know nothing: with 50 it wins."""
    labels = np.r_[np.ones(converted, dtype=int), np.zeros(200, dtype=int)]
    one = made(np.where(labels == 1, 0.9, 0.01), np.full(len(labels), 0.25), labels)
    assert finding(one) == f"Cannot tell: the test holds {leads}, and it takes 50 to tell two scores apart."
    assert headline([one]) == (
        f"Customer within 90 days: cannot tell: the test holds {leads}, and it takes 50 to tell two scores apart."
    )
    assert caution(one) is None, "the finding says it already"


def test_of_fifty_converted_leads_the_winner_is_named() -> None:
    labels = np.r_[np.ones(50, dtype=int), np.zeros(200, dtype=int)]
    one = made(np.where(labels == 1, 0.9, 0.01), np.full(len(labels), 0.25), labels)
    assert finding(one).startswith("The model predicts better than the rules (log loss -")


def test_without_conversions_there_is_no_ranking_and_the_rules_alone_are_cautioned() -> None:
    nobody = np.zeros_like(LABELS)
    assert ranking(made(NOISE, FLAT, nobody)) is None
    said = "Only 0 leads of the test converted: below 50 a difference can be luck."
    assert caution(made(None, FLAT, nobody)) == caution(made(FLAT, FLAT, nobody)) == said


def test_fifty_converted_leads_need_no_caution() -> None:
    labels = np.r_[np.ones(50, dtype=int), np.zeros(50, dtype=int)]
    flat = np.full(100, 0.5)
    assert caution(made(None, flat, labels)) is None
    labels[0] = 0
    assert (
        caution(made(None, flat, labels)) == "Only 49 leads of the test converted: below 50 a difference can be luck."
    )


def test_an_interval_that_holds_nought_favours_nobody() -> None:
    assert better(Difference(0.1, -0.01, 0.2), lower_is_better=False) is None
    assert better(Difference(float("nan"), float("nan"), float("nan")), lower_is_better=True) is None
    assert better(Difference(-0.1, -0.2, -0.05), lower_is_better=True) is True
    assert better(Difference(-0.1, -0.2, -0.05), lower_is_better=False) is False
