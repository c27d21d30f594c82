"""Segments: what each score says there, and which are flagged."""

import re

import numpy as np
import pyarrow as pa
import pytest

from histories.assemble import assemble
from histories.clock import DAY
from histories.contract import Attribute, Histories, LeadHistory, Outcome, Stage, Target
from training import lineup
from training.boards import weekly
from training.lineup import MODEL, RULES, Lineup
from training.recipe import Business
from training.scores import Scores
from training.segment_scores import by_segment
from training.segments import Segment

COUNT = 800
CONVERTED = np.arange(COUNT) % 5 == 0
WEB = np.arange(COUNT) >= COUNT // 2


def company() -> Histories:
    """Leads of a fair, then of the web; every fifth becomes a customer within ten days of day 10."""
    leads = [
        LeadHistory(
            f"{number:03d}",
            DAY,
            attributes=(Attribute("source", "web" if WEB[number] else "fair"), *_size(number)),
            outcomes=(Outcome(Stage.CUSTOMER, 15 * DAY),) if CONVERTED[number] else (),
        )
        for number in range(COUNT)
    ]
    return assemble(leads, exported_at=30 * DAY)


def _size(number: int) -> tuple[Attribute, ...]:
    """Of 800 leads the first 400 have 1 to 400 employees, the next 300 have 1000; of the last it is not known."""
    return () if number >= 700 else (Attribute("employees", float(number + 1 if number < 400 else 1000)),)


HISTORIES = company()


def compared(
    model: np.ndarray, rules: np.ndarray, calls: int = 80, names: tuple[str, ...] = ("source",)
) -> tuple[Segment, ...]:
    rows = pa.table(
        {
            "lead_id": [f"{number:03d}" for number in range(COUNT)],
            "group": pa.array(np.arange(COUNT), pa.int64()),
            "cutoff": pa.array(np.full(COUNT, 10 * DAY), pa.int64()),
            "age": ["9d"] * COUNT,
            "label": pa.array(CONVERTED.astype(np.int8)),
        }
    )
    scores = {MODEL: Scores(model, model), RULES: Scores(rules, rules)}
    found: Lineup = lineup.of_scores(Target.CUSTOMER, 10, rows, scores, seed=1)
    on = weekly(HISTORIES, Target.CUSTOMER, 10, 10 * DAY)
    called = {name: Scores(*(_board(on, one.probability),) * 2) for name, one in scores.items()}
    found = lineup.on_boards(found, on, called, Business(calls_per_week=calls), seed=1)
    return by_segment(HISTORIES, names, found, seed=1)


def _board(on, probability):
    """Each lead's probability on every board that it stands on."""
    return probability[[int(lead_id) for lead_id in on.table["lead_id"].to_pylist()]]


RATE = np.full(COUNT, 0.2)
GOOD = np.where(CONVERTED, 0.3, 0.175)


def by_title(found: tuple[Segment, ...]) -> dict[str, Segment]:
    return {one.title: one for one in found}


def test_segments_are_the_ages_and_the_values_with_what_each_holds() -> None:
    found = by_title(compared(GOOD, RATE))
    assert list(found) == ["age: 9d", "source: fair", "source: web"]
    web = found["source: web"]
    assert (web.snapshots, web.leads, web.converted_leads) == (400, 400, 80)
    assert web.rate == pytest.approx(0.2)
    assert np.isnan(found["age: 9d"].scores[MODEL].selected)


def test_a_number_is_measured_in_ranges_the_least_first_and_where_it_is_missing() -> None:
    """The quarters of the 700 numbers begin at 176, 351 and 1000: 200 is rounder than 176 and near enough, 350 than 351."""
    found = by_title(compared(GOOD, RATE, names=("employees",)))
    assert [(title, one.snapshots) for title, one in found.items()] == [
        ("age: 9d", 800),
        ("employees: 199 or less", 199),
        ("employees: 200 to 349", 150),
        ("employees: 350 to 999", 51),
        ("employees: 1000", 300),
        ("employees: missing", 100),
    ]
    assert found["employees: 199 or less"].converted_leads == 40  # every fifth of the first 199, from the first on
    assert 0 < found["employees: 1000"].scores[MODEL].selected < 1


def test_where_all_is_well_no_segment_is_flagged() -> None:
    assert [one.flags for one in compared(GOOD, RATE)] == [(), (), ()]


def test_a_segment_that_is_promised_too_much_is_flagged() -> None:
    """The web is promised twice what comes, the fair what comes; both ratios are drawn a little towards the whole's."""
    found = by_title(compared(np.where(WEB, 2.0, 1.0) * GOOD, RATE))
    assert not any("predicted over observed" in flag for flag in found["source: fair"].flags)
    ratio = found["source: web"].scores[MODEL].predicted_over_observed
    assert 1.8 < ratio.value < 2.0
    assert 1.1 < ratio.low < ratio.value < ratio.high
    first = found["source: web"].flags[0]
    assert re.match(
        r"source: web: predicted over observed is 1\.9\d \(95% interval 1\.\d\d to 2\.\d\d\), more than", first
    )


def test_a_segment_where_the_rules_are_better_is_flagged() -> None:
    wrong_on_the_web = np.where(WEB, np.where(CONVERTED, 0.1, 0.225), GOOD)
    found = by_title(compared(wrong_on_the_web, RATE))
    assert found["source: fair"].log_loss_differences[RULES].high < 0
    assert found["source: web"].log_loss_differences[RULES].low > 0
    assert any("the model is worse than the rules there (log loss +" in flag for flag in found["source: web"].flags)


def test_a_segment_that_is_hardly_called_is_flagged() -> None:
    """All calls of both weeks go to the fair, half of the conversions come from the web."""
    found = by_title(compared(np.where(WEB, 0.19, 0.21), RATE))
    assert found["source: web"].scores[MODEL].selected == 0
    assert found["source: fair"].scores[MODEL].selected == pytest.approx(0.4)
    assert found["source: web"].flags == (
        "source: web: 50% of the conversions come from there, but 0% of the calls go there.",
    )


def test_few_deals_are_drawn_towards_the_whole() -> None:
    """With k = 50 snapshots of the whole beside a segment's 400, the rules' constant gives 1 in both."""
    found = by_title(compared(np.where(WEB, 2.0, 1.0) * RATE, RATE))
    assert found["source: web"].scores[RULES].predicted_over_observed.value == pytest.approx(1)
    drawn = found["source: web"].scores[MODEL].predicted_over_observed.value
    assert drawn == pytest.approx((400 * 0.4 + 50 * 0.3) / (400 * 0.2 + 50 * 0.2))
