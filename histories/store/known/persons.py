"""Whose rows are whose at a watermark: leads that were merged, leads that objected to being scored."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from histories.errors import DataError
from histories.store.database.among import among, storable
from histories.store.database.schema import DEFINITIONS, FORGOTTEN, LEADS, MERGES, SUPPRESSIONS, WATERMARK
from histories.store.facts.retyped import RETYPED, retyped
from histories.store.facts.store import Store
from histories.store.facts.tombstones import forgotten
from histories.store.known.merging import Ended, Merges

NO_MERGES = Merges({})
_EVER = (sa.exists(sa.select(sa.literal(1)).select_from(table)) for table in (MERGES, SUPPRESSIONS, FORGOTTEN))
_RETYPED = sa.exists(sa.select(sa.literal(1)).where(DEFINITIONS.c.name == RETYPED))
_MOMENT: sa.Select[*tuple[Any, ...]] = sa.select(WATERMARK.c.value, _RETYPED, *_EVER)


@dataclass(frozen=True, slots=True)
class Moment:
    """The watermark that is read at, and what there was ever any of: most stores have none, and are not asked again.

    `numbers`: attributes that came as texts, which are numbers at that watermark.
    """

    watermark: int
    numbers: frozenset[str]
    merges: bool
    suppressions: bool
    forgotten: bool


def moment(connection: sa.Connection, wanted: int | None) -> Moment:
    """Return where to read; `wanted` None: at the newest batch. Raises DataError where the store has not come to it."""
    newest, any_numbers, *found = connection.execute(_MOMENT).one()
    if wanted is not None and not 0 <= wanted <= newest:
        raise DataError(f"watermark {wanted} is none of this store's; it has 0 to {newest}")
    watermark = newest if wanted is None else wanted
    numbers = retyped(connection, watermark) if any_numbers else frozenset[str]()
    return Moment(watermark, numbers, *map(bool, found))


def all_merges(connection: sa.Connection, at: Moment) -> Merges:
    """Return every merge that was known."""
    if not at.merges:
        return NO_MERGES
    return _merges(connection.execute(_step(at)))


def merges_of(connection: sa.Connection, lead_ids: Collection[str], at: Moment) -> Merges:
    """Return the merges of these leads' persons: in whom they live on, and who else does."""
    if not at.merges or not lead_ids:
        return NO_MERGES
    onward = _merges(_steps(connection, lead_ids, at, up=True))
    survivors = {onward.survivor(one) for one in lead_ids}
    return _merges(_steps(connection, survivors, at, up=False))


def awaited(store: Store, lead_ids: Collection[str]) -> dict[str, str]:
    """Return, of leads that are to live on in one that is not known yet, in which; those of all others are left out.

    Raises StoreUnavailableError.
    """
    with store.database.reading() as connection:
        at = moment(connection, None)
        wanted = storable(lead_ids) if at.merges else []
        steps = {lead_id: (into, known) for lead_id, into, _, known in _steps(connection, wanted, at, up=True)}
    found = {lead_id: _end(steps, lead_id) for lead_id in wanted}
    return {lead_id: into for lead_id, (into, known) in found.items() if not known}


def _end(steps: Mapping[str, tuple[str, bool]], lead_id: str) -> tuple[str, bool]:
    """The last lead on the way from one, and whether it is known; itself where it never ended."""
    into, known = lead_id, True
    while into in steps:
        into, known = steps[into]
    return into, known


def _steps(
    connection: sa.Connection, lead_ids: Collection[str], at: Moment, *, up: bool
) -> sa.CursorResult[str, str, int, bool]:
    """The merges on the way from these leads, `up` to those that they live on in, or down to those that live on in them."""
    step = _step(at)
    first = step.where(among(connection, MERGES.c.lead_id if up else MERGES.c.into_lead, lead_ids))
    way = first.cte("way", recursive=True)
    on = MERGES.c.lead_id == way.c.into_lead if up else MERGES.c.into_lead == way.c.lead_id
    way = way.union(step.join(way, on))
    return connection.execute(sa.select(*way.c))


def _step(at: Moment) -> sa.Select[str, str, int, bool]:
    """Each merge, and whether the lead that goes on is known: a merge may be told before its leads are."""
    known = sa.exists().where(LEADS.c.lead_id == MERGES.c.into_lead, LEADS.c.watermark <= at.watermark)
    query = sa.select(MERGES.c.lead_id, MERGES.c.into_lead, MERGES.c.known_at, known.label("known"))
    return query.where(MERGES.c.watermark <= at.watermark)


def _merges(rows: Iterable[sa.Row[str, str, int, bool]]) -> Merges:
    """The merges that count: a lead ends in one that is known, over any number of steps."""
    steps = {lead_id: (Ended(into, known_at), bool(known)) for lead_id, into, known_at, known in rows}

    def counts(lead_id: str) -> bool:
        known = False
        while not known and lead_id in steps:
            one, known = steps[lead_id]
            lead_id = one.into
        return known

    return Merges({lead_id: one for lead_id, (one, _) in steps.items() if counts(lead_id)})


def suppressed(store: Store, lead_ids: Collection[str], watermark: int | None = None) -> frozenset[str]:
    """Return those of the leads that must not be scored, known to the store or not; as `suppressed_in`."""
    with store.database.reading() as connection:
        return suppressed_in(connection, lead_ids, watermark)


def suppressed_in(connection: sa.Connection, lead_ids: Collection[str], watermark: int | None = None) -> frozenset[str]:
    """Return those of the leads whose person objected, under whichever of its ids, or was forgotten.

    `watermark` None: as of now. Raises DataError where the store has not come to it.
    """
    at = moment(connection, watermark)
    lead_ids = storable(lead_ids)
    return objecting(connection, lead_ids, merges_of(connection, lead_ids, at) if at.suppressions else NO_MERGES, at)


def objecting(connection: sa.Connection, lead_ids: Collection[str], merges: Merges, at: Moment) -> frozenset[str]:
    """Return what `suppressed_in` does. `merges` has all of these leads' persons."""
    gone = forgotten(connection, lead_ids) if at.forgotten else frozenset[str]()
    if not at.suppressions or not lead_ids:
        return gone
    everybody = {member for one in lead_ids for member in merges.members(merges.survivor(one))}
    objected = _newest(connection, at, among(connection, SUPPRESSIONS.c.lead_id, everybody))
    persons = {merges.survivor(one) for one in objected}
    return gone | {one for one in lead_ids if merges.survivor(one) in persons}


def all_objecting(connection: sa.Connection, merges: Merges, at: Moment) -> frozenset[str]:
    """Return the surviving leads of all persons that objected. `merges` has every merge."""
    if not at.suppressions:
        return frozenset()
    return frozenset(merges.survivor(one) for one in _newest(connection, at))


def _newest(connection: sa.Connection, at: Moment, *conditions: sa.ColumnElement[bool]) -> list[str]:
    """Those under whose own id an objection stands."""
    table = SUPPRESSIONS.c
    query = sa.select(table.lead_id, table.suppressed).where(table.watermark <= at.watermark, *conditions)
    newest: dict[str, int] = {lead_id: said for lead_id, said in connection.execute(query.order_by(table.watermark))}  # noqa: C416 - a row is no pair to mypy
    return [lead_id for lead_id, said in newest.items() if said]
