"""Histories that hypothesis makes: few kinds, ties, times on the windows' edges, late and double arrivals, long tails."""

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import product

import numpy as np
import pyarrow as pa
from feature_own import OWN
from hypothesis import strategies as st

from features.catalogue import AttributeSpec, Catalogue, with_own
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
# Days after clocks changed at midnight: forward (a day without its first hour), back (a day that begins twice).
MIDNIGHTS = (
    (replace(CATALOGUE, timezone="Asia/Beirut"), parse("2024-04-02T07:20:30.000005Z")),
    (replace(CATALOGUE, timezone="America/Havana"), parse("2023-11-06T15:20:30.000005Z")),
    (replace(CATALOGUE, timezone="America/St_Johns"), parse("2005-10-31T02:20:30.000005Z")),
)
# Sums of everything and of nothing else; of some kinds and not of everything.
VALUED = tuple(
    (replace(CATALOGUE, valued=valued), CUTOFF)
    for valued in (("interactions",), ("direction:inbound", "replies", "kind:call", "other"))
)
BARE = Catalogue((), Families({}), (), "UTC")
OWNED = with_own(CATALOGUE, OWN)
WORLDS = ((CATALOGUE, CUTOFF), (OWNED, CUTOFF), *VALUED, *MIDNIGHTS, (BARE, CUTOFF))

_WINDOWS = (0, 1, 3, 7, 14, 30, 90)
_ages = st.one_of(
    st.sampled_from([days * DAY + off for days in _WINDOWS for off in (-1, 0, 1)]),
    st.integers(-30, 24 * 120).map(lambda hours: hours * HOUR),
    st.integers(0, 30).map(lambda tens: tens * 10 * MINUTE),
    st.integers(-2 * DAY, 400 * DAY),
    # Thousands of the shortest half-life: a decayed count must neither overflow nor keep what is long gone.
    st.sampled_from([600 * DAY, 1_700 * DAY, 4_000 * DAY, 12_000 * DAY]),
)
_lateness = st.sampled_from([None, None, None, 0, 1, -HOUR, 3 * DAY, 40 * DAY])
_channels = st.sampled_from(
    list(product((None, "email", "web", "phone", "fax"), (None, Direction.INBOUND, Direction.OUTBOUND)))
)
_values = st.one_of(
    st.sampled_from([None, None, 0.0, 1.5, -2.25, 1e6, 0.1, math.inf]),
    st.builds(lambda digits, power: digits * 10.0**power, st.integers(-999, 999), st.integers(-60, 60)),
)


def moments_before(cutoff: int) -> st.SearchStrategy[int]:
    """Return times around a cutoff, many of them on a window's edge or a microsecond beside it."""
    return _ages.map(lambda age: cutoff - age)


moments = moments_before(CUTOFF)


@st.composite
def interactions(draw: st.DrawFn, cutoff: int = CUTOFF) -> Interaction:
    """One interaction; ids are few, so that duplicates come, with other content too."""
    occurred_at = cutoff - draw(_ages)
    late = draw(_lateness)
    channel, direction = draw(_channels)
    return Interaction(
        interaction_id=f"crm:{draw(st.integers(0, 25))}",
        occurred_at=occurred_at,
        kind=draw(st.sampled_from(KINDS)),
        received_at=None if late is None else occurred_at + late,
        channel=channel,
        direction=direction,
        value=draw(_values),
    )


_grids = st.sampled_from([1, 1, DAY, 30 * DAY])


def _on_a_grid(events: list[Interaction], cutoff: int, step: int) -> tuple[Interaction, ...]:
    """Round ages to a grid, so that ties come."""
    ages = [(cutoff - one.occurred_at) // step * step for one in events]
    return tuple(
        Interaction(one.interaction_id, cutoff - age, one.kind, one.received_at, one.channel, one.direction, one.value)
        for one, age in zip(events, ages, strict=True)
    )


@st.composite
def bursts(draw: st.DrawFn, cutoff: int = CUTOFF) -> tuple[Interaction, ...]:
    """Up to 300 interactions at equal distances, or all at one moment; some arrive around the cutoff."""
    count, step = draw(st.integers(2, 300)), draw(st.sampled_from([0, 1, 7 * MINUTE, 30 * MINUTE, 11 * HOUR, DAY]))
    start, late = draw(_ages), draw(st.sampled_from([None, 0, 2 * DAY]))
    return tuple(
        Interaction(
            f"burst:{place}",
            cutoff - start - place * step,
            KINDS[place % draw_kinds],
            None if late is None or place % 5 else cutoff - start - place * step + late,
            ("email", "web", None)[place % 3],
            None,
            float(place) if place % 4 else None,
        )
        for draw_kinds in [draw(st.integers(1, len(KINDS)))]
        for place in range(count)
    )


def attributes_before(cutoff: int) -> st.SearchStrategy[Attribute]:
    """Return values of both types, missing ones too, known with the lead or from some moment on."""
    known_at = st.one_of(st.none(), moments_before(cutoff))
    numbers = st.sampled_from([1.0, 12.5, -0.0, 0.0, None, math.nan, -math.inf, 1e300])
    return st.one_of(
        st.builds(Attribute, st.just("industry"), st.sampled_from(["bank", "farm", "mine", None]), known_at),
        st.builds(Attribute, st.just("size"), numbers, known_at),
    )


attributes = attributes_before(CUTOFF)
outcomes = st.builds(Outcome, st.sampled_from(list(Stage)), moments)


def leads(lead_id: str, account_id: str | None = None, cutoff: int = CUTOFF) -> st.SearchStrategy[LeadHistory]:
    """Return histories of one lead, from nothing at all to some hundreds of interactions."""
    some = st.builds(_on_a_grid, st.lists(interactions(cutoff), max_size=40), st.just(cutoff), _grids)
    many = st.builds(
        lambda few, burst: few + burst, st.lists(interactions(cutoff), max_size=8).map(tuple), bursts(cutoff)
    )
    return st.builds(
        LeadHistory,
        st.just(lead_id),
        st.integers(0, 200).map(lambda days: cutoff - days * DAY - 7),
        st.just(account_id),
        st.lists(attributes_before(cutoff), max_size=6).map(tuple),
        st.one_of(some, some, many),
        st.lists(st.builds(Outcome, st.sampled_from(list(Stage)), moments_before(cutoff)), max_size=5).map(tuple),
    )


@st.composite
def companies(draw: st.DrawFn, cutoff: int = CUTOFF) -> list[LeadHistory]:
    """Four leads: two or three of one account, the others of another or none."""
    account = draw(st.sampled_from([None, "acme", "solo"]))
    members = [("a", "acme"), ("b", "acme"), ("c", account), ("d", None)]
    return [draw(leads(lead_id, account_id, cutoff)) for lead_id, account_id in members]


def histories(of: Sequence[LeadHistory]) -> Histories:
    """Put leads into tables."""
    return assemble(
        of, exported_at=CUTOFF + 400 * DAY, timezone="Europe/Amsterdam", families=FAMILIES, attribute_types=TYPES
    )


def snapshots(pairs: Sequence[tuple[str, int]]) -> pa.Table:
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
