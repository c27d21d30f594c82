"""What happened once, and is told again under another lead of the same person.

After a merge CRMs tell the rows of the lead that ended under the one that goes on. The store has each once, under the
lead of which it was told first; told under another of them it is the same row again.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence

import sqlalchemy as sa

from histories.store.database.among import among
from histories.store.database.schema import INTERACTIONS, MERGES
from histories.store.database.values import Value, Values
from histories.store.facts import intake
from histories.store.facts.intake import Prepared

# An id that was made here, of the lead and of what happened, for what was posted without one (serving). That of an
# export's row is looked for by whoever loads it: it alone knows whether the export has ids.
_MADE = re.compile(r"(content|hubspot):[0-9a-f]{32}")
_BEGINNINGS = ("content:", "hubspot:")
_ID, _LEAD, _MOMENT = (intake.INTERACTIONS.columns.index(name) for name in ("interaction_id", "lead_id", "occurred_at"))
_DID = tuple(place for place in intake.INTERACTIONS.content if place != _LEAD)

Persons = Mapping[str, frozenset[str]]


def persons(connection: sa.Connection, lead_ids: Collection[str]) -> Persons:
    """Return, for those of these leads that were merged with others, all leads of the person, themselves among them.

    A merge that was told before its leads were counts too: it cannot be taken back.
    """
    if not connection.execute(sa.select(sa.exists().select_from(MERGES))).scalar():
        return {}
    step = sa.select(MERGES.c.lead_id, MERGES.c.into_lead)
    ends = MERGES.c.lead_id, MERGES.c.into_lead
    met = step.where(sa.or_(*(among(connection, one, lead_ids) for one in ends))).cte("met", recursive=True)
    met = met.union(step.join(met, sa.or_(*(one.in_((met.c.lead_id, met.c.into_lead)) for one in ends))))
    return _joined(connection.execute(sa.select(met.c.lead_id, met.c.into_lead)))


def _joined(merges: Iterable[sa.Row[str, str]]) -> Persons:
    found: dict[str, frozenset[str]] = {}
    for ended, into in merges:
        everybody = found.get(ended, frozenset((ended,))) | found.get(into, frozenset((into,)))
        found |= dict.fromkeys(everybody, everybody)
    return found


def of_leads(connection: sa.Connection, lead_ids: Collection[str], moments: Collection[int]) -> list[Values]:
    """Return the interactions of these leads at these moments (UTC microseconds), in the columns of `intake`."""
    if not lead_ids:
        return []
    columns = (INTERACTIONS.c[name] for name in intake.INTERACTIONS.columns)
    then = INTERACTIONS.c.occurred_at.in_(sorted(moments))
    rows = connection.execute(sa.select(*columns).where(among(connection, INTERACTIONS.c.lead_id, lead_ids), then))
    return [tuple(row) for row in rows]


def as_told_first(
    connection: sa.Connection, prepared: Sequence[Prepared], found: Sequence[Values]
) -> tuple[Sequence[Prepared], Sequence[Values]]:
    """Return interactions under the leads and made ids under which they were told first, and what is there of them.

    `found` is what the store has under the ids of the batch; what it has under others is added. Nothing is asked where
    no id comes under two leads and none was made.
    """
    owners: dict[Value, str] = {row[_ID]: str(row[_LEAD]) for row in found}
    doubtful = _doubtful(prepared, dict(owners))
    if not doubtful:
        return prepared, found
    leads = {str(one[_LEAD]) for one in doubtful}
    known = persons(connection, leads | {owners[one[_ID]] for one in doubtful if one[_ID] in owners})
    if not known:
        return prepared, found
    nameless = [
        one for one in doubtful if one[_ID] not in owners and is_made(str(one[_ID])) and str(one[_LEAD]) in known
    ]
    members = frozenset[str]().union(*(known[str(one[_LEAD])] for one in nameless))
    told = of_leads(connection, members, {int(one[_MOMENT] or 0) for one in nameless})
    return _under_first(prepared, owners, told, known), [*found, *told]


def _doubtful(prepared: Sequence[Prepared], owners: dict[Value, str]) -> list[Values]:
    """The rows whose id stands under another lead, in the store or in the batch, and those whose id was made here."""
    names = [values[_ID] for values, _ in prepared]
    if not owners and len(set(names)) == len(names) and not any(str(one).startswith(_BEGINNINGS) for one in names):
        return []  # as most batches are
    doubtful = []
    for values, wrong in prepared:
        lead_id = str(values[_LEAD])
        if wrong is None and (owners.setdefault(values[_ID], lead_id) != lead_id or is_made(str(values[_ID]))):
            doubtful.append(values)
    return doubtful


def is_made(name: str) -> bool:
    """Tell whether an id was made by the service, of the lead and of what happened."""
    return name.startswith(_BEGINNINGS) and _MADE.fullmatch(name) is not None


def _under_first(
    prepared: Iterable[Prepared], owners: dict[Value, str], told: Iterable[Values], known: Persons
) -> list[Prepared]:
    named: dict[tuple[object, ...], Values] = {}
    for row in sorted(told, key=lambda row: str(row[_ID])):
        if is_made(str(row[_ID])):
            named.setdefault(_happening(row, known), row)
    return [
        one if one.wrong is not None else one._replace(values=_first(one.values, owners, named, known))
        for one in prepared
    ]


def _first(row: Values, owners: dict[Value, str], named: dict[tuple[object, ...], Values], known: Persons) -> Values:
    person = known.get(str(row[_LEAD]))
    if person is None:
        return row
    if is_made(str(row[_ID])) and row[_ID] not in owners:
        first = named.setdefault(_happening(row, known), row)
        return first[_ID], first[_LEAD], *row[2:]
    owner = owners.setdefault(row[_ID], str(row[_LEAD]))
    return (row[_ID], owner, *row[2:]) if owner in person else row


def _happening(row: Values, known: Persons) -> tuple[object, ...]:
    """What names a row without an id: whose it is, what made its id, what happened."""
    maker = str(row[_ID]).partition(":")[0]
    return known[str(row[_LEAD])], maker, *(row[place] for place in _DID)
