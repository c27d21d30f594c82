"""The answers given: kept with all that makes them again, and read one by one, by lead, or at random."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import fields, replace
from operator import attrgetter

import sqlalchemy as sa

from histories.store.crossing import crossings
from histories.store.crossing.standing import NOT_KNOWN, Agreed
from histories.store.database.schema import SCORES
from histories.store.database.score_row import ScoreRow
from histories.store.facts import tombstones
from histories.store.facts.store import Store
from histories.store.privacy.people import person

_IDS_AT_ONCE = 500
_NAMES = tuple(one.name for one in fields(ScoreRow))
_COLUMNS = tuple(SCORES.c[name] for name in _NAMES)
_GIVEN = _NAMES[:-1]  # the number is the database's to give
_values_of = attrgetter(*_GIVEN)
_INSERT = sa.insert(SCORES).returning(SCORES.c.score_id, sort_by_parameter_order=True)


def keep(store: Store, rows: Sequence[ScoreRow], now: int, agreed: Agreed = NOT_KNOWN) -> tuple[int | None, ...]:
    """Keep answers, and what they cross, in one transaction; return their numbers in order, durable.

    `agreed`: the hours of the rulebook that answered; where they are not known, clocks run as the answers say.
    None: the lead was forgotten while it was scored, and nothing is kept of it. Raises StoreUnavailableError: then
    the answers must not go out.
    """
    if not rows:
        return ()

    def work(connection: sa.Connection) -> tuple[int | None, ...]:
        numbered = _kept(connection, rows)
        crossings.note(connection, [row for row in numbered if row is not None], now, agreed)
        return tuple(None if row is None else row.score_id for row in numbered)

    return store.database.written(work)


def keep_list(store: Store, rows: Sequence[ScoreRow]) -> tuple[int | None, ...]:
    """Keep the answers of a list, as `keep` does; they cross no lines, whatever model somebody made the list with."""
    found = store.database.written(lambda connection: _kept(connection, rows))
    return tuple(None if row is None else row.score_id for row in found)


def _kept(connection: sa.Connection, rows: Sequence[ScoreRow]) -> list[ScoreRow | None]:
    """Insert answers, and return them with their numbers; None: the lead was forgotten."""
    numbers = _inserted(connection, rows)
    gone = _gone(connection, rows, numbers)
    return [
        None if row.lead_id in gone else replace(row, score_id=number)
        for row, number in zip(rows, numbers, strict=True)
    ]


def _gone(connection: sa.Connection, rows: Sequence[ScoreRow], numbers: Sequence[int]) -> frozenset[str]:
    """Return the leads that were forgotten meanwhile, whose answers go again; mark what may have been made from theirs.

    It comes after the insert, which holds the table: whoever forgets a lead waits for this transaction, or is seen here.
    """
    removed_at = tombstones.removed_at(connection)
    if removed_at is None:
        return frozenset()
    gone = tombstones.forgotten(connection, {row.lead_id for row in rows})
    pairs = list(zip(rows, numbers, strict=True))
    lost = [number for row, number in pairs if row.lead_id in gone]
    if lost:
        connection.execute(sa.delete(SCORES).where(SCORES.c.score_id.in_(lost)))
    early = [number for row, number in pairs if row.watermark < removed_at]
    if early:
        connection.execute(sa.update(SCORES).where(SCORES.c.score_id.in_(early)).values(inputs_forgotten=1))
    return gone


def scores_of(store: Store, lead_id: str) -> tuple[ScoreRow, ...]:
    """Return the answers given for a lead, in the order in which they were given; of merged leads those of all."""
    with store.database.reading() as connection:
        ids = person(connection, lead_id)
        return tuple(_read(connection, SCORES.c.lead_id.in_(ids), SCORES.c.answered_at, SCORES.c.score_id))


def score(store: Store, score_id: int) -> ScoreRow | None:
    """Return one answer; None where there is none of that number (any more)."""
    with store.database.reading() as connection:
        return next(_read(connection, SCORES.c.score_id == score_id), None)


def newest(store: Store) -> ScoreRow | None:
    """Return the answer that was given last, for whatever lead; None: none is kept."""
    with store.database.reading() as connection:
        last = connection.execute(sa.select(sa.func.max(SCORES.c.score_id))).scalar_one()
        return next(_read(connection, SCORES.c.score_id == last), None)


def count(store: Store) -> int:
    """Return how many answers are kept."""
    with store.database.reading() as connection:
        return int(connection.execute(sa.select(sa.func.count()).select_from(SCORES)).scalar_one())


def random_scores(store: Store, most: int, seed: int) -> tuple[ScoreRow, ...]:
    """Return `most` answers at random (all, where there are not so many), in the order in which they were given.

    The same seed draws the same as long as no answer comes or goes.
    """
    with store.database.reading() as connection:
        drawn = sorted(_drawn(connection, most, seed))
        parts = (drawn[start : start + _IDS_AT_ONCE] for start in range(0, len(drawn), _IDS_AT_ONCE))
        return tuple(row for ids in parts for row in _read(connection, SCORES.c.score_id.in_(ids), SCORES.c.score_id))


def _drawn(connection: sa.Connection, most: int, seed: int) -> set[int]:
    """Draw numbers until enough of them are answers: to list all of millions would take more than to ask again."""
    number = SCORES.c.score_id
    first, last, total = connection.execute(sa.select(sa.func.min(number), sa.func.max(number), sa.func.count())).one()
    if total <= most:
        return set(connection.execute(sa.select(number)).scalars())
    chance, found = random.Random(seed), set[int]()  # noqa: S311 - a sample, no secret
    while len(found) < most:
        asked = [chance.randint(first, last) for _ in range(_IDS_AT_ONCE)]
        there = set(connection.execute(sa.select(number).where(number.in_(asked))).scalars())
        for one in asked:
            if one in there and len(found) < most:
                found.add(one)
    return found


def _inserted(connection: sa.Connection, rows: Sequence[ScoreRow]) -> list[int]:
    if not rows:
        return []
    values = [dict(zip(_GIVEN, _values_of(row), strict=True)) for row in rows]
    return list(connection.execute(_INSERT, values).scalars())


def _read(
    connection: sa.Connection, which: sa.ColumnElement[bool], *order: sa.ColumnElement[int]
) -> Iterator[ScoreRow]:
    found = connection.execute(sa.select(*_COLUMNS).where(which).order_by(*order))
    return (ScoreRow(*row) for row in found)
