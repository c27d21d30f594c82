"""Loads an export into the history store: batch by batch, each durable before the next, none of them twice.

What is in the store already is found by reading. So a load that was interrupted goes on where it stood, and a second
one of the same export adds nothing.
"""
# ruff: noqa: S608 - names and texts are quoted by histories.sql

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from histories import shards, sql
from histories.contract import Attribute, AttributeType, Direction, Histories, Interaction, Outcome, Stage
from histories.shard_files import Progress, connected
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
_DIRECTIONS: dict[str | None, Direction | None] = {None: None, **{one.value: one for one in Direction}}


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

    An interaction is named by its source and its id; where a source has one id with several leads, by the lead too,
    since the store knows ids alone. `recorded_at` in UTC microseconds; `progress` hears what is loaded. Raises
    StoreUnavailableError.
    """
    declared = define(store, Definitions(made.timezone, made.families, made.attribute_types), recorded_at)
    names = _Names(_shared(made), tuple(one.source for one in made.sources if one.table == "interactions"))
    loading = _Loading(store, recorded_at, Loaded(declared.retyped, declared.kept))
    for number in range(made.count):
        _load(loading, shards.read(made, number), names)
        progress("Loading shards", number + 1, made.count)
    return loading.loaded


def _load(loading: "_Loading", histories: Histories, names: "_Names") -> None:
    """Load one shard, leads first."""
    store, at = loading.store, histories.exported_at
    for leads in _batches(histories.leads, LeadRow):
        loading.take("leads", leads, missing(store, intake.LEADS, leads), store.add_leads)
    for attributes in _batches(histories.attributes, _attribute):
        loading.take("attributes", attributes, missing_attributes(store, attributes, at), store.add_attributes)
    for interactions in _batches(histories.interactions, names.interaction):
        fresh = missing(store, intake.INTERACTIONS, interactions)
        loading.take("interactions", interactions, fresh, store.add_interactions)
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
        results = add(fresh, self.recorded_at).rows if fresh else ()
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


@dataclass(frozen=True, slots=True)
class _Names:
    """How interactions are named: `shared` are the sources in which one id stands with several leads."""

    shared: frozenset[str]
    sources: tuple[str, ...]

    def interaction(
        self,
        lead_id: str,
        interaction_id: str,
        occurred_at: int,
        received_at: int | None,
        kind: str,
        channel: str | None,
        direction: str | None,
        value: float | None,
    ) -> InteractionRow:
        """Return a row of the contract's table under the name that the store knows it by."""
        name = self._of(lead_id, interaction_id)
        one = Interaction(name, occurred_at, kind, received_at, channel, _DIRECTIONS[direction], value)
        return InteractionRow(lead_id, one)

    def _of(self, lead_id: str, interaction_id: str) -> str:
        """With the lead behind the source's name: of one lead, ids keep their order, by which features break ties."""
        if not self.shared:
            return interaction_id
        source = max((one for one in self.sources if interaction_id.startswith(f"{one}:")), key=len, default="")
        return f"{source}:{lead_id}{interaction_id[len(source) :]}" if source in self.shared else interaction_id


def _shared(made: Shards) -> frozenset[str]:
    """The sources in which an id stands with several leads; none where there are no interactions."""
    files = made.folder / "interactions"
    if not files.is_dir():
        return frozenset()
    with connected(made.folder, made.memory) as connection:
        found = set()
        for place, one in enumerate(made.sources):
            if one.table == "interactions" and any(files.glob(f"*/{place}-*.parquet")):
                rows = f"read_parquet({sql.literal(str(files / '*' / f'{place}-*.parquet'))}, hive_partitioning = true)"
                query = (
                    f"select 1 from {rows} where shard >= 0 group by interaction_id "
                    "having min(lead_id) <> max(lead_id) limit 1"
                )
                if connection.execute(query).fetchall():
                    found.add(one.source)
        return frozenset(found)


def _batches(table: pa.Table, made: Callable[..., Row]) -> Iterator[list[Row]]:
    """Yield a table's rows by the thousand."""
    for start in range(0, table.num_rows, MOST_ROWS):
        columns = [column.to_pylist() for column in table.slice(start, MOST_ROWS).columns]
        yield list(map(made, *columns))


def _attribute(lead_id: str, name: str, text: str | None, number: float | None, known_at: int | None) -> AttributeRow:
    return AttributeRow(lead_id, Attribute(name, number if text is None else text, known_at))


def _outcome(lead_id: str, stage: str, reached_at: int, amount: float | None) -> OutcomeRow:
    return OutcomeRow(lead_id, Outcome(Stage(stage), reached_at, amount))
