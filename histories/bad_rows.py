"""Rows and lines of a source that could not be read: which lines they stood in, and why."""
# ruff: noqa: S608 - names and texts are quoted by histories.sql

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from histories import sql
from histories.errors import DataError
from histories.lines import line_starts, lines_of_rows, overlong_line
from histories.quarantine import QUARANTINE
from histories.source import ROW, OpenSource


def quarantined(connection: duckdb.DuckDBPyConnection, opened: OpenSource, name: str, bad: str) -> pa.Table:
    """Return the quarantine of a source: rows of the query `bad` (ROW, reason, raw), and lines DuckDB refused.

    `name` is what the source is called there. In the order of the file.
    """
    rows = connection.execute(f"select {sql.name(ROW)}, reason, raw from ({bad}) order by all").fetchall()
    if opened.lines is None:
        places = [(line, "the line is not a JSON object", text) for line, text in _no_objects(connection, opened)]
        return _table(name, sorted([*rows, *places], key=_line))
    _refuse_overlong(opened, opened.lines)
    refused = _refused(connection, opened)
    if not (rows or refused):
        return _table(name, [])
    lines, refused_lines = _lines(connection, opened, refused)
    placed = [(int(lines[number - 1]), reason, raw) for number, reason, raw in rows]
    places = [
        (line, one.reason, one.text.strip("\r\n")) for line, one in zip(refused_lines.tolist(), refused, strict=True)
    ]
    return _table(name, sorted([*placed, *places], key=_line))


def refused_lines(connection: duckdb.DuckDBPyConnection, opened: OpenSource) -> int:
    """Return how many lines of a source, read already, DuckDB could not take apart, or are no objects."""
    return len(_no_objects(connection, opened)) if opened.lines is None else len(_refused(connection, opened))


def refuse_lost_lines(connection: duckdb.DuckDBPyConnection, opened: OpenSource) -> None:
    """Raise DataError where lines of a source, read already, are part of no row that was read or refused."""
    if opened.lines is None:
        return
    _refuse_overlong(opened, opened.lines)
    refused = _refused(connection, opened)
    if refused:
        _lines(connection, opened, refused)


def _line(row: tuple[int, str, str]) -> int:
    return row[0]


def _table(name: str, rows: Sequence[tuple[int, str, str]]) -> pa.Table:
    lines, reasons, raws = zip(*rows, strict=True) if rows else ((), (), ())
    return pa.table([[name] * len(rows), lines, reasons, raws], schema=QUARANTINE)


def _no_objects(connection: duckdb.DuckDBPyConnection, opened: OpenSource) -> list[tuple[int, str]]:
    """The lines of a JSON lines file that are no objects, and their texts."""
    if opened.rejects is None:
        return []
    return connection.execute(f"select line, csv_line from {sql.name(opened.rejects)} order by 1").fetchall()


def _refuse_overlong(opened: OpenSource, path: Path) -> None:
    line = overlong_line(path)
    if line is not None:
        raise DataError(
            f"{opened.source.place}: {opened.label} cannot be read: line {line:,} is longer than any row can be, so a line end is missing"
        )


@dataclass(frozen=True, slots=True)
class _Refused:
    """A line of a CSV that DuckDB could not take apart: its byte offset, its first 10,000 characters, and why."""

    offset: int
    text: str
    reason: str


# What DuckDB calls it to what we say; of several, the first counts.
_MALFORMED = {
    "UNQUOTED VALUE": "a quote does not end, or text follows it",
    "INVALID ENCODING": "it has bytes that are no UTF-8",
    "LINE SIZE OVER MAXIMUM": "it is longer than 2 MB; does a quote not end?",
    "TOO MANY COLUMNS": "it has more columns than the header",
    "MISSING COLUMNS": "it has fewer columns than the header",
}


def _refused(connection: duckdb.DuckDBPyConnection, opened: OpenSource) -> list[_Refused]:
    # One line may be refused on several grounds, and once for each time that the file was read.
    found = connection.execute(
        f"select line_byte_position, any_value(csv_line), list(distinct error_type::varchar) "
        f"from {sql.name(str(opened.rejects))} group by 1 order by 1"
    ).fetchall()
    return [_Refused(offset, text, _malformed(errors)) for offset, text, errors in found]


def _malformed(errors: Sequence[str]) -> str:
    said = next((said for error, said in _MALFORMED.items() if error in errors), "it is not CSV")
    return f"the line cannot be taken apart: {said}"


def _lines(
    connection: duckdb.DuckDBPyConnection, opened: OpenSource, refused: Sequence[_Refused]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    assert opened.lines is not None  # noqa: S101 - asked for text files alone
    starts = line_starts(opened.lines)
    everything = f"concat_ws('', {', '.join(sql.name(one) for one in opened.columns)})"
    breaks = connection.execute(
        f"select length({everything}) - length(replace({everything}, chr(10), '')) as breaks "
        f"from {sql.name(opened.whole)} order by {sql.name(ROW)}"
    ).fetchnumpy()["breaks"]
    lines, refused_lines, lost = lines_of_rows(
        starts, opened.header_lines, [(one.offset, one.text) for one in refused], np.asarray(breaks, dtype=np.int64)
    )
    if lost and refused:
        quotes = [line for line, one in zip(refused_lines.tolist(), refused, strict=True) if "quote" in one.reason]
        raise DataError(
            f"{opened.source.place}: {opened.label} cannot be read: {lost:,} of its lines are part of no row; "
            f"a quote that opens in or near line {(quotes or refused_lines.tolist())[0]:,} does not end, mend that line"
        )
    return lines, refused_lines
