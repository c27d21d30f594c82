"""The report on what the store holds, as on an export."""

from pathlib import Path

import pyarrow as pa

from histories import check as checks
from histories.check import Check, Checked
from histories.contract import Histories
from histories.quarantine import QUARANTINE, SourceCount, refuse_other_suffixes
from histories.quarantine import write as write_quarantine
from histories.store.facts.rows import Quarantined
from histories.store.facts.store import Store
from histories.store.known.reading import histories

_TABLES = ("leads", "interactions", "attributes", "outcomes")


def check(store: Store, name: str, now: int, quarantine: Path) -> tuple[Histories, Check]:
    """Return what the store knows now and the report on it; `name` is what the report calls the store.

    What was refused goes to the file `quarantine` (.csv or .parquet). Raises CallError for another suffix, DataError
    and StoreUnavailableError as `histories`.
    """
    refuse_other_suffixes(quarantine)
    found, refused = histories(store, now), store.quarantined()
    table = _table(refused)
    write_quarantine(table, quarantine)
    tables = {"leads": found.leads, "interactions": found.interactions}
    tables |= {"attributes": found.attributes, "outcomes": found.outcomes}
    sources = sorted({*_TABLES, *(one.source for one in refused)}, key=_order)
    counts = tuple(_count(one, tables.get(one), refused) for one in sources)
    return found, checks.report(Checked(name, found, True, counts, table, quarantine))


def _order(source: str) -> tuple[int, str]:
    return (_TABLES.index(source) if source in _TABLES else len(_TABLES)), source


def _table(refused: tuple[Quarantined, ...]) -> pa.Table:
    rows = [(f"{one.source}/store", number, one.reason, one.row) for number, one in enumerate(refused, 1)]
    columns = list(zip(*rows, strict=True)) or [() for _ in QUARANTINE]
    arrays = [pa.array(column, one.type) for column, one in zip(columns, QUARANTINE, strict=True)]
    return pa.Table.from_arrays(arrays, schema=QUARANTINE)


def _count(source: str, table: pa.Table | None, refused: tuple[Quarantined, ...]) -> SourceCount:
    kept, bad = 0 if table is None else table.num_rows, sum(one.source == source for one in refused)
    return SourceCount(source, "store", rows=kept + bad, kept=kept, quarantined=bad, duplicates=0)
