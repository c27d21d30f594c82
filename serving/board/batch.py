"""Answers for many leads as a file: one row a lead, flat where a CRM's import wants columns."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv, parquet

from histories.clock import iso, iso_or_none
from histories.errors import CallError
from histories.whole_file import whole_file
from scoring.answer import Answer, Reason, RuleReason, Status
from scoring.judge import VALID_UNTIL
from scoring.moments import NEVER
from scoring.scores import Scores

T = TypeVar("T")

SCHEMA = pa.schema(
    [
        ("lead_id", pa.string()),
        ("as_of", pa.string()),
        ("status", pa.string()),
        ("error_code", pa.string()),
        ("error_message", pa.string()),
        ("probability_sql", pa.float64()),
        ("probability_customer", pa.float64()),
        ("score", pa.float64()),
        ("grade", pa.string()),
        ("rule_points", pa.float64()),
        ("rule_grade", pa.string()),
        ("rule_stage", pa.string()),
        ("stage", pa.string()),
        ("agreement", pa.string()),
        ("next_action", pa.string()),
        ("follow_up_by", pa.string()),
        ("valid_until", pa.string()),
        ("reasons", pa.string()),
        ("rule_reasons", pa.string()),
        ("warnings", pa.string()),
    ]
)


def table(answers: Sequence[Answer], as_of: int) -> pa.Table:
    """Return one row an answer, in their order; times as ISO 8601, several reasons or warnings joined by `; `."""
    return pa.Table.from_pylist([_row(answer, iso(as_of)) for answer in answers], schema=SCHEMA)


def columns(scores: Scores, as_of: int) -> pa.Table:
    """Return the rows that `table` makes of `scores.answers()`, without making one object a lead."""
    count = len(scores.lead_ids)
    none = pa.nulls(count, pa.string())
    return pa.table(
        [
            pa.array(scores.lead_ids, pa.string()),
            _repeated(iso(as_of), count),
            _repeated(Status.SCORED.value, count),
            none,
            none,
            *(pa.array(one, mask=np.isnan(one)) for one in (scores.sql, scores.customer, scores.percentiles)),
            pa.array(scores.grades, pa.string()),
            pa.array(scores.rule_points),
            pa.array(scores.rule_grades, pa.string()),
            pa.array(scores.rule_stages, pa.string()),
            pa.array(scores.stages, pa.string()),
            pa.array(scores.agreements, pa.string()),
            pa.array(scores.actions, pa.string()),
            _times(scores.follow_up_by),
            _times(scores.judged[:, VALID_UNTIL]),
            _texts(scores.reasons, _joined),
            _texts(scores.rule_reasons, _joined),
            _texts(scores.warnings, "; ".join),
        ],
        schema=SCHEMA,
    )


def write(answers: Sequence[Answer], as_of: int, path: Path) -> None:
    """Write the answers as Parquet or CSV, by the path's suffix; the file appears whole or not at all."""
    write_tables([table(answers, as_of)], path)


def write_tables(tables: Iterable[pa.Table], path: Path) -> None:
    """Write the rows of tables of SCHEMA, one after another, as `write` does."""
    refuse_other_suffixes(path)
    with whole_file(path) as unfinished, _writer(path, unfinished) as writer:
        for one in tables:
            writer.write_table(for_spreadsheets(one) if path.suffix == ".csv" else one)


def for_spreadsheets(table: pa.Table) -> pa.Table:
    """Return the table with an apostrophe before each text that a spreadsheet would take for a formula.

    Leads are named by whoever fills in a form, and `=HYPERLINK(...)` would run where the file is opened (OWASP, "CSV
    Injection").
    """
    for place, column in enumerate(table.schema):
        if column.type == pa.string():
            risky = pc.match_substring_regex(table[place], r"^[=+\-@\t\r]")
            if pc.any(risky).as_py():
                marked = pc.binary_join_element_wise("'", table[place], "")
                table = table.set_column(place, column, pc.if_else(risky, marked, table[place]))
    return table


def refuse_other_suffixes(path: Path) -> None:
    """Raise CallError where the path does not end in .parquet or .csv."""
    if path.suffix not in {".parquet", ".csv"}:
        raise CallError(f"{path}: scores are written as .parquet or .csv; name the file so")


def _writer(path: Path, unfinished: Path) -> csv.CSVWriter | parquet.ParquetWriter:
    return csv.CSVWriter(unfinished, SCHEMA) if path.suffix == ".csv" else parquet.ParquetWriter(unfinished, SCHEMA)


def _row(answer: Answer, as_of: str) -> dict[str, object]:
    as_they_are = {name: getattr(answer, name) for name in SCHEMA.names if name != "as_of"}
    return as_they_are | {
        "as_of": as_of,
        "follow_up_by": iso_or_none(answer.follow_up_by),
        "valid_until": iso_or_none(answer.valid_until),
        "reasons": _joined(answer.reasons),
        "rule_reasons": _joined(answer.rule_reasons),
        "warnings": "; ".join(answer.warnings),
    }


def _joined(reasons: Sequence[Reason] | Sequence[RuleReason]) -> str:
    return "; ".join(reason.text for reason in reasons)


def _repeated(text: str, count: int) -> pa.Array:
    return pa.repeat(pa.scalar(text, pa.string()), count)


def _times(moments: npt.NDArray[np.int64]) -> pa.Array:
    """Return moments as `iso_or_none` writes them."""
    known = moments != NEVER
    texts = np.datetime_as_string(np.where(known, moments, 0).astype("datetime64[us]"))
    return pc.if_else(
        pa.array(known),
        pc.binary_join_element_wise(pc.replace_substring(pa.array(texts), ".000000", ""), "Z", ""),
        None,
    )


def _texts(values: Sequence[tuple[T, ...]], text: Callable[[tuple[T, ...]], str]) -> pa.Array:
    """Return what `text` says of each; leads that share an object share its text."""
    objects = np.fromiter(map(id, values), np.int64, len(values))
    _, firsts, places = np.unique(objects, return_index=True, return_inverse=True)
    return pa.array([text(values[first]) for first in firsts.tolist()], pa.string()).take(pa.array(places))
