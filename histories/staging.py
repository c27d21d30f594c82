"""Turns each source's rows into our columns, and parts those that can be read from those that cannot."""
# ruff: noqa: S608 - names and texts are quoted by histories.sql; the user's own SQL runs on the user's own machine

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from histories import sql
from histories.clock import iso
from histories.crm import Column, Text
from histories.errors import CallError, DataError, listed, nearest
from histories.lines import line_starts, lines_of_rows, overlong_line
from histories.quarantine import QUARANTINE
from histories.source import ROW, OpenSource, reading

FOUND = "leads found"  # the table of the lead_ids that exist


@dataclass(frozen=True, slots=True)
class Field:
    """One of our columns: its SQL, and what is wrong with a row (SQL condition to reason, the first one counts)."""

    sql: str
    wrong: tuple[tuple[str, str], ...] = ()


def _ours(alias: str) -> str:
    """Our column beside the export's: a name that no export has."""
    return sql.name(f"our {alias}")


BAD = f"{_ours('reason')} is not null"
ALL = "true"


class Columns:
    """Looks up the columns that crm.toml names in a source, and makes fields of them."""

    def __init__(self, opened: OpenSource, limit: int | None) -> None:
        """`limit` is the moment (UTC microseconds) after which nothing may lie; None: not known yet."""
        self._opened, self._limit = opened, limit

    def type(self, column: str, place: str) -> str:
        """Return DuckDB's type of a column. Raises CallError that names what the file has instead."""
        columns = self._opened.columns
        if column not in columns:
            raise CallError(
                f"{place}: {self._opened.label} has no column {column!r}; it has {listed(columns)}"
                f"{nearest(column, columns)}"
            )
        return columns[column]

    def identifier(self, column: Column, alias: str) -> Field:
        """A text that must be there."""
        self.type(column.name, column.place)
        return Field(sql.text(column.name), ((f"{_ours(alias)} is null", f"no {alias} (column {column.name!r})"),))

    def optional_text(self, column: Column | None) -> Field:
        """A text, or null."""
        if column is None:
            return Field("null::varchar")
        self.type(column.name, column.place)
        return Field(sql.text(column.name))

    def lead(self, column: Column) -> Field:
        """A lead_id that must be that of a lead."""
        field = self.identifier(column, "lead_id")
        unknown = (
            f"{_ours('lead_id')} not in (select lead_id from {sql.name(FOUND)})",
            "there is no lead of this lead_id",
        )
        return Field(field.sql, (*field.wrong, unknown))

    def time(self, column: Column | None, alias: str, *, needed: bool = True) -> Field:
        """A time from 1970 to the limit, as UTC microseconds."""
        if column is None:
            return Field("null::bigint")
        type_ = self.type(column.name, column.place)
        read = sql.time(column.name, type_)
        if read is None:
            raise CallError(
                f"{column.place}: column {column.name!r} of {self._opened.label} is of type {type_}; allowed is {sql.TIMES}"
            )
        missing = f"{sql.text(column.name)} is null"
        seen = f"{alias} (column {column.name!r})"
        ours = _ours(alias)
        wrong = [(f"{missing}", f"no {seen}")] if needed else []
        wrong.append((f"{ours} is null and not {missing}", f"{seen} {sql.UNREADABLE_TIME}"))
        wrong.append((f"{ours} < 0", f"{seen} lies before 1970"))
        if self._limit is not None:
            wrong.append((f"{ours} > {self._limit}", f"{seen} lies after the export was taken, {iso(self._limit)}"))
        return Field(read, tuple(wrong))

    def number(self, column: Column | None, alias: str) -> Field:
        """A finite number, or null where the export has none."""
        if column is None:
            return Field("null::double")
        read = sql.number(column.name, self.type(column.name, column.place))
        unreadable = f"{_ours(alias)} is null and {sql.text(column.name)} is not null"
        return Field(read, ((unreadable, f"{alias} (column {column.name!r}) is not a number"),))

    def text(self, text: Text | None) -> Field:
        """A template's text; null where one of its columns is empty."""
        if text is None:
            return Field("null::varchar")
        for column in text.template.columns:
            self.type(column, text.place)
        constant = text.template.constant
        if constant is not None and constant in self._opened.columns:
            raise CallError(
                f"{text.place}: {constant!r} is a column of {self._opened.label}; write it in braces, as '{{{constant}}}'"
            )
        return Field(sql.template(text.template))

    def needed_text(self, text: Text, alias: str) -> Field:
        """A template's text that must be there."""
        columns = ", ".join(text.template.columns)
        return Field(self.text(text).sql, ((f"{_ours(alias)} is null", f"no {alias} (column {columns!r})"),))

    def chosen(self, text: Text | None, alias: str, allowed: Sequence[str]) -> Field:
        """A template's text that is one of `allowed` (capitals make no difference), or null."""
        listed = ", ".join(sql.literal(one) for one in allowed)
        wrong = (f"{_ours(alias)} not in ({listed})", f"{alias} is none of {', '.join(allowed)}")
        return Field(f"lower({self.text(text).sql})", (wrong,))

    def row_hash(self) -> Field:
        """What stands for a missing id: equal for rows that are equal in every column, of whatever order."""
        parts = [f"coalesce({sql.name(one)}::varchar, chr(30))" for one in self._opened.columns]
        return Field(f"left(md5(concat_ws(chr(31), {', '.join(parts)})), 20)")


def stage(
    connection: duckdb.DuckDBPyConnection, opened: OpenSource, fields: Mapping[str, Field], table: str, raw_where: str
) -> None:
    """Make `table`: ROW, the fields, `reason` (null: the row is good) and `raw`, the row as JSON where `raw_where`."""
    reasons = [
        f"when {condition} then {sql.literal(reason)}" for one in fields.values() for condition, reason in one.wrong
    ]
    reason = f"case {' '.join(reasons)} end" if reasons else "null::varchar"
    columns = ", ".join(f"{one.sql} as {_ours(alias)}" for alias, one in fields.items())
    raw = ", ".join(f"{sql.literal(one)}: {sql.name(one)}" for one in opened.columns)
    kept = ", ".join(f"{_ours(alias)} as {sql.name(alias)}" for alias in fields)
    # Two steps, since a reason speaks of our columns and may need the export's.
    with reading(opened):
        connection.execute(
            f"create temp table {sql.name(table)} as select {sql.name(ROW)}, {kept}, {_ours('reason')} as reason, "
            f"case when {raw_where} then to_json({{{raw}}})::varchar end as raw from "
            f"(select *, {reason} as {_ours('reason')} from (select *, {columns} from {sql.name(opened.view)}))"
        )


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
