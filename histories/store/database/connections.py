"""From a URL to connections: one transaction for reading or writing, and errors that hold neither values nor passwords."""

import logging
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError, DatabaseError, DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from histories.errors import CallError, DataError

_log = logging.getLogger(__name__)
_Result = TypeVar("_Result")
_BUSY_SECONDS = 30
_ATTEMPTS = 8
_POOL_SECONDS = 5
_TRUSTED_SECONDS, _USED = 1.0, "used"
# Serialization failure, deadlock; SQLite has texts alone.
_AGAIN = {"40001", "40P01"}
# A server that only reads, as while another takes its place; a transaction that lay idle and was ended.
_AWAY = {"25006", "25P03"}
# A right that the user lacks; a schema that is not there, or that the user may not see.
_FORBIDDEN = {"42501", "3F000"}
_FORMS = "sqlite:///PATH or postgresql://USER@HOST/DATABASE"


class StoreUnavailableError(DataError):
    """The database does not answer, or broke off. What was not acknowledged may be sent again: ids are idempotent."""


class Database:
    """A database and its pool of connections; no statement is sent before one is asked for."""

    def __init__(self, url: str) -> None:
        """Raise CallError where `url` is of no database that the store can be in."""
        self._url = _parsed(url)
        self.label = _label(self._url)
        self.engine = sa.create_engine(self._url, hide_parameters=True, **_options(self._url))
        if self.engine.dialect.name == "sqlite":
            sa.event.listen(self.engine, "connect", _prepare_sqlite)
            sa.event.listen(self.engine, "begin", _begin_sqlite)
            self._reading = self.engine
        else:
            sa.event.listen(self.engine, "checkin", _note_return)
            sa.event.listen(self.engine, "checkout", _try_first)
            self._reading = self.engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        # READ COMMITTED: each statement after the watermark was raised sees what all earlier batches committed.
        level = {} if self.engine.dialect.name == "sqlite" else {"isolation_level": "READ COMMITTED"}
        self._writing = self.engine.execution_options(writes=True, **level)

    def __repr__(self) -> str:
        """Name the place, never the password."""
        return f"Database({self.label!r})"

    @property
    def absent(self) -> bool:
        """Whether it is a file that is not there: the first connection would make an empty one."""
        return self.engine.dialect.name == "sqlite" and not Path(str(self._url.database)).exists()

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """Give one snapshot: all that is read in it is of one moment. Raises StoreUnavailableError."""
        with self._blaming(), self._reading.begin() as connection:
            yield connection

    def written(self, work: Callable[[sa.Connection], _Result]) -> _Result:
        """Run `work` in one transaction, again where the database says that another came in between.

        What `work` did is there as a whole when this returns, and durable. Raises StoreUnavailableError: then it may
        be there as a whole (the connection broke at the commit) or not at all.
        """
        for attempt in range(_ATTEMPTS):
            try:
                with self._writing.begin() as connection:
                    return work(connection)
            except (OperationalError, InterfaceError) as error:
                if attempt + 1 == _ATTEMPTS or not _came_between(error):
                    raise StoreUnavailableError(self._told(error)) from None
                _log.info("store: another writer came in between; attempt %d", attempt + 2)
            except DatabaseError as error:
                raise self._damaged(error) from None
            except PoolTimeoutError:
                raise StoreUnavailableError(self._busy()) from None
            time.sleep(random.uniform(0, 0.01 * 2**attempt))  # noqa: S311 - spreads writers, hides nothing
        raise AssertionError

    def maintained(self, statement: str) -> list[sa.Row[tuple[object, ...]]]:
        """Run a statement that no transaction may hold, as VACUUM; return its rows. Raises StoreUnavailableError."""
        options = {"isolation_level": "AUTOCOMMIT"} if self.engine.dialect.name != "sqlite" else {"alone": True}
        with self._blaming(), self.engine.execution_options(**options).connect() as connection:
            found = connection.exec_driver_sql(statement)
            return list(found) if found.returns_rows else []

    def libpq_uri(self) -> str:
        """Return the URL as PostgreSQL's own library takes it, with its password: show it to nobody."""
        return self._url.set(drivername="postgresql").render_as_string(hide_password=False)

    @contextmanager
    def blaming_adbc(self) -> Iterator[None]:
        """Turn what an Arrow driver raises into StoreUnavailableError."""
        from adbc_driver_manager import Error  # noqa: PLC0415 - a service has no such driver

        try:
            yield
        except Error as error:
            raise StoreUnavailableError(self._without_password(str(error))) from None

    def close(self) -> None:
        """Close the pool's connections."""
        self.engine.dispose()

    @contextmanager
    def _blaming(self) -> Iterator[None]:
        try:
            yield
        except (OperationalError, InterfaceError) as error:
            raise StoreUnavailableError(self._told(error)) from None
        except PoolTimeoutError:
            raise StoreUnavailableError(self._busy()) from None
        except DatabaseError as error:
            raise self._damaged(error) from None

    def _damaged(self, error: DatabaseError) -> Exception:
        """A server that does not write now; what SQLite says of a file that is damaged; any other error as it is."""
        if getattr(error.orig, "sqlstate", None) in _AWAY:
            return StoreUnavailableError(self._told(error))
        if getattr(error.orig, "sqlstate", None) in _FORBIDDEN:
            rights = "give the database's user the right to it, or let one who has it run the command"
            return DataError(f"the store at {self.label} refuses: {self._said(error)}; {rights}")
        if self.engine.dialect.name != "sqlite" or type(error) is not DatabaseError:
            return error
        return DataError(f"the store at {self.label} cannot be read: {error.orig}")

    def _told(self, error: DBAPIError) -> str:
        return self._without_password(self._said(error))

    @staticmethod
    def _said(error: DBAPIError) -> str:
        """What the database said, without the row that it may have quoted."""
        state = getattr(error.orig, "sqlstate", None)
        primary = getattr(getattr(error.orig, "diag", None), "message_primary", None)
        text = primary or (str(error.orig).splitlines() or [""])[0]
        return f"{text}{f' ({state})' if state else ''}"

    def _busy(self) -> str:
        return f"the store at {self.label} does not answer: no connection became free in {_POOL_SECONDS} s"

    def _without_password(self, text: str) -> str:
        password = self._url.password
        if password:
            text = text.replace(str(password), "***")
        return f"the store at {self.label} does not answer: {(text.splitlines() or [''])[0]}"


