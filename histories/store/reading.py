"""What the store knew at a watermark: all leads as tables, or one lead."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa

from histories import contract
from histories.contract import (
    Attribute,
    AttributeType,
    Direction,
    Families,
    Histories,
    Interaction,
    LeadHistory,
    Outcome,
    Stage,
)
from histories.errors import DataError
from histories.funnel import chronological, instant_order
from histories.store.schema import ATTRIBUTE_TYPES, ATTRIBUTES, INTERACTIONS, LEADS, OUTCOMES
from histories.store.store import Store, known_watermark

_ROWS_AT_ONCE = 50_000
_NO_FAMILIES = Families({})
_ORDER = {stage.value: instant_order(stage) for stage in Stage}


def histories(
    store: Store,
    exported_at: int,
    watermark: int | None = None,
    *,
    timezone: str = "UTC",
    families: Families = _NO_FAMILIES,
    attribute_types: Mapping[str, AttributeType] | None = None,
) -> Histories:
    """Return what the store knew at `watermark` (None: now), as an export taken at `exported_at` would have it.

    Rows with a time after `exported_at` are left out, so are those of leads that are not known yet. `attribute_types`
    as in `assemble`. Raises DataError where the store has not come to that watermark, or an attribute is of another
    type than `attribute_types` says; StoreUnavailableError.
    """
    with store.database.reading() as connection:
        known = known_watermark(connection, watermark)
        tables = _Tables(connection, known, exported_at)
        leads, attributes = tables.leads(), tables.attributes()
        types = _types(connection, attributes, known, attribute_types or {})
        return Histories(
            leads=leads,
            attributes=attributes,
            interactions=tables.interactions(),
            outcomes=tables.outcomes(),
            exported_at=exported_at,
            timezone=timezone,
            families=families,
            attribute_types=types,
        )


class _Tables:
    """The contract's tables in one snapshot."""

    def __init__(self, connection: sa.Connection, watermark: int, exported_at: int) -> None:
        self._connection, self._watermark, self._exported_at = connection, watermark, exported_at

    def leads(self) -> pa.Table:
        return _sorted(self._table(contract.LEADS, sa.select(*_columns(LEADS, contract.LEADS)).where(*self._leads())))

    def attributes(self) -> pa.Table:
        table = self._table(contract.ATTRIBUTES, self._of_leads(ATTRIBUTES, contract.ATTRIBUTES, "known_at"))
        return _sorted(table, "name", "known_at")

    def interactions(self) -> pa.Table:
        query = self._of_leads(INTERACTIONS, contract.INTERACTIONS, "occurred_at", "received_at")
        return _sorted(self._table(contract.INTERACTIONS, query), "occurred_at", "interaction_id")

    def outcomes(self) -> pa.Table:
        table = self._table(contract.OUTCOMES, self._of_leads(OUTCOMES, contract.OUTCOMES, "reached_at"))
        order = pa.array([_ORDER[one] for one in table["stage"].to_pylist()], pa.int8())
        return _sorted(table.append_column("order", order), "reached_at", "order").drop_columns("order")

    def _leads(self) -> Iterator[sa.ColumnElement[bool]]:
        yield LEADS.c.watermark <= self._watermark
        yield LEADS.c.created_at <= self._exported_at

    def _of_leads(self, table: sa.Table, schema: pa.Schema, *moments: str) -> sa.Select[*tuple[Any, ...]]:
        query = sa.select(*_columns(table, schema)).join_from(table, LEADS, table.c.lead_id == LEADS.c.lead_id)
        in_time = (sa.func.coalesce(table.c[one], 0) <= self._exported_at for one in moments)
        return query.where(*self._leads(), table.c.watermark <= self._watermark, *in_time)

    def _table(self, schema: pa.Schema, query: sa.Select[*tuple[Any, ...]]) -> pa.Table:
        found = self._connection.execute(query, execution_options={"yield_per": _ROWS_AT_ONCE})
        batches = [
            pa.record_batch(
                [pa.array(column, field.type) for column, field in zip(zip(*rows, strict=True), schema, strict=True)],
                schema=schema,
            )
            for rows in found.partitions()
        ]
        return pa.Table.from_batches(batches, schema=schema)


def _columns(table: sa.Table, schema: pa.Schema) -> list[sa.Column[object]]:
    return [table.c[name] for name in schema.names]


