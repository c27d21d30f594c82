"""Work that one process does at a time: a lease in `cursors`, and how far the work has come."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from histories.store.database.schema import CURSORS


def taken(connection: sa.Connection, name: str, held_until: int | None, now: int, until: int) -> bool:
    """Take the work, or keep it: tell whether it is the caller's `until` then (UTC microseconds).

    `held_until` is the end of the lease that the caller had, None where it had none. A lease is known by its end:
    whoever finds another one there has lost it. What two that both believe to have it do must come to the same.
    """
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    connection.execute(insert(CURSORS).values(name=name, watermark=0, taken_until=None).on_conflict_do_nothing())
    ends = CURSORS.c.taken_until
    free = ends.is_(None) | (ends <= now)
    mine = free if held_until is None else free | (ends == held_until)
    update = sa.update(CURSORS).where(CURSORS.c.name == name, mine).values(taken_until=until)
    return connection.execute(update).rowcount == 1


def come_to(connection: sa.Connection, name: str) -> int:
    """Return the watermark that the work has come to; 0: it never began."""
    found = connection.execute(sa.select(CURSORS.c.watermark).where(CURSORS.c.name == name)).scalar()
    return int(found or 0)


def done(connection: sa.Connection, name: str, watermark: int, held_until: int) -> None:
    """Say that the work has come to a watermark, which never goes back, and let another go on with it."""
    table = CURSORS.c
    update = sa.update(CURSORS).where(table.name == name, table.watermark < watermark)
    connection.execute(update.values(watermark=watermark))
    mine = sa.update(CURSORS).where(table.name == name, table.taken_until == held_until)
    connection.execute(mine.values(taken_until=None))
