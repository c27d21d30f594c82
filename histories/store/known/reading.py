"""What the store knew at a watermark: all leads, as an export would have them."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from histories import contract
from histories.contract import AttributeType, Histories, Stage
from histories.errors import DataError
from histories.funnel import instant_order
from histories.store.database.arrow import streams
from histories.store.facts.definitions import Definitions, definitions_in
from histories.store.facts.retyped import types
from histories.store.facts.store import Store
from histories.store.known.persons import all_merges, all_objecting, moment
from histories.store.known.tables import Tables

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
        kinds = types(connection, at.watermark)
        objecting = all_objecting(connection, merges, at)
        with streams(store.database, connection) as stream:
            tables = Tables(stream, at.watermark, exported_at, merges, objecting, at.numbers)
            yield Reading(at.watermark, tables, said, kinds)


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
        names = Names()
        attributes = _sorted(_table(contract.ATTRIBUTES, names.through(tables.attributes())), "name", "known_at")
        interactions = _table(contract.INTERACTIONS, tables.interactions())
        return Histories(
            leads=leads,
            attributes=attributes,
            interactions=_sorted(interactions, "occurred_at", "interaction_id"),
            outcomes=_chronological(_table(contract.OUTCOMES, tables.outcomes())),
            exported_at=exported_at,
            timezone=read.declared.timezone,
            families=read.declared.families,
            attribute_types=names.types(read.types, read.declared.attribute_types),
        )


def _table(schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> pa.Table:
    return pa.Table.from_batches(batches, schema=schema)


def _sorted(table: pa.Table, *columns: str) -> pa.Table:
    keys = [(name, "ascending", "at_start") for name in ("lead_id", *columns)]
    return table.take(pc.sort_indices(table, sort_keys=keys)).combine_chunks()


def _chronological(table: pa.Table) -> pa.Table:
    order = pa.array([_ORDER[one] for one in table["stage"].to_pylist()], pa.int8())
    return _sorted(table.append_column("order", order), "reached_at", "order").drop_columns("order")


class Names:
    """The attributes that a stream holds, gathered as it passes by."""

    def __init__(self) -> None:
        self._all: set[str] = set()
        self._valued: set[str] = set()

    def through(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Yield the batches, and remember their names, and which of them have values."""
        for batch in batches:
            self._all.update(pc.unique(batch["name"]).to_pylist())
            valued = batch.filter(pc.or_(pc.is_valid(batch["text"]), pc.is_valid(batch["number"])))
            self._valued.update(pc.unique(valued["name"]).to_pylist())
            yield batch

    def types(
        self, stored: Mapping[str, AttributeType], declared: Mapping[str, AttributeType]
    ) -> dict[str, AttributeType]:
        """Return the types of what is declared, and of what passed by: a category where there was no value.

        Raises DataError where values are of another type than the one declared.
        """
        for name, wanted in declared.items():
            if name in self._valued and stored[name] is not wanted:
                raise DataError(f"attribute {name} is a {stored[name].value} in the store, not a {wanted.value}")
        others = sorted(self._all - declared.keys())
        return {**declared, **{one: stored[one] if one in self._valued else AttributeType.CATEGORY for one in others}}
