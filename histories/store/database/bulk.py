"""Rows into a table in the quickest way that each database has, without a look at any value."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import sqlalchemy as sa

from histories.store.database.values import Value, Values

if TYPE_CHECKING:
    import psycopg


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
        for row in rows:
            copy.write_row(row + same)


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
