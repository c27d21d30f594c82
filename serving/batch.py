"""Answers for many leads as a file: one row a lead, flat where a CRM's import wants columns."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import pyarrow as pa
from pyarrow import csv, parquet

from histories.clock import iso, iso_or_none
from histories.errors import CallError
from histories.whole_file import whole_file
from scoring.answer import Answer, Reason, RuleReason

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


def write(answers: Sequence[Answer], as_of: int, path: Path) -> None:
    """Write the answers as Parquet or CSV, by the path's suffix; the file appears whole or not at all."""
    write_tables([table(answers, as_of)], path)


def write_tables(tables: Iterable[pa.Table], path: Path) -> None:
    """Write the rows of tables of SCHEMA, one after another, as `write` does."""
    refuse_other_suffixes(path)
    with whole_file(path) as unfinished, _writer(path, unfinished) as writer:
        for one in tables:
            writer.write_table(one)


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
