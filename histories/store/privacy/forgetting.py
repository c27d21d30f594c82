"""Removes a person from the store for good: first the tombstones, then every row, then what the file still holds of them.

Each step may be done again, and the whole begun anew where it was broken off: `names` of a person go last.
"""

import time
from collections.abc import Collection, Mapping

import sqlalchemy as sa

from histories.errors import DataError
from histories.store.database import schema
from histories.store.database.schema import MERGES, QUARANTINE
from histories.store.facts import traces
from histories.store.facts.store import Store
from histories.store.facts.tombstones import entomb, forgotten, removing
from histories.store.facts.writing import next_watermark
from histories.store.privacy import colleagues, people

# What is written without the counter of batches. `scores` first, as who keeps an answer locks it first.
_ANSWERS = (schema.SCORES, schema.STANDINGS, schema.CROSSINGS, schema.HANDOVERS)
_FACTS = (schema.INTERACTIONS, schema.ATTRIBUTES, schema.OUTCOMES, schema.LEADS, schema.SUPPRESSIONS)
INPUTS = "inputs_forgotten"
_PATIENCE_SECONDS, _PAUSE_SECONDS = 60.0, 0.1


def knows(connection: sa.Connection, lead_ids: Collection[str]) -> bool:
    """Tell whether the store has rows of these leads, or has had: of one that was forgotten it knows that."""
    for table in (*_FACTS, *_ANSWERS):
        query = sa.select(table.c.lead_id).where(table.c.lead_id.in_(lead_ids)).limit(1)
        if connection.execute(query).scalar() is not None:
            return True
    return len(lead_ids) > 1 or bool(forgotten(connection, lead_ids))


def begin(store: Store, lead_id: str, recorded_at: int) -> tuple[str, ...]:
    """Refuse from now on whatever comes of this person; return every lead_id that it has had (`people.person`).

    From here on nobody reads what it did, so answers for its colleagues that were made from it are marked here already
    (`inputs_forgotten`): they cannot be made again, whether the rest is done or broken off. `recorded_at` in UTC
    microseconds. Raises StoreUnavailableError.
    """

    def work(connection: sa.Connection) -> tuple[str, ...]:
        watermark = next_watermark(connection)
        found = people.person(connection, lead_id)
        entomb(connection, found, recorded_at, watermark)
        removing(connection, watermark)
        _alone(connection)
        colleagues.mark_seen(connection, colleagues.traces_of(connection, found))
        return found

    return store.database.written(work)


def remove(store: Store, lead_ids: Collection[str]) -> Mapping[str, int]:
    """Remove all rows of these leads but their merges, in one transaction; return how many of which table.

    Scores of an account's other leads that were made from what these leads did stay, and are marked
    (`inputs_forgotten`): nothing makes them again. Others wait for the removal alone, not while it is found out what
    is to be removed. Call `begin` before. Raises StoreUnavailableError.
    """
    # Of rows that come once `begin` is done, none that names these leads is kept aside; but answers for colleagues may
    # tell of them, so those that came meanwhile are looked at when nobody can keep another.
    border = store.database.written(_border)
    with store.database.reading() as connection:
        aside = _quarantined(connection, lead_ids)
        of = colleagues.traces_of(connection, lead_ids)
        told, seen = colleagues.told(connection, of, 0, border), colleagues.seen(connection, of)

    def work(connection: sa.Connection) -> Mapping[str, int]:
        removing(connection, next_watermark(connection))
        _alone(connection)
        numbers = [*told, *colleagues.told(connection, of, border, None)]
        colleagues.take_out(connection, of, numbers)
        counts = {INPUTS: len(seen.union(numbers))}
        for table in (*_FACTS, *_ANSWERS):
            counts[table.name] = _deleted(connection, table, table.c.lead_id.in_(lead_ids))
        some = (_deleted(connection, QUARANTINE, QUARANTINE.c.digest.in_(part)) for part in colleagues.parts(aside))
        counts[QUARANTINE.name] = sum(some)
        return counts

    return store.database.written(work)


def _border(connection: sa.Connection) -> int:
    """Return the number up to which whoever reads from now on sees every answer: none of them is still being kept."""
    _alone(connection)
    return colleagues.newest(connection)


def end(store: Store, lead_ids: Collection[str]) -> int:
    """Remove the merges, the last that says which leads were one person; return how many. Raises StoreUnavailableError."""

    def work(connection: sa.Connection) -> int:
        _alone(connection)
        return _deleted(connection, MERGES, MERGES.c.lead_id.in_(lead_ids) | MERGES.c.into_lead.in_(lead_ids))

    return store.database.written(work)


def compact(store: Store) -> None:
    """Let the database drop what it still holds of rows that were removed; other writers wait meanwhile.

    SQLite: the file is written anew, and its log emptied. PostgreSQL: VACUUM and ANALYZE; docs/privacy.md says what
    that leaves. Raises DataError where somebody else reads for so long that it cannot be done, and
    StoreUnavailableError.
    """
    if store.database.engine.dialect.name == "postgresql":
        tables = ", ".join(f'"{one.name}"' for one in (*_FACTS, *_ANSWERS, MERGES, QUARANTINE))
        store.database.maintained(f"vacuum (analyze) {tables}")
        return
    store.database.maintained("vacuum")
    # VACUUM has written the new file into the write-ahead log; the old pages are in the file until it is copied there.
    patience = time.monotonic() + _PATIENCE_SECONDS
    while _is_busy(store):
        if time.monotonic() > patience:
            raise DataError(
                f"the store at {store.database.label}: its rows are removed, but another process reads, so that the file "
                "still holds what they said"
            )
        time.sleep(_PAUSE_SECONDS)


def _is_busy(store: Store) -> bool:
    """Empty the log; tell whether another process reads, or copies what is in the log itself, for which nobody waits."""
    (busy, *_), *_ = store.database.maintained("pragma wal_checkpoint(truncate)")
    return bool(busy)


def _alone(connection: sa.Connection) -> None:
    """Let nobody keep an answer meanwhile: one that was being kept when the tombstone came would come back.

    In SQLite a writer is alone; there, what is deleted is overwritten with zeros at once.
    """
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("pragma secure_delete = on")
        return
    names = ", ".join(table.name for table in _ANSWERS)
    connection.exec_driver_sql(f"lock table {names} in share row exclusive mode")


def _deleted(connection: sa.Connection, table: sa.Table, which: sa.ColumnElement[bool]) -> int:
    options = {"preserve_rowcount": True}
    return connection.execute(sa.delete(table).where(which), execution_options=options).rowcount


def _quarantined(connection: sa.Connection, lead_ids: Collection[str]) -> list[str]:
    """Return the digests of what was refused and names one of the leads, wherever in its JSON."""
    query = sa.select(QUARANTINE.c.digest, QUARANTINE.c.row)
    return [digest for digest, row in colleagues.pairs(connection, query) if traces.names(row, lead_ids)]
