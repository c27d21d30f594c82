"""Opens one source of an export in DuckDB: a file or a query becomes a view with numbered rows."""
# ruff: noqa: S608 - names and texts are quoted by histories.sql; the user's own SQL runs on the user's own machine

import csv
import gzip
import json
import re
import shutil
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from io import TextIOWrapper
from pathlib import Path
from typing import IO, cast

import duckdb

from histories import sql
from histories.crm import Source
from histories.errors import CallError, DataError

ROW = "row#"  # the column of a row's number, from 1
_PLACE = "file_row_number"  # what DuckDB calls a row's place in a Parquet file, from 0
SUFFIXES = (".csv", ".tsv", ".parquet", ".jsonl", ".ndjson")


@dataclass(frozen=True, slots=True)
class OpenSource:
    """A source as a view: `ROW` and the columns, each with DuckDB's name of its type. `label` is for messages.

    `whole` is the view before `where`. `rejects` is the table into which DuckDB puts a CSV's malformed lines; `lines` the text file whose physical
    lines are counted, with `header_lines` before its first row.
    """

    source: Source
    label: str
    view: str
    whole: str
    columns: Mapping[str, str]
    rejects: str | None = None
    lines: Path | None = None
    header_lines: int = 0


@contextmanager
def blame(place: str) -> Iterator[None]:
    """Turn what DuckDB says into one line that names the place in crm.toml."""
    try:
        yield
    except duckdb.Error as error:
        raise CallError(f"{place}: DuckDB cannot run this: {_said(error)}") from None


def _said(error: Exception) -> str:
    """An error in one line, without DuckDB's picture of the statement."""
    if "state machine reached an invalid state" in str(error):
        return "its lines do not all end alike, some in CR LF and others in LF; save it with one kind of line end"
    line = re.match(r"Invalid Input Error: CSV Error on Line: (\d+)", str(error))
    if line and "Invalid unicode" in str(error):
        return f"line {line[1]} has bytes that are no UTF-8; save it as UTF-8"
    if line and "Maximum line size" in str(error):
        return f"line {line[1]} is longer than any row can be, so a line end is missing"
    return " ".join(str(error).split("\nLINE ")[0].split())


@contextmanager
def reading(opened: OpenSource) -> Iterator[None]:
    """Tell apart, while rows are read, a damaged file (DataError) and SQL of the user's that fails on them (CallError)."""
    source = opened.source
    try:
        yield
    except duckdb.Error as error:
        if source.file is not None and (source.where is None or isinstance(error, duckdb.IOException)):
            raise DataError(f"{source.place}: {opened.label} cannot be read: {_said(error)}") from None
        place = source.place if source.where is None else source.where_place
        raise CallError(f"{place}: DuckDB cannot run this: {_said(error)}") from None


def open_source(connection: duckdb.DuckDBPyConnection, source: Source, view: str, scratch: Path) -> OpenSource:
    """Open a source under the name `view` (letters, digits and _); `scratch` is a folder for temporary files.

    Raises CallError where there is no such file, its kind is not known, or DuckDB cannot run the query, and
    DataError where the file is damaged.
    """
    if source.query is not None:
        with blame(source.place):
            _view(connection, view, f"({source.query.strip().rstrip(';')}\n)")
        opened = OpenSource(source, "the query", view, view, _columns(connection, view))
    else:
        opened = _open_file(connection, source, view, scratch)
    if source.where is not None:
        with blame(source.where_place):
            filtered = f"{view}_where"
            connection.execute(
                f"create temp view {sql.name(filtered)} as select * from {sql.name(view)} where ({source.where}\n)"
            )
        return replace(opened, view=filtered)
    return opened


def _view(connection: duckdb.DuckDBPyConnection, view: str, relation: str) -> None:
    connection.execute(
        f"create temp view {sql.name(view)} as select row_number() over () as {sql.name(ROW)}, * from {relation}"
    )


def _columns(connection: duckdb.DuckDBPyConnection, view: str) -> dict[str, str]:
    described = connection.execute(f"describe {sql.name(view)}").fetchall()
    return {row[0]: row[1] for row in described if row[0] != ROW}


def _open_file(connection: duckdb.DuckDBPyConnection, source: Source, view: str, scratch: Path) -> OpenSource:
    path = source.file
    assert path is not None  # noqa: S101 - a source is a file where it is no query
    plain = path.name.lower().removesuffix(".gz")
    suffix = next((one for one in SUFFIXES if plain.endswith(one)), None)
    if suffix is None:
        raise CallError(
            f"{source.place}: {path.name!r} is of no kind that can be read; allowed are {', '.join(SUFFIXES)}, each also with .gz"
        )
    if not _is_file(path):
        raise CallError(f"{source.place}: there is no file {path}; paths are relative to the folder of crm.toml")
    try:
        if suffix == ".parquet":
            return _open_parquet(connection, source, path, view, scratch)
        if suffix in (".csv", ".tsv"):
            return _open_csv(connection, source, path, view)
        return _open_json_lines(connection, source, path, view)
    except (duckdb.Error, OSError, EOFError, zlib.error, csv.Error) as error:
        raise DataError(f"{source.place}: {path.name} cannot be read: {_said(error)}") from None


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name that is too long for any
        return False


