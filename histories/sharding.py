"""Into how many shards an export goes, so that one machine can work on some of them at once within its memory."""
# ruff: noqa: S608 - names are quoted by histories.sql

from dataclasses import dataclass

import duckdb

from histories import sql
from histories.crm import CrmConfig, Source
from histories.source import blame

# What one interaction takes while its shard is worked on: as Arrow, as arrays, and what sorting and searching need.
INTERACTION_BYTES = 300
LEAD_BYTES = 500  # its attributes and outcomes too
# Of the memory, what the shards that are worked on at the same time may take together; the rest is Python's, the
# compiled code's and the buffers of what is written.
WORKING_SHARE = 0.5
# So many shards are worked on at once on a machine of many cores; more shards let more cores in.
MOST_AT_ONCE = 16
_FEWEST_BYTES_A_ROW, _PACKED = 40, 8


@dataclass(frozen=True, slots=True)
class Beside:
    """What work on shards takes beside the histories, such as rows of features: bytes in all, and bytes a lead."""

    bytes: int
    a_lead: int


NOTHING = Beside(0, 0)


def shards_for(
    connection: duckdb.DuckDBPyConnection, config: CrmConfig, memory: int, beside: Beside, cores: int
) -> int:
    """Return the number of shards for the export that crm.toml describes; `memory` in bytes."""
    leads = _rows(connection, config.leads.source)
    interactions = sum(_rows(connection, block.source) for block in config.interactions)
    return count(interactions * INTERACTION_BYTES + leads * (LEAD_BYTES + beside.a_lead) + beside.bytes, memory, cores)


def count(all_bytes: int, memory: int, cores: int) -> int:
    """Return how many shards make each small enough for `at_once(cores)` of them to be worked on within `memory`."""
    return max(1, -int(-all_bytes * at_once(cores) // (memory * WORKING_SHARE)))


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
