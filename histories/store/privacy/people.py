"""What is done about a person: two leads that turned out to be one, and an objection to being scored."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from histories import clock
from histories.errors import DataError
from histories.store.crossing import crossings, deliveries
from histories.store.database.schema import LEADS, MERGES, SUPPRESSIONS
from histories.store.facts.store import Store
from histories.store.facts.tombstones import forgotten
from histories.store.facts.writing import next_watermark


class MergeRefusedError(DataError):
    """Two leads that cannot be merged. `reason` holds none of their ids; `field` is the argument that it speaks of."""

    def __init__(self, field: str, value: str, reason: str) -> None:
        super().__init__(f"{value}: {reason}")
        self.field, self.reason = field, reason


@dataclass(frozen=True, slots=True)
class Changed:
    """What a call came to. `changed`: False where the store knew it already. `watermark`: the batch's number.

    `known`: False where the store has no such lead (yet), nor one that is merged with it.
    """

    changed: bool
    watermark: int
    known: bool = True


def merge(store: Store, lead_id: str, into_lead: str, known_at: int, recorded_at: int) -> Changed:
    """Write down that `lead_id` turned out at `known_at` to be `into_lead`, which goes on as the one lead.

    From `known_at` on the interactions and attributes of the one that ends are the other's (histories/store/known/reading.py
    says how they are read). It cannot be taken back. A merge that is known already changes nothing. `known_at` and
    `recorded_at` are UTC microseconds. Raises MergeRefusedError where either lead is unknown, where they are one,
    where `lead_id` was merged before, into another lead or as of another moment, and where `known_at` lies before
    1970 or after `recorded_at`; StoreUnavailableError.
    """
    return _merged(store, lead_id, into_lead, known_at, recorded_at, _refuse_unknown)


def expect(store: Store, lead_id: str, into_lead: str, known_at: int, recorded_at: int) -> Changed:
    """Write down a merge as `merge` does, of leads that need not be known yet.

    It counts from the watermark on at which the lead that goes on is known. Raises MergeRefusedError where one of them
    was forgotten, and as `merge`; StoreUnavailableError.
    """
    return _merged(store, lead_id, into_lead, known_at, recorded_at, _refuse_forgotten)


def _merged(
    store: Store,
    lead_id: str,
    into_lead: str,
    known_at: int,
    recorded_at: int,
    refuse: Callable[[sa.Connection, str, str], None],
) -> Changed:
    if not 0 <= known_at <= recorded_at:
        raise MergeRefusedError("known_at", clock.iso(known_at), "lies before 1970 or after now")

    def work(connection: sa.Connection) -> Changed:
        watermark = next_watermark(connection)
        found = connection.execute(sa.select(MERGES).where(MERGES.c.lead_id == lead_id)).one_or_none()
        if found is not None:
            _refuse_another(lead_id, (found.into_lead, found.known_at), (into_lead, known_at))
            return Changed(changed=False, watermark=watermark)
        if lead_id == into_lead:
            raise MergeRefusedError("into_lead", lead_id, "cannot be merged into itself")
        refuse(connection, lead_id, into_lead)
        if survivor(connection, into_lead) == lead_id:
            raise MergeRefusedError(
                "into_lead", into_lead, "was merged into the other lead before; that is the one that goes on"
            )
        row = {"lead_id": lead_id, "into_lead": into_lead, "known_at": known_at}
        connection.execute(sa.insert(MERGES).values(**row, recorded_at=recorded_at, watermark=watermark))
        crossings.take_over(connection, lead_id, survivor(connection, into_lead), watermark)
        return Changed(changed=True, watermark=watermark)

    return store.database.written(work)


def _refuse_another(lead_id: str, found: tuple[str, int], given: tuple[str, int]) -> None:
    if found[0] != given[0]:
        raise MergeRefusedError("lead_id", lead_id, "was merged into another lead already; a lead ends once")
    if found[1] != given[1]:
        reason = f"was merged into this lead as of {clock.iso(found[1])} already; that moment stays"
        raise MergeRefusedError("known_at", lead_id, reason)


def _refuse_unknown(connection: sa.Connection, lead_id: str, into_lead: str) -> None:
    known = set(
        connection.execute(sa.select(LEADS.c.lead_id).where(LEADS.c.lead_id.in_([lead_id, into_lead]))).scalars()
    )
    for field, value in (("lead_id", lead_id), ("into_lead", into_lead)):
        if value not in known:
            raise MergeRefusedError(field, value, "the store knows no such lead; send the lead first")


def _refuse_forgotten(connection: sa.Connection, lead_id: str, into_lead: str) -> None:
    gone = forgotten(connection, [lead_id, into_lead])
    for field, value in (("lead_id", lead_id), ("into_lead", into_lead)):
        if value in gone:
            raise MergeRefusedError(field, value, "was forgotten")


def suppress(store: Store, lead_id: str, recorded_at: int) -> Changed:
    """Honour a lead's objection from now on: it is not scored, not trained on, not called, and nobody is told of it.

    Webhooks that wait are given up. An objection holds for the person: for every lead that was merged with this one. A
    lead that is not known yet may object; of one that was forgotten nothing is kept. `recorded_at` in UTC
    microseconds. Raises StoreUnavailableError.
    """

    def work(connection: sa.Connection) -> Changed:
        watermark = next_watermark(connection)
        ids = person(connection, lead_id)
        known = _known(connection, ids)
        if forgotten(connection, [lead_id]) or lead_id in _objecting(connection, [lead_id]):
            return Changed(changed=False, watermark=watermark, known=known)
        _say(connection, [lead_id], 1, recorded_at, watermark)
        deliveries.give_up(connection, ids, deliveries.OBJECTED)
        return Changed(changed=True, watermark=watermark, known=known)

    return store.database.written(work)


def lift(store: Store, lead_id: str, recorded_at: int) -> Changed:
    """End the objection of a person, under whichever of its ids it was made. Raises StoreUnavailableError."""

    def work(connection: sa.Connection) -> Changed:
        watermark = next_watermark(connection)
        ids = person(connection, lead_id)
        objecting = _objecting(connection, ids)
        _say(connection, sorted(objecting), 0, recorded_at, watermark)
        return Changed(changed=bool(objecting), watermark=watermark, known=_known(connection, ids))

    return store.database.written(work)


def _known(connection: sa.Connection, lead_ids: Sequence[str]) -> bool:
    found = connection.execute(sa.select(LEADS.c.lead_id).where(LEADS.c.lead_id.in_(lead_ids)).limit(1))
    return found.scalar() is not None


def _say(connection: sa.Connection, lead_ids: Sequence[str], suppressed: int, recorded_at: int, watermark: int) -> None:
    rows = [{"lead_id": one, "suppressed": suppressed, "recorded_at": recorded_at} for one in lead_ids]
    if rows:
        connection.execute(sa.insert(SUPPRESSIONS).values(watermark=watermark), rows)


def _objecting(connection: sa.Connection, lead_ids: Iterable[str]) -> frozenset[str]:
    """Those under whose own id an objection stands."""
    table = SUPPRESSIONS.c
    query = (
        sa.select(table.lead_id, table.suppressed).where(table.lead_id.in_(list(lead_ids))).order_by(table.watermark)
    )
    newest = {lead_id: suppressed for lead_id, suppressed in connection.execute(query)}  # noqa: C416 - a row is no pair to mypy
    return frozenset(lead_id for lead_id, suppressed in newest.items() if suppressed)


def survivor(connection: sa.Connection, lead_id: str) -> str:
    """Return the lead that a lead became; itself, where it was never merged into another."""
    while True:
        into = connection.execute(sa.select(MERGES.c.into_lead).where(MERGES.c.lead_id == lead_id)).scalar()
        if into is None:
            return lead_id
        lead_id = into


def person(connection: sa.Connection, lead_id: str) -> tuple[str, ...]:
    """Return every id that the person of this lead has had: the surviving lead's first."""
    found = [survivor(connection, lead_id)]
    newest: Sequence[str] = list(found)
    while newest:
        merged = sa.select(MERGES.c.lead_id).where(MERGES.c.into_lead.in_(newest)).order_by(MERGES.c.lead_id)
        newest = connection.execute(merged).scalars().all()
        found += newest
    return tuple(found)
