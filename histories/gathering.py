"""From the sources of an export to staged rows, and from staged rows to Histories: the same for memory and for shards."""
# ruff: noqa: S608 - names and texts are quoted by histories.sql; the user's own SQL runs on the user's own machine

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa

from histories import blocks, sql
from histories.bad_rows import refused_lines
from histories.blocks import Staged, Store, attribute_column
from histories.columns import Columns
from histories.contract import ATTRIBUTES, INTERACTIONS, LEADS, OUTCOMES, AttributeType, Stage
from histories.crm import CrmConfig, InteractionsBlock, LeadsBlock, Source
from histories.errors import DataError
from histories.funnel import instant_order
from histories.quarantine import SourceCount
from histories.source import ROW, OpenSource, open_source, reading


@dataclass(frozen=True, slots=True)
class Staging:
    """All sources of an export, read: in the order of crm.toml, `[leads]` first. `exported_at`: UTC microseconds."""

    exported_at: int
    sources: tuple[Staged, ...]


def stage(connection: duckdb.DuckDBPyConnection, config: CrmConfig, now: int, scratch: Path, store: Store) -> Staging:
    """Read all that crm.toml describes, each source once, into `store`. `scratch` is a folder for temporary files."""
    numbers = itertools.count(1)

    def open_one(source: Source) -> OpenSource:
        return open_source(connection, source, f"source_{next(numbers)}", scratch)

    leads = open_one(config.leads.source)
    sources = [(block, open_one(block.source)) for block in config.interactions]
    exported_at = config.exported_at
    if exported_at is None:
        exported_at = _newest(connection, config.leads, leads, sources, now)
    staged = [blocks.leads(connection, config.leads, leads, exported_at, store.shards)]
    staged += [blocks.interactions(block, opened, exported_at, store) for block, opened in sources]
    staged += [blocks.attributes(block, open_one(block.source), exported_at, store) for block in config.attributes]
    staged += [blocks.outcomes(block, open_one(block.source), exported_at, store) for block in config.outcomes]
    return Staging(exported_at, tuple(staged))


def _newest(
    connection: duckdb.DuckDBPyConnection,
    leads_block: LeadsBlock,
    leads: OpenSource,
    sources: Sequence[tuple[InteractionsBlock, OpenSource]],
    now: int,
) -> int:
    """The newest interaction of a known lead that is not after `now`: when the export was taken, as far as it tells."""
    known = Columns(leads, None).identifier(leads_block.lead_id, "lead_id").sql
    newest: int | None = None
    for block, opened in sources:
        columns = Columns(opened, None)
        at, lead = columns.time(block.occurred_at, "occurred_at").sql, columns.identifier(block.lead_id, "lead_id").sql
        with reading(opened):
            found = connection.execute(
                # Not in `where`: DuckDB would push the condition down and read every time three times over.
                f"select max(moment) filter (where moment between 0 and {now}) from (select {at} as moment, {lead} as whose "
                f"from {_texts(opened)}) where whose in (select {known} from {_texts(leads)})"
            ).fetchall()[0][0]
        newest = max((one for one in (newest, found) if one is not None), default=None)
    if newest is None:
        raise DataError(
            "no interaction can be read, so nothing tells when the export was taken; write exported_at = 2026-01-31T00:00:00Z, say, at the top of crm.toml"
        )
    return newest


def _texts(opened: OpenSource) -> str:
    return f"(select *, {sql.trimmed(opened.columns)} from {sql.name(opened.view)})"


def counted(connection: duckdb.DuckDBPyConnection, staged: Sequence[Staged]) -> tuple[SourceCount, ...]:
    """Count what became of each source's rows; duplicates are not known yet, and count as kept."""
    return tuple(_count(connection, one) for one in staged)


def _count(connection: duckdb.DuckDBPyConnection, one: Staged) -> SourceCount:
    good, ignored = _number(connection, one.good), _number(connection, one.ignored)
    bad = _number(connection, one.bad) + refused_lines(connection, one.opened)
    left_out = _number(connection, f"select distinct {sql.name(ROW)} from ({one.remarks})") if one.remarks else 0
    return SourceCount(
        table=one.table,
        source=one.opened.source.name,
        rows=good + bad + ignored,
        kept=good,
        quarantined=bad,
        duplicates=0,
        ignored=ignored,
        values_left_out=left_out,
    )


