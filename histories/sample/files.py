"""Writes tables as a CRM does: CSV, gzip, Parquet, JSON lines, here and there a line that is none of these.

The same rows give the same bytes. A file appears whole or not at all.
"""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq


def write_table(path: Path, table: pa.Table, malformed: int = 0) -> None:
    """Write a table in the format that the path's ending names, with this many malformed lines spread over it."""
    with appearing(path) as file:
        if path.name.endswith(".parquet"):
            pq.write_table(table, file, compression="zstd", row_group_size=1 << 17)
        elif path.name.endswith(".jsonl"):
            _write_lines(file, _json_lines(table), b'{"submission_id": "F0000', malformed)
        elif path.name.endswith(".gz"):
            with pa.CompressedOutputStream(file, "gzip") as packed:
                pa_csv.write_csv(table, packed, pa_csv.WriteOptions(quoting_style="none"))
        else:
            _write_csv(file, table, malformed)


@contextmanager
def appearing(path: Path) -> Iterator[BinaryIO]:
    """Open a file for writing that takes its name when all is written."""
    partial = path.with_name(f".{path.name}.partial")
    try:
        with partial.open("wb") as file:
            yield file
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write a text file."""
    with appearing(path) as file:
        file.write(text.encode())


def _write_csv(file: BinaryIO, table: pa.Table, malformed: int) -> None:
    bad = b"the connection was lost\n"
    for number, part in enumerate(_parts(table, malformed)):
        if number:
            file.write(bad)
        pa_csv.write_csv(part, file, pa_csv.WriteOptions(include_header=number == 0, quoting_style="none"))


def _parts(table: pa.Table, cuts: int) -> list[pa.Table]:
    edges = [table.num_rows * number // (cuts + 1) for number in range(cuts + 2)]
    return [table.slice(low, high - low) for low, high in itertools.pairwise(edges)]


def _json_lines(table: pa.Table) -> pa.Table:
    """One column of JSON objects; our texts hold nothing that JSON would escape."""
    pieces: list[pa.Array | pa.Scalar] = []
    for number, name in enumerate(table.column_names):
        column = table.column(name).combine_chunks()
        quoted = pc.binary_join_element_wise(pa.scalar('"'), column, pa.scalar('"'), "")
        pieces += [pa.scalar(("{" if number == 0 else ", ") + f'"{name}": '), pc.fill_null(quoted, "null")]
    return pa.table({"line": pc.binary_join_element_wise(*pieces, pa.scalar("}\n"), "")})


def _write_lines(file: BinaryIO, lines: pa.Table, bad: bytes, malformed: int) -> None:
    for number, part in enumerate(_parts(lines, malformed)):
        if number:
            file.write(bad + b"\n")
        file.write("".join(part.column("line").to_pylist()).encode())
