"""What the store has been told already, as whoever loads an export has to know it."""

from collections.abc import Collection

import sqlalchemy as sa

from histories.store.database.among import among
from histories.store.database.schema import INTERACTIONS
from histories.store.database.values import Values
from histories.store.facts import same_person
from histories.store.facts.same_person import Persons
from histories.store.facts.store import Store


def any_named(store: Store, source: str) -> bool:
    """Tell whether the store has an interaction whose id begins with the name of this source."""
    name = INTERACTIONS.c.interaction_id
    query = sa.select(name).where(name >= f"{source}:", name < f"{source};").limit(1)  # ; comes after :
    with store.database.reading() as connection:
        return connection.execute(query).first() is not None


def owners(store: Store, interaction_ids: Collection[str]) -> dict[str, str]:
    """Return the lead of each of these interactions that the store has, by their ids."""
    columns = INTERACTIONS.c.interaction_id, INTERACTIONS.c.lead_id
    with store.database.reading() as connection:
        query = sa.select(*columns).where(among(connection, INTERACTIONS.c.interaction_id, interaction_ids))
        return {name: lead_id for name, lead_id in connection.execute(query)}  # noqa: C416 - a row is no pair to mypy


def persons(store: Store, lead_ids: Collection[str]) -> Persons:
    """Return, for those of these leads that were merged with others, all leads of the person, themselves among them."""
    with store.database.reading() as connection:
        return same_person.persons(connection, lead_ids)


def of_leads(store: Store, lead_ids: Collection[str], moments: Collection[int]) -> list[Values]:
    """Return the interactions of these leads at these moments (UTC microseconds), in the columns of `intake`."""
    with store.database.reading() as connection:
        return same_person.of_leads(connection, lead_ids, moments)
