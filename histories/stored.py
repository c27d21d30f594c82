"""A table that lies in Parquet files: read piece by piece, and only the columns that are asked for."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import pyarrow as pa
from pyarrow import parquet


class Stored:
    """The rows of Parquet files with the contract's columns, in the files' order; a row group is a piece.

    Nothing is kept of what was read. Columns named in `codes`, of few distinct texts, come dictionary-encoded. `sizes`: the rows of each piece.
    `blaming` is entered around each read, to turn its error into one that names whose file it is.
    """

    def __init__(
        self,
        files: Sequence[Path],
        codes: Sequence[str] = (),
        blaming: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        self._codes, self._blaming = list(codes), blaming
        with blaming():
            footers = [(path, parquet.read_metadata(path)) for path in files]
        self._pieces = [(path, footer, group) for path, footer in footers for group in range(footer.num_row_groups)]
        self.sizes = [footer.row_group(group).num_rows for _, footer, group in self._pieces]

    @property
    def num_rows(self) -> int:
        """The rows of all pieces."""
        return sum(self.sizes)

    def piece(self, number: int, names: Sequence[str]) -> pa.Table:
        """Read columns of one piece on the thread that asks: whoever has several takes a piece on each."""
        path, footer, group = self._pieces[number]
        with (
            self._blaming(),
            parquet.ParquetFile(path, metadata=footer, memory_map=True, read_dictionary=self._codes) as file,
        ):
            return file.read_row_group(group, columns=list(names), use_threads=False).select(names)

    def select(self, names: Sequence[str]) -> pa.Table:
        """Read columns of all pieces."""
        return pa.concat_tables(self.piece(number, names) for number in range(len(self._pieces)))


class Held:
    """A table in memory, in pieces as those of `Stored`."""

    def __init__(self, table: pa.Table, rows_a_piece: int) -> None:
        self._batches = table.to_batches(max_chunksize=rows_a_piece)
        self.sizes = [batch.num_rows for batch in self._batches]

    def piece(self, number: int, names: Sequence[str]) -> pa.Table:
        """Return columns of one piece."""
        return pa.Table.from_batches([self._batches[number]]).select(names)


Pieces = Stored | Held
