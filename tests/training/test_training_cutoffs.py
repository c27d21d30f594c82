"""Where a week's calls end on each score, and what they would have brought."""

import io
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from rich.console import Console
from small_company import NOW, Trained

from histories import export
from histories.clock import DAY
from histories.contract import Histories
from histories.errors import DataError
from scoring import rulebook
from training import cutoffs_report
from training.bootstrap import Difference
from training.cutoffs import Cutoff, Cutoffs, cutoffs
from training.lineup import MODEL, RULES
from training.recipe import Business

CALLS = 20


@pytest.fixture(scope="module")
def histories(trained: Trained) -> Histories:
    return export.read(trained.company.crm, NOW).histories


@pytest.fixture(scope="module")
def found(trained: Trained, histories: Histories) -> Cutoffs:
    rules = rulebook.read(trained.company.rulebook)
    return cutoffs(histories, trained.result.bundle, rules, Business(CALLS), CALLS, seed=1)


def test_at_least_as_many_open_leads_stand_at_the_cut_off_as_there_are_calls(found: Cutoffs) -> None:
    assert found.open_leads >= CALLS
    assert all(one.reaching >= CALLS for one in found.by_score.values())


def test_points_that_are_few_values_let_more_leads_in_than_can_be_called(found: Cutoffs) -> None:
    """The company's rules give 0 to 40 points in tens: five values for hundreds of open leads."""
    rules = found.by_score[RULES]
    assert rules.today in {0.0, 10.0, 20.0, 30.0, 40.0}
    assert rules.reaching > CALLS
    said = cutoffs_report.sentences(found)[0]
    assert said == (
        f"{rules.reaching} leads have {rules.today:.0f} points or more: the rules alone do not say which 20 of them to call."
    )


def test_boards_are_the_weeks_from_the_end_of_training_to_the_last_whose_horizon_ended(
    found: Cutoffs, histories: Histories
) -> None:
    last = histories.exported_at - found.horizon_days * DAY
    assert found.boards == (last - found.since) // (7 * DAY) + 1


def test_a_week_brings_no_more_customers_than_calls(found: Cutoffs) -> None:
    for one in found.by_score.values():
        assert 0 <= one.conversions.low <= one.conversions.value <= one.conversions.high <= CALLS
    apart = found.by_score[MODEL].conversions.value - found.by_score[RULES].conversions.value
    assert found.difference.value == pytest.approx(apart)


def test_more_calls_reach_lower_scores(trained: Trained, histories: Histories, found: Cutoffs) -> None:
    rules = rulebook.read(trained.company.rulebook)
    wider = cutoffs(histories, trained.result.bundle, rules, Business(), 3 * CALLS, seed=1)
    assert wider.by_score[MODEL].today < found.by_score[MODEL].today
    assert wider.promised > found.promised


def test_without_an_open_lead_there_is_nobody_to_call(trained: Trained, histories: Histories) -> None:
    won = pa.table(
        {
            "lead_id": histories.leads["lead_id"],
            "stage": pa.array(["customer"] * histories.leads.num_rows),
            "reached_at": histories.leads["created_at"],
            "amount": pa.nulls(histories.leads.num_rows, pa.float64()),
        }
    ).cast(histories.outcomes.schema)
    rules = rulebook.read(trained.company.rulebook)
    with pytest.raises(DataError, match=r"^no lead is open on 2025-05-01; there is nobody to call$"):
        cutoffs(replace(histories, outcomes=won), trained.result.bundle, rules, Business(), CALLS, seed=1)


def counted(difference: Difference, boards: int = 12, converted: int = 50) -> Cutoffs:
    nothing = Difference(np.nan, np.nan, np.nan)
    model = Cutoff(0.0641, 20, 0.0312, Difference(3.6, 2.7, 4.7) if boards else nothing)
    rules = Cutoff(45.0, 20, 30.0, Difference(2.1, 1.5, 3.0) if boards else nothing)
    return Cutoffs(
        calls_per_week=20,
        horizon_days=30,
        exported_at=1000 * DAY,
        open_leads=400,
        since=800 * DAY,
        boards=boards,
        converted_leads=converted if boards else 0,
        by_score={MODEL: model, RULES: rules},
        difference=difference,
        same_calls=False,
        promised=4.2,
    )


