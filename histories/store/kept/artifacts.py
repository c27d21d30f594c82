"""Bundles and rulebooks that have answered, each once, so that every answer can be made again from the database alone."""

from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from histories.errors import DataError
from histories.store.database.schema import ARTIFACTS
from histories.store.facts.store import Store


class Kind(StrEnum):
    """What an artifact is."""

    BUNDLE = "bundle"
    RULEBOOK = "rulebook"


def archive(store: Store, version: str, kind: Kind, content: bytes, recorded_at: int) -> None:
    """Keep an artifact under its version, for good; nothing happens where it is there. Raises StoreUnavailableError."""

    def work(connection: sa.Connection) -> None:
        insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
        row = {"version": version, "kind": kind.value, "content": content, "recorded_at": recorded_at}
        connection.execute(insert(ARTIFACTS).values(**row).on_conflict_do_nothing())

    if not _there(store, version):
        store.database.written(work)


def artifact(store: Store, version: str, kind: Kind) -> bytes:
    """Return an artifact's content. Raises DataError where the store has none of that version and kind."""
    table = ARTIFACTS.c
    with store.database.reading() as connection:
        query = sa.select(table.content).where(table.version == version, table.kind == kind.value)
        found = connection.execute(query).scalar_one_or_none()
    if found is None:
        raise DataError(f"the store at {store.database.label} has no {kind.value} of version {version!r}")
    return bytes(found)


def _there(store: Store, version: str) -> bool:
    with store.database.reading() as connection:
        return (
            connection.execute(sa.select(ARTIFACTS.c.version).where(ARTIFACTS.c.version == version)).first() is not None
        )
