"""Whole tables as Arrow, through ADBC: rows never become Python's objects."""

import contextlib
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import sqlalchemy as sa

from histories.errors import DataError
from histories.store.database.connections import Database

if TYPE_CHECKING:
    from adbc_driver_manager.dbapi import Connection

Stream = Callable[[sa.Select[*tuple[object, ...]], pa.Schema], Iterator[pa.RecordBatch]]

# SQLite's columns have no types: the driver goes by the first rows. This one says what they are, and is left out.
_EXAMPLES: dict[pa.DataType, object] = {pa.string(): "", pa.int64(): 0, pa.float64(): 0.5}
_ROWS_AT_ONCE = 50_000


@contextmanager
def streams(database: Database, connection: sa.Connection) -> Iterator[Stream]:
    """Give what turns a query, with the columns of a schema, into batches; all of one snapshot.

    `connection` reads already. In SQLite the snapshot is its own, in PostgreSQL one that is taken now. Whoever keeps
    the batches has them after the end too. Raises StoreUnavailableError, and DataError where
    there is no room for a copy.
    """
    opened = _of_sqlite if connection.dialect.name == "sqlite" else _of_postgresql
    with database.blaming_adbc(), opened(database, connection) as stream:
        yield stream


@contextmanager
def _of_sqlite(_: Database, connection: sa.Connection) -> Iterator[Stream]:
    """Read a copy. The driver has a SQLite of its own, and two in one process take each other's locks on a file away."""
    import sqlite3  # noqa: PLC0415

    import adbc_driver_sqlite.dbapi as adbc  # noqa: PLC0415

    with tempfile.TemporaryDirectory(prefix="lead-scoring-") as scratch:
        path = Path(scratch) / "snapshot.db"
        try:
            with contextlib.closing(sqlite3.connect(path)) as copy:
                connection.connection.driver_connection.backup(copy)  # type: ignore[union-attr]
        except sqlite3.OperationalError as error:
            raise DataError(
                f"the store cannot be copied to the temporary folder {Path(scratch).parent}: {error}; it needs as much "
                "room as the store's file, and TMPDIR names another folder"
            ) from None
        with adbc.connect(f"file:{path}?immutable=1") as opened:
            with opened.cursor() as cursor:
                cursor.execute("select count(*) from sqlite_master")
                cursor.fetchall()
            path.unlink()  # it is open: nothing of it is left, also where this process is killed
            yield lambda query, schema: _with_example(opened, _text(query, connection), schema)


def _with_example(connection: "Connection", query: str, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    example = ", ".join(repr(_EXAMPLES[field.type]) for field in schema)
    with connection.cursor() as cursor:
        cursor.adbc_statement.set_options(**{"adbc.sqlite.query.batch_rows": str(_ROWS_AT_ONCE)})
        cursor.execute(f"select {example} union all {query}")
        for number, batch in enumerate(cursor.fetch_record_batch()):
            yield _cast(batch if number else batch.slice(1), schema)


@contextmanager
def _of_postgresql(database: Database, connection: sa.Connection) -> Iterator[Stream]:
    import adbc_driver_postgresql.dbapi as adbc  # type: ignore[import-untyped]  # noqa: PLC0415

    with adbc.connect(database.libpq_uri()) as opened:
        with opened.cursor() as cursor:
            cursor.execute("set transaction isolation level repeatable read, read only")
        yield lambda query, schema: _plainly(opened, _text(query, connection), schema)


def _plainly(connection: "Connection", query: str, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    with connection.cursor() as cursor:
        cursor.execute(query)
        for batch in cursor.fetch_record_batch():
            yield _cast(batch, schema)


def _text(query: sa.Select[*tuple[object, ...]], connection: sa.Connection) -> str:
    """The query as SQL; what it compares with are numbers, written out."""
    return str(query.compile(dialect=connection.dialect, compile_kwargs={"literal_binds": True}))


def _cast(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    arrays = [column.cast(field.type) for column, field in zip(batch.columns, schema, strict=True)]
    return pa.record_batch(arrays, schema=schema)
