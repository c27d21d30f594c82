"""Reads a CRM export as crm.toml describes it: DuckDB reads, converts and sorts; what cannot be read is kept apart."""

import itertools
import logging
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import pyarrow as pa
from duckdb.func import ARROW, SPECIAL

from histories import clock, crm, gathering, sql, zones
from histories.bad_rows import quarantined
from histories.blocks import Staged
from histories.contract import AttributeType, Histories
from histories.crm import CrmConfig
from histories.errors import CallError
from histories.gathering import Rows, Tables
from histories.quarantine import QUARANTINE, SourceCount, refuse_other_suffixes, refuse_too_many, write

_log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Export:
    """What was read, and what became of the rest.

    `quarantine` has one row a bad row (schema QUARANTINE), `sources` one count a source, in the order of crm.toml.
    `quarantine_path` is None where it was not written.
    """

    config: CrmConfig
    histories: Histories
    quarantine: pa.Table
    sources: tuple[SourceCount, ...]
    quarantine_path: Path | None


def read(config_path: Path, now: int, quarantine: Path | None = None) -> Export:
    """Read the export that `config_path` describes. `now` is the command's start (UTC microseconds).

    Bad rows go to the file `quarantine` (.csv or .parquet) where it is given, before anything is refused; without one
    the log says how many there are. Raises CallError where crm.toml is wrong, DataError where the data are: a damaged file, too many bad rows.
    """
    if quarantine is not None:
        refuse_other_suffixes(quarantine)
    config = configured(config_path, now)
    with tempfile.TemporaryDirectory() as scratch, duckdb.connect() as connection:
        prepare(connection, config, Path(scratch))
        staging = gathering.stage(connection, config, now, Path(scratch), _Memory(connection))
        bad = quarantine_of(connection, staging.sources)
        if quarantine is not None:
            write(bad, quarantine)
        counts = gathering.counted(connection, staging.sources)
        refuse_too_many(counts, bad, config.max_bad_share, quarantine)
        if quarantine is None:
            say_what_is_left_out(config, counts)
        leads = staging.sources[0].good
        rows = [Rows(one.table, one.name, one.good) for one in staging.sources[1:]]
        tables = gathering.tables(connection, leads, gathering.undated(config, leads), rows)
    histories = histories_of(tables, config, staging.exported_at)
    return Export(config, histories, bad, less_duplicates(counts, tables.duplicates), quarantine)


def configured(config_path: Path, now: int) -> CrmConfig:
    """Read crm.toml. Raises CallError, too where the export would be of a time after `now`."""
    config = crm.read(config_path)
    if config.exported_at is not None and config.exported_at > now:
        raise CallError(
            f"{config_path.name}, exported_at: {clock.iso(config.exported_at)} lies after now, {clock.iso(now)}; "
            "write when the export was taken, or leave it out"
        )
    return config


def prepare(connection: duckdb.DuckDBPyConnection, config: CrmConfig, scratch: Path) -> None:
    """Make a connection ready to read what crm.toml names. `scratch` is a folder for temporary files."""

    def wall_to_utc(wall: pa.ChunkedArray) -> pa.Array:
        return zones.column_to_utc(wall, config.timezone)

    connection.execute("set TimeZone = 'UTC'")
    connection.execute(f"set file_search_path = {sql.literal(str(_search_path(config, scratch)))}")
    if config.timezone == "UTC":  # calling Python would keep the other threads waiting
        connection.execute("create temp macro wall_to_utc(wall) as wall")
    else:
        connection.create_function("wall_to_utc", wall_to_utc, ["BIGINT"], "BIGINT", type=ARROW, null_handling=SPECIAL)


def _search_path(config: CrmConfig, scratch: Path) -> Path:
    """The folder of crm.toml under a name that DuckDB does not take for a list or a pattern."""
    folder = config.leads.source.folder
    if not any(one in str(folder) for one in ",*?["):
        return folder
    link = scratch / "folder"
    link.symlink_to(folder, target_is_directory=True)
    return link


class _Memory:
    """Staged rows as tables of the connection: one shard."""

    shards = 1

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection, self._numbers = connection, itertools.count(1)

    def keep(self, table: str, query: str) -> str:
        rows = sql.name(f"{table} {next(self._numbers)}")
        self._connection.execute(f"create table {rows} as {query}")
        return rows


def quarantine_of(connection: duckdb.DuckDBPyConnection, staged: Sequence[Staged]) -> pa.Table:
    """Return all bad rows and lines, in the order of crm.toml, then of the files. Raises DataError where any are lost."""
    bad = [
        quarantined(
            connection, one.opened, one.name, one.bad if one.remarks is None else f"{one.bad} union all {one.remarks}"
        )
        for one in staged
    ]
    return pa.concat_tables([QUARANTINE.empty_table(), *bad])


def say_what_is_left_out(config: CrmConfig, counts: Sequence[SourceCount]) -> None:
    """Log how many rows could not be read, where no quarantine is written."""
    left_out = sum(one.quarantined + one.values_left_out for one in counts)
    if left_out:
        _log.warning(
            "%s: %s of %s rows could not be read and are left out; `lead-scoring check` says which and why",
            config.path.name,
            f"{left_out:,}",
            f"{sum(one.rows for one in counts):,}",
        )


def less_duplicates(counts: Sequence[SourceCount], duplicates: Mapping[str, int]) -> tuple[SourceCount, ...]:
    """Return the counts when it is known how many kept rows of each source were duplicates."""
    return tuple(
        replace(one, kept=one.kept - duplicates.get(one.name, 0), duplicates=duplicates.get(one.name, 0))
        for one in counts
    )


def attribute_types(config: CrmConfig) -> dict[str, AttributeType]:
    """Return the types of all attributes that crm.toml names."""
    return {one.name: one.type for one in config.leads.attributes} | {one.name: one.type for one in config.attributes}


def histories_of(tables: Tables, config: CrmConfig, exported_at: int) -> Histories:
    """Put tables and what crm.toml says of them together."""
    return Histories(
        leads=tables.leads,
        attributes=tables.attributes,
        interactions=tables.interactions,
        outcomes=tables.outcomes,
        exported_at=exported_at,
        timezone=config.timezone,
        families=config.families,
        attribute_types=attribute_types(config),
    )
