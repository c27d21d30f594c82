"""Loads an export into the history store: batch by batch, each durable before the next, none of them twice.

What is in the store already is found by reading. So a load that was interrupted goes on where it stood, and a second
one of the same export adds nothing.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from histories import known_sources, shards
from histories.contract import Attribute, AttributeType, Histories, Outcome, Stage
from histories.naming import Names, fresh
from histories.shard_files import Progress
from histories.shards import Shards
from histories.store import (
    AttributeRow,
    BatchResult,
    Definitions,
    InteractionRow,
    LeadRow,
    OutcomeRow,
    Store,
    Verdict,
    define,
)
from histories.store.facts import intake
from histories.store.facts.intake import Row
from histories.store.facts.missing import missing, missing_attributes
from histories.store.facts.rows import MOST_ROWS
from histories.store.facts.tombstones import REASON

TABLES = ("leads", "attributes", "interactions", "outcomes")


@dataclass
class Count:
    """What became of one table's rows.

    `there`: the store had them already. `forgotten`: refused because their leads were, and kept nowhere; `refused`: the
    others, which are in quarantine.
    """

    rows: int = 0
    added: int = 0
    there: int = 0
    refused: int = 0
    forgotten: int = 0


@dataclass(frozen=True)
class Loaded:
    """What became of all rows, by table; why rows that are in quarantine were refused, and how many for each reason.

    `retyped`: attributes whose texts the store reads as numbers from now on, as the export declares them. `kept`: by
    name, those that are of another type in the store than in the export; their values were refused one by one.
    """

    retyped: tuple[str, ...]
    kept: Mapping[str, AttributeType]
    tables: dict[str, Count] = field(default_factory=lambda: {name: Count() for name in TABLES})
    reasons: dict[str, int] = field(default_factory=dict)


def load(made: Shards, store: Store, recorded_at: int, progress: Progress) -> Loaded:
    """Load all shards of an export, and declare its time zone, families and attribute types.

    Interactions are named as histories/naming.py says. `recorded_at` in UTC microseconds; `progress` hears what is
    loaded. Raises CallError where a source is in the store under another name, StoreUnavailableError.
    """
    names = known_sources.names(made, store)
    known_sources.refuse_renamed(made, store, names)
    declared = define(store, Definitions(made.timezone, made.families, made.attribute_types), recorded_at)
    loading = _Loading(store, recorded_at, Loaded(declared.retyped, declared.kept))
    for number in range(made.count):
        _load(loading, shards.read(made, number), names)
        progress("Loading shards", number + 1, made.count)
    return loading.loaded


def _load(loading: "_Loading", histories: Histories, names: Names) -> None:
    """Load one shard, leads first."""
    store, at = loading.store, histories.exported_at
    for leads in _batches(histories.leads, LeadRow):
        loading.take("leads", leads, missing(store, intake.LEADS, leads), store.add_leads)
    for attributes in _batches(histories.attributes, _attribute):
        loading.take("attributes", attributes, missing_attributes(store, attributes, at), store.add_attributes)
    for interactions in _interactions(histories.interactions, names):
        loading.take("interactions", interactions, fresh(store, names, interactions), store.add_interactions)
    for outcomes in _batches(histories.outcomes, _outcome):
        loading.take("outcomes", outcomes, missing(store, intake.OUTCOMES, outcomes), store.add_outcomes)


@dataclass(frozen=True)
class _Loading:
    """A load under way."""

    store: Store
    recorded_at: int
    loaded: Loaded

    def take(
        self,
        table: str,
        batch: Sequence[Row],
        fresh: Sequence[Row],
        add: Callable[[Sequence[Row], int], BatchResult],
    ) -> None:
        """Give the store what it does not have of a batch, and count."""
        parts = (fresh[start : start + MOST_ROWS] for start in range(0, len(fresh), MOST_ROWS))
        results = [one for part in parts for one in add(part, self.recorded_at).rows]
        count = self.loaded.tables[table]
        added = sum(one.verdict is Verdict.ADDED for one in results)
        reasons = [(row, one.reason) for row, one in zip(fresh, results, strict=True) if one.reason is not None]
        refused = [_told(row, reason) for row, reason in reasons if reason != REASON]
        count.rows += len(batch)
        count.added += added
        count.refused += len(refused)
        count.forgotten += len(reasons) - len(refused)
        count.there += len(batch) - added - len(reasons)
        for reason in refused:
            self.loaded.reasons[reason] = self.loaded.reasons.get(reason, 0) + 1


def _told(row: object, reason: str) -> str:
    """Why a row was refused; of an attribute its name says more than the columns that differ."""
    return f"{row.attribute.name}: {reason}" if isinstance(row, AttributeRow) else reason


def _interactions(table: pa.Table, names: Names) -> Iterator[list[InteractionRow]]:
    """Yield interactions by the thousand; where rows without ids are looked for, a lead's of one moment together."""
    if names.nameless.isdisjoint(names.there):
        yield from _batches(table, names.row)
        return
    table = table.sort_by([(one, "ascending") for one in ("lead_id", "occurred_at", "interaction_id")])
    differs = [pc.not_equal(table[one][1:], table[one][:-1]).to_numpy() for one in ("lead_id", "occurred_at")]
    ends = np.append(np.flatnonzero(differs[0] | differs[1]) + 1, table.num_rows)  # where a lead's moment is over
    start = 0
    while start < table.num_rows:
        last = max(np.searchsorted(ends, start + MOST_ROWS, side="right") - 1, np.searchsorted(ends, start + 1))
        yield _rows(table.slice(start, ends[last] - start), names.row)
        start = ends[last]


def _batches(table: pa.Table, made: Callable[..., Row]) -> Iterator[list[Row]]:
    """Yield a table's rows by the thousand."""
    for start in range(0, table.num_rows, MOST_ROWS):
        yield _rows(table.slice(start, MOST_ROWS), made)


def _rows(table: pa.Table, made: Callable[..., Row]) -> list[Row]:
    return list(map(made, *(column.to_pylist() for column in table.columns)))


def _attribute(lead_id: str, name: str, text: str | None, number: float | None, known_at: int | None) -> AttributeRow:
    return AttributeRow(lead_id, Attribute(name, number if text is None else text, known_at))


def _outcome(lead_id: str, stage: str, reached_at: int, amount: float | None) -> OutcomeRow:
    return OutcomeRow(lead_id, Outcome(Stage(stage), reached_at, amount))
