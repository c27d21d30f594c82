"""Reads crm.toml: where a CRM's export lies, and which of its columns mean what."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from histories import toml_file
from histories.contract import AttributeType, Direction, Families, Stage
from histories.errors import nearest
from histories.templates import Template, expand
from histories.toml_file import Table

IGNORED = ""  # what a map writes for values that are no arrival at a stage


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the export that crm.toml names, and the place in crm.toml that names it."""

    name: str
    place: str


@dataclass(frozen=True, slots=True)
class Text:
    """A text made from columns of the export, and the place in crm.toml that says how."""

    template: Template
    place: str


@dataclass(frozen=True, slots=True)
class Source:
    """Where rows come from: a file, or a DuckDB query in place of one; `where` is an SQL condition on its rows.

    `name` is unique among the sources of its table; `folder` is what relative paths are relative to.
    """

    name: str
    file: Path | None
    query: str | None
    where: str | None
    folder: Path
    place: str
    where_place: str


@dataclass(frozen=True, slots=True)
class LeadAttribute:
    """An attribute in a column of the leads' own file: known when the lead is created."""

    name: str
    type: AttributeType
    column: Column


@dataclass(frozen=True, slots=True)
class LeadsBlock:
    """`[leads]`: one row a lead."""

    source: Source
    lead_id: Column
    created_at: Column
    account_id: Column | None
    attributes: tuple[LeadAttribute, ...]


@dataclass(frozen=True, slots=True)
class InteractionsBlock:
    """`[[interactions]]`: one row an interaction. Without `interaction_id`, a hash of the row stands for it."""

    source: Source
    lead_id: Column
    occurred_at: Column
    kind: Text
    interaction_id: Column | None
    received_at: Column | None
    channel: Text | None
    direction: Text | None
    value: Column | None


@dataclass(frozen=True, slots=True)
class AttributeBlock:
    """`[[attributes]]`: one row a value that became known later."""

    source: Source
    lead_id: Column
    name: str
    type: AttributeType
    value: Column
    known_at: Column


@dataclass(frozen=True, slots=True)
class OutcomesBlock:
    """`[[outcomes]]`: one row an arrival. `stages` maps what `stage` yields to a stage, or to IGNORED."""

    source: Source
    lead_id: Column
    stage: Text
    stages: Mapping[str, str] | None
    reached_at: Column
    amount: Column | None


@dataclass(frozen=True)
class CrmConfig:
    """All of crm.toml. `exported_at` in UTC microseconds, None: the newest interaction says it."""

    path: Path
    timezone: str
    exported_at: int | None
    max_bad_share: float
    leads: LeadsBlock
    interactions: tuple[InteractionsBlock, ...]
    attributes: tuple[AttributeBlock, ...]
    outcomes: tuple[OutcomesBlock, ...]
    families: Families


def read(path: Path) -> CrmConfig:
    """Read crm.toml. Raises CallError that names the file, the line, the key and what is allowed."""
    top = toml_file.read(path)
    folder = path.resolve().parent
    timezone = _timezone(top)
    exported_at = top.moment("exported_at", timezone)
    max_bad_share = top.number("max_bad_share", 0, 1)
    table = top.table("leads")
    if table is None:
        top.missing("leads", "write a table [leads] with file, lead_id and created_at")
    leads = _leads(table, folder)
    types = {one.name: one.type for one in leads.attributes}
    names: set[str] = set()
    interactions = tuple(_interactions(one, folder, names) for one in top.tables("interactions"))
    names = set()
    attributes: list[AttributeBlock] = []
    for one in top.tables("attributes"):
        attributes.append(_attribute_block(one, folder, names, types))
        types[attributes[-1].name] = attributes[-1].type
    names = set()
    outcomes = tuple(_outcomes(one, folder, names) for one in top.tables("outcomes"))
    families = _families(top.table("families"))
    top.finish()
    share = 0.1 if max_bad_share is None else max_bad_share
    return CrmConfig(path, timezone, exported_at, share, leads, interactions, tuple(attributes), outcomes, families)


def _timezone(top: Table) -> str:
    name = top.optional_text("timezone")
    if name is None:
        return "UTC"
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        top.fail(
            "timezone",
            f"{name!r} is not a time zone; write an IANA name such as 'Europe/Amsterdam' or 'UTC'"
            f"{nearest(name, available_timezones())}",
        )
    return name


def _source(table: Table, folder: Path, taken: set[str], name: str | None = None) -> Source:
    file, query, where = table.optional_text("file"), table.optional_text("query"), table.optional_text("where")
    if (file is None) == (query is None):
        table.fail("file", 'is missing or one too many; write file = "..." or query = "...", one of the two')
    key, text = ("query", str(query)) if file is None else ("file", file)
    try:
        text = expand(text, os.environ)
    except ValueError as error:
        table.fail(key, str(error))
    path = None if file is None else folder / text
    unique = _unique(name or (_stem(path) if path else "query"), taken)
    return Source(unique, path, None if path else text, where, folder, table.place(key), table.place("where"))


def _stem(path: Path) -> str:
    return path.name.removesuffix(".gz").rsplit(".", 1)[0]


def _unique(name: str, taken: set[str]) -> str:
    number, unique = 1, name
    while unique in taken:
        number += 1
        unique = f"{name}#{number}"
    taken.add(unique)
    return unique