def _parsed(url: str) -> sa.URL:
    try:
        parsed = sa.make_url(url)
    except (ArgumentError, ValueError):
        # The text may hold a password in a place where nothing recognises it.
        raise CallError(f"the store's URL cannot be read; write {_FORMS}") from None
    if parsed.drivername == "sqlite":
        if not parsed.database or parsed.database == ":memory:":
            raise CallError(f"the store's URL {_label(parsed)} names no file; write sqlite:///PATH")
        if not Path(parsed.database).parent.is_dir():
            raise CallError(f"the store's URL {_label(parsed)}: there is no folder {Path(parsed.database).parent}")
        return parsed
    if parsed.drivername in {"postgresql", "postgresql+psycopg"}:
        return parsed.set(drivername="postgresql+psycopg")
    raise CallError(f"the store's URL begins with {parsed.drivername!r}; write {_FORMS}")


def _label(url: sa.URL) -> str:
    """The URL as messages show it: no password, and no options, where libpq takes one too."""
    return url.set(query={}).render_as_string(hide_password=True).replace("+psycopg", "")


def _options(url: sa.URL) -> dict[str, object]:
    if url.drivername == "sqlite":
        return {"connect_args": {"timeout": _BUSY_SECONDS}}
    # A server that is gone without a word is noticed after seconds, not after the hours that TCP waits.
    waits = {"connect_timeout": 10, "tcp_user_timeout": 15_000, "keepalives_idle": 10, "keepalives_interval": 5}
    own = {name: value for name, value in waits.items() if name not in url.query}
    return {"pool_timeout": _POOL_SECONDS, "connect_args": own}


def _note_return(_: object, record: sa.pool.ConnectionPoolEntry) -> None:
    record.info[_USED] = time.monotonic()


def _try_first(connection: object, record: sa.pool.ConnectionPoolEntry, _: object) -> None:
    """Ask a connection that lay idle whether it still stands; where it does not, the pool makes another.

    One that was used a moment ago is taken at its word: the question costs a request to the server. Should that one be
    broken, whoever has it is told, and the pool throws all its connections away.
    """
    if time.monotonic() - record.info.get(_USED, 0.0) < _TRUSTED_SECONDS:
        return
    try:
        with connection.cursor() as cursor:  # type: ignore[attr-defined]
            cursor.execute("select 1")
        connection.rollback()  # type: ignore[attr-defined]
    except Exception as error:
        raise sa.exc.DisconnectionError("a connection that lay idle is broken") from error


def _prepare_sqlite(connection: object, _record: object) -> None:
    connection.isolation_level = None  # type: ignore[attr-defined]  # transactions begin where `_begin_sqlite` says
    cursor = connection.cursor()  # type: ignore[attr-defined]
    # FULL: a commit is on the disk when it returns; with NORMAL, a machine that loses power may lose the last ones.
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
        cursor.execute(f"pragma {pragma}")
    cursor.close()


def _begin_sqlite(connection: sa.Connection) -> None:
    """A writer takes its lock at once: a reader that becomes one later would be refused, however long it waits."""
    if connection.get_execution_options().get("alone"):
        return  # `maintained`: outside of any transaction
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("begin immediate" if writes else "begin")


def _came_between(error: DBAPIError) -> bool:
    if getattr(error.orig, "sqlstate", None) in _AGAIN:
        return True
    return "database is locked" in str(error.orig) or "database is busy" in str(error.orig)
