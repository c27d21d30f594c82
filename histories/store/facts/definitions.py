"""What is declared of all rows at once: the time zone of calendar features, families of kinds, types of attributes."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import sqlalchemy as sa

from histories.contract import AttributeType, Families
from histories.store.database.among import storable
from histories.store.database.schema import ATTRIBUTE_TYPES, DEFINITIONS
from histories.store.facts.retyped import are_numbers, retype, types
from histories.store.facts.store import Store, known_watermark
from histories.store.facts.writing import next_watermark

_TIMEZONE, _FAMILIES, _TYPES = "timezone", "families", "attribute_types"


@dataclass(frozen=True, slots=True)
class Definitions:
    """What crm.toml says beside where rows lie. Where nothing was declared, times of day are UTC's."""

    timezone: str = "UTC"
    families: Families = field(default_factory=lambda: Families({}))
    attribute_types: Mapping[str, AttributeType] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Declared:
    """What came of a declaration. `retyped`: attributes whose texts are numbers from now on.

    `kept`: by name, the types that the store has and goes on with, where others were declared.
    """

    watermark: int
    retyped: tuple[str, ...]
    kept: Mapping[str, AttributeType]


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


def define(store: Store, declared: Definitions, recorded_at: int) -> Declared:
    """Declare this from now on. What is declared already is not written again.

    An attribute is of its declared type from then on: another value is refused. Where the store has it as a category
    and it is declared a number, it becomes one if all its texts are numbers: from this watermark on, so that nothing
    that was answered before changes. Otherwise it stays what it is in the store. Raises StoreUnavailableError.
    """

    def work(connection: sa.Connection) -> Declared:
        watermark = next_watermark(connection)
        found = _declare_types(connection, declared.attribute_types, watermark)
        if found.retyped:
            retype(connection, found.retyped, watermark, recorded_at)
        newest = _newest(connection, watermark)
        for name, content in _texts(declared, {**declared.attribute_types, **found.kept}).items():
            if newest.get(name) != content:
                row = {"name": name, "watermark": watermark, "content": content, "recorded_at": recorded_at}
                connection.execute(sa.insert(DEFINITIONS).values(**row))
        return found

    return store.database.written(work)


def attribute_types(store: Store, names: Collection[str]) -> dict[str, AttributeType]:
    """Return the types of those of these attributes that were declared, or of which a value came.

    Raises StoreUnavailableError.
    """
    wanted = storable(names)
    if not wanted:
        return {}
    with store.database.reading() as connection:
        return types(connection, names=wanted)


def _texts(declared: Definitions, attribute_types: Mapping[str, AttributeType]) -> dict[str, str]:
    wanted = {
        _TIMEZONE: declared.timezone,
        # Pairs, no object: the order of the families is the order of their columns.
        _FAMILIES: [[name, list(globs)] for name, globs in declared.families.patterns.items()],
        _TYPES: [[name, kind.value] for name, kind in attribute_types.items()],
    }
    return {name: json.dumps(content) for name, content in wanted.items()}


def _newest(connection: sa.Connection, watermark: int) -> dict[str, str]:
    table = DEFINITIONS.c
    query = sa.select(table.name, table.content).where(
        table.watermark <= watermark, table.name.in_([_TIMEZONE, _FAMILIES, _TYPES])
    )
    return {name: content for name, content in connection.execute(query.order_by(table.watermark))}  # noqa: C416 - a row is no pair to mypy


def _declare_types(connection: sa.Connection, declared: Mapping[str, AttributeType], watermark: int) -> Declared:
    known = types(connection, names=list(declared))
    others = {name: known[name] for name, kind in declared.items() if known.get(name, kind) is not kind}
    # Whoever writes waits meanwhile: a text that came in between would be lost to reading.
    numbers = [
        name for name, kind in others.items() if kind is AttributeType.CATEGORY and are_numbers(connection, name)
    ]
    new = [{"name": name, "type": kind.value} for name, kind in declared.items() if name not in known]
    if new:
        connection.execute(sa.insert(ATTRIBUTE_TYPES).values(watermark=watermark), new)
    return Declared(watermark, tuple(numbers), {name: kind for name, kind in others.items() if name not in numbers})
