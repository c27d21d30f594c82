"""Single leads as the store knew them at a watermark: any number of them in a bounded number of statements."""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar

import sqlalchemy as sa

from histories.contract import Attribute, Direction, Interaction, LeadHistory, Outcome, Stage
from histories.errors import DataError
from histories.funnel import chronological
from histories.store.database.among import one_of, packed, storable
from histories.store.database.schema import ATTRIBUTES, INTERACTIONS, LEADS, OUTCOMES
from histories.store.facts.retyped import as_stored
from histories.store.facts.store import Store
from histories.store.known import merging
from histories.store.known.merging import Merges
from histories.store.known.persons import NO_MERGES, Moment, merges_of, moment, objecting

_Value = TypeVar("_Value")
_Told = list[tuple[str, _Value]]  # lead_id under which it was told, and what
_DIRECTIONS: dict[str | None, Direction | None] = {None: None, **{one.value: one for one in Direction}}
_STAGES = {one.value: one for one in Stage}
_OF_INTERACTIONS = "interaction_id", "occurred_at", "kind", "received_at", "channel", "direction", "value", "lead_id"
_GIVEN, _WATERMARK, _MOST = "given", "newest", "most"


@dataclass(frozen=True, slots=True)
class Asked:
    """What one snapshot knew of the leads that were asked for.

    `leads` has those that are known, by the lead_id asked for: one that was merged into another comes as that other.
    `suppressed`: those that must not be scored, known or not. `too_large`: those that are known, and have more
    interactions than were asked for at most.
    """

    watermark: int
    leads: Mapping[str, LeadHistory]
    suppressed: frozenset[str]
    too_large: frozenset[str] = frozenset()


def asked(
    store: Store,
    lead_ids: Collection[str],
    watermark: int | None = None,
    also: Collection[str] = (),
    most: int | None = None,
) -> Asked:
    """Read leads, and who of them and of `also` objected, in one snapshot at `watermark` (None: now).

    A history is in the order of `select.lead`; `account_interactions` are those of the account's other leads but for
    those who objected, None where the lead has no account. A lead that has more than `most` interactions with them, or
    more than `most` colleagues, is not read (None: each is); nor is more than so many for each lead ever in memory.
    Raises DataError where the store has not come to that watermark; StoreUnavailableError.
    """
    with store.database.reading() as connection:
        at = moment(connection, watermark)
        wanted = storable(dict.fromkeys(lead_ids))
        reader = _Reader(connection, at)
        everybody = storable(dict.fromkeys((*lead_ids, *also)))
        found, too_large = reader.leads(wanted, most)
        return Asked(at.watermark, found, reader.suppressed(everybody), too_large)


def leads(store: Store, lead_ids: Collection[str], watermark: int | None = None) -> tuple[int, dict[str, LeadHistory]]:
    """Return the watermark that was read at, and the leads that are known by the lead_id asked for; as `asked`."""
    with store.database.reading() as connection:
        at = moment(connection, watermark)
        return at.watermark, _Reader(connection, at).leads(storable(dict.fromkeys(lead_ids)), None)[0]


def lead(store: Store, lead_id: str, watermark: int | None = None) -> LeadHistory:
    """Return one lead as `leads` does. Raises DataError where there is no such lead."""
    known, found = leads(store, [lead_id], watermark)
    if lead_id not in found:
        raise DataError(f"the store knows no lead {lead_id!r} at watermark {known}")
    return found[lead_id]


class _TooManyError(Exception):
    """There are more rows than may be read."""


_Created = Mapping[str, tuple[int, str | None]]  # of each lead its creation and its account


