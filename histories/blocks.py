"""Stages each kind of block in crm.toml: which fields its rows have, and which of them count as what."""
# ruff: noqa: S608 - names and texts are quoted by histories.sql; the user's own SQL runs on the user's own machine

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import duckdb

from histories import sql
from histories.columns import Columns, Field, ours
from histories.contract import ATTRIBUTES, INTERACTIONS, OUTCOMES, AttributeType, Direction, Stage
from histories.crm import IGNORED, AttributeBlock, InteractionsBlock, LeadAttribute, LeadsBlock, OutcomesBlock
from histories.source import ROW, OpenSource, reading
from histories.staging import FOUND, SHARD, raw, staged, staged_leads

_DUPLICATE = "another row has this lead_id; the lead is read from the one created first"
_LEADS = "leads"  # the table in which leads are staged, wherever the rest goes


@dataclass(frozen=True, slots=True)
class Staged:
    """A source whose rows have been read, as queries: `good` rows in our columns, `bad` ones as (ROW, reason, raw).

    `remarks` are like `bad`, of rows that are good all the same; `ignored` are rows that mean nothing.
    """

    table: str
    opened: OpenSource
    good: str
    bad: str
    ignored: str
    remarks: str | None = None

    @property
    def name(self) -> str:
        """What the quarantine calls the source."""
        return f"{self.table}/{self.opened.source.name}"


class Store(Protocol):
    """Where staged rows go: into memory, or into the files of shards."""

    @property
    def shards(self) -> int:
        """How many there are."""

    def keep(self, table: str, query: str) -> str:
        """Run the query of one source's rows, once, and return what SQL can read them from."""


def leads(
    connection: duckdb.DuckDBPyConnection, block: LeadsBlock, opened: OpenSource, limit: int, shards: int
) -> Staged:
    """Stage `[leads]`: `good` is lead_id, created_at, account_id, SHARD and one column for each attribute."""
    columns = Columns(opened, limit)
    fields = {
        "lead_id": columns.identifier(block.lead_id, "lead_id"),
        "created_at": columns.time(block.created_at, "created_at"),
        "account_id": columns.optional_text(block.account_id),
    }
    unreadable: dict[str, str] = {}
    for one in block.attributes:
        if one.type is AttributeType.CATEGORY:
            fields[attribute_column(one)] = columns.optional_text(one.column)
        else:
            number = columns.number(one.column, attribute_column(one))
            fields[attribute_column(one)] = Field(number.sql)
            fields[f"unreadable {one.name}"] = Field(
                f"({number.sql}) is null and {sql.text(one.column.name)} is not null"
            )
            unreadable[one.name] = f"{number.wrong[0][1]}; the lead is kept without it"
    doubtful = " or ".join([ours(f"unreadable {name}") for name in unreadable] or ["false"])
    with reading(opened):
        connection.execute(f"create table {_LEADS} as {staged_leads(opened, fields, doubtful, shards)}")
        _mark_duplicates(connection, opened)
    connection.execute(f"create table {sql.name(FOUND)} as select lead_id, {SHARD} from {_LEADS} where reason is null")
    remarks = " union all ".join(
        f"select {sql.name(ROW)}, {sql.literal(reason)} as reason, raw from {_LEADS} "
        f"where reason is null and {sql.name('unreadable ' + name)}"
        for name, reason in unreadable.items()
    )
    good = f"select * from {_LEADS} where reason is null"
    bad = f"select {sql.name(ROW)}, reason, raw from {_LEADS} where reason is not null"
    return Staged("leads", opened, good, bad, f"select * from {_LEADS} where false", remarks or None)


def attribute_column(one: LeadAttribute) -> str:
    """Return the column of staged leads that holds an attribute."""
    return f"attribute {one.name}"


def _mark_duplicates(connection: duckdb.DuckDBPyConnection, opened: OpenSource) -> None:
    row, duplicate = sql.name(ROW), sql.literal(_DUPLICATE)
    marked = connection.execute(
        f"update {_LEADS} set reason = {duplicate} from (select lead_id as twice, "
        f"arg_min({row}, (created_at, {row})) as kept from {_LEADS} where reason is null "
        f"group by lead_id having count(*) > 1) where reason is null and lead_id = twice and {row} <> kept"
    ).fetchall()[0][0]
    if marked:  # their rows were not kept as they stood: few are duplicates, and all leads would be twice as long
        connection.execute(
            f"update {_LEADS} set raw = again.raw from (select {row} as place, {raw(opened)} as raw "
            f"from {sql.name(opened.view)}) as again where reason = {duplicate} and {row} = place"
        )


