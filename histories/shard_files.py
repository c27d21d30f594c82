"""How DuckDB writes shards to disk within a limit of memory: a folder a table, in it a folder a shard."""
# ruff: noqa: S608 - names and texts are quoted by histories.sql; the user's own SQL runs on the user's own machine

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pyarrow as pa

from histories import machine, sql
from histories.errors import CallError, DataError
from histories.staging import SHARD
from histories.whole_file import unwritten

Progress = Callable[[str, int, int], None]

# DuckDB keeps to its limit with what it buffers; Parquet's readers and writers come on top, and Python.
_SHARE = 0.5
# How many rows a thread gathers before it writes them to their shards.
_FLUSH_ROWS = 262_144


@contextmanager
def connected(folder: Path, memory: int) -> Iterator[duckdb.DuckDBPyConnection]:
    """Yield a connection whose tables lie in a file in `folder`, which is made, and go at the end.

    It buffers at most half of `memory` (bytes). Raises CallError where the folder cannot be written to, where its
    disk is full, or where `memory` is too little.
    """
    scratch, spill = folder / "scratch", folder / "spill"
    try:
        # A run that was killed may have left them.
        shutil.rmtree(scratch, ignore_errors=True)
        shutil.rmtree(spill, ignore_errors=True)
        scratch.mkdir(parents=True)
        with duckdb.connect(str(scratch / "staged.duckdb")) as connection:
            connection.execute(f"set memory_limit = '{int(memory * _SHARE)}B'")
            connection.execute(f"set temp_directory = {sql.literal(str(spill))}")
            connection.execute(f"set partitioned_write_flush_threshold = {_FLUSH_ROWS}")
            with blame_place(folder, memory):
                yield connection
    except OSError as error:
        raise unwritten(folder, error) from None
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
        shutil.rmtree(spill, ignore_errors=True)


@contextmanager
def blame_place(folder: Path, memory: int) -> Iterator[None]:
    """Turn DuckDB's word that the disk is full, or the memory too little, into one message."""
    try:
        yield
    except duckdb.OutOfMemoryException as error:
        raise _too_little(memory, error) from None
    except (duckdb.IOException, duckdb.InternalException) as error:
        if "space" not in str(error) and str(folder) not in str(error):
            raise
        raise _no_room(folder, error) from None


@contextmanager
def blame_shard(folder: Path, number: int, memory: int) -> Iterator[None]:
    """Turn what is said of a shard that cannot be read into one message."""
    try:
        yield
    except duckdb.OutOfMemoryException as error:
        raise _too_little(memory, error) from None
    except (duckdb.IOException, duckdb.InvalidInputException, pa.ArrowInvalid, OSError) as error:
        if "space" in str(error):
            raise _no_room(folder, error) from None
        raise DataError(
            f"{folder}: shard {number} is damaged ({_first(error)}); leave --resume out to begin anew"
        ) from None


def _too_little(memory: int, error: Exception) -> CallError:
    return CallError(
        f"{machine.said(memory)} of memory is too little for this export ({_first(error)}); allow more with --memory"
    )


def _no_room(folder: Path, error: Exception) -> CallError:
    return CallError(f"{folder}: cannot be written ({_first(error)}); make room there, or name another place")


def _first(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


class ShardFiles:
    """Staged rows as files of shards: `<folder>/<table>/shard=<k>/<source>-<i>.parquet`.

    Sources are numbered in the order of crm.toml, `[leads]` being 0. Rows that are in no shard lie in `shard=-1`.
    """

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        folder: Path,
        shards: int,
        memory: int,
        progress: Progress | None = None,
    ) -> None:
        self.shards = shards
        self._connection, self.folder, self._memory, self._progress = connection, folder, memory, progress
        self._sources = 0
        # Else files are closed and begun anew all the time.
        connection.execute(f"set partitioned_write_max_open_files = {shards + 1}")

    def keep(self, table: str, query: str) -> str:
        """Write the next source's rows in one pass; return SQL to read them from."""
        self._sources += 1
        if self._progress is not None:
            self._progress(f"Reading {table}", self._sources, 0)
        self.write(table, query, self._sources)
        files = self.folder / table / "*" / f"{self._sources}-*.parquet"
        if not any(self.folder.glob(str(files.relative_to(self.folder)))):
            return f"(select * from ({query}) limit 0)"
        return f"read_parquet({sql.literal(str(files))}, hive_partitioning = true)"

    def write(self, table: str, query: str, source: int) -> None:
        """Write the rows of a query, which has the column SHARD, as those of a source."""
        with blame_place(self.folder, self._memory):
            self._connection.execute(
                f"copy ({query}) to {sql.literal(str(self.folder / table))} (format parquet, compression lz4, "
                f"partition_by ({SHARD}), filename_pattern '{source}-{{i}}', overwrite_or_ignore)"
            )


def files_of(folder: Path, table: str, shard: int, source: int) -> str | None:
    """Return SQL to read one source's rows of one shard from; None where there are none."""
    files = sorted(str(one) for one in (folder / table / f"{SHARD}={shard}").glob(f"{source}-*.parquet"))
    if not files:
        return None
    return f"read_parquet([{', '.join(map(sql.literal, files))}], hive_partitioning = false)"
