"""An export in shards: files that hold some of its leads each, with all that is known of them, to be read one by one.

An account's leads stand in one shard, so that each can be worked on by itself. Reading, validating, quarantining and
counting are those of `histories.export`; duplicates, which are of one lead, go when a shard is read.
"""
# ruff: noqa: S608 - names and texts are quoted by histories.sql; the user's own SQL runs on the user's own machine

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
from pyarrow import parquet

from histories import export, gathering, sql
from histories.bad_rows import refuse_lost_lines
from histories.blocks import Staged
from histories.contract import ATTRIBUTES, INTERACTIONS, LEADS, AttributeType, Families, Histories
from histories.crm import CrmConfig
from histories.errors import DataError
from histories.gathering import UNSORTED, Rows, Tables
from histories.machine import GB, cores
from histories.quarantine import SourceCount, refuse_too_many
from histories.shard_files import Progress, ShardFiles, blame_shard, connected, files_of
from histories.sharding import at_once, refuse_too_many_files, shards_for, working
from histories.staging import SHARD
from histories.stored import Stored
from histories.whole_file import whole_file

_FEW = ["kind", "channel", "direction"]  # columns of few texts
_LEAST_MEMORY = 128_000_000  # with less DuckDB cannot work, however small the shard
_UNDATED = 0  # the number of the leads' own file among the sources, under which its attributes are kept


@dataclass(frozen=True)
class Shards:
    """An export in `folder`, in `count` shards numbered from 0.

    `sources` counts what became of the rows of each source, in the order of crm.toml; duplicates are not known before
    the shards are read, and count as kept. `memory` is how many bytes DuckDB may buffer of one shard. `nameless` are
    the sources of interactions that have no ids.
    """

    folder: Path
    count: int
    exported_at: int
    timezone: str
    families: Families
    attribute_types: Mapping[str, AttributeType]
    sources: tuple[SourceCount, ...]
    memory: int = GB
    nameless: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Shard:
    """One shard's histories, and how many rows of each source were duplicates.

    Interactions come in no order; where none was a duplicate they are `Stored`, and read when they are needed.
    """

    histories: Histories
    duplicates: Mapping[str, int]


def write(
    config_path: Path,
    now: int,
    folder: Path,
    memory: int,
    *,
    beside: int = 0,
    progress: Progress | None = None,
) -> Shards:
    """Read the export that `config_path` describes into shards in `folder`, which is made or emptied.

    `memory` is how many bytes may be used, now and by whoever works on the shards; `beside` what that work takes
    beside the histories, of all shards together. `now` is the command's start (UTC microseconds). `progress` hears what is read. Raises
    CallError and DataError as `export.read` does, and CallError where the folder cannot be written to, or where the
    system does not let so many files be open.
    """
    config = export.configured(config_path, now)
    shutil.rmtree(folder, ignore_errors=True)
    with connected(folder, memory) as connection:
        export.prepare(connection, config, folder)
        count = shards_for(connection, config, memory, beside, cores())
        refuse_too_many_files(count)
        files = ShardFiles(connection, folder, count, memory, progress)
        staging = gathering.stage(connection, config, now, folder, files)
        counts = _settled(connection, config, staging.sources)
        _write_leads(config, staging.sources[0], files)
    types, at = export.attribute_types(config), staging.exported_at
    nameless = tuple(one.source.name for one in config.interactions if one.interaction_id is None)
    made = Shards(folder, count, at, config.timezone, config.families, types, counts, buffer(memory), nameless)
    keep(made)
    return made


