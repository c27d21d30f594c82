"""Removes a person from the store for good: first the tombstones, then every row, then what the file still holds of them.

Each step may be done again, and the whole begun anew where it was broken off: `names` of a person go last.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

import sqlalchemy as sa

from histories.errors import DataError
from histories.store.database import schema
from histories.store.database.schema import INTERACTIONS, LEADS, MERGES, QUARANTINE, SCORES
from histories.store.facts import traces
from histories.store.facts.store import Store
from histories.store.facts.tombstones import entomb, removing
from histories.store.facts.writing import next_watermark
from histories.store.privacy import people

Key = TypeVar("Key")
# What is written without the counter of batches. `scores` first, as who keeps an answer locks it first.
_ANSWERS = (schema.SCORES, schema.STANDINGS, schema.CROSSINGS, schema.HANDOVERS)
_FACTS = (schema.INTERACTIONS, schema.ATTRIBUTES, schema.OUTCOMES, schema.LEADS, schema.SUPPRESSIONS)
INPUTS = "inputs_forgotten"
_ROWS_AT_ONCE = 10_000
_DONE = sa.select(
    *(INTERACTIONS.c[name] for name in ("interaction_id", "occurred_at", "kind", "channel", "direction", "value"))
)


def begin(store: Store, lead_id: str, recorded_at: int) -> tuple[str, ...]:
    """Refuse from now on whatever comes of this person; return every lead_id that it has had (`people.person`).

    From here on nobody reads what it did, so answers for its colleagues that were made from it are marked here already
    (`inputs_forgotten`): they cannot be made again, whether the rest is done or broken off. `recorded_at` in UTC microseconds. Raises StoreUnavailableError.
    """

    def work(connection: sa.Connection) -> tuple[str, ...]:
        watermark = next_watermark(connection)
        found = people.person(connection, lead_id)
        entomb(connection, found, recorded_at, watermark)
        removing(connection, watermark)
        _alone(connection)
        _stored(connection, found, _accounts(connection, found, _given(connection, found)))
        return found

    return store.database.written(work)


def remove(store: Store, lead_ids: Collection[str]) -> Mapping[str, int]:
    """Remove all rows of these leads but their merges, in one transaction; return how many of which table.

    Scores of an account's other leads that were made from what these leads did stay, and are marked
    (`inputs_forgotten`): nothing makes them again. Call `begin` before. Raises StoreUnavailableError.
    """
    # Found before anybody waits: of rows that come once `begin` is done, none that names these leads is kept aside.
    with store.database.reading() as connection:
        aside = _quarantined(connection, lead_ids)

    def work(connection: sa.Connection) -> Mapping[str, int]:
        removing(connection, next_watermark(connection))
        _alone(connection)
        counts = {INPUTS: _marked(connection, lead_ids)}
        for table in (*_FACTS, *_ANSWERS):
            counts[table.name] = _deleted(connection, table, table.c.lead_id.in_(lead_ids))
        some = (_deleted(connection, QUARANTINE, QUARANTINE.c.digest.in_(part)) for part in _parts(aside))
        counts[QUARANTINE.name] = sum(some)
        return counts

    return store.database.written(work)


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
    (busy, *_), *_ = store.database.maintained("pragma wal_checkpoint(truncate)")
    if busy:
        raise DataError(
            f"the store at {store.database.label}: its rows are removed, but another process reads, so that the file "
            "still holds what they said"
        )


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
    return [digest for digest, row in _pairs(connection, query) if traces.names(row, lead_ids)]


def _marked(connection: sa.Connection, lead_ids: Collection[str]) -> int:
    """Mark the scores of colleagues that were made from what these leads did; return how many there are."""
    told = _given(connection, lead_ids)
    accounts = _accounts(connection, lead_ids, told)
    if not accounts:
        return 0
    done = [(name, tuple(did)) for name, *did in connection.execute(_DONE.where(INTERACTIONS.c.lead_id.in_(lead_ids)))]
    ids = frozenset(name for name, _ in done).union(*map(traces.interaction_ids, told))
    did = frozenset(did for _, did in done).union(*map(traces.contents, told))
    return len(_told(connection, lead_ids, accounts, ids, did) | _stored(connection, lead_ids, accounts))


def _given(connection: sa.Connection, lead_ids: Collection[str]) -> Sequence[str]:
    """What requests told of these leads themselves."""
    query = sa.select(SCORES.c.given).where(SCORES.c.lead_id.in_(lead_ids), SCORES.c.given.is_not(None))
    return connection.execute(query).scalars().all()


def _accounts(connection: sa.Connection, lead_ids: Collection[str], told: Iterable[str]) -> frozenset[str]:
    of_leads = sa.select(LEADS.c.account_id).where(LEADS.c.lead_id.in_(lead_ids), LEADS.c.account_id.is_not(None))
    known = frozenset(connection.execute(of_leads).scalars())
    return known | {one for given in told if (one := traces.account(given)) is not None}


def _stored(connection: sa.Connection, lead_ids: Collection[str], accounts: Collection[str]) -> frozenset[int]:
    """Mark scores that read from the store what these leads did."""
    did = sa.select(INTERACTIONS.c.interaction_id).where(
        INTERACTIONS.c.lead_id.in_(lead_ids),
        INTERACTIONS.c.watermark <= SCORES.c.watermark,
        INTERACTIONS.c.occurred_at < SCORES.c.as_of,
        sa.func.coalesce(INTERACTIONS.c.received_at, 0) <= SCORES.c.as_of,
    )
    colleagues = sa.select(LEADS.c.lead_id).where(LEADS.c.account_id.in_(accounts), LEADS.c.lead_id.not_in(lead_ids))
    which = SCORES.c.lead_id.in_(colleagues), SCORES.c.stored == 1, did.exists()
    marked = sa.update(SCORES).where(*which).values(inputs_forgotten=1).returning(SCORES.c.score_id)
    return frozenset(connection.execute(marked).scalars())


def _told(
    connection: sa.Connection,
    lead_ids: Collection[str],
    accounts: Collection[str],
    ids: Collection[str],
    did: Collection[traces.Content],
) -> frozenset[int]:
    """Take what these leads did out of what requests told of their colleagues, and mark the scores."""
    about = [SCORES.c.given.contains(text, autoescape=True) for one in accounts for text in traces.quoted(one)]
    colleagues = sa.select(LEADS.c.lead_id).where(LEADS.c.account_id.in_(accounts))
    query = sa.select(SCORES.c.score_id, SCORES.c.given).where(
        SCORES.c.given.is_not(None),
        SCORES.c.lead_id.not_in(lead_ids),
        sa.or_(SCORES.c.lead_id.in_(colleagues), *about),
    )
    left = [
        (number, without)
        for number, given in _pairs(connection, query)
        if (without := traces.without(given, ids, did)) is not None
    ]
    if left:
        change = sa.update(SCORES).where(SCORES.c.score_id == sa.bindparam("number"))
        connection.execute(
            change.values(given=sa.bindparam("left"), inputs_forgotten=1),
            [{"number": number, "left": without} for number, without in left],
        )
    return frozenset(number for number, _ in left)


def _pairs(connection: sa.Connection, query: sa.Select[Key, str]) -> Iterator[tuple[Key, str]]:
    """Yield rows of any number; read them all before anything is changed, as they are under a cursor."""
    for row in connection.execute(query, execution_options={"yield_per": _ROWS_AT_ONCE}):
        yield row[0], row[1]


def _parts(digests: Sequence[str]) -> Iterator[Sequence[str]]:
    return (digests[start : start + _ROWS_AT_ONCE] for start in range(0, len(digests), _ROWS_AT_ONCE))
