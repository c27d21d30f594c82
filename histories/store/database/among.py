"""A condition on many values that takes one parameter, however many they are."""

import json
from collections.abc import Collection

import sqlalchemy as sa


def among(connection: sa.Connection, column: sa.ColumnElement[str], values: Collection[str]) -> sa.ColumnElement[bool]:
    """Return the condition that a column's text is one of these: an array in PostgreSQL, JSON in SQLite."""
    dialect = connection.dialect.name
    return one_of(dialect, column, sa.bindparam(None, packed(dialect, values), type_=sa.Text()))


def one_of(dialect: str, column: sa.ColumnElement[str], given: sa.BindParameter[str]) -> sa.ColumnElement[bool]:
    """Return the condition for values that are given when the query is sent, `packed` for the dialect of that name."""
    if dialect == "postgresql":
        # Not `= any(array)`: where a table is thought to be tiny, as a new one is, that looks every row up in the
        # whole array, one by one.
        return column.in_(sa.select(sa.func.unnest(sa.cast(given, sa.ARRAY(sa.Text())))))
    each = sa.func.json_each(given).table_valued("value")
    return column.in_(sa.select(each.c.value))


def packed(dialect: str, values: Collection[str]) -> str:
    """Return values as the one parameter of `one_of`."""
    return _array(values) if dialect == "postgresql" else json.dumps(list(values))


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
