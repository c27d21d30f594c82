"""Features of one lead: its history put into the same arrays, and through the same kernel, as a whole table."""

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from features.catalogue import AttributeSpec, Catalogue
from features.encoding.order import rises
from features.encoding.stages import CODES, steps
from features.encoding.zone import EVER
from features.kernel import kernel
from features.kernel.arrays import Encoded, Floats, Ints
from features.kernel.plan import plan
from histories.contract import (
    Attribute,
    AttributeType,
    Direction,
    Interaction,
    LeadHistory,
    Outcome,
    Stage,
    without_duplicates,
)

_OWN, _OTHERS = 0, 1
_USUAL = 4096
# Arrays that nobody writes to, shared by all rows. They are not marked read-only: to the compiler, that is a type.
_MEMBERS = np.array([_OWN, _OTHERS], dtype=np.int64)
_EVER, _NONE = np.full(_USUAL, EVER, dtype=np.int64), np.full(_USUAL, np.nan)
_NO_TWINS = np.empty(0, dtype=np.int64)
_NO_KEYS, _NO_STEPS = np.empty((0, 2), dtype=np.int64), np.empty((0, 4), dtype=np.int64)


class _Columns(NamedTuple):
    """Interactions of one lead, ascending by time and id."""

    occurred: Ints
    received: Ints
    signature: Ints
    value: Floats


_NOTHING = _Columns(_NO_TWINS, _NO_TWINS, _NO_TWINS, _NONE[:0])


class Rows:
    """Rows of single leads. All that depends on the catalogue alone is made once; a row changes none of it."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._plan, self._signatures = plan(catalogue), catalogue.signatures()
        self._width = len(catalogue.features)
        self._seen_kinds = frozenset((*catalogue.kinds, *catalogue.rare_kinds))
        self._attributes = {spec.name: (place, _codes(spec)) for place, spec in enumerate(catalogue.attributes)}

    def row(self, history: LeadHistory, cutoff: int) -> Floats:
        """Return the features of one lead at one cutoff, float64 [features], NaN where a value is missing.

        The history may come in any order and with duplicates. The row has the same bits as the lead's row of
        `table.compute` over histories that hold the same.
        """
        out = np.empty(self._width)
        kernel.row(out, _OWN, cutoff, self._encode(history), self._plan)
        return out

    def unknown_kinds(self, history: LeadHistory, cutoff: int) -> tuple[str, ...]:
        """Return the kinds, visible at the cutoff, that training never saw; they count as `other`. Sorted."""
        unknown = {one.kind for one in history.interactions} - self._seen_kinds
        if not unknown:
            return ()
        return tuple(
            sorted({one.kind for one in history.interactions if one.kind in unknown and _visible(one, cutoff)})
        )

    def missing_attributes(self, history: LeadHistory, cutoff: int) -> tuple[str, ...]:
        """Return the catalogue's attributes that have no value at the cutoff, in the catalogue's order."""
        keys, values = self._values(history.attributes)
        at_cutoff = {place: value for (place, known_at), value in zip(keys, values, strict=True) if known_at < cutoff}
        return tuple(
            name for name, (place, _) in self._attributes.items() if math.isnan(at_cutoff.get(place, math.nan))
        )

    def warm_up(self) -> None:
        """Compile all that a row may ask for, or load it, so that the first request does not wait for it."""
        seen = (
            Interaction("2", 1, "warm-up", 2, "warm-up", Direction.INBOUND, 1.0),
            Interaction("1", 0, "warm-up"),
        )
        attributes = tuple(Attribute(name, None) for name in self._attributes)
        self.row(LeadHistory("warm-up", 0, None, attributes, seen, (Outcome(Stage.MQL, 1),), seen), 3)

    def _encode(self, history: LeadHistory) -> Encoded:
        """Return the lead as lead 0 and the account's others, where they are known, as one lead 1 of its account."""
        own = both = self._columns(history.interactions)
        if history.account_interactions:
            others = self._columns(history.account_interactions)
            both = _joined(own, others)
        keys, values = self._known(history.attributes) if history.attributes else (_NO_KEYS, _NOTHING.value)
        stage_steps = _steps(history.outcomes) if history.outcomes else _NO_STEPS
        first, end = (-1, -1) if history.account_interactions is None else (0, 2)
        seen, all_seen = own.occurred.size, both.occurred.size
        leads = np.array(
            [
                (history.created_at, 0, seen, first, end, 0, values.size, 0, len(stage_steps)),
                (0, seen, all_seen, -1, -1, 0, 0, 0, 0),
            ],
            dtype=np.int64,
        )
        return Encoded(leads, _MEMBERS, *both, _NO_TWINS, keys, values, stage_steps)

    def _columns(self, interactions: Sequence[Interaction]) -> _Columns:
        count = len(interactions)
        if not count:
            return _NOTHING
        ids, times, kinds, received, channels, directions, values = zip(*interactions, strict=True)
        if len(set(ids)) != count:
            return self._columns(without_duplicates(interactions))
        columns = _Columns(
            np.fromiter(times, np.int64, count),
            _received(received, count),
            np.fromiter(self._signatures.of_each(zip(kinds, directions, channels, strict=True)), np.int64, count),
            _shared(_NONE, count) if values.count(None) == count else np.fromiter(values, np.float64, count),
        )
        return columns if rises(columns.occurred) else _sorted(columns, ids)

    def _known(self, attributes: Sequence[Attribute]) -> tuple[Ints, Floats]:
        """Return [place, known_at] and values, as in `Encoded`."""
        keys, values = self._values(attributes)
        return np.array(keys, dtype=np.int64).reshape(-1, 2), np.array(values, dtype=np.float64)

    def _values(self, attributes: Sequence[Attribute]) -> tuple[list[tuple[int, int]], list[float]]:
        """Return [place, known_at] and values, ascending by place, known_at and value, the missing first."""
        rows = []
        for one in attributes:
            spec = self._attributes.get(one.name)
            if spec is not None:
                place, codes = spec
                value = _number(one.value) if codes is None else _code(one.value, codes)
                known_at = EVER if one.known_at is None else one.known_at
                rows.append((place, known_at, -math.inf if math.isnan(value) else value, value))
        rows.sort()
        return [row[:2] for row in rows], [row[3] for row in rows]


