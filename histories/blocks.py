"""Stages each kind of block in crm.toml: which fields its rows have, and which of them count as what."""
# ruff: noqa: S608 - names and texts are quoted by histories.sql; the user's own SQL runs on the user's own machine

from collections.abc import Mapping
from dataclasses import dataclass

import duckdb

from histories import sql
from histories.contract import AttributeType, Direction, Stage
from histories.crm import IGNORED, AttributeBlock, InteractionsBlock, LeadsBlock, OutcomesBlock
from histories.source import ROW, OpenSource
from histories.staging import ALL, BAD, FOUND, Columns, Field, stage

_DUPLICATE = "another row has this lead_id; the lead is read from the one created first"


@dataclass(frozen=True, slots=True)
class Staged:
    """A source that is staged, as queries: `good` rows in our columns, `bad` ones as (ROW, reason, raw).

    `remarks` are like `bad`, of rows that are good all the same; `ignored` counts rows that mean nothing.
    """

    table: str
    opened: OpenSource
    rows: str
    good: str
    bad: str
    remarks: str | None = None
    ignored: str | None = None

    @property
    def name(self) -> str:
        """What the quarantine calls the source."""
        return f"{self.table}/{self.opened.source.name}"


def _bad(rows: str) -> str:
    return f"select {sql.name(ROW)}, reason, raw from {sql.name(rows)} where reason is not null"


def leads(connection: duckdb.DuckDBPyConnection, block: LeadsBlock, opened: OpenSource, limit: int | None) -> Staged:
    """Stage `[leads]`: `good` is lead_id, created_at, account_id and one column for each attribute."""
    columns, rows = Columns(opened, limit), "staged leads"
    fields = {
        "lead_id": columns.identifier(block.lead_id, "lead_id"),
        "created_at": columns.time(block.created_at, "created_at"),
        "account_id": columns.optional_text(block.account_id),
    }
    unreadable: dict[str, str] = {}
    for one in block.attributes:
        alias = f"attribute {one.name}"
        if one.type is AttributeType.CATEGORY:
            fields[alias] = columns.optional_text(one.column)
        else:
            number = columns.number(one.column, alias)
            fields[alias] = Field(number.sql)
            fields[f"unreadable {one.name}"] = Field(
                f"({number.sql}) is null and {sql.text(one.column.name)} is not null"
            )
            unreadable[one.name] = f"{number.wrong[0][1]}; the lead is kept without it"
    stage(connection, opened, fields, rows, ALL)
    connection.execute(
        f"update {sql.name(rows)} set reason = {sql.literal(_DUPLICATE)} where reason is null and {sql.name(ROW)} not in "
        f"(select arg_min({sql.name(ROW)}, (created_at, {sql.name(ROW)})) from {sql.name(rows)} where reason is null group by lead_id)"
    )
    connection.execute(
        f"create temp table {sql.name(FOUND)} as select lead_id from {sql.name(rows)} where reason is null"
    )
    remarks = " union all ".join(
        f"select {sql.name(ROW)}, {sql.literal(reason)} as reason, raw from {sql.name(rows)} "
        f"where reason is null and {sql.name('unreadable ' + name)}"
        for name, reason in unreadable.items()
    )
    return Staged(
        "leads",
        opened,
        rows,
        f"select * from {sql.name(rows)} where reason is null",
        _bad(rows),
        remarks or None,
    )


def interactions(
    connection: duckdb.DuckDBPyConnection, block: InteractionsBlock, opened: OpenSource, limit: int
) -> Staged:
    """Stage one `[[interactions]]`: `good` has the columns of contract.INTERACTIONS."""
    columns, rows = Columns(opened, limit), f"staged {opened.view}"
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
    stage(connection, opened, fields, rows, BAD)
    prefix = sql.literal(f"{opened.source.name}:")
    good = (
        f"select lead_id, {prefix} || interaction_id as interaction_id, occurred_at, received_at, kind, channel, "
        f"direction, value from {sql.name(rows)} where reason is null"
    )
    return Staged("interactions", opened, rows, good, _bad(rows))


def attributes(connection: duckdb.DuckDBPyConnection, block: AttributeBlock, opened: OpenSource, limit: int) -> Staged:
    """Stage one `[[attributes]]`: `good` has the columns of contract.ATTRIBUTES."""
    columns, rows = Columns(opened, limit), f"staged {opened.view}"
    is_text = block.type is AttributeType.CATEGORY
    fields = {
        "lead_id": columns.lead(block.lead_id),
        "value": columns.optional_text(block.value) if is_text else columns.number(block.value, "value"),
        "known_at": columns.time(block.known_at, "known_at"),
    }
    stage(connection, opened, fields, rows, BAD)
    text, number = ("value", "null::double") if is_text else ("null::varchar", "value")
    good = (
        f"select lead_id, {sql.literal(block.name)} as name, {text} as text, {number} as number, known_at "
        f"from {sql.name(rows)} where reason is null"
    )
    return Staged("attributes", opened, rows, good, _bad(rows))


def outcomes(connection: duckdb.DuckDBPyConnection, block: OutcomesBlock, opened: OpenSource, limit: int) -> Staged:
    """Stage one `[[outcomes]]`: `good` has the columns of contract.OUTCOMES."""
    columns, rows = Columns(opened, limit), f"staged {opened.view}"
    fields = {
        "stage": _stage(columns, block),
        "lead_id": columns.lead(block.lead_id),
        "reached_at": columns.time(block.reached_at, "reached_at"),
        "amount": columns.number(block.amount, "amount"),
    }
    stage(connection, opened, fields, rows, BAD)
    ignored = f"stage = {sql.literal(IGNORED)}"
    connection.execute(f"update {sql.name(rows)} set reason = null where {ignored}")
    good = f"select lead_id, stage, reached_at, amount from {sql.name(rows)} where reason is null and stage <> {sql.literal(IGNORED)}"
    counted = f"select count(*) from {sql.name(rows)} where {ignored}"
    return Staged("outcomes", opened, rows, good, _bad(rows), ignored=counted)


def _stage(columns: Columns, block: OutcomesBlock) -> Field:
    if block.stages is None:
        field = columns.chosen(block.stage, "stage", [one.value for one in Stage])
        return Field(field.sql, (*columns.needed_text(block.stage, "stage").wrong, *field.wrong))
    text = columns.needed_text(block.stage, "stage")
    return Field(_mapped(text.sql, block.stages), ((f"({text.sql}) is null", text.wrong[0][1]), _UNMAPPED))


_UNMAPPED = (f"{sql.name('our stage')} is null", 'stage is not in the map; write what it means, or "" for nothing')


def _mapped(text: str, stages: Mapping[str, str]) -> str:
    cases = " ".join(f"when {sql.literal(key)} then {sql.literal(value)}" for key, value in stages.items())
    return f"case {text} {cases} end" if cases else "null::varchar"
