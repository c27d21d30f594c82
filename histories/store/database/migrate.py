"""Brings a database to the shape that this version knows, or back to an earlier one."""

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext

from histories.errors import DataError
from histories.store.database.connections import Database
from histories.store.database.schema import HEAD

# Any number, the same for all: two that migrate one database at once take turns.
_TURN = 7_204_611_906


def upgrade(url: str, revision: str = HEAD) -> None:
    """Make or migrate the store at `url`; nothing happens where it stands there already.

    All steps are one transaction. Raises CallError where the URL is none, StoreUnavailableError where the database
    does not answer, DataError where a newer version made it.
    """
    _migrate(url, revision, up=True)


def downgrade(url: str, revision: str) -> None:
    """Go back to an earlier shape (`base`: nothing at all). What that shape has no place for is lost."""
    _migrate(url, revision, up=False)


def _migrate(url: str, revision: str, *, up: bool) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    database = Database(url)

    def work(connection: sa.Connection) -> None:
        if connection.dialect.name == "postgresql":
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_TURN)))
        _refuse_newer(database, _shape(connection))
        config.attributes["connection"] = connection
        (command.upgrade if up else command.downgrade)(config, revision)

    try:
        database.written(work)
    finally:
        database.close()


def refuse_other_shapes(database: Database) -> None:
    """Raise DataError where the store was not made, or is of another version."""
    found = None
    if not database.absent:
        with database.reading() as connection:
            found = _shape(connection)
    _refuse_newer(database, found)
    if found is None:
        raise DataError(
            f"there is no store at {database.label} yet; `lead-scoring ingest CRM.toml` or `lead-scoring serve` makes it. "
            "Or is its URL mistyped?"
        )
    if found != HEAD:
        raise DataError(
            f"the store at {database.label} has shape {found}, and this version works with shape {HEAD}; `lead-scoring "
            "ingest CRM.toml` or `lead-scoring serve` migrates it, or use the version that made it"
        )


def _shape(connection: sa.Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _refuse_newer(database: Database, found: str | None) -> None:
    """Shapes are counted up; what a newer one holds, this version cannot know."""
    if found is not None and found > HEAD:
        raise DataError(
            f"the store at {database.label} was made by a newer version: it has shape {found}, and this version knows "
            f"shapes up to {HEAD}; use the version that made it"
        )
