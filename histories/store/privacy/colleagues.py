"""Answers for the colleagues of a person that is forgotten: found, rid of what it did, and marked as made from it."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import sqlalchemy as sa

from histories.store.database.schema import INTERACTIONS, LEADS, SCORES
from histories.store.facts import traces

_Key = TypeVar("_Key")
_AT_ONCE = 10_000
_DONE = sa.select(
    *(INTERACTIONS.c[name] for name in ("interaction_id", "occurred_at", "kind", "channel", "direction", "value"))
)


@dataclass(frozen=True, slots=True)
class Traces:
    """What there may be of a person in answers for others: its accounts, its interactions by id and by what they did."""

    lead_ids: frozenset[str]
    accounts: frozenset[str]
    ids: frozenset[str]
    contents: frozenset[traces.Content]

    def left(self, given: str) -> str | None:
        """Return what a request told without what the person did; None: there is nothing of it."""
        return traces.without(given, self.ids, self.contents)


def traces_of(connection: sa.Connection, lead_ids: Collection[str]) -> Traces:
    """Return what the store and its answers hold of a person. Nothing is added to it once it is entombed."""
    query = sa.select(SCORES.c.given).where(SCORES.c.lead_id.in_(lead_ids), SCORES.c.given.is_not(None))
    told = connection.execute(query).scalars().all()
    done = [(name, tuple(did)) for name, *did in connection.execute(_DONE.where(INTERACTIONS.c.lead_id.in_(lead_ids)))]
    return Traces(
        lead_ids=frozenset(lead_ids),
        accounts=_accounts(connection, lead_ids, told),
        ids=frozenset(name for name, _ in done).union(*map(traces.interaction_ids, told)),
        contents=frozenset(did for _, did in done).union(*map(traces.contents, told)),
    )


def _accounts(connection: sa.Connection, lead_ids: Collection[str], told: Iterable[str]) -> frozenset[str]:
    of_leads = sa.select(LEADS.c.account_id).where(LEADS.c.lead_id.in_(lead_ids), LEADS.c.account_id.is_not(None))
    known = frozenset(connection.execute(of_leads).scalars())
    return known | {one for given in told if (one := traces.account(given)) is not None}


def newest(connection: sa.Connection) -> int:
    """Return the number of the newest answer; 0: none is kept."""
    return int(connection.execute(sa.select(sa.func.coalesce(sa.func.max(SCORES.c.score_id), 0))).scalar_one())


def told(connection: sa.Connection, of: Traces, after: int, upto: int | None) -> list[int]:
    """Return the answers numbered beyond `after` up to `upto` whose request told something of the person.

    All requests' own words in that range are read: of millions that takes minutes, so nobody should be waiting.
    """
    if not of.accounts:
        return []
    about = [SCORES.c.given.contains(text, autoescape=True) for one in of.accounts for text in traces.quoted(one)]
    colleagues = sa.select(LEADS.c.lead_id).where(LEADS.c.account_id.in_(of.accounts))
    query = sa.select(SCORES.c.score_id, SCORES.c.given).where(
        SCORES.c.score_id > after,
        sa.true() if upto is None else SCORES.c.score_id <= upto,
        SCORES.c.given.is_not(None),
        SCORES.c.lead_id.not_in(of.lead_ids),
        sa.or_(SCORES.c.lead_id.in_(colleagues), *about),
    )
    return [number for number, given in pairs(connection, query) if of.left(given) is not None]


def take_out(connection: sa.Connection, of: Traces, numbers: Sequence[int]) -> None:
    """Take what the person did out of what these requests told, and mark the answers.

    What they told is read again: whoever forgot somebody else meanwhile has changed it.
    """
    change = sa.update(SCORES).where(SCORES.c.score_id == sa.bindparam("number"))
    change = change.values(given=sa.bindparam("left"), inputs_forgotten=1)
    for part in parts(numbers):
        query = sa.select(SCORES.c.score_id, SCORES.c.given).where(SCORES.c.score_id.in_(part))
        left = [(number, of.left(given)) for number, given in connection.execute(query)]
        changed = [{"number": number, "left": without} for number, without in left if without is not None]
        if changed:
            connection.execute(change, changed)


def seen(connection: sa.Connection, of: Traces) -> frozenset[int]:
    """Return the answers that read from the store what the person did."""
    return frozenset(connection.execute(sa.select(SCORES.c.score_id).where(*_seen(of))).scalars())


def mark_seen(connection: sa.Connection, of: Traces) -> None:
    """Mark the answers that read from the store what the person did."""
    which = *_seen(of), SCORES.c.inputs_forgotten == 0
    connection.execute(sa.update(SCORES).where(*which).values(inputs_forgotten=1))


def _seen(of: Traces) -> tuple[sa.ColumnElement[bool], ...]:
    did = sa.select(INTERACTIONS.c.interaction_id).where(
        INTERACTIONS.c.lead_id.in_(of.lead_ids),
        INTERACTIONS.c.watermark <= SCORES.c.watermark,
        INTERACTIONS.c.occurred_at < SCORES.c.as_of,
        sa.func.coalesce(INTERACTIONS.c.received_at, 0) <= SCORES.c.as_of,
    )
    colleagues = sa.select(LEADS.c.lead_id).where(
        LEADS.c.account_id.in_(of.accounts), LEADS.c.lead_id.not_in(of.lead_ids)
    )
    return SCORES.c.lead_id.in_(colleagues), SCORES.c.stored == 1, did.exists()


def pairs(connection: sa.Connection, query: sa.Select[_Key, str]) -> Iterator[tuple[_Key, str]]:
    """Yield rows of any number; read them all before anything is changed, as they are under a cursor."""
    for row in connection.execute(query, execution_options={"yield_per": _AT_ONCE}):
        yield row[0], row[1]


def parts(values: Sequence[_Key]) -> Iterator[Sequence[_Key]]:
    """Yield values in parts that a statement can name."""
    return (values[start : start + _AT_ONCE] for start in range(0, len(values), _AT_ONCE))
