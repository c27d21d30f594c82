"""Reads a CRM export as crm.toml describes it: DuckDB reads, converts and sorts; what cannot be read is kept apart."""

import logging
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
from duckdb.func import ARROW, SPECIAL

from histories import clock, crm, gathering, sql, zones
from histories.contract import Histories
from histories.crm import CrmConfig
from histories.errors import CallError
from histories.quarantine import SourceCount, refuse_other_suffixes, refuse_too_many, write

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
    config = crm.read(config_path)
    if config.exported_at is not None and config.exported_at > now:
        raise CallError(
            f"{config_path.name}, exported_at: {clock.iso(config.exported_at)} lies after now, {clock.iso(now)}; "
            "write when the export was taken, or leave it out"
        )
    with tempfile.TemporaryDirectory() as scratch, _connection(config, Path(scratch)) as connection:
        gathered = gathering.gather(connection, config, now, Path(scratch))
    if quarantine is not None:
        write(gathered.quarantine, quarantine)
    refuse_too_many(gathered.sources, gathered.quarantine, config.max_bad_share, quarantine)
    left_out = sum(one.quarantined + one.values_left_out for one in gathered.sources)
    if left_out and quarantine is None:
        rows = sum(one.rows for one in gathered.sources)
        _log.warning(
            "%s: %s of %s rows could not be read and are left out; `lead-scoring check` says which and why",
            config_path.name,
            f"{left_out:,}",
            f"{rows:,}",
        )
    return Export(config, gathered.histories, gathered.quarantine, gathered.sources, quarantine)


@contextmanager
def _connection(config: CrmConfig, scratch: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    def wall_to_utc(wall: pa.ChunkedArray) -> pa.Array:
        return zones.column_to_utc(wall, config.timezone)

    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute(f"set file_search_path = {sql.literal(str(_search_path(config, scratch)))}")
        connection.create_function("wall_to_utc", wall_to_utc, ["BIGINT"], "BIGINT", type=ARROW, null_handling=SPECIAL)
        yield connection


def _search_path(config: CrmConfig, scratch: Path) -> Path:
    """The folder of crm.toml under a name that DuckDB does not take for a list or a pattern."""
    folder = config.leads.source.folder
    if not any(one in str(folder) for one in ",*?["):
        return folder
    link = scratch / "folder"
    link.symlink_to(folder, target_is_directory=True)
    return link
