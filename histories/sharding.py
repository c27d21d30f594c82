"""Into how many shards an export goes, so that one machine can work on some of them at once within its memory."""
# ruff: noqa: S608 - names are quoted by histories.sql

import duckdb

from histories import machine, sql
from histories.crm import CrmConfig, Source
from histories.errors import CallError
from histories.source import blame

# What one interaction takes while its shard is worked on: as Arrow, as arrays, and what sorting and searching need.
INTERACTION_BYTES = 300
LEAD_BYTES = 500  # its attributes and outcomes too
# Of the memory, what the shards that are worked on at the same time may take together; the rest is the buffers' of
# what is written, and the program's, which takes FIXED_BYTES however little memory there is.
WORKING_SHARE = 0.5
FIXED_BYTES = 400_000_000
# So many shards are worked on at once on a machine of many cores; more shards let more cores in.
MOST_AT_ONCE = 16
# Of each shard a file is open while shards are written, and while their rows are put together; others are open beside.
_OTHER_FILES = 100
_FEWEST_BYTES_A_ROW, _PACKED = 40, 8


def shards_for(connection: duckdb.DuckDBPyConnection, config: CrmConfig, memory: int, beside: int, cores: int) -> int:
    """Return the number of shards for the export that crm.toml describes; `memory` and `beside` in bytes."""
    leads = _rows(connection, config.leads.source)
    interactions = sum(_rows(connection, block.source) for block in config.interactions)
    return count(interactions * INTERACTION_BYTES + leads * LEAD_BYTES + beside, memory, cores)


def count(all_bytes: int, memory: int, cores: int) -> int:
    """Return how many shards make each small enough for `at_once(cores)` of them to be worked on within `memory`."""
    return max(1, -(-all_bytes * at_once(cores) // working(memory)))


def working(memory: int) -> int:
    """Return what the shards that are worked on at the same time may take together, in bytes."""
    return max(FIXED_BYTES // 8, min(int(memory * WORKING_SHARE), memory - FIXED_BYTES))


def refuse_too_many_files(count: int) -> None:
    """Raise CallError where so many shards need more open files than the system allows."""
    needed, allowed = count + _OTHER_FILES, machine.open_files(count + _OTHER_FILES)
    if allowed < needed:
        raise CallError(
            f"{count:,} shards need {needed:,} open files, and {allowed:,} are allowed; allow more memory (--memory), "
            "which makes fewer shards, or more files (`ulimit -n`)"
        )


def at_once(cores: int) -> int:
    """Return how many shards are worked on at the same time."""
    return min(cores, MOST_AT_ONCE)


def _rows(connection: duckdb.DuckDBPyConnection, source: Source) -> int:
    """The rows of a source: counted where that is cheap, else so many as its bytes can hold."""
    if source.query is not None:
        with blame(source.place):
            return _count(connection, f"({source.query.strip().rstrip(';')}\n)")
    path = source.file
    if path is None or not path.is_file():
        return 0  # whoever opens it says so
    if path.name.lower().endswith(".parquet"):
        try:
            return _count(connection, f"read_parquet({sql.literal(str(path))})")
        except duckdb.Error:
            return 0
    return path.stat().st_size * (_PACKED if path.name.lower().endswith(".gz") else 1) // _FEWEST_BYTES_A_ROW


def _count(connection: duckdb.DuckDBPyConnection, relation: str) -> int:
    return int(connection.execute(f"select count(*) from {relation}").fetchall()[0][0])
