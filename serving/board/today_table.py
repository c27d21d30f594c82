"""The day's call list on a terminal, and as a file that a CRM or a spreadsheet reads."""

from collections.abc import Iterator
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

_WORTH = "worth: P(customer) x what the deal is worth - what a call costs."
_NO_WORTH = "worth: – where the recipe names no deal_value; the likeliest customers come first."
_LEGEND = (
    "customer, SQL: the probabilities (–: that stage is reached). score: the share of a recent board that is less likely "
    "to become a customer. points: the rulebook's. ▲ ▼ what went with a higher or lower probability, • the rule that "
    "counted most. Times are UTC."
)
_BY_LOT = "by lot: to be called like the others, whatever its score"
_LOT_LEGEND = (
    "◆ drawn by lot from all leads that may be called, and put at a random place of the list. What comes of leads that "
    "no score has chosen tells what the scores are worth."
)
_SCHEMA = pa.schema(
    [
        ("rank", pa.int64()),
        ("account_id", pa.string()),
        ("expected_value", pa.float64()),
        ("deal_value", pa.float64()),
        ("overdue", pa.bool_()),
        ("by_lot", pa.bool_()),
        ("propensity", pa.float64()),
        *(field for field in batch.SCHEMA if field.name not in {"status", "error_code", "error_message"}),
    ]
)


def render(found: CallList, console: Console) -> None:
    """Print the calls, the best first but for those by lot, each with both scores, what to do by when, and why."""
    if not found.calls:
        console.print(f"Nobody to call on {iso(found.as_of)}. {_rest(found)}", style="bold")
        return
    console.print(f"{_heading(found)}\n", style="bold")
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
        if one.explored:
            console.print(Padding(Text(f"◆ {_BY_LOT}", "magenta"), (0, 0, 0, 3)))
        call_list.explain(one.answer, console)
    console.print(Padding(Text(" ".join(_legends(found)), "dim"), (1, 0)))
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
        "by_lot": [one.explored for one in found.calls],
        "propensity": [one.propensity for one in found.calls],
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


def _by_lot(found: CallList) -> int:
    return sum(one.explored for one in found.calls)


def _heading(found: CallList) -> str:
    calls = f"{len(found.calls)} {'call' if len(found.calls) == 1 else 'calls'} for {iso(found.as_of)}"
    if not _by_lot(found):
        return f"{calls}, the best of {found.open_leads:,} open leads first"
    return (
        f"{calls} of {found.open_leads:,} open leads: {len(found.calls) - _by_lot(found)} that a call brings most from, "
        f"the best first, and {_by_lot(found)} by lot (◆)"
    )


def _legends(found: CallList) -> Iterator[str]:
    yield _NO_WORTH if found.calls[0].expected_value is None else _WORTH
    yield _LEGEND
    if _by_lot(found):
        yield _LOT_LEGEND


def _worth(one: Call) -> str:
    return "–" if one.expected_value is None else f"{one.expected_value:,.0f}"


def _rest(found: CallList) -> str:
    return (
        f"Not on the list: {found.later:,} worth a call when there is time, {found.not_worth:,} worth less than a call "
        f"costs, {found.suppressed:,} to be left alone."
    )
