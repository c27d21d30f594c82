"""The queue of crossings that a receiver has not been told of: taken for an attempt, ended by it, listed, sent again.

Of a lead's pending crossings only the first has a `next_attempt_at`; the others wait for it. Whoever changes which one
is the first holds the lead's standing, as whoever adds a crossing does: else one could come to wait for nobody.
"""

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa

from histories.clock import DAY
from histories.store.crossing.crossings import DEAD, DELIVERED, PENDING, Crossing
from histories.store.database.among import among
from histories.store.database.schema import CROSSINGS, STANDINGS
from histories.store.known.persons import suppressed_in

# A crossing is news for so long; what could not be told by then is listed, and sent on request alone.
LIFETIME = 3 * DAY
_COLUMNS = tuple(CROSSINGS.c[name] for name in Crossing.__slots__)
_TOO_OLD = "not delivered within 3 days"
OBJECTED = "suppressed"  # what a crossing that is told to nobody any more has as its last error
_ASKED_FOR = "to be sent again, as was asked for"


class Waiting(NamedTuple):
    """How many crossings are pending, and since when the oldest is (UTC microseconds; None: none)."""

    pending: int
    oldest: int | None


def is_due(connection: sa.Connection, now: int) -> bool:
    """Tell whether there is anything to take."""
    return connection.execute(sa.select(_due(now).exists())).scalar() is True


def take(connection: sa.Connection, now: int, until: int) -> Crossing | None:
    """Take the crossing that is due for the longest time, for an attempt that ends by `until`; None: none is due.

    The attempt counts from here. Where nobody ends it, the process having died, it is due again at `until`. Those of
    leads that objected meanwhile are dead.
    """
    taken = _take(connection, now, until)
    while taken is not None and suppressed_in(connection, [taken.lead_id]):
        dead(connection, taken, OBJECTED, now)
        taken = _take(connection, now, until)
    return taken


def _take(connection: sa.Connection, now: int, until: int) -> Crossing | None:
    table = CROSSINGS.c
    due = _due(now).order_by(table.next_attempt_at).limit(1).with_for_update(skip_locked=True)
    crossing_id = connection.execute(due).scalar()
    if crossing_id is None:
        return None
    update = sa.update(CROSSINGS).where(table.crossing_id == crossing_id)
    update = update.values(attempts=table.attempts + 1, next_attempt_at=until)
    return Crossing(*connection.execute(update.returning(*_COLUMNS)).one())


def end(connection: sa.Connection, crossing: Crossing, error: str | None, again_at: int | None, now: int) -> None:
    """Write down what an attempt came to: no error, one that is tried again at a moment, or (None) one that is final."""
    if error is None:
        delivered(connection, crossing, now)
    elif again_at is None:
        dead(connection, crossing, error, now)
    else:
        failed(connection, crossing, error, again_at)


def delivered(connection: sa.Connection, crossing: Crossing, now: int) -> bool:
    """Say that the receiver has it; the lead's next one is due. False: it was not pending any more."""
    ended = {CROSSINGS.c.state: DELIVERED, CROSSINGS.c.delivered_at: now, CROSSINGS.c.last_error: None}
    return _end(connection, crossing, ended, now)


def dead(connection: sa.Connection, crossing: Crossing, error: str, now: int) -> bool:
    """Give it up; the lead's next one is due. False: it was not pending any more."""
    return _end(connection, crossing, {CROSSINGS.c.state: DEAD, CROSSINGS.c.last_error: error}, now)


def failed(connection: sa.Connection, crossing: Crossing, error: str, again_at: int) -> bool:
    """Have it tried again at a moment. False: somebody else has tried it since, or it was ended.

    Where an earlier one of its lead is to be sent again meanwhile, it waits for that one.
    """
    table = CROSSINGS.c
    at = sa.case((table.next_attempt_at.is_(None), None), else_=again_at)
    mine = (table.crossing_id == crossing.crossing_id, table.state == PENDING, table.attempts == crossing.attempts)
    update = sa.update(CROSSINGS).where(*mine).values(next_attempt_at=at, last_error=error)
    return connection.execute(update).rowcount == 1


def give_up_old(connection: sa.Connection, now: int) -> None:
    """End what is no news any more and was never tried: there was no receiver, or an earlier one of the lead held it up."""
    table = CROSSINGS.c
    old = table.state == PENDING, table.attempts == 0, table.last_error.is_(None), table.made_at <= now - LIFETIME
    leads = sorted(connection.execute(sa.select(table.lead_id).where(*old).distinct()).scalars())
    if leads:
        _lock(connection, leads)
        gone = sa.update(CROSSINGS).where(*old, among(connection, table.lead_id, leads))
        connection.execute(gone.values(state=DEAD, next_attempt_at=None, last_error=_TOO_OLD))
        _schedule(connection, leads, now)


