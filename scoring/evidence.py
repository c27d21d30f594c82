"""What rules look at in a few leads' histories, as the arrays of `judge.Evidence`."""

import math
from collections.abc import Iterable, Sequence
from threading import Lock

import numpy as np

from histories.contract import Attribute, Interaction, LeadHistory, without_duplicates
from scoring.judge import Evidence
from scoring.matcher import Matcher
from scoring.moments import NEVER
from scoring.program import Ints, Rules

_REMEMBERED = 10_000
Combination = tuple[str, str | None, str | None]  # kind, channel, direction
Change = tuple[int, int, int, int, int]  # a row of `Matched.changes`


class SlotSets(dict[Combination, int]):
    """Numbers the sets of slots that combinations of kind, channel and direction may fill; there are few such sets."""

    def __init__(self, matcher: Matcher) -> None:
        super().__init__()
        self._matcher, self._lock = matcher, Lock()
        self._numbers: dict[tuple[int, ...], int] = {}
        self.arrays = _arrays(())

    def __missing__(self, combination: Combination) -> int:
        kind, channel, direction = combination
        found = tuple(
            slot
            for slot, one in self._matcher.slots_of(kind)
            if one is None or (one.channel in (None, channel) and one.direction in (None, direction))
        )
        with self._lock:
            number = self._numbers.setdefault(found, len(self._numbers))
            if number == len(self.arrays[0]) - 1:
                self.arrays = _arrays(self._numbers)
            # The bound keeps a service alive whose callers put numbers into their kinds.
            if len(self) < _REMEMBERED:
                self[combination] = number
        return number


def _arrays(sets: Iterable[tuple[int, ...]]) -> tuple[Ints, Ints]:
    """Return where the slots of each set lie, int64 [sets + 1], and the slots."""
    listed = list(sets)
    bounds = np.cumsum([0, *map(len, listed)], dtype=np.int64)
    return bounds, np.array([slot for one in listed for slot in one], dtype=np.int64)


def of_histories(rules: Rules, sets: SlotSets, histories: Sequence[LeadHistory]) -> Evidence:
    """Return the evidence of histories, in their order, which may have duplicates."""
    interactions: list[Interaction] = []
    changes: list[Change] = []
    leads: list[tuple[int, int, int, int, int]] = []
    for history in histories:
        first, change = len(interactions), len(changes)
        interactions += distinct(history)
        changes += changes_of(rules, history.attributes)
        leads.append((history.created_at, first, len(interactions), change, len(changes)))
    # Not `zip(*interactions)`: of ten thousand at once it takes ten times as long as a list for each column.
    combinations = ((one.kind, one.channel, one.direction) for one in interactions)
    count = len(interactions)
    match = np.fromiter(map(sets.__getitem__, combinations), np.int64, count)
    return Evidence(
        np.array(leads, dtype=np.int64).reshape(-1, 5),
        np.fromiter([one.occurred_at for one in interactions], np.int64, count),
        np.fromiter([_visible(one.occurred_at, one.received_at) for one in interactions], np.int64, count),
        np.fromiter([math.nan if one.value is None else one.value for one in interactions], np.float64, count),
        match,
        *sets.arrays,
        np.array(changes, dtype=np.int64).reshape(-1, 5),
    )


def distinct(history: LeadHistory) -> Sequence[Interaction]:
    """Return a lead's interactions, each id once, in any order."""
    found = history.interactions
    return found if len({one.interaction_id for one in found}) == len(found) else without_duplicates(found)


def _visible(occurred_at: int, received_at: int | None) -> int:
    """Return the first cutoff that sees an interaction."""
    return occurred_at + 1 if received_at is None or received_at <= occurred_at else received_at


def changes_of(rules: Rules, attributes: Iterable[Attribute]) -> list[Change]:
    """Return the values of the rules' attributes as rows of `Matched.changes`."""
    found = []
    for one in attributes:
        place = rules.attributes.get(one.name)
        if place is not None:
            value = None if isinstance(one.value, float) and math.isnan(one.value) else one.value
            since = NEVER if one.known_at is None else one.known_at + 1
            found.append((place, *order(since, value), value))
    found.sort(key=lambda row: row[:-1])
    return [(row[0], row[1], *rules.effect(row[0], row[-1])) for row in found]


def order(since: int, value: str | float | None) -> tuple[int, bool, bool, float, str]:
    """By time; of values known at one moment the last counts: a known one, the larger number, the later word."""
    number = 0.0 if value is None or isinstance(value, str) else float(value)
    text = value if isinstance(value, str) else ""
    return (since, value is not None, isinstance(value, str), number, text)
