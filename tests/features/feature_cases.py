"""What a check is given: a company, one of its leads, a cutoff, a catalogue, and something to change it with."""

import random
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from feature_histories import WORLDS, companies, leads, moments_before
from feature_subject import Company, whole
from hypothesis import strategies as st

from features.catalogue import Catalogue
from histories.contract import Interaction, LeadHistory

_PARTS = ("interaction_id", "occurred_at", "kind", "received_at", "channel", "direction", "value")


@dataclass(frozen=True)
class Case:
    """`stranger` lived elsewhere: what is added or put in place comes from there. `seed` decides orders and splits."""

    company: tuple[LeadHistory, ...]
    lead_id: str
    cutoff: int
    catalogue: Catalogue
    stranger: LeadHistory
    seed: int

    @property
    def lead(self) -> LeadHistory:
        """The lead, with what its account's others did."""
        return whole(self.company, self.lead_id)

    @property
    def random(self) -> random.Random:
        """Chance that the case decides."""
        return random.Random(self.seed)  # noqa: S311


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Four leads."""
    catalogue, centre = draw(st.sampled_from(WORLDS))
    return Case(
        tuple(draw(companies(centre))),
        draw(st.sampled_from("abcd")),
        draw(st.one_of(st.just(centre), moments_before(centre))),
        catalogue,
        draw(leads("stranger", cutoff=centre)),
        draw(st.integers(0, 99)),
    )


@st.composite
def pairs_of_leads(draw: st.DrawFn) -> Case:
    """A lead and one other of its account: enough for checks that ask for single rows."""
    catalogue, centre = draw(st.sampled_from(WORLDS))
    account = draw(st.sampled_from([None, "acme"]))
    return Case(
        (draw(leads("a", account, centre)), draw(leads("b", account, centre))),
        "a",
        draw(st.one_of(st.just(centre), moments_before(centre))),
        catalogue,
        draw(leads("stranger", cutoff=centre)),
        draw(st.integers(0, 99)),
    )


def changed(one: Interaction, **parts: Any) -> Interaction:
    """Return an interaction of which some parts are others."""
    return Interaction(**{name: parts.get(name, getattr(one, name)) for name in _PARTS})


def renamed(interactions: Iterable[Interaction], prefix: str) -> tuple[Interaction, ...]:
    """Return interactions under ids that nothing else has."""
    return tuple(changed(one, interaction_id=f"{prefix}:{one.interaction_id}") for one in interactions)


def with_events(lead: LeadHistory, more: Iterable[Interaction]) -> LeadHistory:
    """Return a lead to whom more happened; so it did in the account, where that is known."""
    new = renamed(more, "new")
    others = lead.account_interactions
    return replace(
        lead,
        interactions=lead.interactions + new,
        account_interactions=None if others is None else others + renamed(new, "other"),
    )


def received(one: Interaction) -> int:
    """Return when an interaction was known."""
    return one.occurred_at if one.received_at is None else one.received_at


def shuffled(company: Company, chance: random.Random) -> list[LeadHistory]:
    """Return the same leads, and of each the same things, in another order."""
    found = [_shuffled_lead(lead, chance) for lead in company]
    chance.shuffle(found)
    return found


def _shuffled_lead(lead: LeadHistory, chance: random.Random) -> LeadHistory:
    def other_order(things: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(chance.sample(things, len(things)))

    others = lead.account_interactions
    return replace(
        lead,
        attributes=other_order(lead.attributes),
        interactions=other_order(lead.interactions),
        outcomes=other_order(lead.outcomes),
        account_interactions=None if others is None else other_order(others),
    )