def _sorted(table: pa.Table, *columns: str) -> pa.Table:
    keys = [(name, "ascending", "at_start") for name in ("lead_id", *columns)]
    return table.take(pc.sort_indices(table, sort_keys=keys))


def _types(
    connection: sa.Connection, attributes: pa.Table, watermark: int, given: Mapping[str, AttributeType]
) -> dict[str, AttributeType]:
    """The types of attributes that are in `attributes`: what the store says, a category where there is no value."""
    query = sa.select(ATTRIBUTE_TYPES.c.name, ATTRIBUTE_TYPES.c.type).where(ATTRIBUTE_TYPES.c.watermark <= watermark)
    stored = {name: AttributeType(kind) for name, kind in connection.execute(query)}
    valued = attributes.filter(pc.or_(pc.is_valid(attributes["text"]), pc.is_valid(attributes["number"])))
    with_values = set(pc.unique(valued["name"]).to_pylist())
    for name, wanted in given.items():
        if name in with_values and stored[name] is not wanted:
            raise DataError(f"attribute {name} is a {stored[name].value} in the store, not a {wanted.value}")
    names = pc.unique(attributes["name"]).to_pylist()
    found = {name: stored[name] if name in with_values else AttributeType.CATEGORY for name in names}
    return dict(sorted({**found, **given}.items()))


def lead(store: Store, lead_id: str, watermark: int | None = None) -> LeadHistory:
    """Return all that the store knew of a lead at `watermark` (None: now), in the order of `select.lead`.

    `account_interactions` are those of the account's other leads, None where the lead has no account. Raises
    DataError where there is no such lead, or the store has not come to that watermark; StoreUnavailableError.
    """
    with store.database.reading() as connection:
        known = known_watermark(connection, watermark)
        at_watermark = LEADS.c.watermark <= known
        found = connection.execute(
            sa.select(LEADS.c.created_at, LEADS.c.account_id).where(LEADS.c.lead_id == lead_id, at_watermark)
        ).one_or_none()
        if found is None:
            raise DataError(f"the store knows no lead {lead_id!r} at watermark {known}")
        others = None
        if found.account_id is not None:
            same = sa.select(LEADS.c.lead_id).where(LEADS.c.account_id == found.account_id, at_watermark)
            colleagues = connection.execute(same.where(LEADS.c.lead_id != lead_id).order_by(LEADS.c.lead_id))
            others = _interactions(connection, colleagues.scalars().all(), known)
        return LeadHistory(
            lead_id=lead_id,
            created_at=found.created_at,
            account_id=found.account_id,
            attributes=_attributes(connection, lead_id, known),
            interactions=_interactions(connection, [lead_id], known),
            outcomes=_outcomes(connection, lead_id, known),
            account_interactions=others,
        )


_DIRECTIONS: dict[str | None, Direction | None] = {None: None, **{one.value: one for one in Direction}}


def _interactions(connection: sa.Connection, leads: Sequence[str], watermark: int) -> tuple[Interaction, ...]:
    """Sorted as in the contract's table."""
    if not leads:
        return ()
    table = INTERACTIONS.c
    query = sa.select(
        table.interaction_id,
        table.occurred_at,
        table.kind,
        table.received_at,
        table.channel,
        table.direction,
        table.value,
        table.lead_id,
    ).where(table.lead_id.in_(leads), table.watermark <= watermark)
    rows = sorted(connection.execute(query), key=lambda row: (row[7], row[1], row[0]))
    return tuple(Interaction(*row[:5], _DIRECTIONS[row[5]], row[6]) for row in rows)


def _attributes(connection: sa.Connection, lead_id: str, watermark: int) -> tuple[Attribute, ...]:
    table = ATTRIBUTES.c
    query = sa.select(table.name, table.text, table.number, table.known_at)
    rows = connection.execute(query.where(table.lead_id == lead_id, table.watermark <= watermark))
    made = [Attribute(name, number if text is None else text, known_at) for name, text, number, known_at in rows]
    return tuple(sorted(made, key=lambda one: (one.name, -1 if one.known_at is None else one.known_at)))


def _outcomes(connection: sa.Connection, lead_id: str, watermark: int) -> tuple[Outcome, ...]:
    table = OUTCOMES.c
    query = sa.select(table.stage, table.reached_at, table.amount)
    rows = connection.execute(query.where(table.lead_id == lead_id, table.watermark <= watermark))
    return tuple(chronological(Outcome(Stage(stage), reached_at, amount) for stage, reached_at, amount in rows))