def send_again(connection: sa.Connection, crossing_ids: Collection[str], now: int) -> list[str]:
    """Make crossings due now, whatever became of them; later pending ones of their leads wait. Return those there are."""
    table = CROSSINGS.c
    named = among(connection, table.crossing_id, crossing_ids)
    found = connection.execute(sa.select(table.crossing_id, table.lead_id).where(named)).all()
    leads = sorted({lead_id for _, lead_id in found})
    _lock(connection, leads)
    again = {"state": PENDING, "next_attempt_at": now, "delivered_at": None, "last_error": _ASKED_FOR}
    connection.execute(sa.update(CROSSINGS).where(named).values(again))
    _schedule(connection, leads, now)
    return [crossing_id for crossing_id, _ in found]


def give_up(connection: sa.Connection, leads: Sequence[str], reason: str) -> None:
    """Tell nobody any more of what is pending of these leads."""
    _lock(connection, leads)
    waiting = sa.update(CROSSINGS).where(among(connection, CROSSINGS.c.lead_id, leads), CROSSINGS.c.state == PENDING)
    connection.execute(waiting.values(state=DEAD, next_attempt_at=None, last_error=reason))


def listed(connection: sa.Connection, states: Collection[str], lead_id: str | None, most: int) -> tuple[Crossing, ...]:
    """Return crossings in these states, of one lead or (None) of all, the newest first."""
    table = CROSSINGS.c
    query = sa.select(*_COLUMNS).where(table.state.in_(states))
    if lead_id is not None:
        query = query.where(table.lead_id == lead_id)
    query = query.order_by(table.made_at.desc(), table.lead_id, table.number.desc()).limit(most)
    return tuple(Crossing(*row) for row in connection.execute(query))


def ids(connection: sa.Connection, state: str) -> list[str]:
    """Return the ids of all crossings in a state."""
    return list(connection.execute(sa.select(CROSSINGS.c.crossing_id).where(CROSSINGS.c.state == state)).scalars())


def counts(connection: sa.Connection) -> dict[str, int]:
    """Return how many crossings there are in each state that any is in."""
    query = sa.select(CROSSINGS.c.state, sa.func.count()).group_by(CROSSINGS.c.state)
    return {state: count for state, count in connection.execute(query)}  # noqa: C416 - a row is no pair to mypy


def waiting(connection: sa.Connection) -> Waiting:
    """Return what is pending."""
    query = sa.select(sa.func.count(), sa.func.min(CROSSINGS.c.made_at)).where(CROSSINGS.c.state == PENDING)
    return Waiting(*connection.execute(query).one())


def _due(now: int) -> sa.Select[tuple[str]]:
    table = CROSSINGS.c
    return sa.select(table.crossing_id).where(table.state == PENDING, table.next_attempt_at <= now)


def _end(connection: sa.Connection, crossing: Crossing, ended: dict[sa.Column[Any], object], now: int) -> bool:
    table = CROSSINGS.c
    _lock(connection, [crossing.lead_id])
    mine = table.crossing_id == crossing.crossing_id, table.state == PENDING
    update = sa.update(CROSSINGS).where(*mine).values({table.next_attempt_at: None, **ended})
    if connection.execute(update).rowcount == 0:
        return False
    _schedule(connection, [crossing.lead_id], now)
    return True


def _lock(connection: sa.Connection, leads: Sequence[str]) -> None:
    query = sa.select(STANDINGS.c.lead_id).where(among(connection, STANDINGS.c.lead_id, leads))
    connection.execute(query.order_by(STANDINGS.c.lead_id).with_for_update()).all()


def _schedule(connection: sa.Connection, leads: Sequence[str], now: int) -> None:
    """Let the first pending crossing of each lead be due, when that was said already, else now; the others wait."""
    table, other = CROSSINGS.c, CROSSINGS.alias()
    first = sa.select(sa.func.min(other.c.number)).where(other.c.lead_id == table.lead_id, other.c.state == PENDING)
    due = sa.case((table.number == first.scalar_subquery(), sa.func.coalesce(table.next_attempt_at, now)), else_=None)
    update = sa.update(CROSSINGS).where(among(connection, table.lead_id, leads), table.state == PENDING)
    connection.execute(update.values(next_attempt_at=due))