def buffer(memory: int) -> int:
    """Return how many bytes DuckDB may buffer of one shard, where `memory` may be used by all that are worked on."""
    return max(_LEAST_MEMORY, working(memory) // at_once(cores()))


def keep(made: Shards) -> None:
    """Write down, last of all, what the folder holds: from then on `opened` finds it."""
    with whole_file(made.folder / "shards.json") as unfinished:
        unfinished.write_text(_to_json(made), encoding="utf-8")


def opened(folder: Path) -> Shards:
    """Return the shards that `write` left in `folder`. Raises DataError where there are none, or not all."""
    try:
        content = json.loads((folder / "shards.json").read_text(encoding="utf-8"))
        return Shards(
            folder=folder,
            count=content["count"],
            exported_at=content["exported_at"],
            timezone=content["timezone"],
            families=Families({name: tuple(globs) for name, globs in content["families"]}),
            attribute_types={name: AttributeType(kind) for name, kind in content["attribute_types"]},
            sources=tuple(SourceCount(**one) for one in content["sources"]),
            memory=content["memory"],
            nameless=tuple(content.get("nameless", ())),  # earlier versions wrote none, and only loading asks
        )
    except OSError as error:
        raise DataError(f"{folder}: holds no shards of an export ({error!r}); write them again") from None
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise DataError(f"{folder}: shards.json is damaged ({error!r}); leave --resume out to begin anew") from None


def read(shards: Shards, number: int) -> Histories:
    """Return the leads of one shard and all that is known of them, without duplicates; interactions in no order."""
    found = shard(shards, number).histories
    return replace(found, interactions=found.interactions.select(INTERACTIONS.names).cast(INTERACTIONS))


def shard(shards: Shards, number: int) -> Shard:
    """Return what `read` does, and the duplicates that it removed; texts that come often may be dictionary-encoded.

    Raises DataError where a file of the shard is damaged, CallError where memory or disk do not do.
    """
    with blame_shard(shards.folder, number, shards.memory):
        return _shard(shards, number)


def _shard(shards: Shards, number: int) -> Shard:
    rows = [
        Rows(source.table, source.name, f"select * from {found}")
        for place, source in enumerate(shards.sources)
        if source.table != "leads" and (found := files_of(shards.folder, source.table, number, place))
    ]
    leads = files_of(shards.folder, "leads", number, _UNDATED)
    undated = files_of(shards.folder, "attributes", number, _UNDATED)
    limits = {"memory_limit": f"{shards.memory}B", "temp_directory": str(shards.folder / f"spill-{number}")}
    with duckdb.connect(config={"threads": 1, **limits}) as connection:
        if leads is None:
            connection.register("nobody", LEADS.empty_table())
        of_interactions = [one for one in rows if one.table == "interactions"]
        repeated = gathering.repeats(connection, of_interactions)
        if any(repeated.values()):
            interactions = gathering.interactions(connection, of_interactions, repeated, UNSORTED)
        else:
            interactions = _interactions(shards, number)
        tables = gathering.tables_with(
            connection,
            f"select * from {leads or 'nobody'}",
            None if undated is None else f"select * from {undated}",
            rows,
            interactions,
            repeated,
        )
    return Shard(_histories(shards, tables), tables.duplicates)


def _interactions(shards: Shards, number: int) -> pa.Table | Stored:
    """Return a shard's interactions where they lie; to keep texts as Parquet has them takes a fraction of the time."""
    files = sorted((shards.folder / "interactions" / f"{SHARD}={number}").glob("*.parquet"))
    blaming = partial(blame_shard, shards.folder, number, shards.memory)
    return Stored(files, _FEW, blaming) if files else INTERACTIONS.empty_table()


def created(shards: Shards, cutoff: int, memory: int) -> pa.Table:
    """Return the `lead_id` of each lead created at or before `cutoff` (UTC microseconds), sorted."""
    with connected(shards.folder, memory) as connection:
        query = f"select lead_id from {_all_leads(shards)} where created_at <= {cutoff} order by lead_id"
        return connection.sql(query).to_arrow_table().cast(pa.schema([LEADS.field("lead_id")]))


def split(shards: Shards, rows: pa.Table, folder: Path, memory: int) -> pa.Array:
    """Write each row of a table that has `lead_id` to the file of its lead's shard, in any order.

    `rows_of` reads them. Returns the places of the rows whose lead
    is in no shard, ascending.
    """
    shutil.rmtree(folder, ignore_errors=True)
    with connected(folder, memory) as connection:
        connection.register("given", rows.append_column("place of the row", pa.array(np.arange(rows.num_rows))))
        leads = f"(select lead_id, {SHARD} from {_all_leads(shards)})"
        lost = connection.execute(
            f'select "place of the row" from given anti join {leads} using (lead_id) order by all'
        ).fetchnumpy()
        columns = ", ".join(f"given.{sql.name(one)}" for one in rows.column_names)
        ShardFiles(connection, folder, shards.count, memory).write(
            "rows", f"select {columns}, {SHARD} from given join {leads} as leads using (lead_id)", 0
        )
    return pa.array(lost["place of the row"])


def rows_of(folder: Path, number: int, schema: pa.Schema) -> pa.Table:
    """Return the rows that `split` has written for one shard."""
    files = sorted((folder / "rows" / f"{SHARD}={number}").glob("*.parquet"))
    tables = [parquet.read_table(one, schema=schema, partitioning=None) for one in files]
    return pa.concat_tables([schema.empty_table(), *tables])


def _all_leads(shards: Shards) -> str:
    files = shards.folder / "leads" / f"{SHARD}=*" / "*.parquet"
    return f"read_parquet({sql.literal(str(files))}, hive_partitioning = true)"


def _settled(
    connection: duckdb.DuckDBPyConnection, config: CrmConfig, staged: Sequence[Staged]
) -> tuple[SourceCount, ...]:
    """Count what was read, refuse what cannot be gone on with, and say what is left out."""
    for one in staged:
        refuse_lost_lines(connection, one.opened)
    counts = gathering.counted(connection, staged)
    too_many = any(one.quarantined + one.values_left_out > config.max_bad_share * one.rows for one in counts)
    # What all bad rows said may be more than the memory holds; it is read where the run ends with it alone.
    bad = export.quarantine_of(connection, staged if too_many else ())
    refuse_too_many(counts, bad, config.max_bad_share, None)
    export.say_what_is_left_out(config, counts)
    return counts


def _write_leads(config: CrmConfig, leads: Staged, files: ShardFiles) -> None:
    files.write("leads", f"select {', '.join(LEADS.names)}, {SHARD} from ({leads.good})", _UNDATED)
    undated = gathering.undated(config, leads.good)
    if undated is not None:
        files.write("attributes", f"select {', '.join(ATTRIBUTES.names)}, {SHARD} from ({undated})", _UNDATED)


def _histories(shards: Shards, tables: Tables) -> Histories:
    return Histories(
        leads=tables.leads,
        attributes=tables.attributes,
        interactions=tables.interactions,
        outcomes=tables.outcomes,
        exported_at=shards.exported_at,
        timezone=shards.timezone,
        families=shards.families,
        attribute_types=shards.attribute_types,
    )


def _to_json(shards: Shards) -> str:
    content = {
        "count": shards.count,
        "exported_at": shards.exported_at,
        "timezone": shards.timezone,
        # Pairs, not an object: the order of the families is the order of their columns.
        "families": [[name, list(globs)] for name, globs in shards.families.patterns.items()],
        "attribute_types": [[name, kind.value] for name, kind in shards.attribute_types.items()],
        "sources": [asdict(one) for one in shards.sources],
        "memory": shards.memory,
        "nameless": list(shards.nameless),
    }
    return json.dumps(content, ensure_ascii=False, indent=1)
