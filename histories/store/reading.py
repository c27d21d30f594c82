"""What the store knew at a watermark: all leads, as an export would have them."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa

from histories import contract
from histories.contract import AttributeType, Histories, Stage
from histories.errors import DataError
from histories.funnel import instant_order
from histories.store.arrow import streams
from histories.store.definitions import Definitions, definitions_in
from histories.store.persons import all_merges, all_objecting, moment
from histories.store.schema import ATTRIBUTE_TYPES
from histories.store.store import Store
from histories.store.tables import Tables

_ORDER = {stage.value: instant_order(stage) for stage in Stage}


@dataclass(frozen=True)
class Reading:
    """One snapshot of all leads. `types` are those that attributes have by their values, declared or not."""

    watermark: int
    tables: Tables
    declared: Definitions
    types: Mapping[str, AttributeType]


@contextmanager
def reading(
    store: Store, exported_at: int, watermark: int | None = None, declared: Definitions | None = None
) -> Iterator[Reading]:
    """Give what the store knew at `watermark` (None: now), as an export taken at `exported_at` would have it.

    Rows with a time after `exported_at` are left out, so are those of leads that are not known yet and of leads that
    objected. `declared` None: what was declared by then. Raises DataError where the store has not come to that
    watermark, StoreUnavailableError.
    """
    with store.database.reading() as connection:
        at = moment(connection, watermark)
        merges = all_merges(connection, at)
        said = definitions_in(connection, at.watermark) if declared is None else declared
        types = _stored_types(connection, at.watermark)
        objecting = all_objecting(connection, merges, at)
        with streams(store.database, connection) as stream:
            yield Reading(at.watermark, Tables(stream, at.watermark, exported_at, merges, objecting), said, types)


def histories(
    store: Store, exported_at: int, watermark: int | None = None, declared: Definitions | None = None
) -> Histories:
    """Return what `reading` gives as tables, sorted as the contract's.

    Types of attributes are those declared, else those of their values. Raises DataError, too where an attribute's
    values are of another type than the one declared; StoreUnavailableError.
    """
    with reading(store, exported_at, watermark, declared) as read:
        tables = read.tables
        leads = _sorted(_table(contract.LEADS, tables.leads()))
        attributes = _sorted(_table(contract.ATTRIBUTES, tables.attributes()), "name", "known_at")
        interactions = _table(contract.INTERACTIONS, tables.interactions())
        return Histories(
            leads=leads,
            attributes=attributes,
            interactions=_sorted(interactions, "occurred_at", "interaction_id"),
            outcomes=_chronological(_table(contract.OUTCOMES, tables.outcomes())),
            exported_at=exported_at,
            timezone=read.declared.timezone,
            families=read.declared.families,
            attribute_types=_types(attributes, read.types, read.declared.attribute_types),
        )


def _table(schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> pa.Table:
    return pa.Table.from_batches(batches, schema=schema)


def _sorted(table: pa.Table, *columns: str) -> pa.Table:
    keys = [(name, "ascending", "at_start") for name in ("lead_id", *columns)]
    return table.take(pc.sort_indices(table, sort_keys=keys)).combine_chunks()


def _chronological(table: pa.Table) -> pa.Table:
    order = pa.array([_ORDER[one] for one in table["stage"].to_pylist()], pa.int8())
    return _sorted(table.append_column("order", order), "reached_at", "order").drop_columns("order")


def _stored_types(connection: sa.Connection, watermark: int) -> dict[str, AttributeType]:
    query = sa.select(ATTRIBUTE_TYPES.c.name, ATTRIBUTE_TYPES.c.type).where(ATTRIBUTE_TYPES.c.watermark <= watermark)
    return {name: AttributeType(kind) for name, kind in connection.execute(query)}


def _types(
    attributes: pa.Table, stored: Mapping[str, AttributeType], declared: Mapping[str, AttributeType]
) -> dict[str, AttributeType]:
    """The types of attributes that are in `attributes` or declared: a category where there is no value."""
    valued = attributes.filter(pc.or_(pc.is_valid(attributes["text"]), pc.is_valid(attributes["number"])))
    with_values = set(pc.unique(valued["name"]).to_pylist())
    for name, wanted in declared.items():
        if name in with_values and stored[name] is not wanted:
            raise DataError(f"attribute {name} is a {stored[name].value} in the store, not a {wanted.value}")
    names = pc.unique(attributes["name"]).to_pylist()
    found = {name: stored[name] if name in with_values else AttributeType.CATEGORY for name in names}
    return {**declared, **{name: found[name] for name in sorted(found.keys() - declared.keys())}}
