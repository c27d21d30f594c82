"""What the store knows, in shards: the files that `histories.shards` reads, written from streams of any length."""
# ruff: noqa: S608 - names and texts are quoted by histories.sql

import shutil
from collections.abc import Iterable
from pathlib import Path

import duckdb
import pyarrow as pa
import sqlalchemy as sa

from histories import contract, sharding
from histories import shards as whole
from histories.machine import cores
from histories.quarantine import SourceCount
from histories.shard_files import Progress, ShardFiles, connected
from histories.shards import Shards
from histories.staging import SHARD
from histories.store.database.schema import INTERACTIONS, LEADS
from histories.store.facts.store import Store
from histories.store.known.reading import Names, Reading, reading

_FOUND = "leads found"


def write(
    store: Store, now: int, folder: Path, memory: int, *, beside: int = 0, progress: Progress | None = None
) -> Shards:
    """Write what the store knows now into shards in `folder`, which is made or emptied; the rest as `shards.write`.

    Raises StoreUnavailableError, CallError where the folder cannot be written to, DataError where values of an
    attribute are of another type than the one declared.
    """
    shutil.rmtree(folder, ignore_errors=True)
    count = sharding.count(_bytes(store) + beside, memory, cores())
    sharding.refuse_too_many_files(count)
    with reading(store, now) as read, connected(folder, memory) as connection:
        made = _write(connection, read, ShardFiles(connection, folder, count, memory), progress or _silent)
        names, counts = made
    types = names.types(read.types, read.declared.attribute_types)
    declared = read.declared
    found = Shards(folder, count, now, declared.timezone, declared.families, types, counts, whole.buffer(memory))
    whole.keep(found)
    return found


def _bytes(store: Store) -> int:
    """What working on all rows takes."""
    with store.database.reading() as connection:
        leads, interactions = (
            connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
            for table in (LEADS, INTERACTIONS)
        )
    return int(leads) * sharding.LEAD_BYTES + int(interactions) * sharding.INTERACTION_BYTES


def _write(
    connection: duckdb.DuckDBPyConnection, read: Reading, files: ShardFiles, tell: Progress
) -> tuple[Names, tuple[SourceCount, ...]]:
    names, tables = Names(), read.tables
    tell("Reading leads", 1, 0)
    connection.register("rows", _reader(contract.LEADS, tables.leads()))
    shard = f"(hash(coalesce(account_id, lead_id)) % {files.shards})::integer as {SHARD}"
    connection.execute(f'create temp table "{_FOUND}" as select *, {shard} from rows')
    files.write("leads", f'select * from "{_FOUND}"', 0)
    counts = [_count(connection, "leads", f'"{_FOUND}"')]
    streams = (
        ("interactions", contract.INTERACTIONS, tables.interactions()),
        ("attributes", contract.ATTRIBUTES, names.through(tables.attributes())),
        ("outcomes", contract.OUTCOMES, tables.outcomes()),
    )
    for place, (table, schema, batches) in enumerate(streams, 1):
        tell(f"Reading {table}", place + 1, 0)
        connection.register("rows", _reader(schema, batches))
        of_leads = f'select lead_id, {SHARD} from "{_FOUND}"'
        files.write(table, f"select rows.*, {SHARD} from rows join ({of_leads}) using (lead_id)", place)
        written = files.folder / table / "*" / f"{place}-*.parquet"
        there = any(files.folder.glob(str(written.relative_to(files.folder))))
        counts.append(_count(connection, table, f"read_parquet('{written}')" if there else "(select 1 limit 0)"))
    return names, tuple(counts)


def _reader(schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> pa.RecordBatchReader:
    return pa.RecordBatchReader.from_batches(schema, batches)


def _count(connection: duckdb.DuckDBPyConnection, table: str, rows: str) -> SourceCount:
    number = int(connection.execute(f"select count(*) from {rows}").fetchall()[0][0])
    return SourceCount(table, "store", rows=number, kept=number, quarantined=0, duplicates=0)


def _silent(text: str, done: int, total: int) -> None:
    """Tell nobody."""