def _number(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    return int(connection.execute(f"select count(*) from ({query})").fetchall()[0][0])


def undated(config: CrmConfig, leads: str) -> str | None:
    """Return the query of the attributes in the leads' own file, those that are empty left out; None: it has none."""
    queries = []
    for one in config.leads.attributes:
        column = sql.name(attribute_column(one))
        text, number = (column, "null::double") if one.type is AttributeType.CATEGORY else ("null::varchar", column)
        queries.append(
            f"select lead_id, {sql.literal(one.name)} as name, {text} as text, {number} as number, "
            f"null::bigint as known_at, shard from ({leads}) where {column} is not null"
        )
    return " union all ".join(queries) or None


@dataclass(frozen=True, slots=True)
class Rows:
    """The good rows of one source as a query in the contract's columns, duplicates among them. `name` as in counts."""

    table: str
    name: str
    query: str


@dataclass(frozen=True, eq=False)
class Tables:
    """The contract's tables, and how many rows of each source were duplicates, by the source's name."""

    leads: pa.Table
    attributes: pa.Table
    interactions: pa.Table
    outcomes: pa.Table
    duplicates: Mapping[str, int]


_STAGE_ORDER = "case stage " + " ".join(f"when '{stage.value}' then {instant_order(stage)}" for stage in Stage) + " end"
BY_TIME = "order by lead_id, occurred_at, interaction_id"
UNSORTED = ""


def tables(connection: duckdb.DuckDBPyConnection, leads: str, undated: str | None, rows: Sequence[Rows]) -> Tables:
    """Return the tables of `leads` (a query), their `undated` attributes and `rows`, sorted, without duplicates."""
    of_interactions = _of("interactions", rows)
    repeated = repeats(connection, of_interactions)
    return tables_with(
        connection, leads, undated, rows, interactions(connection, of_interactions, repeated, BY_TIME), repeated
    )


def tables_with(
    connection: duckdb.DuckDBPyConnection,
    leads: str,
    undated: str | None,
    rows: Sequence[Rows],
    interactions: pa.Table,
    repeated: Mapping[str, int],
) -> Tables:
    """Return what `tables` does, with interactions that are there, of which so many were repeated."""
    attributes, of_attributes = _attributes(connection, undated, _of("attributes", rows))
    outcomes, of_outcomes = _distinct(
        connection, _of("outcomes", rows), OUTCOMES, f"lead_id, reached_at, {_STAGE_ORDER}, stage, amount nulls first"
    )
    return Tables(
        _table(connection, f"select * from ({leads}) order by lead_id", LEADS),
        attributes,
        interactions,
        outcomes,
        {**repeated, **of_attributes, **of_outcomes},
    )


def _of(table: str, rows: Iterable[Rows]) -> list[Rows]:
    return [one for one in rows if one.table == table]


def _table(connection: duckdb.DuckDBPyConnection, query: str, schema: pa.Schema) -> pa.Table:
    return connection.sql(query).to_arrow_table().select(schema.names).cast(schema)


def repeats(connection: duckdb.DuckDBPyConnection, rows: Sequence[Rows]) -> dict[str, int]:
    """Return how many interactions of each source are duplicates, and leave in the connection which."""
    found = {}
    for place, one in enumerate(rows):
        connection.execute(
            f"create temp table {_twice(place)} as select lead_id, interaction_id, count(*) as times "
            f"from ({one.query}) group by lead_id, interaction_id having count(*) > 1"
        )
        times = connection.execute(f"select coalesce(sum(times - 1), 0)::bigint from {_twice(place)}").fetchall()
        found[one.name] = int(times[0][0])
    return found


def _twice(place: int) -> str:
    return sql.name(f"twice {place}")


def interactions(
    connection: duckdb.DuckDBPyConnection, rows: Sequence[Rows], repeated: Mapping[str, int], order: str
) -> pa.Table:
    """Return the interactions of all sources without those that `repeats` has found, in an order (SQL)."""
    if not rows:
        return INTERACTIONS.empty_table()
    kept = [_without(one.query, place) if repeated[one.name] else one.query for place, one in enumerate(rows)]
    return _table(connection, f"select * from ({' union all '.join(kept)}) {order}", INTERACTIONS)


def _without(query: str, place: int) -> str:
    """Of one lead and id that come twice, the row that contract.duplicate_order puts first; all others as they are."""
    order = (
        "coalesce(received_at, occurred_at), occurred_at, kind, coalesce(channel, ''), coalesce(direction, ''), "
        "value is null, coalesce(value, 0.0), received_at is null"
    )
    twice = _twice(place)
    return (
        f"select * from ({query}) anti join {twice} using (lead_id, interaction_id) union all "
        f"select * from (select * from ({query}) semi join {twice} using (lead_id, interaction_id) "
        f"qualify row_number() over (partition by lead_id, interaction_id order by {order}) = 1)"
    )


def _distinct(
    connection: duckdb.DuckDBPyConnection, rows: Sequence[Rows], schema: pa.Schema, order: str
) -> tuple[pa.Table, dict[str, int]]:
    """The rows of all sources, equal ones once, and how many of each source came before."""
    if not rows:
        return schema.empty_table(), {}
    columns = ", ".join(schema.names)
    everything = " union all ".join(
        f"select {columns}, {place} as source from ({one.query})" for place, one in enumerate(rows)
    )
    connection.execute(
        f"create or replace temp table once as select {columns}, min(source) as source from ({everything}) group by {columns}"
    )
    before, after = _by_source(connection, f"({everything})"), _by_source(connection, "once")
    removed = {one.name: before.get(place, 0) - after.get(place, 0) for place, one in enumerate(rows)}
    return _table(connection, f"select {columns} from once order by {order}", schema), removed


def _by_source(connection: duckdb.DuckDBPyConnection, rows: str) -> dict[int, int]:
    return dict(connection.execute(f"select source, count(*) from {rows} group by source").fetchall())


def _attributes(
    connection: duckdb.DuckDBPyConnection, undated: str | None, rows: Sequence[Rows]
) -> tuple[pa.Table, dict[str, int]]:
    """Undated attributes and dated ones, by lead, name and time."""
    order = "lead_id, name, known_at nulls first, text nulls first, number nulls first"
    dated, removed = _distinct(connection, rows, ATTRIBUTES, order)
    if undated is None:
        return dated, removed
    connection.register("dated", dated)
    columns = ", ".join(ATTRIBUTES.names)
    return _table(
        connection,
        f"select {columns} from ({undated}) union all select {columns} from dated order by {order}",
        ATTRIBUTES,
    ), removed
