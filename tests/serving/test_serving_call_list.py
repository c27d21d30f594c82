"""What a person and a CRM's import get of a board: a list to read and a file to load."""

import io
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from rich.console import Console

from histories.clock import DAY
from histories.contract import Stage
from histories.errors import CallError
from scoring.answer import Agreement, Answer, NextAction, Reason, RuleReason, Status
from serving.board import batch, call_list

AS_OF = 20 * DAY


def answer(lead_id: str, customer: float, action: NextAction, due: int | None = None) -> Answer:
    return Answer(
        lead_id=lead_id,
        status=Status.SCORED,
        probability_sql=None,
        probability_customer=customer,
        score=97.5,
        grade="A",
        rule_points=72.25,
        rule_grade="A1",
        rule_stage=Stage.SQL,
        stage=Stage.MQL,
        agreement=Agreement.BOTH_HIGH,
        next_action=action,
        follow_up_by=due,
        reasons=(
            Reason("kind:quote", "2 quotes in 7 days raised it", 0.8),
            Reason("rhythm", "Long silence lowered it", -0.2),
        ),
        rule_reasons=(RuleReason("rule:Prices", "Prices: 20 points of 30", 20.0),),
        valid_until=AS_OF + DAY,
        warnings=("unknown kind fax",),
    )


BOARD = [
    answer("L1", 0.04, NextAction.NURTURE),
    answer("L2", 0.4, NextAction.HAND_TO_SALES, AS_OF - DAY),
    answer("L3", 0.9, NextAction.SUPPRESS),
    answer("L4", 0.2, NextAction.HAND_TO_SALES, AS_OF + DAY),
    Answer("L5", Status.FAILED, error_code="created_later", error_message="created_at lies after as_of"),
]


def test_the_strongest_come_first_and_those_to_leave_alone_not_at_all() -> None:
    assert [one.lead_id for one in call_list.strongest(BOARD, 10)] == ["L2", "L4", "L1"]
    assert [one.lead_id for one in call_list.strongest(BOARD, 1)] == ["L2"]


def test_a_line_says_both_scores_what_to_do_until_when_and_why() -> None:
    page = io.StringIO()
    call_list.render(BOARD, AS_OF, Console(file=page, width=120), count=2)
    lines = [line.rstrip() for line in page.getvalue().splitlines()]
    assert lines[0] == "The 2 strongest of 5 open leads, as of 1970-01-21T00:00:00Z"
    assert lines[2] == "lead  customer     SQL   score   points  stage        next action"
    assert lines[3] == (
        "L2       40.0%       –    98 A    72 A1  mql          hand to sales, overdue since 1970-01-20 00:00"
    )
    assert lines[4:7] == [
        "   ▲ 2 quotes in 7 days raised it",
        "   ▼ Long silence lowered it",
        "   • Prices: 20 points of 30",
    ]
    assert lines[7].endswith("hand to sales by 1970-01-22 00:00")
    assert lines[-1] == "Next actions: 2 hand to sales, 1 nurture, 1 suppress; 1 could not be scored"


@pytest.mark.parametrize(("name", "read"), [("s.parquet", pd.read_parquet), ("s.csv", pd.read_csv)])
def test_a_file_has_a_row_for_every_lead_scored_or_not(tmp_path: Path, name: str, read: object) -> None:
    batch.write(BOARD, AS_OF, tmp_path / "new" / name)
    assert callable(read)
    found = read(tmp_path / "new" / name)
    assert found["lead_id"].tolist() == ["L1", "L2", "L3", "L4", "L5"]
    assert found["status"].tolist() == ["scored"] * 4 + ["failed"]
    assert found["probability_customer"].tolist()[:4] == [0.04, 0.4, 0.9, 0.2]
    assert found["reasons"][0] == "2 quotes in 7 days raised it; Long silence lowered it"
    assert found["follow_up_by"][1] == "1970-01-20T00:00:00Z"
    assert [path.name for path in (tmp_path / "new").iterdir()] == [name]


def test_another_suffix_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(CallError, match=r"s\.xlsx: scores are written as \.parquet or \.csv; name the file so"):
        batch.write(BOARD, AS_OF, tmp_path / "s.xlsx")
    assert list(tmp_path.iterdir()) == []


def test_a_board_without_leads_is_said_to_be_empty() -> None:
    console = Console(file=io.StringIO(), width=120)
    call_list.render([], AS_OF, console)
    assert console.file.getvalue() == "No lead was open on 1970-01-21T00:00:00Z.\n"  # type: ignore[attr-defined]


FORMULAS = ["=1+1", "+1", "-1", "@SUM(1)", "\t=1"]


@pytest.mark.parametrize("lead_id", FORMULAS)
def test_a_text_that_a_spreadsheet_would_run_is_marked_in_csv_and_left_alone_in_parquet(
    lead_id: str, tmp_path: Path
) -> None:
    rows = [replace(BOARD[0], lead_id=lead_id), BOARD[1]]
    batch.write(rows, AS_OF, tmp_path / "s.csv")
    batch.write(rows, AS_OF, tmp_path / "s.parquet")
    assert list(pd.read_csv(tmp_path / "s.csv", dtype=str)["lead_id"]) == ["'" + lead_id, "L2"]
    assert list(pd.read_parquet(tmp_path / "s.parquet")["lead_id"]) == [lead_id, "L2"]


def test_what_would_steer_a_terminal_is_not_printed() -> None:
    page = io.StringIO()
    call_list.render([replace(BOARD[1], lead_id="\x1b[2JL2")], AS_OF, Console(file=page, width=120))
    assert "\x1b" not in page.getvalue()
    assert "\ufffd[2JL2" in page.getvalue()
