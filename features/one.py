"""Features of one lead: its history put into the same arrays, and through the same kernel, as a whole table."""

import math
from collections.abc import Iterable, Sequence
from functools import lru_cache
from operator import attrgetter

import numpy as np

from features import kernel
from features.arrays import Encoded, Floats
from features.catalogue import AttributeSpec, Catalogue
from features.plan import plan
from features.signature import Signatures
from features.stages import steps
from features.zone import EVER
from histories.contract import (
    Attribute,
    AttributeType,
    Interaction,
    LeadHistory,
    without_duplicates,
)

_OWN, _OTHERS = 0, 1
_MEMBERS = np.array([_OWN, _OTHERS], dtype=np.int64)
_NO_TWINS = np.empty(0, dtype=np.int64)
_ORDER = attrgetter("occurred_at", "interaction_id")


def row(history: LeadHistory, cutoff: int, catalogue: Catalogue) -> Floats:
    """Return the features of one lead at one cutoff, float64 [features], NaN where a value is missing.

    The history may come in any order and with duplicates. The row has the same bits as the lead's row of
    `table.compute` over histories that hold the same.
    """
    out = np.empty(len(catalogue.features))
    kernel.row(out, _OWN, cutoff, _encode(history, catalogue), plan(catalogue))
    return out


def unknown_kinds(history: LeadHistory, catalogue: Catalogue, cutoff: int) -> tuple[str, ...]:
    """Return the kinds, visible at the cutoff, that training never saw; they count as `other`. Sorted."""
    seen = {*catalogue.kinds, *catalogue.rare_kinds}
    return tuple(sorted({one.kind for one in history.interactions if _visible(one, cutoff)} - seen))


def missing_attributes(history: LeadHistory, catalogue: Catalogue, cutoff: int) -> tuple[str, ...]:
    """Return the catalogue's attributes that have no value at the cutoff, in the catalogue's order."""
    keys, values = _attributes(history.attributes, catalogue)
    at_cutoff = {place: value for (place, known_at), value in zip(keys, values, strict=True) if known_at < cutoff}
    return tuple(
        spec.name for place, spec in enumerate(catalogue.attributes) if math.isnan(at_cutoff.get(place, math.nan))
    )


def warm_up(catalogue: Catalogue) -> None:
    """Compile the kernel, or load it, so that the first request does not wait for it."""
    history = LeadHistory("warm-up", 0, interactions=(Interaction("1", 0, "warm-up", value=1.0),))
    row(history, 1, catalogue)


def _visible(one: Interaction, cutoff: int) -> bool:
    return one.occurred_at < cutoff and (one.received_at is None or one.received_at <= cutoff)


@lru_cache(maxsize=8)
def _signatures(catalogue: Catalogue) -> Signatures:
    return catalogue.signatures()


def _encode(history: LeadHistory, catalogue: Catalogue) -> Encoded:
    """Return the lead as lead 0 and the account's others, where they are known, as one lead 1 of its account."""
    own = _distinct(history.interactions)
    others = _distinct(history.account_interactions or ())
    both = own + others
    signature = _signatures(catalogue).of
    keys, values = _attributes(history.attributes, catalogue)
    stage_steps = steps(history.outcomes) if history.outcomes else []
    account = (-1, -1) if history.account_interactions is None else (0, 2)
    return Encoded(
        leads=np.array(
            [
                (history.created_at, 0, len(own), *account, 0, len(values), 0, len(stage_steps)),
                (0, len(own), len(both), -1, -1, 0, 0, 0, 0),
            ],
            dtype=np.int64,
        ),
        members=_MEMBERS,
        occurred=np.array([one.occurred_at for one in both], dtype=np.int64),
        received=np.array([EVER if one.received_at is None else one.received_at for one in both], dtype=np.int64),
        signature=np.array([signature(one.kind, one.direction, one.channel) for one in both], dtype=np.int64),
        value=np.array([math.nan if one.value is None else one.value for one in both], dtype=np.float64),
        twins=_NO_TWINS,
        attributes=np.array(keys, dtype=np.int64).reshape(-1, 2),
        attribute_values=np.array(values, dtype=np.float64),
        steps=np.array(stage_steps, dtype=np.int64).reshape(-1, 4),
    )


def _distinct(interactions: Sequence[Interaction]) -> list[Interaction]:
    if len({one.interaction_id for one in interactions}) == len(interactions):
        return sorted(interactions, key=_ORDER)
    return without_duplicates(interactions)


def _attributes(attributes: Iterable[Attribute], catalogue: Catalogue) -> tuple[list[tuple[int, int]], list[float]]:
    """Return [place, known_at] and values, ascending by place, known_at and value, the missing first."""
    specs = _specs(catalogue)
    rows = []
    for one in attributes:
        if one.name in specs:
            place, spec = specs[one.name]
            value = _value(one, spec)
            known_at = EVER if one.known_at is None else one.known_at
            rows.append((place, known_at, -math.inf if math.isnan(value) else value, value))
    rows.sort(key=lambda one: one[:3])
    return [(place, known_at) for place, known_at, *_ in rows], [value for *_, value in rows]


@lru_cache(maxsize=8)
def _specs(catalogue: Catalogue) -> dict[str, tuple[int, AttributeSpec]]:
    return {spec.name: (place, spec) for place, spec in enumerate(catalogue.attributes)}


def _value(one: Attribute, spec: AttributeSpec) -> float:
    """Encode a value; one that is not of the attribute's type, or infinite, is missing."""
    if spec.type is AttributeType.NUMBER:
        number = math.nan if one.value is None or isinstance(one.value, str) else float(one.value)
        # Adding 0 makes -0.0 plain: the two zeros are equal in order, but not in bits.
        return number + 0.0 if math.isfinite(number) else math.nan
    if not isinstance(one.value, str):
        return math.nan
    return float(spec.categories.index(one.value) if one.value in spec.categories else len(spec.categories))