def test_the_table_gives_each_score_its_own_scale() -> None:
    console = Console(file=io.StringIO(), width=80, color_system=None)
    cutoffs_report.render(counted(Difference(1.5, 0.2, 2.8)), console)
    assert isinstance(console.file, io.StringIO)
    lines = [line.rstrip() for line in console.file.getvalue().splitlines()]
    assert lines == [
        "",
        "20 calls a week, customer within 30 days",
        "400 open leads on 1972-09-27; 12 weeks since 1972-03-11 whose outcome is known",
        "and training did not see.",
        "                                          model              rules",
        "call today from                           6.41%          45 points",
        "open leads there or above                    20                 20",
        "later, new leads from                     3.12%          30 points",
        "customers a week would bring   3.6 (2.7 to 4.7)   2.1 (1.5 to 3.0)",
        "The model expects 4.2 customers among today's calls.",
        "By the model, 1.5 more customers a week (95% interval +0.2 to +2.8, model minus",
        "rules).",
    ]


@pytest.mark.parametrize(
    ("difference", "boards", "said"),
    [
        (
            Difference(0.4, -0.6, 1.2),
            12,
            (
                "The past weeks do not tell the two apart: +0.4 customers a week, model minus rules "
                "(95% interval -0.6 to +1.2)."
            ),
        ),
        (
            Difference(-1.5, -2.8, -0.2),
            12,
            "By the rules, 1.5 more customers a week (95% interval -2.8 to -0.2, model minus rules).",
        ),
        (Difference(0.0, 0.0, 0.0), 12, "The calls of either score would have brought as many customers: 3.6 a week."),
        (
            Difference(np.nan, np.nan, np.nan),
            0,
            "What such calls bring is not known yet: no week's horizon had ended when the export was taken.",
        ),
    ],
)
def test_the_last_sentence_says_no_more_than_is_known(difference: Difference, boards: int, said: str) -> None:
    assert cutoffs_report.sentences(counted(difference, boards))[-1] == said


def test_the_same_leads_are_said_only_where_both_scores_call_them() -> None:
    """Other leads, of whom none became a customer, make no difference either."""
    none = Difference(0.0, 0.0, 0.0)
    found = counted(none)
    assert cutoffs_report.sentences(replace(found, same_calls=True))[-1] == (
        "Both scores put the same leads up for a call."
    )
    nobody = {name: replace(one, conversions=none) for name, one in found.by_score.items()}
    assert cutoffs_report.sentences(replace(found, by_score=nobody))[-1] == (
        "None of the leads that either score would have called in the past weeks became a customer."
    )


def test_of_fewer_than_fifty_converted_leads_no_score_is_named_and_luck_is() -> None:
    surely = Difference(1.5, 0.2, 2.8)
    assert cutoffs_report.sentences(counted(surely, converted=49))[-2:] == [
        "The past weeks do not tell the two apart: +1.5 customers a week, model minus rules (95% interval +0.2 to +2.8).",
        "Only 49 leads of the past weeks converted: below 50 a difference can be luck.",
    ]
    assert cutoffs_report.sentences(counted(surely, converted=1))[-1] == (
        "Only 1 lead of the past weeks converted: below 50 a difference can be luck."
    )
    assert cutoffs_report.sentences(counted(surely))[-1].startswith("By the model, 1.5 more customers a week")


def test_scores_that_call_other_leads_are_told_from_those_that_call_the_same(
    trained: Trained, histories: Histories, found: Cutoffs
) -> None:
    """Where there are calls for everybody on the boards, any two scores call the same."""
    rules = rulebook.read(trained.company.rulebook)
    everybody = cutoffs(histories, trained.result.bundle, rules, Business(), 10_000, seed=1)
    assert everybody.same_calls
    assert not found.same_calls


def test_converted_leads_are_those_on_the_boards_each_once(histories: Histories, found: Cutoffs) -> None:
    """Open on some board, and a customer within the horizon of it: a lead that is on two boards by then counts once."""
    table = histories.outcomes.filter(pa.compute.equal(histories.outcomes["stage"], "customer"))
    won = dict(zip(table["lead_id"].to_pylist(), table["reached_at"].to_pylist(), strict=True))
    created = dict(zip(histories.leads["lead_id"].to_pylist(), histories.leads["created_at"].to_pylist(), strict=True))
    days = [found.since + week * 7 * DAY for week in range(found.boards)]
    assert found.converted_leads == sum(
        any(created[one] <= day <= at < day + found.horizon_days * DAY for day in days) for one, at in won.items()
    )
