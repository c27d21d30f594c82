"""A condition on many values that takes one parameter, however many they are."""

import json
from collections.abc import Collection

import sqlalchemy as sa


def among(connection: sa.Connection, column: sa.ColumnElement[str], values: Collection[str]) -> sa.ColumnElement[bool]:
    """Return the condition that a column's text is one of these: an array in PostgreSQL, JSON in SQLite."""
    if connection.dialect.name == "postgresql":
        return column == sa.any_(sa.cast(sa.bindparam(None, _array(values), type_=sa.Text()), sa.ARRAY(sa.Text())))
    given = sa.func.json_each(sa.bindparam(None, json.dumps(list(values)), type_=sa.Text())).table_valued("value")
    return column.in_(sa.select(given.c.value))


def _array(values: Collection[str]) -> str:
    """Texts as PostgreSQL writes an array of them; the driver would look at each, which takes as long as the query."""
    together = '","'.join(values)
    if "\\" in together or together.count('"') != 2 * max(0, len(values) - 1):
        together = '","'.join(one.replace("\\", "\\\\").replace('"', '\\"') for one in values)
    return f'{{"{together}"}}' if values else "{}"


def storable(values: Collection[str]) -> list[str]:
    """Return those texts that a database can hold: no NUL characters, no halves of surrogate pairs."""
    return [one for one in values if (one.isascii() and "\0" not in one) or _encodes(one)]


def _encodes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in text