def interactions(block: InteractionsBlock, opened: OpenSource, limit: int, store: Store) -> Staged:
    """Stage one `[[interactions]]`: `good` has the columns of contract.INTERACTIONS."""
    columns = Columns(opened, limit)
    written = block.interaction_id
    fields = {
        "lead_id": columns.lead(block.lead_id),
        "interaction_id": columns.row_hash() if written is None else columns.identifier(written, "interaction_id"),
        "occurred_at": columns.time(block.occurred_at, "occurred_at"),
        "received_at": columns.time(block.received_at, "received_at", needed=False),
        "kind": columns.needed_text(block.kind, "kind"),
        "channel": columns.text(block.channel),
        "direction": columns.chosen(block.direction, "direction", [one.value for one in Direction]),
        "value": columns.number(block.value, "value"),
    }
    shown = {name: ours(name) for name in INTERACTIONS.names}
    shown["interaction_id"] = f"{sql.literal(f'{opened.source.name}:')} || {ours('interaction_id')}"
    return _kept("interactions", opened, staged(opened, fields, shown), INTERACTIONS.names, store)


def attributes(block: AttributeBlock, opened: OpenSource, limit: int, store: Store) -> Staged:
    """Stage one `[[attributes]]`: `good` has the columns of contract.ATTRIBUTES."""
    columns = Columns(opened, limit)
    is_text = block.type is AttributeType.CATEGORY
    fields = {
        "lead_id": columns.lead(block.lead_id),
        "value": columns.optional_text(block.value) if is_text else columns.number(block.value, "value"),
        "known_at": columns.time(block.known_at, "known_at"),
    }
    shown = {
        "lead_id": ours("lead_id"),
        "name": sql.literal(block.name),
        "text": ours("value") if is_text else "null::varchar",
        "number": "null::double" if is_text else ours("value"),
        "known_at": ours("known_at"),
    }
    return _kept("attributes", opened, staged(opened, fields, shown), ATTRIBUTES.names, store)


def outcomes(block: OutcomesBlock, opened: OpenSource, limit: int, store: Store) -> Staged:
    """Stage one `[[outcomes]]`: `good` has the columns of contract.OUTCOMES."""
    columns = Columns(opened, limit)
    fields = {
        "stage": _stage(columns, block),
        "lead_id": columns.lead(block.lead_id),
        "reached_at": columns.time(block.reached_at, "reached_at"),
        "amount": columns.number(block.amount, "amount"),
    }
    ignored = f"{ours('stage')} = {sql.literal(IGNORED)}"
    shown = {name: ours(name) for name in OUTCOMES.names}
    return _kept("outcomes", opened, staged(opened, fields, shown, ignored), OUTCOMES.names, store)


def _kept(table: str, opened: OpenSource, query: str, columns: Sequence[str], store: Store) -> Staged:
    with reading(opened):
        rows = store.keep(table, query)
    return Staged(
        table,
        opened,
        good=f"select {', '.join(columns)} from {rows} where {SHARD} >= 0",
        bad=f"select {sql.name(ROW)}, reason, raw from {rows} where {SHARD} < 0 and reason is not null",
        ignored=f"select {SHARD} from {rows} where {SHARD} < 0 and reason is null",
    )


def _stage(columns: Columns, block: OutcomesBlock) -> Field:
    if block.stages is None:
        field = columns.chosen(block.stage, "stage", [one.value for one in Stage])
        return Field(field.sql, (*columns.needed_text(block.stage, "stage").wrong, *field.wrong))
    text = columns.needed_text(block.stage, "stage")
    return Field(_mapped(text.sql, block.stages), ((f"({text.sql}) is null", text.wrong[0][1]), _UNMAPPED))


_UNMAPPED = (f"{ours('stage')} is null", 'stage is not in the map; write what it means, or "" for nothing')


def _mapped(text: str, stages: Mapping[str, str]) -> str:
    cases = " ".join(f"when {sql.literal(key)} then {sql.literal(value)}" for key, value in stages.items())
    return f"case {text} {cases} end" if cases else "null::varchar"
