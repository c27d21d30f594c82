"""What in a lead's history meets a rulebook's conditions, and the points of that at any moment.

A tally is made once for a lead; asking it for the points of one more moment costs microseconds. The table of
points, the ledger, the crossing of a stage and the moment of rescoring all ask the same tally.
"""

import math
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import attrgetter
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from histories import select
from histories.clock import DAY
from histories.contract import Attribute, Families, Histories, Interaction, LeadHistory, without_duplicates
from histories.errors import DataError
from scoring import moments
from scoring.figures import Matched
from scoring.matcher import Matcher
from scoring.program import rules
from scoring.rulebook import Rulebook
from scoring.rules import AttributeCondition, EngagementRule, InteractionCondition

_ALWAYS, _NOT_YET = -(2**63), 2**63 - 1
_ORDER_OF_TIME = attrgetter("occurred_at", "interaction_id")


class Match(NamedTuple):
    """An interaction that meets a condition: when it happened, and the first cutoff that sees it."""

    occurred_at: int
    visible_from: int
    interaction_id: str


class Value(NamedTuple):
    """An attribute's value, the first cutoff that sees it, and when it became known."""

    visible_from: int
    known_at: int
    value: str | float | None


class Figures(NamedTuple):
    """Points of each group in hundredths, after decay and limits; `two_way`: whether there was contact both ways."""

    engagement: int
    fit: int
    qualification: int
    two_way: bool

    @property
    def total(self) -> int:
        """The rulebook's points: the sum of the groups, never below 0."""
        return max(0, self.engagement + self.fit + self.qualification)


def _narrowed(condition: InteractionCondition, one: Interaction) -> bool:
    """Tell whether channel, direction and value are those that the condition asks for."""
    return (
        (condition.channel is None or one.channel == condition.channel)
        and (condition.direction is None or one.direction == condition.direction)
        and (condition.at_least is None or (one.value is not None and one.value >= condition.at_least))
    )