def _open_parquet(
    connection: duckdb.DuckDBPyConnection, source: Source, path: Path, view: str, scratch: Path
) -> OpenSource:
    plain = path
    if path.name.lower().endswith(".gz"):
        plain = scratch / f"{view}.parquet"
        with gzip.open(path) as packed, plain.open("wb") as unpacked:
            shutil.copyfileobj(packed, unpacked)
    _view(connection, view, f"read_parquet({sql.literal(str(plain))})")
    columns = _columns(connection, view)
    if _PLACE not in columns:
        # Numbering rows one after the other would have one thread read all of them.
        connection.execute(
            f"create or replace temp view {sql.name(view)} as select {_PLACE} + 1 as {sql.name(ROW)}, "
            f"* exclude ({_PLACE}) from read_parquet({sql.literal(str(plain))}, {_PLACE} = true)"
        )
    return OpenSource(source, path.name, view, view, columns)


def _open_csv(connection: duckdb.DuckDBPyConnection, source: Source, path: Path, view: str) -> OpenSource:
    header, delimiter, header_lines = _header(path)
    if any("\ufffd" in one or "\0" in one for one in header):
        raise DataError(f"{source.place}: {path.name} is not UTF-8 text; save it as UTF-8")
    if not header:
        raise DataError(
            f"{source.place}: {path.name} is empty or begins with a blank line; its first line must name the columns"
        )
    _refuse_twice(source, path, header)
    typed = ", ".join(f"{sql.literal(one)}: 'VARCHAR'" for one in header)
    rejects = f"{view}_rejects"
    # Nothing is guessed, so that an id never becomes a number and a time never loses its offset.
    _view(
        connection,
        view,
        f"read_csv({sql.literal(str(path))}, auto_detect=false, header=true, delim={sql.literal(delimiter)}, quote='\"', "
        f"escape='\"', columns={{{typed}}}, null_padding=false, strict_mode=true, store_rejects=true, rejects_limit=0, "
        f"rejects_table={sql.literal(rejects)}, rejects_scan={sql.literal(rejects + '_scan')})",
    )
    return OpenSource(source, path.name, view, view, dict.fromkeys(header, "VARCHAR"), rejects, path, header_lines)


def _refuse_twice(source: Source, path: Path, columns: Sequence[str]) -> None:
    twice = [one for one, times in Counter(one.lower() for one in columns).items() if times > 1]
    if twice:
        raise DataError(
            f"{source.place}: {path.name} has several columns named {twice[0]!r} (capitals make no difference); rename one"
        )


def open_bytes(path: Path) -> IO[bytes]:
    """Open a file, unpacking .gz."""
    # gzip's own class is typed apart from open's, though both are read alike.
    return cast("IO[bytes]", gzip.open(path)) if path.name.lower().endswith(".gz") else path.open("rb")


def open_text(path: Path) -> IO[str]:
    """Open a text file, unpacking .gz; bytes that are no UTF-8 come out as U+FFFD."""
    return TextIOWrapper(open_bytes(path), encoding="utf-8-sig", errors="replace", newline="")


def _header(path: Path) -> tuple[list[str], str, int]:
    """The names of a CSV's columns, what separates them (of , ; tab | the commonest in the header), and its lines."""
    with open_text(path) as file:
        first = file.readline()
    outside_quotes = "".join(first.split('"')[::2])
    delimiter = max(",;\t|", key=outside_quotes.count)
    with open_text(path) as file:
        reader = csv.reader(file, delimiter=delimiter)
        names = next(reader, [])
        # A column without a name can be read by nobody, but it must not stop the others.
        return [one.strip() or f"column {number}" for number, one in enumerate(names, 1)], delimiter, reader.line_num


def _open_json_lines(connection: duckdb.DuckDBPyConnection, source: Source, path: Path, view: str) -> OpenSource:
    lines = f"{view}_lines"
    # A separator that JSON cannot hold unescaped makes each line one column.
    connection.execute(
        f"create temp view {sql.name(lines)} as select row_number() over () as {sql.name(ROW)}, line, "
        f"case when json_valid(line) then json_type(line) = 'OBJECT' else false end as readable from read_csv("
        f"{sql.literal(str(path))}, auto_detect=false, header=false, delim='\x01', quote='', escape='', "
        f"columns={{'line': 'VARCHAR'}}, strict_mode=false, max_line_size=33554432)"
    )
    keys = [
        row[0]
        for row in connection.execute(
            f"select distinct unnest(json_keys(line)) as key from {sql.name(lines)} where readable order by key"
        ).fetchall()
        if row[0]  # DuckDB knows no key without a name, and nobody can ask for one
    ]
    if not keys:
        raise DataError(
            f'{source.place}: {path.name} holds no JSON objects; each line must be one by itself, as {{"lead_id": "L-1"}}'
        )
    _refuse_twice(source, path, keys)
    shape = "{" + ", ".join(f'{json.dumps(key)}: "VARCHAR"' for key in keys) + "}"
    columns = f"unnest(json_transform(line, {sql.literal(shape)}))"
    connection.execute(
        f"create temp view {sql.name(view)} as select {sql.name(ROW)}, {columns} from {sql.name(lines)} where readable"
    )
    rejects = f"{view}_rejects"
    connection.execute(
        f"create temp view {sql.name(rejects)} as select {sql.name(ROW)} as line, line as csv_line "
        f"from {sql.name(lines)} where not readable and trim(line) <> ''"
    )
    return OpenSource(source, path.name, view, view, dict.fromkeys(keys, "VARCHAR"), rejects)