@dataclass(frozen=True, slots=True)
class _Reader:
    connection: sa.Connection
    at: Moment

    def suppressed(self, lead_ids: Sequence[str]) -> frozenset[str]:
        merges = merges_of(self.connection, lead_ids, self.at) if self.at.suppressions else NO_MERGES
        return objecting(self.connection, lead_ids, merges, self.at)

    def leads(self, lead_ids: Sequence[str], most: int | None) -> tuple[dict[str, LeadHistory], frozenset[str]]:
        """Return the leads that are known, and those that have more than `most` interactions and are not among them."""
        if not lead_ids:
            return {}, frozenset()
        merges = merges_of(self.connection, lead_ids, self.at)
        of = {one: merges.survivor(one) for one in lead_ids}
        known = self._created(set(of.values()))
        try:
            found = self._histories(known, merges, most)
        except _TooManyError:  # counted first, then: of those that are not too large there are not too many
            found = self._histories(self._small(known, merges, most or 0), merges, most)
        return (
            {one: found[survivor] for one, survivor in of.items() if survivor in found},
            frozenset(one for one, survivor in of.items() if survivor in known and survivor not in found),
        )

    def _small(self, known: _Created, merges: Merges, most: int) -> _Created:
        """Those that have at most `most` colleagues and interactions, without reading these."""
        accounts = {account for _, account in known.values() if account is not None}
        crowded = {one for one, count in self._counted(LEADS, "account_id", accounts) if count > most}
        rest = {one: told for one, told in known.items() if told[1] not in crowded}
        colleagues, of_colleagues = self._colleagues(accounts - crowded)
        since = _since(merges, rest, of_colleagues, colleagues)
        sizes: Counter[str] = Counter()
        for lead_id, count in self._counted(INTERACTIONS, "lead_id", since):
            sizes[since[lead_id][0]] += count
        return {
            one: told
            for one, told in rest.items()
            if sum(sizes[each] for each in _together(one, told[1], colleagues)) <= most
        }

    def _histories(self, known: _Created, merges: Merges, most: int | None) -> dict[str, LeadHistory]:
        """Read the leads that have at most `most` interactions (None: any number).

        Raises _TooManyError where all together have more than that for each, or more colleagues.
        """
        limit = None if most is None else most * len(known)
        accounts = {account for _, account in known.values() if account is not None}
        colleagues, of_colleagues = self._colleagues(accounts, limit)
        interactions = self._interactions(_since(merges, known, of_colleagues, colleagues), limit)
        own = {member for one in known for member in merges.members(one)}
        attributes, outcomes = self._attributes(own, merges), self._outcomes(own, merges)
        return {
            one: LeadHistory(
                one,
                created_at,
                account,
                tuple(_versions(attributes[one], merges, one)),
                tuple(interactions[one]),
                tuple(_arrivals(outcomes[one], merges, one)),
                None
                if account is None
                else tuple(what for other in colleagues[account] if other != one for what in interactions[other]),
            )
            for one, (created_at, account) in known.items()
            if most is None or sum(len(interactions[each]) for each in _together(one, account, colleagues)) <= most
        }

    def _created(self, lead_ids: Collection[str]) -> dict[str, tuple[int, str | None]]:
        rows = self._rows(LEADS, ("lead_id", "created_at", "account_id"), "lead_id", lead_ids)
        return {lead_id: (created_at, account) for lead_id, created_at, account in rows}

    def _colleagues(self, accounts: Collection[str], most: int | None = None) -> tuple[dict[str, list[str]], Merges]:
        """The leads of accounts, by account and in order, and their merges; without who ended or objected."""
        if not accounts:
            return {}, NO_MERGES
        rows = sorted(self._rows(LEADS, ("account_id", "lead_id"), "account_id", accounts, most))
        everybody = [lead_id for _, lead_id in rows]
        merges = merges_of(self.connection, everybody, self.at)
        out = objecting(self.connection, everybody, merges, self.at) | merges.ended.keys()
        found: dict[str, list[str]] = defaultdict(list)
        for account, lead_id in rows:
            if lead_id not in out:
                found[account].append(lead_id)
        return found, merges

    def _interactions(
        self, since: Mapping[str, tuple[str, int | None]], most: int | None
    ) -> dict[str, list[Interaction]]:
        """Of all of them by the lead that goes on, sorted by time, then id."""
        found: dict[str, list[Interaction]] = defaultdict(list)
        for name, at, kind, received_at, channel, direction, value, lead_id in self._rows(
            INTERACTIONS, _OF_INTERACTIONS, "lead_id", since, most
        ):
            one, known_at = since[lead_id]
            made = Interaction(name, at, kind, received_at, channel, _DIRECTIONS[direction], value)
            found[one].append(made if known_at is None else merging.received(made, known_at))
        for some in found.values():
            some.sort(key=_by_time)
        return found

    def _attributes(self, lead_ids: Collection[str], merges: Merges) -> Mapping[str, _Told[Attribute]]:
        found: dict[str, _Told[Attribute]] = defaultdict(list)
        columns = "lead_id", "name", "text", "number", "known_at"
        for lead_id, name, text, number, known_at in self._rows(ATTRIBUTES, columns, "lead_id", lead_ids):
            made = Attribute(name, as_stored(name, text, number, self.at.numbers), known_at)
            found[merges.survivor(lead_id)].append((lead_id, made))
        return found

    def _outcomes(self, lead_ids: Collection[str], merges: Merges) -> Mapping[str, _Told[Outcome]]:
        found: dict[str, _Told[Outcome]] = defaultdict(list)
        columns = "lead_id", "stage", "reached_at", "amount"
        for lead_id, stage, reached_at, amount in self._rows(OUTCOMES, columns, "lead_id", lead_ids):
            found[merges.survivor(lead_id)].append((lead_id, Outcome(_STAGES[stage], reached_at, amount)))
        return found

    def _rows(
        self,
        table: sa.Table,
        columns: tuple[str, ...],
        lookup: str,
        values: Collection[str],
        most: int | None = None,
    ) -> Sequence[sa.Row[*tuple[Any, ...]]]:
        given = self._given(values)
        if most is None:
            return self.connection.execute(_query(self._dialect, table, columns, lookup), given).all()
        first = _first(self._dialect, table, columns, lookup)
        rows = self.connection.execute(first, {**given, _MOST: most + 1}).all()
        if len(rows) > most:
            raise _TooManyError
        return rows

    def _counted(self, table: sa.Table, lookup: str, values: Collection[str]) -> Sequence[sa.Row[str, int]]:
        """How many rows there are of each of the values that has any."""
        return self.connection.execute(_count(self._dialect, table, lookup), self._given(values)).all()

    def _given(self, values: Collection[str]) -> dict[str, object]:
        return {_GIVEN: packed(self._dialect, values), _WATERMARK: self.at.watermark}

    @property
    def _dialect(self) -> str:
        return self.connection.dialect.name


