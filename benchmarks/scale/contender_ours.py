"""The project itself: Parquet to `Histories` to `features.table.compute`."""

import tempfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.scale import events, workload
from benchmarks.scale.events import Files, Size
from features import table
from features.one import warm_up
from features.table import FeatureTable
from histories.contract import ATTRIBUTES, OUTCOMES, Families, Histories
from histories.stored import Stored

# Few distinct texts: read as codes.
_TEXTS = ["kind", "channel", "direction"]


def prepare() -> None:
    """Load the compiled code for tables and single leads, as a service does before it says that it is ready."""
    warm_up(workload.catalogue())
    with tempfile.TemporaryDirectory() as folder:
        events.write(Path(folder), Size(2_000, 100), seed=1)
        in_memory(Files(Path(folder)))


def read(files: Files) -> Histories:
    """Return the generated leads as the contract's tables, interactions in the order of the file."""
    return Histories(
        leads=_without_accounts(pq.read_table(files.leads)),
        attributes=ATTRIBUTES.empty_table(),
        interactions=Stored([files.interactions], _TEXTS),
        outcomes=OUTCOMES.empty_table(),
        exported_at=workload.END,
        timezone=workload.TIMEZONE,
        families=Families(workload.FAMILIES),
        attribute_types={},
    )


def _without_accounts(leads: pa.Table) -> pa.Table:
    """No peer computes what an account's other leads did; here nobody does."""
    place = leads.column_names.index("account_id")
    return leads.set_column(place, "account_id", pa.nulls(leads.num_rows, pa.string()))


def in_memory(files: Files) -> FeatureTable:
    """Compute all features of all snapshots."""
    return table.compute(read(files), pq.read_table(files.snapshots), workload.catalogue())


def to_file(files: Files, path: Path) -> None:
    """Compute them and write them."""
    table.write(in_memory(files), path)