@dataclass(frozen=True, eq=False, slots=True)
class Tally:
    """One lead against one rulebook.

    `matches` by slot, oldest first; `shown` by slot: sorted `visible_from`; `attributes`: those that rules ask for.
    """

    rulebook: Rulebook
    attributes: frozenset[str]
    first_part: int
    created_at: int
    matches: tuple[list[Match], ...]
    shown: tuple[list[int], ...]
    values: dict[str, list[Value]]

    @property
    def arrays(self) -> Matched:
        """The same as arrays, which compiled code reads."""
        effect, bounds = rules(self.rulebook).effect, np.cumsum([0, *map(len, self.matches)], dtype=np.int64)
        found = [match for matches in self.matches for match in matches]
        changes = [
            (place, one.visible_from, *effect(place, one.value))
            for name, place in rules(self.rulebook).attributes.items()
            for one in self.values.get(name, [])
        ]
        return Matched(
            bounds,
            np.array([match.occurred_at for match in found], dtype=np.int64),
            np.array([match.visible_from for match in found], dtype=np.int64),
            np.array([shown[0] if shown else _NOT_YET for shown in self.shown], dtype=np.int64),
            np.array(changes, dtype=np.int64).reshape(-1, 5),
        )

    def crossings(self, cutoff: int) -> tuple[int | None, int | None]:
        """Return since when the points have stood at mql, and at sql, as `moments.crossings`; None: they do not."""
        found = moments.crossings(rules(self.rulebook).program, self.arrays, self.created_at, cutoff)
        mql_at, sql_at = (None if at == moments.NEVER else at for at in found)
        return mql_at, sql_at

    def valid_until(self, cutoff: int) -> int:
        """Return `moments.valid_until`."""
        return moments.valid_until(rules(self.rulebook).program, self.arrays, cutoff)

    @property
    def two_way(self) -> list[Match]:
        """Contact both ways, oldest first."""
        return self.matches[-1]

    @property
    def objections(self) -> list[Match]:
        """What says that the lead wants to be left alone, oldest first."""
        return self.matches[-2]

    def value(self, attribute: str, cutoff: int) -> Value:
        """Return an attribute's value as a cutoff sees it; never known: missing since the lead's creation."""
        known = self.values.get(attribute, [])
        place = bisect_right(known, cutoff, key=_visible_from)
        return known[place - 1] if place else Value(_ALWAYS, self.created_at, None)

    def first_seen(self, slot: int, cutoff: int) -> Match | None:
        """Return the oldest interaction of a slot that a cutoff sees."""
        return next((match for match in self.matches[slot] if match.visible_from <= cutoff), None)

    def figures(self, cutoff: int) -> Figures:
        """Return the points of all that a cutoff sees, decayed to it."""
        return self.least(cutoff, cutoff)

    def totals(self, cutoffs: Sequence[int]) -> list[int]:
        """Return `figures(cutoff).total` for many cutoffs, in their order.

        What fades is asked at each of them; fit and qualification change at a few moments, and are asked once between two.
        """
        moments = sorted(
            {one.visible_from for known in self.values.values() for one in known}
            | {shown[0] for shown in self.shown[self.first_part :] if shown}
        )
        steady: dict[int, int] = {}
        found = []
        for cutoff in cutoffs:
            span = bisect_right(moments, cutoff)
            if span not in steady:
                steady[span] = self._fit(cutoff) + self._qualification(cutoff)
            found.append(max(0, self.engagement((cutoff, cutoff), (cutoff, cutoff)) + steady[span]))
        return found

    def least(self, start: int, end: int) -> Figures:
        """Return figures that no cutoff in [start, end] falls below, if no attribute becomes known in between.

        What is seen at the start, decayed to the end, less what is seen at the end, decayed to the start.
        """
        engagement = self.engagement((start, end), (end, start))
        return Figures(engagement, self._fit(start), self._qualification(start), self._seen(-1, start))

    def engagement(self, gains: tuple[int, int], losses: tuple[int, int]) -> int:
        """Return the points of interactions; `gains` and `losses`: which cutoff's are meant, decayed to which moment."""
        limit = self.rulebook.engagement_limit
        gained = lost = 0
        for slot, rule in enumerate(self.rulebook.engagement):
            if not self.shown[slot]:
                continue
            if rule.points < 0:
                lost += self._sum(slot, rule, *losses)
            elif limit is None or gained < limit:
                gained += self._sum(slot, rule, *gains)
        return limited(gained, limit) - lost

    @property
    def fades(self) -> bool:
        """Whether anything of this lead loses points with time."""
        return any(
            bool(shown) and rule.fades for shown, rule in zip(self.shown, self.rulebook.engagement, strict=False)
        )

    def _seen(self, slot: int, cutoff: int) -> bool:
        return bool(self.shown[slot]) and self.shown[slot][0] <= cutoff

    def _sum(self, slot: int, rule: EngagementRule, cutoff: int, at: int) -> int:
        """Size of what a rule gives or takes. Newest first: whatever is older is worth no more."""
        if not rule.fades:
            return limited(abs(rule.points) * bisect_right(self.shown[slot], cutoff), rule.limit)
        total = 0
        for match in reversed(self.matches[slot]):
            if match.visible_from > cutoff:
                continue
            size = decayed(rule, max(0, at - match.occurred_at))
            total += size
            if size == 0 or (rule.limit is not None and total >= rule.limit):
                break
        return limited(total, rule.limit)

    def _fit(self, cutoff: int) -> int:
        gained = lost = 0
        for rule in self.rulebook.fit:
            if rule.when.holds(self.value(rule.when.attribute, cutoff).value):
                if rule.points > 0:
                    gained += rule.points
                else:
                    lost -= rule.points
        return limited(gained, self.rulebook.fit_limit) - lost

    def _qualification(self, cutoff: int) -> int:
        asked = self.rulebook.qualification
        if asked is None:
            return 0
        known = 0
        for slot, (_, condition) in enumerate(asked.parts, self.first_part):
            if isinstance(condition, AttributeCondition):
                known += condition.holds(self.value(condition.attribute, cutoff).value)
            else:
                known += self._seen(slot, cutoff)
        return known * asked.points_each


def limited(points: int, limit: int | None) -> int:
    """Cut points, given as a size, by a limit; None: no limit."""
    return points if limit is None or points < limit else limit


