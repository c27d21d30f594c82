"""Histories that hypothesis makes: few kinds, times that tie and stand on the windows' edges, late and double arrivals."""

import math

import numpy as np
import pyarrow as pa
from hypothesis import strategies as st

from features.catalogue import AttributeSpec, Catalogue
from histories.assemble import assemble
from histories.clock import DAY, HOUR, MINUTE, parse
from histories.contract import (
    Attribute,
    AttributeType,
    Direction,
    Families,
    Histories,
    Interaction,
    LeadHistory,
    Outcome,
    Stage,
)

# Four days after clocks went forward in Amsterdam, so that windows hold a day of 23 hours.
CUTOFF = parse("2024-04-04T10:20:30.000005Z")
FAMILIES = Families(
    {"intent": ("demo_*", "pricing"), "two_way": ("reply", "call"), "outbound": ("mail", "call"), "negative": ("stop",)}
)
KINDS = ("mail", "reply", "pricing", "demo_request", "call", "stop", "unseen", "demo_unseen")
TYPES = {"industry": AttributeType.CATEGORY, "size": AttributeType.NUMBER}
CATALOGUE = Catalogue(
    kinds=("mail", "pricing", "reply", "call"),
    families=FAMILIES,
    attributes=(
        AttributeSpec("industry", AttributeType.CATEGORY, ("bank", "farm")),
        AttributeSpec("size", AttributeType.NUMBER),
    ),
    timezone="Europe/Amsterdam",
    channels=("email", "web"),
    valued=("interactions", "family:intent", "kind:pricing", "other", "direction:outbound"),
    rare_kinds=("stop",),
)

_EDGES = [days * DAY for days in (0, 1, 3, 7, 14, 30, 90)]
_ages = st.one_of(
    st.builds(lambda edge, off: edge + off, st.sampled_from(_EDGES), st.sampled_from([-1, 0, 1])),
    st.builds(lambda hours: hours * HOUR, st.integers(-30, 24 * 120)),
    st.builds(lambda minutes: minutes * 10 * MINUTE, st.integers(0, 30)),
    st.integers(-2 * DAY, 400 * DAY),
)
moments = _ages.map(lambda age: CUTOFF - age)


@st.composite
def interactions(draw: st.DrawFn) -> Interaction:
    """One interaction; ids are few, so that duplicates come, with other content too."""
    occurred_at = draw(moments)
    late = draw(st.sampled_from([None, None, None, 0, 1, 3 * DAY, 40 * DAY]))
    return Interaction(
        interaction_id=f"crm:{draw(st.integers(0, 40))}",
        occurred_at=occurred_at,
        kind=draw(st.sampled_from(KINDS)),
        received_at=None if late is None else occurred_at + late,
        channel=draw(st.sampled_from([None, "email", "web", "phone", "fax"])),
        direction=draw(st.sampled_from([None, Direction.INBOUND, Direction.OUTBOUND])),
        value=draw(st.sampled_from([None, 0.0, 1.5, -2.25, 1e6, 0.1, math.inf])),
    )


_known_at = st.one_of(st.none(), moments)
attributes = st.one_of(
    st.builds(Attribute, st.just("industry"), st.sampled_from(["bank", "farm", "mine", None]), _known_at),
    st.builds(
        Attribute, st.just("size"), st.sampled_from([1.0, 12.5, -0.0, 0.0, None, math.nan, -math.inf]), _known_at
    ),
)
outcomes = st.builds(Outcome, st.sampled_from(list(Stage)), moments)


def leads(lead_id: str, account_id: str | None = None) -> st.SearchStrategy[LeadHistory]:
    """Return histories of one lead, from nothing at all to some dozens of interactions."""
    return st.builds(
        LeadHistory,
        st.just(lead_id),
        st.integers(0, 200).map(lambda days: CUTOFF - days * DAY - 7),
        st.just(account_id),
        st.lists(attributes, max_size=6).map(tuple),
        st.lists(interactions(), max_size=40).map(tuple),
        st.lists(outcomes, max_size=5).map(tuple),
    )


@st.composite
def companies(draw: st.DrawFn) -> list[LeadHistory]:
    """Four leads: two or three of one account, the others of another or none."""
    account = draw(st.sampled_from([None, "acme", "solo"]))
    return [draw(leads("a", "acme")), draw(leads("b", "acme")), draw(leads("c", account)), draw(leads("d"))]


def histories(of: list[LeadHistory]) -> Histories:
    """Put leads into tables."""
    return assemble(
        of, exported_at=CUTOFF + 400 * DAY, timezone="Europe/Amsterdam", families=FAMILIES, attribute_types=TYPES
    )


def snapshots(pairs: list[tuple[str, int]]) -> pa.Table:
    """Return a table of (lead_id, cutoff)."""
    return pa.table(
        {
            "lead_id": pa.array([one for one, _ in pairs], pa.string()),
            "cutoff": pa.array([at for _, at in pairs], pa.int64()),
        }
    )


def same_bits(one: np.ndarray, other: np.ndarray) -> bool:
    """Tell whether two float arrays are equal to the last bit, missing values too."""
    return one.shape == other.shape and bool((one.view(np.uint64) == other.view(np.uint64)).all())