def _column(table: Table, key: str) -> Column:
    return Column(table.text(key, "write the name of the export's column"), table.place(key))


def _optional_column(table: Table, key: str) -> Column | None:
    name = table.optional_text(key)
    return None if name is None else Column(name, table.place(key))


def _optional_text(table: Table, key: str) -> Text | None:
    text = table.optional_text(key)
    if text is None:
        return None
    try:
        return Text(Template.parse(text), table.place(key))
    except ValueError as error:
        table.fail(key, str(error))


def _text(table: Table, key: str) -> Text:
    table.text(key, "write a text, with the export's columns in braces")
    text = _optional_text(table, key)
    assert text is not None  # noqa: S101 - the line above has refused its absence
    return text


def _leads(table: Table, folder: Path) -> LeadsBlock:
    source = _source(table, folder, set())
    attributes = table.table("attributes")
    block = LeadsBlock(
        source=source,
        lead_id=_column(table, "lead_id"),
        created_at=_column(table, "created_at"),
        account_id=_optional_column(table, "account_id"),
        attributes=() if attributes is None else tuple(_lead_attribute(attributes, key) for key in attributes),
    )
    table.finish()
    return block


def _lead_attribute(table: Table, name: str) -> LeadAttribute:
    if isinstance(table.raw(name), dict):
        inner = table.table(name)
        assert inner is not None  # noqa: S101 - it is a dict
        column = _optional_column(inner, "column") or Column(name, table.place(name))
        kind = inner.choice("type", [one.value for one in AttributeType])
        if kind is None:
            inner.fail("type", 'is missing; write type = "category" or type = "number"')
        inner.finish()
        return LeadAttribute(name, AttributeType(kind), column)
    kind = table.choice(name, [one.value for one in AttributeType])
    return LeadAttribute(name, AttributeType(str(kind)), Column(name, table.place(name)))


def _interactions(table: Table, folder: Path, taken: set[str]) -> InteractionsBlock:
    block = InteractionsBlock(
        source=_source(table, folder, taken, table.optional_text("name")),
        lead_id=_column(table, "lead_id"),
        occurred_at=_column(table, "occurred_at"),
        kind=_text(table, "kind"),
        interaction_id=_optional_column(table, "interaction_id"),
        received_at=_optional_column(table, "received_at"),
        channel=_optional_text(table, "channel"),
        direction=_optional_text(table, "direction"),
        value=_optional_column(table, "value"),
    )
    _check_constant(table, "direction", block.direction, [one.value for one in Direction])
    table.finish()
    return block


def _check_constant(table: Table, key: str, text: Text | None, allowed: list[str]) -> None:
    """Refuse a text without columns that is none of `allowed`: it would be wrong in every row."""
    constant = None if text is None else text.template.constant
    if constant is not None and constant not in allowed:
        remedy = f"or a column in braces, such as {{{constant}}}"
        table.fail(
            key, f"{constant!r} is not known; allowed are {', '.join(allowed)}, {remedy}{nearest(constant, allowed)}"
        )


def _attribute_block(table: Table, folder: Path, taken: set[str], types: Mapping[str, AttributeType]) -> AttributeBlock:
    name = table.text("name", "write the attribute's name")
    written = table.choice("type", [one.value for one in AttributeType])
    known = types.get(name)
    if written is None and known is None:
        table.fail("type", f'is missing; attribute {name!r} is new here: write type = "category" or type = "number"')
    if written is not None and known is not None and written != known.value:
        table.fail("type", f"{written!r} contradicts what {name!r} is elsewhere in this file, a {known.value}")
    block = AttributeBlock(
        source=_source(table, folder, taken),
        lead_id=_column(table, "lead_id"),
        name=name,
        type=known or AttributeType(str(written)),
        value=_column(table, "value"),
        known_at=_column(table, "known_at"),
    )
    table.finish()
    return block


def _outcomes(table: Table, folder: Path, taken: set[str]) -> OutcomesBlock:
    allowed = [one.value for one in Stage]
    mapped = table.table("map")
    block = OutcomesBlock(
        source=_source(table, folder, taken, table.optional_text("name")),
        lead_id=_column(table, "lead_id"),
        stage=_text(table, "stage"),
        stages=None if mapped is None else {key: _mapped_stage(mapped, key) for key in mapped},
        reached_at=_column(table, "reached_at"),
        amount=_optional_column(table, "amount"),
    )
    if block.stages is None:
        _check_constant(table, "stage", block.stage, allowed)
    elif block.stage.template.constant is not None:
        table.fail("map", 'maps nothing, since stage is the same for every row; write stage = "{column}"')
    table.finish()
    return block


def _mapped_stage(table: Table, key: str) -> str:
    allowed = [one.value for one in Stage]
    value = table.raw(key)
    if value != IGNORED and value not in allowed:
        table.fail(
            key,
            f'{value!r} is not a stage; allowed are {", ".join(allowed)}, and "" for what is no arrival at a stage'
            f"{nearest(str(value), allowed)}",
        )
    return str(value)


def _families(table: Table | None) -> Families:
    if table is None:
        return Families({})
    patterns: dict[str, tuple[str, ...]] = {}
    for name in table:
        patterns[name] = table.texts(name) or ()
        try:
            Families({name: patterns[name]})
        except ValueError as error:
            table.fail(name, str(error))
    return Families(patterns)