def decayed(rule: EngagementRule, age: int) -> int:
    """Size of one interaction's points at an age in microseconds, in whole hundredths.

    A half is rounded away from zero. Points that expire count up to and including the last moment.
    """
    size = abs(rule.points)
    if rule.half_life_days is not None:
        return int(size * math.exp2(-age / (rule.half_life_days * DAY)) + 0.5)
    if rule.expires_days is not None and age > rule.expires_days * DAY:
        return 0
    return size


def tally(rulebook: Rulebook, families: Families, history: LeadHistory) -> Tally:
    """Hold a lead's history against a rulebook. Order and duplicates in the history change nothing."""
    matcher = _matcher(rulebook, tuple(families.patterns.items()))
    matches: tuple[list[Match], ...] = tuple([] for _ in matcher.conditions)
    for one in _distinct(history.interactions):
        slots = matcher.slots_of(one.kind)
        if not slots:
            continue
        visible_from = one.occurred_at + 1
        if one.received_at is not None and one.received_at > visible_from:
            visible_from = one.received_at
        match = Match(one.occurred_at, visible_from, one.interaction_id)
        for slot, condition in slots:
            if condition is None or _narrowed(condition, one):
                matches[slot].append(match)
    shown = tuple(sorted(match.visible_from for match in found) for found in matches)
    values = _values(matcher.attributes, history)
    return Tally(rulebook, matcher.attributes, matcher.first_part, history.created_at, matches, shown, values)


def of_snapshots(
    rulebook: Rulebook, histories: Histories, snapshots: pa.Table
) -> Iterator[tuple[Tally, list[tuple[int, int]]]]:
    """Yield the tally of each lead that `snapshots` (`lead_id`, `cutoff`) ask for, and their rows: (place, cutoff).

    Raises DataError, after the others, where a lead is not in the histories.
    """
    wanted: dict[str, list[tuple[int, int]]] = {}
    pairs = zip(snapshots["lead_id"].to_pylist(), snapshots["cutoff"].to_pylist(), strict=True)
    for place, (lead_id, cutoff) in enumerate(pairs):
        wanted.setdefault(lead_id, []).append((place, cutoff))
    for history in select.each(histories):
        if rows := wanted.pop(history.lead_id, None):
            yield tally(rulebook, histories.families, history), rows
    if wanted:
        raise DataError(f"{len(wanted)} leads of the snapshots are not in the histories, such as {min(wanted)!r}")


def _distinct(interactions: Sequence[Interaction]) -> list[Interaction]:
    """What `without_duplicates` returns, by a shorter way where there are none."""
    if len({one.interaction_id for one in interactions}) == len(interactions):
        return sorted(interactions, key=_ORDER_OF_TIME)
    return without_duplicates(interactions)


@lru_cache(maxsize=16)
def _matcher(rulebook: Rulebook, patterns: tuple[tuple[str, tuple[str, ...]], ...]) -> Matcher:
    return Matcher(rulebook, Families(dict(patterns)))


def _values(attributes: frozenset[str], history: LeadHistory) -> dict[str, list[Value]]:
    """The values of the rulebook's attributes in the order in which they came to be known."""
    values: dict[str, list[Value]] = {}
    for one in history.attributes:
        if one.name in attributes:
            values.setdefault(one.name, []).append(_value(one, history.created_at))
    for known in values.values():
        known.sort(key=_order)
    return values


def _value(one: Attribute, created_at: int) -> Value:
    value = None if isinstance(one.value, float) and math.isnan(one.value) else one.value
    if one.known_at is None:
        return Value(_ALWAYS, created_at, value)
    return Value(one.known_at + 1, one.known_at, value)


def _visible_from(value: Value) -> int:
    return value.visible_from


def _order(one: Value) -> tuple[int, bool, bool, float, str]:
    """By time; of values known at one moment the last counts: a known one, the larger number, the later word."""
    number = 0.0 if one.value is None or isinstance(one.value, str) else float(one.value)
    text = one.value if isinstance(one.value, str) else ""
    return (one.visible_from, one.value is not None, isinstance(one.value, str), number, text)
