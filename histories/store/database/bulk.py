"""Rows into a table in the quickest way that each database has, without a look at any value."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import sqlalchemy as sa

from histories.store.database.values import Value, Values

if TYPE_CHECKING:
    import psycopg

# What says something else than itself in COPY's text form (PostgreSQL's manual, COPY, "Text Format").
_MARKS = re.compile(r"[\\\t\n\r]")
_ESCAPED = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})


def write(
    connection: sa.Connection,
    table: sa.Table,
    columns: Sequence[str],
    rows: Sequence[Values],
    constants: Mapping[str, int],
) -> None:
    """Insert rows whose keys are new, with `constants` in each. Whoever calls has made sure of it, under the watermark."""
    names = ", ".join((*columns, *constants))
    same = tuple(constants.values())
    if connection.dialect.name == "sqlite":
        places = ", ".join((*("?" for _ in columns), *(str(int(one)) for one in same)))
        statement = f"insert into {table.name} ({names}) values ({places})"  # noqa: S608 - names of our own
        connection.exec_driver_sql(statement, list(rows))
        return
    _copy(connection, f"copy {table.name} ({names}) from stdin", rows, same)


def _copy(connection: sa.Connection, statement: str, rows: Sequence[Values], same: tuple[int, ...]) -> None:
    with _driver(connection) as driver, driver.cursor() as cursor, cursor.copy(statement.encode()) as copy:
        copy.write(_lines(rows, same))


def _lines(rows: Sequence[Values], same: tuple[int, ...]) -> str:
    """Rows as COPY's text form has them, column by column: row by row, the driver takes as long as the server does."""
    columns = map(_fields, zip(*rows, strict=True))
    end = "".join(f"\t{one}" for one in same) + "\n"
    return end.join((*map("\t".join, zip(*columns, strict=True)), ""))


def _fields(column: Sequence[Value]) -> Sequence[str]:
    types = set(map(type, column))
    if types <= {int, float}:
        return list(map(repr, column))  # of a float, the shortest text that is read as the same bits
    if types == {str} and not _MARKS.search("".join(column)):  # type: ignore[arg-type]  # texts
        return column  # type: ignore[return-value]  # as above
    return list(map(_field, column))


def _field(value: Value) -> str:
    if value is None:
        return "\\N"
    return value.translate(_ESCAPED) if isinstance(value, str) else repr(value)


def asked_at_once(
    connection: sa.Connection, statements: Sequence[str], values: Mapping[str, str]
) -> list[list[tuple[Value, ...]]]:
    """Send statements together and return their rows; each sees what those before it left, and what they waited for.

    One after the other, each would wait for the answer to the one before: on a busy machine most of a batch's time.
    """
    with _driver(connection) as driver:
        with driver.pipeline():
            cursors = [driver.execute(one.encode(), values) for one in statements]
        return [cursor.fetchall() for cursor in cursors]


@contextmanager
def _driver(connection: sa.Connection) -> "Iterator[psycopg.Connection]":
    """PostgreSQL's driver itself, for what SQLAlchemy has no word for; what it raises is made one of SQLAlchemy's errors."""
    import psycopg  # noqa: PLC0415 - where the store is a file, nobody needs it

    driver = connection.connection.driver_connection
    assert isinstance(driver, psycopg.Connection)  # noqa: S101 - PostgreSQL has no other driver here
    try:
        yield driver
    except psycopg.Error as error:
        if driver.closed:
            connection.invalidate(error)
        raise sa.exc.DBAPIError.instance(
            None, None, error, psycopg.Error, hide_parameters=True, dialect=connection.dialect
        ) from None