# Queries are put together once, as that takes as long as reading a lead.
@cache
def _query(dialect: str, table: sa.Table, columns: tuple[str, ...], lookup: str) -> sa.Select[*tuple[Any, ...]]:
    """The rows whose `lookup` is among what is given."""
    query: sa.Select[*tuple[Any, ...]] = sa.select(*(table.c[name] for name in columns))
    return query.where(*_asked_for(dialect, table, lookup))


@cache
def _first(dialect: str, table: sa.Table, columns: tuple[str, ...], lookup: str) -> sa.Select[*tuple[Any, ...]]:
    """The first of these rows, in no order."""
    # Materialized, and yet read no further than asked for: PostgreSQL plans for all of them, as without the limit. For
    # the first of many it might read the whole table instead of the index.
    rows = _query(dialect, table, columns, lookup).cte("found").prefix_with("materialized", dialect="postgresql")
    return sa.select(*rows.c).limit(sa.bindparam(_MOST, type_=sa.BigInteger()))


@cache
def _count(dialect: str, table: sa.Table, lookup: str) -> sa.Select[str, int]:
    """How many rows there are, by `lookup`."""
    column = table.c[lookup]
    query = sa.select(column, sa.func.count()).where(*_asked_for(dialect, table, lookup))
    return query.group_by(column)


def _asked_for(dialect: str, table: sa.Table, lookup: str) -> tuple[sa.ColumnElement[bool], ...]:
    condition = one_of(dialect, table.c[lookup], sa.bindparam(_GIVEN, type_=sa.Text()))
    return condition, table.c.watermark <= sa.bindparam(_WATERMARK, type_=sa.BigInteger())


def _since(
    merges: Merges, known: Collection[str], of_colleagues: Merges, colleagues: Mapping[str, Sequence[str]]
) -> dict[str, tuple[str, int | None]]:
    """Of each lead whose interactions are asked for the one that it goes on as, and since when (None: always)."""
    since: dict[str, tuple[str, int | None]] = {}
    for whose, leads in ((of_colleagues, (one for some in colleagues.values() for one in some)), (merges, known)):
        for one in leads:
            since |= {member: (one, whose.known_at(member)) for member in whose.members(one)}
    return since


def _together(lead_id: str, account: str | None, colleagues: Mapping[str, Sequence[str]]) -> set[str]:
    """A lead and its colleagues."""
    return {lead_id} if account is None else {lead_id, *colleagues.get(account, ())}


def _by_time(one: Interaction) -> tuple[int, str]:
    return one.occurred_at, one.interaction_id


def _versions(told: _Told[Attribute], merges: Merges, survivor: str) -> list[Attribute]:
    if survivor in merges.survivors:
        return merging.versions(told, merges, survivor)
    return sorted((one for _, one in told), key=lambda one: (one.name, -1 if one.known_at is None else one.known_at))


def _arrivals(told: _Told[Outcome], merges: Merges, survivor: str) -> list[Outcome]:
    if survivor in merges.survivors:
        return merging.outcomes(told, merges)
    return chronological(one for _, one in told)
