"""Rows into a table in the quickest way that each database has, without a look at any value."""

from collections.abc import Mapping, Sequence

import sqlalchemy as sa

from histories.store.values import Values


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
    """Copy rows in. SQLAlchemy has no word for it: what the driver raises is made one of its errors here."""
    import psycopg  # noqa: PLC0415 - where the store is a file, nobody needs it

    driver = connection.connection.driver_connection
    assert isinstance(driver, psycopg.Connection)  # noqa: S101 - PostgreSQL has no other driver here
    try:
        with driver.cursor() as cursor, cursor.copy(statement.encode()) as copy:
            for row in rows:
                copy.write_row(row + same)
    except psycopg.Error as error:
        if driver.closed:
            connection.invalidate(error)
        raise sa.exc.DBAPIError.instance(
            statement, None, error, psycopg.Error, hide_parameters=True, dialect=connection.dialect
        ) from None
