"""The day's call list on a terminal, and as a file that a CRM or a spreadsheet reads."""

from pathlib import Path

import pyarrow as pa
from pyarrow import csv, parquet
from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from histories.clock import iso
from histories.printable import printable
from histories.whole_file import whole_file
from serving.board import batch, call_list
from serving.board.today import Call, CallList

_LEGEND = (
    "worth: P(customer) x what the deal is worth - what a call costs. customer, SQL: the probabilities (–: that stage "
    "is reached). score: the share of a recent board that is less likely to become a customer. points: the rulebook's. "
    "▲ ▼ what went with a higher or lower probability, • the rule that gave most points. Times are UTC."
)
_SCHEMA = pa.schema(
    [
        ("rank", pa.int64()),
        ("account_id", pa.string()),
        ("expected_value", pa.float64()),
        ("deal_value", pa.float64()),
        ("overdue", pa.bool_()),
        *(field for field in batch.SCHEMA if field.name not in {"status", "error_code", "error_message"}),
    ]
)


def render(found: CallList, console: Console) -> None:
    """Print the calls, the best first, each with both scores, what to do by when, and why."""
    if not found.calls:
        console.print(f"Nobody to call on {iso(found.as_of)}. {_rest(found)}", style="bold")
        return
    heading = f"{len(found.calls)} calls for {iso(found.as_of)}, the best of {found.open_leads:,} open leads first\n"
    console.print(heading, style="bold")
    leads, worths = (
        [printable(one.answer.lead_id) for one in found.calls],
        [_worth(one) for one in found.calls],
    )
    width, room = max(map(len, ["lead", *leads])), max(map(len, ["worth", *worths]))
    console.print(f"    {'lead':<{width}}  {'worth':>{room}}{call_list.HEADINGS}", style="dim", soft_wrap=True)
    for number, (one, lead, worth) in enumerate(zip(found.calls, leads, worths, strict=True), 1):
        head = Text(f"{number:>2}  ")
        head.append(lead.ljust(width), "bold").append(f"  {worth:>{room}}")
        console.print(head.append(call_list.line(one.answer, found.as_of)), soft_wrap=True)
        call_list.explain(one.answer, console)
    console.print(Padding(Text(_LEGEND, "dim"), (1, 0)))
    console.print(_rest(found))


def write(found: CallList, path: Path) -> None:
    """Write one row a call, as Parquet or CSV by the path's suffix; the file appears whole or not at all."""
    batch.refuse_other_suffixes(path)
    answers = batch.table([one.answer for one in found.calls], found.as_of)
    due = [one.answer.follow_up_by for one in found.calls]
    columns = {
        "rank": range(1, len(found.calls) + 1),
        "account_id": [one.account_id for one in found.calls],
        "expected_value": [one.expected_value for one in found.calls],
        "deal_value": [one.deal_value for one in found.calls],
        "overdue": [None if by is None else by < found.as_of for by in due],
    }
    table = pa.table(
        [
            answers[field.name] if field.name in answers.column_names else pa.array(columns[field.name], field.type)
            for field in _SCHEMA
        ],
        schema=_SCHEMA,
    )
    with whole_file(path) as unfinished:
        if path.suffix == ".csv":
            csv.write_csv(batch.for_spreadsheets(table), unfinished)
        else:
            parquet.write_table(table, unfinished)


def _worth(one: Call) -> str:
    return "–" if one.expected_value is None else f"{one.expected_value:,.0f}"


def _rest(found: CallList) -> str:
    return (
        f"Not on the list: {found.later:,} worth a call when there is time, {found.not_worth:,} worth less than a call "
        f"costs, {found.suppressed:,} to be left alone."
    )
