"""From the staged rows of all sources to one Histories, with a count of what became of every row."""
# ruff: noqa: S608 - names and texts are quoted by histories.sql; the user's own SQL runs on the user's own machine

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa

from histories import blocks, sql
from histories.blocks import Staged
from histories.contract import ATTRIBUTES, INTERACTIONS, LEADS, OUTCOMES, AttributeType, Histories, Stage
from histories.crm import CrmConfig, InteractionsBlock, LeadsBlock, Source
from histories.errors import DataError
from histories.quarantine import QUARANTINE, SourceCount
from histories.source import ROW, OpenSource, open_source, reading
from histories.staging import Columns, quarantined


@dataclass(frozen=True, eq=False)
class Gathered:
    """Everything that was read."""

    histories: Histories
    quarantine: pa.Table
    sources: tuple[SourceCount, ...]


def gather(connection: duckdb.DuckDBPyConnection, config: CrmConfig, now: int, scratch: Path) -> Gathered:
    """Read all that crm.toml describes over `connection`. `now` in UTC microseconds; `scratch` is a folder."""
    numbers = itertools.count(1)

    def open_one(source: Source) -> OpenSource:
        return open_source(connection, source, f"source_{next(numbers)}", scratch)

    leads = open_one(config.leads.source)
    sources = [(block, open_one(block.source)) for block in config.interactions]
    exported_at = config.exported_at
    if exported_at is None:
        exported_at = _newest(connection, config.leads, leads, sources, now)
    staged = [blocks.leads(connection, config.leads, leads, exported_at)]
    staged += [blocks.interactions(connection, block, opened, exported_at) for block, opened in sources]
    staged += [blocks.attributes(connection, block, open_one(block.source), exported_at) for block in config.attributes]
    staged += [blocks.outcomes(connection, block, open_one(block.source), exported_at) for block in config.outcomes]
    return _gathered(connection, config, staged, exported_at)


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
                f"from {sql.name(opened.view)}) where whose in (select {known} from {sql.name(leads.view)})"
            ).fetchall()[0][0]
        newest = max((one for one in (newest, found) if one is not None), default=None)
    if newest is None:
        raise DataError(
            "no interaction can be read, so nothing tells when the export was taken; write exported_at = 2026-01-31T00:00:00Z, say, at the top of crm.toml"
        )
    return newest


def _gathered(
    connection: duckdb.DuckDBPyConnection, config: CrmConfig, staged: Sequence[Staged], exported_at: int
) -> Gathered:
    interactions, interaction_duplicates = _interactions(connection, _of("interactions", staged))
    attributes, attribute_duplicates = _attributes(connection, config, staged)
    outcomes, outcome_duplicates = _distinct(
        connection, _of("outcomes", staged), OUTCOMES, f"lead_id, reached_at, {_STAGE_ORDER}, stage, amount nulls first"
    )
    duplicates = {**interaction_duplicates, **attribute_duplicates, **outcome_duplicates}
    bad = [quarantined(connection, one.opened, one.name, _all_bad(one)) for one in staged]
    counts = tuple(
        _count(connection, one, table.num_rows, duplicates.get(one.name, 0))
        for one, table in zip(staged, bad, strict=True)
    )
    types = {one.name: one.type for one in config.leads.attributes} | {one.name: one.type for one in config.attributes}
    histories = Histories(
        leads=_table(
            connection, f"select lead_id, created_at, account_id from ({staged[0].good}) order by lead_id", LEADS
        ),
        attributes=attributes,
        interactions=interactions,
        outcomes=outcomes,
        exported_at=exported_at,
        timezone=config.timezone,
        families=config.families,
        attribute_types=types,
    )
    return Gathered(histories, pa.concat_tables([QUARANTINE.empty_table(), *bad]), counts)


# Contract and funnel order outcomes of one instant alike: losses after the other stages, but before a customer.
_STAGE_ORDER = (
    "case stage "
    + " ".join(
        f"when '{stage.value}' then {number}"
        for number, stage in enumerate(
            (Stage.LEAD, Stage.MQL, Stage.SQL, Stage.OPPORTUNITY, Stage.LOST, Stage.CUSTOMER)
        )
    )
    + " end"
)


def _of(table: str, staged: Sequence[Staged]) -> list[Staged]:
    return [one for one in staged if one.table == table]


def _all_bad(one: Staged) -> str:
    return one.bad if one.remarks is None else f"{one.bad} union all {one.remarks}"


def _table(connection: duckdb.DuckDBPyConnection, query: str, schema: pa.Schema) -> pa.Table:
    return connection.sql(query).to_arrow_table().select(schema.names).cast(schema)


