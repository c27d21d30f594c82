"""Attributes that came as texts and are numbers from a watermark on.

Nothing is rewritten. From that watermark on, reading makes numbers of their texts; before it they are the texts that
they were, so that an answer given then is made again bit for bit.
"""

import json
import math
import re
from collections.abc import Collection, Iterable

import sqlalchemy as sa

from histories.contract import AttributeType
from histories.store.database.among import among
from histories.store.database.schema import ATTRIBUTE_TYPES, ATTRIBUTES, DEFINITIONS
from histories.store.database.values import Values

# Its name in `definitions`; there is none before the first attribute is retyped. Each row lists all of them.
RETYPED = "retyped_attributes"
# Plain decimals alone: Python also reads `1_000`, ` 7 `, `nan` and digits of other scripts, databases do not.
_DECIMAL = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_NOBODY: frozenset[str] = frozenset()


def number_of(text: str) -> float | None:
    """Return the number that a text is; None: it is none, or one that a float cannot hold.

    >>> number_of("240"), number_of("1_000"), number_of("1e999")
    (240.0, None, None)
    """
    found = float(text) if _DECIMAL.fullmatch(text) else math.inf
    return found if math.isfinite(found) else None


def retyped(connection: sa.Connection, watermark: int | None = None) -> frozenset[str]:
    """Return the attributes whose texts are numbers at `watermark` (None: now)."""
    table = DEFINITIONS.c
    query = sa.select(table.content).where(table.name == RETYPED).order_by(table.watermark.desc()).limit(1)
    content = connection.execute(query if watermark is None else query.where(table.watermark <= watermark)).scalar()
    return _NOBODY if content is None else frozenset(json.loads(content))


def retype(connection: sa.Connection, names: Collection[str], watermark: int, recorded_at: int) -> None:
    """Read the texts of these attributes as numbers from `watermark` on, which the transaction has raised."""
    content = json.dumps(sorted(retyped(connection) | set(names)))
    row = {"name": RETYPED, "watermark": watermark, "content": content, "recorded_at": recorded_at}
    connection.execute(sa.insert(DEFINITIONS).values(**row))


def are_numbers(connection: sa.Connection, name: str) -> bool:
    """Tell whether every text that the store has of an attribute is a number. It ends at the first that is none."""
    texts = sa.select(ATTRIBUTES.c.text).where(ATTRIBUTES.c.name == name, ATTRIBUTES.c.text.is_not(None))
    with connection.execute(texts.execution_options(stream_results=True)) as found:
        return all(number_of(text) is not None for text in found.scalars())


def types(
    connection: sa.Connection, watermark: int | None = None, names: Collection[str] | None = None
) -> dict[str, AttributeType]:
    """Return the types at `watermark` (None: now) of all attributes that have one, or of these."""
    table = ATTRIBUTE_TYPES.c
    query = sa.select(table.name, table.type)
    if watermark is not None:
        query = query.where(table.watermark <= watermark)
    if names is not None:
        query = query.where(among(connection, table.name, names))
    numbers = retyped(connection, watermark)
    rows = connection.execute(query)
    return {name: AttributeType.NUMBER if name in numbers else AttributeType(kind) for name, kind in rows}


def as_stored(name: str, text: str | None, number: float | None, numbers: Collection[str]) -> str | float | None:
    """Return the value of a row; `numbers` are the attributes whose texts are numbers."""
    if text is None:
        return number
    return number_of(text) if name in numbers else text


def with_numbers(rows: Iterable[Values], numbers: Collection[str]) -> list[Values]:
    """Return rows of attributes (lead_id, name, text, number, known_at) with the numbers that their texts are."""
    if not numbers:
        return list(rows)
    return [
        (lead_id, name, None, number_of(str(text)), known_at)
        if name in numbers and text is not None
        else (lead_id, name, text, number, known_at)
        for lead_id, name, text, number, known_at in rows
    ]
