"""How an export's interactions are named in the store, and which are there under another name or lead already.

An interaction is named by its source and its id; where a source has one id with several leads, by the lead too, since
the store knows ids alone. A newer export of the same CRM may name the same row otherwise: an id may have become one of
several leads, the hash that stands for a missing id is of columns that may change, and after a merge the row is told
under the lead that goes on. The name under which a row came first stays.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from histories.contract import Direction, Interaction
from histories.store import InteractionRow, Store
from histories.store.database.values import Values
from histories.store.facts import told
from histories.store.facts.intake import INTERACTIONS
from histories.store.facts.missing import missing
from histories.store.facts.same_person import Persons, is_made

_DIRECTIONS: dict[str | None, Direction | None] = {None: None, **{one.value: one for one in Direction}}
_POSTED = "content"  # what ids begin with that the service made of what was posted without one


@dataclass(frozen=True, slots=True)
class Names:
    """How interactions are named.

    `shared` are the sources in which one id stands with several leads, `nameless` those without ids, `there` those of
    which the store may have rows.
    """

    sources: tuple[str, ...]
    shared: frozenset[str]
    nameless: frozenset[str]
    there: frozenset[str]

    def row(
        self,
        lead_id: str,
        interaction_id: str,
        occurred_at: int,
        received_at: int | None,
        kind: str,
        channel: str | None,
        direction: str | None,
        value: float | None,
    ) -> InteractionRow:
        """Return a row of the contract's table under the name by which a new one is known.

        With the lead behind the source's name: of one lead, ids keep their order, by which features break ties.
        """
        source = self.source_of(interaction_id) if self.shared else ""
        name = f"{source}:{lead_id}{interaction_id[len(source) :]}" if source in self.shared else interaction_id
        one = Interaction(name, occurred_at, kind, received_at, channel, _DIRECTIONS[direction], value)
        return InteractionRow(lead_id, one)

    def source_of(self, interaction_id: str) -> str:
        """Return the source of an id; an empty text: it is of none of these."""
        return max((one for one in self.sources if interaction_id.startswith(f"{one}:")), key=len, default="")

    def own(self, row: InteractionRow) -> str:
        """Return the id that a row has in its source."""
        name = row.interaction.interaction_id
        source = self.source_of(name)
        found = name[len(source) + 1 :]
        return found.removeprefix(f"{row.lead_id}:") if source in self.shared else found


def fresh(store: Store, names: Names, rows: Sequence[InteractionRow]) -> list[InteractionRow]:
    """Return the rows that the store does not have, or has with another content: under its name and lead then.

    All rows of a lead and a moment that have no ids must come together: of several that are alike, as many are there
    as the store has. Raises StoreUnavailableError.
    """
    left = missing(store, INTERACTIONS, rows)
    doubtful = [row for row in left if names.source_of(row.interaction.interaction_id) in names.there]
    if not doubtful:
        return left
    ids = {row.interaction.interaction_id for row in left}
    there = {row.interaction.interaction_id for row in rows} - ids
    persons = told.persons(store, {row.lead_id for row in doubtful})
    nameless = [row for row in doubtful if names.source_of(row.interaction.interaction_id) in names.nameless]
    first = _by_content(store, names, nameless, persons, there) | _by_id(store, names, doubtful, persons)
    known = missing(store, INTERACTIONS, list(first.values()))
    return [row for row in left if row not in first] + known


def _by_id(
    store: Store, names: Names, rows: Iterable[InteractionRow], persons: Persons
) -> dict[InteractionRow, InteractionRow]:
    """Rows whose id in their source stands with the same person, by the name and lead under which it does."""
    wanted = {row: tuple(_names(names, row, persons.get(row.lead_id, frozenset((row.lead_id,))))) for row in rows}
    owners = told.owners(store, {one for some in wanted.values() for one in some})
    found = {}
    for row, some in wanted.items():
        person = persons.get(row.lead_id, (row.lead_id,))
        name = next((one for one in some if owners.get(one) in person), None)
        if name is not None:
            found[row] = _told_as(row, name, owners[name])
    return found


def _names(names: Names, row: InteractionRow, person: Iterable[str]) -> Iterator[str]:
    source, own = names.source_of(row.interaction.interaction_id), names.own(row)
    yield row.interaction.interaction_id
    yield f"{source}:{own}"
    for lead_id in sorted(person):
        yield f"{source}:{lead_id}:{own}"


def _by_content(
    store: Store, names: Names, rows: Sequence[InteractionRow], persons: Persons, there: Iterable[str]
) -> dict[InteractionRow, InteractionRow]:
    """Rows without ids that happened alike to rows of their source, or to posted ones without ids: each to one."""
    spare: dict[tuple[object, ...], list[Values]] = defaultdict(list)
    taken = frozenset(there)
    for values in near(store, rows, persons):
        name = str(values[0])
        if name not in taken:
            maker = _POSTED if is_made(name) else names.source_of(name)
            spare[maker, *happening(values, persons)].append(values)
    found = {}
    for row in rows:
        happened = happening(INTERACTIONS.values(row), persons)
        for maker in (names.source_of(row.interaction.interaction_id), _POSTED):
            if some := spare.get((maker, *happened)):
                first = some.pop(0)
                found[row] = _told_as(row, str(first[0]), str(first[1]))
                break
    return found


def near(store: Store, rows: Sequence[InteractionRow], persons: Persons) -> list[Values]:
    """Return what the store has of the rows' persons at the rows' moments, by id."""
    leads = {one for row in rows for one in persons.get(row.lead_id, (row.lead_id,))}
    return sorted(
        told.of_leads(store, leads, {row.interaction.occurred_at for row in rows}), key=lambda one: str(one[0])
    )


def happening(values: Values, persons: Persons) -> tuple[object, ...]:
    """What names a row that has no id: whose it is, when, and what happened."""
    lead_id = str(values[1])
    return persons.get(lead_id, lead_id), values[2], *values[4:]


def _told_as(row: InteractionRow, name: str, lead_id: str) -> InteractionRow:
    return replace(row, lead_id=lead_id, interaction=row.interaction._replace(interaction_id=name))
