"""Follow-up clocks that crossings started, and what happened with these leads since."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass

import sqlalchemy as sa

from histories.contract import Direction, Families, Stage
from histories.store.database.among import among
from histories.store.database.schema import CROSSINGS, INTERACTIONS, OUTCOMES, SCORES
from histories.store.facts.definitions import definitions_in
from histories.store.facts.store import Store
from histories.store.known.merging import Merges
from histories.store.known.persons import all_merges, moment, suppressed_in

# Families, and what counts as contact by them: both ways in any case, and what is sent to one person alone. Where
# nobody has said what that is, all that goes out, mass mail too.
_BOTH_WAYS, OUTBOUND, FOLLOW_UP = "two_way", "outbound", "follow_up"
# Nothing is left to be followed up: sales is in a deal with the lead, or it is decided.
_CLOSING = (Stage.OPPORTUNITY.value, Stage.CUSTOMER.value, Stage.LOST.value)
# Nor where the lead wants to hear nothing more, or cannot be reached: an answer about it says `suppress`.
_ENDING = "negative"  # a family


@dataclass(frozen=True, slots=True)
class Clock:
    """A crossing to mql or sql that somebody should follow up by a moment. `lead_id`: of merged leads the surviving one.

    `on_record`: the stage that was on record then. `rulebook_version` says whose agreement it was; None: the answer
    that made the crossing is kept no more, nor what it said.
    """

    lead_id: str
    kind: str
    as_of: int
    follow_up_by: int
    rulebook_version: str | None
    on_record: str | None
    score: float | None
    rule_points: float | None


@dataclass(frozen=True, slots=True)
class Following:
    """Clocks that started since a moment, and by lead the moments of contact and of what ends it all, each in order.

    That is a closing stage, or an interaction of the family `negative`. Leads that objected are left out. `contact`:
    the families whose interactions are contact, `outbound` with all that has this direction.
    """

    clocks: tuple[Clock, ...]
    contacts: dict[str, list[int]]
    closings: dict[str, list[int]]
    timezone: str
    contact: tuple[str, ...]


def following(store: Store, since: int, now: int) -> Following:
    """Read, in one snapshot, the clocks of crossings made since a moment. Contact is what went both ways, or to one person.

    That is an interaction whose kind is of the families `two_way` or `follow_up` that the store declares. Where it
    declares no `follow_up`, those of the family `outbound` or the direction outbound are contact in its place. Raises
    StoreUnavailableError.
    """
    with store.database.reading() as connection:
        at = moment(connection, None)
        declared = definitions_in(connection, at.watermark)
        merges = all_merges(connection, at)
        clocks = _clocks(connection, since, merges)
        clocks = _without(clocks, suppressed_in(connection, {one.lead_id for one in clocks}))
        ids = {member for one in clocks for member in merges.members(one.lead_id)}
        contacts, closings = _done(connection, ids, now, declared.families)
        closings += _closings(connection, ids, now)
        contact = _contact(declared.families)
        return Following(clocks, _by_lead(merges, contacts), _by_lead(merges, closings), declared.timezone, contact)


def _clocks(connection: sa.Connection, since: int, merges: Merges) -> tuple[Clock, ...]:
    one, answer = CROSSINGS.c, SCORES.c
    query = sa.select(
        one.lead_id,
        one.kind,
        one.as_of,
        one.follow_up_by,
        answer.rulebook_version,
        answer.stage,
        answer.score,
        answer.rule_points,
    ).join_from(CROSSINGS, SCORES, one.score_id == answer.score_id, isouter=True)
    query = query.where(one.follow_up_by.is_not(None), one.made_at >= since)
    rows = connection.execute(query.order_by(one.follow_up_by, one.lead_id, one.number))
    return tuple(Clock(merges.survivor(lead_id), *rest) for lead_id, *rest in rows)


def _without(clocks: Iterable[Clock], lead_ids: Collection[str]) -> tuple[Clock, ...]:
    return tuple(one for one in clocks if one.lead_id not in lead_ids)


def _contact(families: Families) -> tuple[str, ...]:
    return _BOTH_WAYS, FOLLOW_UP if FOLLOW_UP in families.patterns else OUTBOUND


_Moments = list[tuple[str, int]]  # lead and moment


def _done(
    connection: sa.Connection, lead_ids: Collection[str], now: int, families: Families
) -> tuple[_Moments, _Moments]:
    """Contacts, and what ended them."""
    table, counts = INTERACTIONS.c, _contact(families)
    query = sa.select(table.lead_id, table.occurred_at, table.kind, table.direction)
    query = query.where(among(connection, table.lead_id, lead_ids), table.occurred_at <= now)
    contacts, ends = _Moments(), _Moments()
    for lead_id, occurred_at, kind, direction in connection.execute(query):
        of = families.of(kind)
        if _ENDING in of:
            ends.append((lead_id, occurred_at))
        elif not of.isdisjoint(counts) or (OUTBOUND in counts and direction == Direction.OUTBOUND.value):
            contacts.append((lead_id, occurred_at))
    return contacts, ends


def _closings(connection: sa.Connection, lead_ids: Collection[str], now: int) -> list[tuple[str, int]]:
    table = OUTCOMES.c
    query = sa.select(table.lead_id, table.reached_at).where(among(connection, table.lead_id, lead_ids))
    query = query.where(table.stage.in_(_CLOSING), table.reached_at <= now)
    return [(lead_id, reached_at) for lead_id, reached_at in connection.execute(query)]


def _by_lead(merges: Merges, rows: Iterable[tuple[str, int]]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = defaultdict(list)
    for lead_id, at in rows:
        found[merges.survivor(lead_id)].append(at)
    return {lead_id: sorted(moments) for lead_id, moments in found.items()}