def row(history: LeadHistory, cutoff: int, catalogue: Catalogue) -> Floats:
    """`Rows.row`, for who asks now and then: what depends on the catalogue is looked up each time."""
    return _rows(catalogue).row(history, cutoff)


def unknown_kinds(history: LeadHistory, catalogue: Catalogue, cutoff: int) -> tuple[str, ...]:
    """`Rows.unknown_kinds`, for who asks now and then."""
    return _rows(catalogue).unknown_kinds(history, cutoff)


def missing_attributes(history: LeadHistory, catalogue: Catalogue, cutoff: int) -> tuple[str, ...]:
    """`Rows.missing_attributes`, for who asks now and then."""
    return _rows(catalogue).missing_attributes(history, cutoff)


def warm_up(catalogue: Catalogue) -> None:
    """`Rows.warm_up`, for who asks now and then."""
    _rows(catalogue).warm_up()


@lru_cache(maxsize=8)
def _rows(catalogue: Catalogue) -> Rows:
    return Rows(catalogue)


def _visible(one: Interaction, cutoff: int) -> bool:
    return one.occurred_at < cutoff and (one.received_at is None or one.received_at <= cutoff)


def _shared(constant: np.ndarray, count: int) -> np.ndarray:
    return constant[:count] if count <= _USUAL else np.repeat(constant[:1], count)


def _received(moments: tuple[int | None, ...], count: int) -> Ints:
    as_it_happened = moments.count(None)
    if as_it_happened == count:
        return _shared(_EVER, count)
    if as_it_happened:
        return np.fromiter([EVER if one is None else one for one in moments], np.int64, count)
    return np.fromiter(moments, np.int64, count)


def _joined(own: _Columns, others: _Columns) -> _Columns:
    return _Columns(
        np.concatenate([own.occurred, others.occurred]),
        np.concatenate([own.received, others.received]),
        np.concatenate([own.signature, others.signature]),
        np.concatenate([own.value, others.value]),
    )


def _sorted(columns: _Columns, ids: tuple[str, ...]) -> _Columns:
    order = np.argsort(columns.occurred, kind="stable")
    if not rises(columns.occurred[order]):
        keys = list(zip(columns.occurred.tolist(), ids, strict=True))
        order = np.array(sorted(range(len(keys)), key=keys.__getitem__))
    occurred, received, signature, value = columns
    return _Columns(occurred[order], received[order], signature[order], value[order])


def _codes(spec: AttributeSpec) -> dict[str, float] | None:
    """Return the code of each text of a category; None: the attribute is a number."""
    if spec.type is AttributeType.NUMBER:
        return None
    return {text: float(code) for code, text in enumerate(spec.categories)}


def _number(value: str | float | None) -> float:
    """Return a number; a text and what is infinite are missing."""
    if value is None or isinstance(value, str):
        return math.nan
    # Adding 0 makes -0.0 plain: the two zeros are equal in order, but not in bits.
    return float(value) + 0.0 if math.isfinite(value) else math.nan


def _code(value: str | float | None, codes: dict[str, float]) -> float:
    """Return a text's code, the last one where training knew none; what is no text is missing."""
    return codes.get(value, float(len(codes))) if isinstance(value, str) else math.nan


def _steps(outcomes: Sequence[Outcome]) -> Ints:
    ascending = sorted((_OWN, one.reached_at, CODES[one.stage]) for one in outcomes)
    return steps(np.array(ascending, dtype=np.int64))[1]
