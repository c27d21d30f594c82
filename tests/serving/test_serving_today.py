"""The day's call list: whom a call brings most from, and what the list says of those who are not on it."""

import csv
import io
import sys
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import pyarrow as pa
import pytest
from rich.console import Console

from histories.contract import Histories
from scoring.answer import NextAction
from scoring.bundle import Bundle
from scoring.rulebook import Rulebook
from scoring.scorer import Scorer
from serving.board import today_table
from serving.board.today import CallList, Terms, choose

sys.path.append(str(Path(__file__).parents[1] / "scoring"))
small_bundle = import_module("small_bundle")

TERMS = Terms(deal_value=1000.0, call_cost=40.0)
ALL = 10_000


@pytest.fixture(scope="module")
def scorer(bundle: Bundle, rulebook: Rulebook) -> Scorer:
    return Scorer(bundle, rulebook)


@pytest.fixture(scope="module")
def histories() -> Histories:
    return small_bundle.histories()  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def everybody(scorer: Scorer, histories: Histories, as_of: int) -> CallList:
    return choose(scorer, histories, as_of, ALL, TERMS)


def recorded(histories: Histories, lead_id: str, reached_at: int, amount: float) -> Histories:
    """The histories with an opportunity of this amount on the lead's record."""
    row = {"lead_id": lead_id, "stage": "opportunity", "reached_at": reached_at, "amount": amount}
    more = pa.Table.from_pylist([row], schema=histories.outcomes.schema)
    return replace(histories, outcomes=pa.concat_tables([histories.outcomes, more]))


def test_every_open_lead_is_on_the_list_or_counted_where_it_is_not(
    everybody: CallList, scorer: Scorer, histories: Histories, as_of: int
) -> None:
    board = {one.lead_id: one for one in scorer.score_board(histories, as_of)}
    assert everybody.open_leads == len(board)
    assert len(everybody.calls) + everybody.later + everybody.not_worth + everybody.suppressed == len(board)
    idle = [one for one in board.values() if one.next_action in {NextAction.SUPPRESS, NextAction.NONE}]
    poor = [one for one in board.values() if one not in idle and (one.probability_customer or 0) * 1000 - 40 <= 0]
    assert (everybody.suppressed, everybody.not_worth, everybody.later) == (len(idle), len(poor), 0)
    assert len(idle) > 0
    assert len(poor) > 0


def test_a_call_is_worth_the_chance_of_the_deal_less_its_cost_and_the_best_come_first(everybody: CallList) -> None:
    worths = [one.expected_value for one in everybody.calls]
    assert worths == [(one.answer.probability_customer or 0) * 1000 - 40 for one in everybody.calls]
    assert worths == sorted(worths, reverse=True)
    assert worths[-1] > 0


def test_fewer_calls_are_the_first_of_more_and_the_rest_waits(
    everybody: CallList, scorer: Scorer, histories: Histories, as_of: int
) -> None:
    few = choose(scorer, histories, as_of, 3, TERMS)
    assert few.calls == everybody.calls[:3]
    assert few.later == len(everybody.calls) - 3


def test_the_newest_amount_on_record_takes_the_place_of_the_usual_one(
    everybody: CallList, scorer: Scorer, histories: Histories, as_of: int
) -> None:
    last = everybody.calls[-1].answer.lead_id
    older = recorded(histories, last, as_of - 2, 7.0)
    found = choose(scorer, recorded(older, last, as_of - 1, 1e6), as_of, ALL, TERMS)
    assert (found.calls[0].answer.lead_id, found.calls[0].deal_value) == (last, 1e6)


def test_an_amount_that_comes_at_the_moment_of_the_call_is_not_known_yet(
    everybody: CallList, scorer: Scorer, histories: Histories, as_of: int
) -> None:
    last = everybody.calls[-1].answer.lead_id
    assert choose(scorer, recorded(histories, last, as_of, 1e6), as_of, ALL, TERMS) == everybody


def test_where_no_deal_has_a_value_the_likeliest_come_first(scorer: Scorer, histories: Histories, as_of: int) -> None:
    found = choose(scorer, histories, as_of, 5, Terms())
    chances = [one.answer.probability_customer or 0 for one in found.calls]
    assert chances == sorted(chances, reverse=True)
    assert {(one.deal_value, one.expected_value) for one in found.calls} == {(None, None)}


def test_the_answers_are_those_of_the_board_bit_for_bit(
    everybody: CallList, scorer: Scorer, histories: Histories, as_of: int
) -> None:
    board = {one.lead_id: one for one in scorer.score_board(histories, as_of, 3)}
    assert [one.answer for one in everybody.calls] == [board[one.answer.lead_id] for one in everybody.calls]


def test_the_page_has_a_numbered_line_a_call_and_says_who_is_not_on_it(
    scorer: Scorer, histories: Histories, as_of: int
) -> None:
    found = choose(scorer, histories, as_of, 2, TERMS)
    page = io.StringIO()
    today_table.render(found, Console(file=page, width=120))
    lines = page.getvalue().splitlines()
    assert lines[0] == f"2 calls for 2026-05-01T00:00:00Z, the best of {found.open_leads:,} open leads first"
    first = found.calls[0]
    assert lines[2].split()[:4] == ["lead", "worth", "customer", "SQL"]
    assert lines[3].split()[:4] == [
        "1",
        first.answer.lead_id,
        f"{first.expected_value:,.0f}",
        f"{first.answer.probability_customer:.1%}",
    ]
    assert lines[-1].startswith(f"Not on the list: {found.later:,} worth a call when there is time, ")


def test_the_page_without_anybody_to_call_says_why(scorer: Scorer, histories: Histories, as_of: int) -> None:
    found = choose(scorer, histories, as_of, 2, Terms(deal_value=0.0, call_cost=1.0))
    page = io.StringIO()
    today_table.render(found, Console(file=page, width=200))
    assert page.getvalue().splitlines() == [
        (
            f"Nobody to call on 2026-05-01T00:00:00Z. Not on the list: 0 worth a call when there is time, "
            f"{found.not_worth:,} worth less than a call costs, {found.suppressed:,} to be left alone."
        )
    ]


@pytest.mark.parametrize("name", ["calls.csv", "calls.parquet"])
def test_the_file_has_a_row_a_call_in_their_order(
    name: str, scorer: Scorer, histories: Histories, as_of: int, tmp_path: Path
) -> None:
    found = choose(scorer, histories, as_of, 4, TERMS)
    today_table.write(found, tmp_path / name)
    if name.endswith(".csv"):
        with (tmp_path / name).open(newline="") as file:
            rows = [(int(row["rank"]), row["lead_id"], float(row["expected_value"])) for row in csv.DictReader(file)]
    else:
        from pyarrow import parquet  # noqa: PLC0415

        table = parquet.read_table(tmp_path / name).select(["rank", "lead_id", "expected_value"])
        rows = [tuple(row.values()) for row in table.to_pylist()]
    assert rows == [(n, one.answer.lead_id, one.expected_value) for n, one in enumerate(found.calls, 1)]