def _number(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    return int(connection.execute(query).fetchall()[0][0])


def _count(connection: duckdb.DuckDBPyConnection, one: Staged, quarantine_rows: int, duplicates: int) -> SourceCount:
    remarks = one.remarks
    left_out = _number(connection, f"select count(distinct {sql.name(ROW)}) from ({remarks})") if remarks else 0
    lines_of_remarks = _number(connection, f"select count(*) from ({remarks})") if remarks else 0
    good = _number(connection, f"select count(*) from ({one.good})")
    ignored = _number(connection, one.ignored) if one.ignored else 0
    quarantined_rows = quarantine_rows - lines_of_remarks
    return SourceCount(
        table=one.table,
        source=one.opened.source.name,
        rows=good + quarantined_rows + ignored,
        kept=good - duplicates,
        quarantined=quarantined_rows,
        duplicates=duplicates,
        ignored=ignored,
        values_left_out=left_out,
    )


def _interactions(connection: duckdb.DuckDBPyConnection, staged: Sequence[Staged]) -> tuple[pa.Table, dict[str, int]]:
    """All interactions in the contract's order, without duplicates, and how many of each source were duplicates."""
    if not staged:
        return INTERACTIONS.empty_table(), {}
    tables, removed = [], {}
    for one in staged:
        connection.execute(f"create temp view {sql.name('good ' + one.rows)} as {one.good}")
        removed[one.name] = _remove_duplicates(connection, "good " + one.rows, one.rows + " kept")
        tables.append(f"from {sql.name(one.rows + ' kept')}")
    everything = " union all ".join(tables)
    return _table(
        connection,
        f"select * from ({everything}) order by lead_id, occurred_at, interaction_id",
        INTERACTIONS,
    ), removed


def _remove_duplicates(connection: duckdb.DuckDBPyConnection, rows: str, kept: str) -> int:
    """Make `kept` of `rows`: of one lead and id, the one that contract.duplicate_order puts first."""
    twice = f"select lead_id, interaction_id from {sql.name(rows)} group by all having count(*) > 1"
    order = (
        "coalesce(received_at, occurred_at), occurred_at, kind, coalesce(channel, ''), coalesce(direction, ''), "
        "value is null, coalesce(value, 0.0), received_at is null"
    )
    connection.execute(
        f"create temp table {sql.name(kept)} as "
        f"with twice as materialized ({twice}) "
        f"select * from {sql.name(rows)} anti join twice using (lead_id, interaction_id) union all "
        f"select * from (select * from {sql.name(rows)} semi join twice using (lead_id, interaction_id) "
        f"qualify row_number() over (partition by lead_id, interaction_id order by {order}) = 1)"
    )
    count = f"select count(*) from {sql.name(rows)}"
    return _number(connection, count) - _number(connection, f"select count(*) from {sql.name(kept)}")


def _distinct(
    connection: duckdb.DuckDBPyConnection, staged: Sequence[Staged], schema: pa.Schema, order: str
) -> tuple[pa.Table, dict[str, int]]:
    """The rows of all sources, equal ones once, and how many of each source came before."""
    removed: dict[str, int] = {}
    everything = ""
    before = 0
    for one in staged:
        everything += f"{' union all ' if everything else ''}{one.good}"
        rows = _number(connection, f"select count(*) from ({one.good})")
        after = _number(connection, f"select count(*) from (select distinct * from ({everything}))")
        removed[one.name] = rows - (after - before)
        before = after
    if not everything:
        return schema.empty_table(), removed
    return _table(connection, f"select distinct * from ({everything}) order by {order}", schema), removed


def _attributes(
    connection: duckdb.DuckDBPyConnection, config: CrmConfig, staged: Sequence[Staged]
) -> tuple[pa.Table, dict[str, int]]:
    """Undated attributes (those that are empty left out) and dated ones, by lead, name and time."""
    order = "lead_id, name, known_at nulls first, text nulls first, number nulls first"
    dated, removed = _distinct(connection, _of("attributes", staged), ATTRIBUTES, order)
    undated = []
    for one in config.leads.attributes:
        column = sql.name(f"attribute {one.name}")
        text, number = (column, "null::double") if one.type is AttributeType.CATEGORY else ("null::varchar", column)
        undated.append(
            f"select lead_id, {sql.literal(one.name)} as name, {text} as text, {number} as number, "
            f"null::bigint as known_at from ({staged[0].good}) where {column} is not null"
        )
    if not undated:
        return dated, removed
    connection.register("dated", dated)
    everything = f"{' union all '.join(undated)} union all select * from dated"
    return _table(connection, f"select * from ({everything}) order by {order}", ATTRIBUTES), removed
