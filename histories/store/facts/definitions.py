"""What is declared of all rows at once: the time zone of calendar features, families of kinds, types of attributes."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

import sqlalchemy as sa

from histories.contract import AttributeType, Families
from histories.errors import DataError
from histories.store.database.among import among
from histories.store.database.schema import ATTRIBUTE_TYPES, DEFINITIONS
from histories.store.facts.store import Store, known_watermark
from histories.store.facts.writing import next_watermark

_TIMEZONE, _FAMILIES, _TYPES = "timezone", "families", "attribute_types"


@dataclass(frozen=True, slots=True)
class Definitions:
    """What crm.toml says beside where rows lie. Where nothing was declared, times of day are UTC's."""

    timezone: str = "UTC"
    families: Families = field(default_factory=lambda: Families({}))
    attribute_types: Mapping[str, AttributeType] = field(default_factory=dict)


def definitions(store: Store, watermark: int | None = None) -> Definitions:
    """Return what was declared at `watermark` (None: now).

    Raises DataError where the store has not come to it; StoreUnavailableError.
    """
    with store.database.reading() as connection:
        return definitions_in(connection, known_watermark(connection, watermark))


def definitions_in(connection: sa.Connection, watermark: int) -> Definitions:
    """Return what was declared at `watermark`."""
    said = {name: json.loads(content) for name, content in _newest(connection, watermark).items()}
    return Definitions(
        said.get(_TIMEZONE, "UTC"),
        Families({name: tuple(globs) for name, globs in said.get(_FAMILIES, [])}),
        {name: AttributeType(kind) for name, kind in said.get(_TYPES, [])},
    )


def define(store: Store, declared: Definitions, recorded_at: int) -> int:
    """Declare this from now on; return the watermark. What is declared already is not written again.

    An attribute is of its declared type from then on: another value is refused. Raises DataError where the store has
    values of another type, StoreUnavailableError.
    """
    wanted = {
        _TIMEZONE: declared.timezone,
        # Pairs, no object: the order of the families is the order of their columns.
        _FAMILIES: [[name, list(globs)] for name, globs in declared.families.patterns.items()],
        _TYPES: [[name, kind.value] for name, kind in declared.attribute_types.items()],
    }
    texts = {name: json.dumps(content) for name, content in wanted.items()}

    def work(connection: sa.Connection) -> int:
        watermark = next_watermark(connection)
        _declare_types(connection, declared.attribute_types, watermark)
        newest = _newest(connection, watermark)
        for name, content in texts.items():
            if newest.get(name) != content:
                row = {"name": name, "watermark": watermark, "content": content, "recorded_at": recorded_at}
                connection.execute(sa.insert(DEFINITIONS).values(**row))
        return watermark

    return store.database.written(work)


def attribute_types(store: Store) -> dict[str, AttributeType]:
    """Return the type of every attribute that was declared or of which a value came. Raises StoreUnavailableError."""
    with store.database.reading() as connection:
        rows = connection.execute(sa.select(ATTRIBUTE_TYPES.c.name, ATTRIBUTE_TYPES.c.type))
        return {name: AttributeType(kind) for name, kind in rows}


def _newest(connection: sa.Connection, watermark: int) -> dict[str, str]:
    table = DEFINITIONS.c
    query = sa.select(table.name, table.content).where(
        table.watermark <= watermark, table.name.in_([_TIMEZONE, _FAMILIES, _TYPES])
    )
    return {name: content for name, content in connection.execute(query.order_by(table.watermark))}  # noqa: C416 - a row is no pair to mypy


def _declare_types(connection: sa.Connection, declared: Mapping[str, AttributeType], watermark: int) -> None:
    table = ATTRIBUTE_TYPES.c
    query = sa.select(table.name, table.type).where(among(connection, table.name, list(declared)))
    known: dict[str, str] = {name: kind for name, kind in connection.execute(query)}  # noqa: C416 - a row is no pair to mypy
    for name, kind in declared.items():
        if known.get(name, kind.value) != kind.value:
            raise DataError(
                f"attribute {name} is a {known[name]} in the store, not a {kind.value}: declare it as a {known[name]}, "
                "give it another name, or load into a new store"
            )
    new = [{"name": name, "type": kind.value} for name, kind in declared.items() if name not in known]
    if new:
        connection.execute(sa.insert(ATTRIBUTE_TYPES).values(watermark=watermark), new)
