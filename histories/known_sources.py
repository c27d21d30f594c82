"""What the store knows of an export's sources of interactions: whether it has rows of them, and under which names."""
# ruff: noqa: S608 - names and texts are quoted by histories.sql

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

import duckdb

from histories import sql
from histories.contract import INTERACTIONS
from histories.errors import CallError
from histories.naming import Names, fresh, happening, near
from histories.quarantine import SourceCount
from histories.shard_files import connected
from histories.shards import Shards
from histories.store import InteractionRow, Store
from histories.store.facts import intake, told
from histories.store.facts.same_person import is_made

_LOOKED_UP = 1_000
_MOST = 0.1  # the share of a source's rows that may be there under another name, by chance
_MADE = re.compile("[0-9a-f]{20}")  # the hash that stands for a missing id


def names(made: Shards, store: Store) -> Names:
    """Return how the interactions of an export are named in this store. Raises StoreUnavailableError."""
    sources = tuple(one.source for one in made.sources if one.table == "interactions")
    nameless = frozenset(made.nameless)
    posted = bool(nameless) and told.any_named(store, "content")
    there = frozenset(one for one in sources if (posted and one in nameless) or told.any_named(store, one))
    with connected(made.folder, made.memory) as connection:
        return Names(sources, frozenset(_shared(connection, made)), nameless, there)


def refuse_renamed(made: Shards, store: Store, names: Names) -> None:
    """Refuse sources whose rows are in the store under the name of another source: they would count twice.

    A thousand rows of each are looked up. Raises CallError that says what to write; StoreUnavailableError.
    """
    if store.watermark() == 0:
        return
    for place, one in _sources(made):
        with connected(made.folder, made.memory) as connection:
            rows = _some(connection, made, place, names)
        found = Counter(_others(store, names, fresh(store, names, rows)))
        for other, count in found.most_common(1):
            if count > _MOST * len(rows):
                raise CallError(_refused(one.source, other, f"{count:,} of {len(rows):,} that were looked up"))


def _refused(source: str, other: str, count: str) -> str:
    if other == source:
        return (
            f"[[interactions]] {source}: they came without ids before ({count}) and would count twice with them; leave "
            "interaction_id out, or load into a new store"
        )
    return (
        f'[[interactions]] {source}: they are in the store under the name "{other}" ({count}) and would count twice; '
        f'write name = "{other}" there'
    )


def _sources(made: Shards) -> Iterator[tuple[int, SourceCount]]:
    """The sources of interactions that have rows, by their place."""
    for place, one in enumerate(made.sources):
        if one.table == "interactions" and any((made.folder / "interactions").glob(f"*/{place}-*.parquet")):
            yield place, one


def _rows(made: Shards, place: int) -> str:
    files = made.folder / "interactions" / "*" / f"{place}-*.parquet"
    return f"read_parquet({sql.literal(str(files))}, hive_partitioning = true) where shard >= 0"


def _shared(connection: duckdb.DuckDBPyConnection, made: Shards) -> Iterator[str]:
    """The sources in which an id stands with several leads."""
    for place, one in _sources(made):
        query = (
            f"select 1 from {_rows(made, place)} group by interaction_id having min(lead_id) <> max(lead_id) limit 1"
        )
        if connection.execute(query).fetchall():
            yield one.source


def _some(connection: duckdb.DuckDBPyConnection, made: Shards, place: int, names: Names) -> list[InteractionRow]:
    """Some of a source's rows from all over it, always the same."""
    query = (
        f"select {', '.join(INTERACTIONS.names)} from {_rows(made, place)} "
        f"order by hash(interaction_id), interaction_id, lead_id limit {_LOOKED_UP}"
    )
    return [names.row(*row) for row in connection.execute(query).fetchall()]


def _others(store: Store, names: Names, rows: Sequence[InteractionRow]) -> Iterator[str]:
    """The source under whose name each row is there, where it is there under another one."""
    persons = told.persons(store, {row.lead_id for row in rows})
    alike: dict[tuple[object, ...], list[tuple[str, str]]] = defaultdict(list)
    for values in near(store, rows, persons):
        alike[happening(values, persons)].append((str(values[0]), str(values[1])))
    for row in rows:
        some = alike.get(happening(intake.INTERACTIONS.values(row), persons), ())
        found = (_other(names, row, name, lead_id) for name, lead_id in some)
        if (other := next(filter(None, found), None)) is not None:
            yield other


def _other(names: Names, row: InteractionRow, name: str, lead_id: str) -> str | None:
    """The source of an id under which the same happened to the same person, where it names the same row."""
    if is_made(name):
        return None
    source, own = names.source_of(row.interaction.interaction_id), names.own(row)
    if name.endswith(f":{own}"):
        return name.removesuffix(f":{own}").removesuffix(f":{lead_id}")
    if source in names.nameless:
        other = name.rpartition(":")[0]
        return None if other == source else other
    return source if name.startswith(f"{source}:") and _MADE.fullmatch(name[len(source) + 1 :]) else None
