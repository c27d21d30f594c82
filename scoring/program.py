"""A rulebook as the arrays that compiled code counts by."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from histories.clock import DAY
from scoring.rulebook import Rulebook
from scoring.rules import AttributeCondition, EngagementRule, InteractionCondition, StageRule

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

# `Program.numbers`.
FIRST_PART, ENGAGEMENT_LIMIT, FIT_LIMIT, POINTS_EACH = 0, 1, 2, 3
MQL_POINTS, MQL_TWO_WAY, SQL_POINTS, SQL_TWO_WAY = 4, 5, 6, 7
GRADED, FIT_CUTS, ENGAGEMENT_CUTS, NUMBERS = 8, 9, 12, 15
# `Program.rules` and `Program.fading`.
SIZE, GAINS, LIMIT = 0, 1, 2
HALF_LIFE, EXPIRY = 0, 1

NO_LIMIT = -1
_NEVER = 2**62


class Program(NamedTuple):
    """A rulebook's numbers, in hundredths and microseconds. Slots are those of `matcher.Matcher`."""

    numbers: Ints
    rules: Ints  # [engagement rules, 3]: size of the points, 1 where they are gained, limit or NO_LIMIT
    fading: Floats  # [engagement rules, 2]: half-life and expiry, inf where there is none
    least: Floats  # [slots]: least value of an interaction; NaN: any, none too
    blank: Ints  # [attributes, 3]: what a missing value gives: fit gained, fit lost, parts known


class Rules:
    """A rulebook made ready once for all leads. `attributes`: the place of each that a rule asks for."""

    def __init__(self, rulebook: Rulebook) -> None:
        parts = rulebook.qualification.parts if rulebook.qualification else ()
        asked = {rule.when.attribute for rule in rulebook.fit}
        asked |= {one.attribute for _, one in parts if isinstance(one, AttributeCondition)}
        self.attributes = {name: place for place, name in enumerate(sorted(asked))}
        self._tests = [_Tests(rulebook, name) for name in self.attributes]
        self.program = Program(
            _numbers(rulebook),
            np.array([_rule(one) for one in rulebook.engagement], dtype=np.int64).reshape(-1, 3),
            np.array([_fading(one) for one in rulebook.engagement], dtype=np.float64).reshape(-1, 2),
            _least(rulebook),
            np.array([one.of(None) for one in self._tests], dtype=np.int64).reshape(-1, 3),
        )
        self.effect = lru_cache(maxsize=65_536)(self._effect)

    def _effect(self, place: int, value: str | float | None) -> tuple[int, int, int]:
        """Return what a value of an attribute, by its place, gives: fit gained, fit lost, parts known."""
        return self._tests[place].of(value)


@lru_cache(maxsize=16)
def rules(rulebook: Rulebook) -> Rules:
    """Return the rulebook's rules, made ready."""
    return Rules(rulebook)


class _Tests:
    """All that a rulebook asks of one attribute."""

    def __init__(self, rulebook: Rulebook, name: str) -> None:
        parts = rulebook.qualification.parts if rulebook.qualification else ()
        self._fit = [(rule.when, rule.points) for rule in rulebook.fit if rule.when.attribute == name]
        self._parts = [one for _, one in parts if isinstance(one, AttributeCondition) and one.attribute == name]

    def of(self, value: str | float | None) -> tuple[int, int, int]:
        points = [points for when, points in self._fit if when.holds(value)]
        known = sum(one.holds(value) for one in self._parts)
        return sum(one for one in points if one > 0), -sum(one for one in points if one < 0), known


def _rule(rule: EngagementRule) -> tuple[int, int, int]:
    return abs(rule.points), int(rule.points > 0), NO_LIMIT if rule.limit is None else rule.limit


def _fading(rule: EngagementRule) -> tuple[float, float]:
    half_life, expiry = (np.inf if days is None else days * DAY for days in (rule.half_life_days, rule.expires_days))
    return half_life, expiry


def _least(rulebook: Rulebook) -> Floats:
    parts = rulebook.qualification.parts if rulebook.qualification else ()
    conditions = [rule.when for rule in rulebook.engagement] + [one for _, one in parts]
    bounds = [one.at_least if isinstance(one, InteractionCondition) else None for one in conditions]
    # The last two are objections and contact both ways, which any value makes.
    return np.array([*(np.nan if one is None else one for one in bounds), np.nan, np.nan], dtype=np.float64)


def _numbers(book: Rulebook) -> Ints:
    numbers = np.zeros(NUMBERS, dtype=np.int64)
    numbers[FIRST_PART] = len(book.engagement)
    numbers[ENGAGEMENT_LIMIT] = NO_LIMIT if book.engagement_limit is None else book.engagement_limit
    numbers[FIT_LIMIT] = NO_LIMIT if book.fit_limit is None else book.fit_limit
    numbers[POINTS_EACH] = book.qualification.points_each if book.qualification else 0
    numbers[MQL_POINTS], numbers[MQL_TWO_WAY] = _stage(book.mql)
    numbers[SQL_POINTS], numbers[SQL_TWO_WAY] = _stage(book.sql)
    if book.grades is not None:
        numbers[GRADED] = 1
        numbers[FIT_CUTS : FIT_CUTS + 3] = book.grades.fit
        numbers[ENGAGEMENT_CUTS : ENGAGEMENT_CUTS + 3] = book.grades.engagement
    return numbers


def _stage(rule: StageRule | None) -> tuple[int, int]:
    return (_NEVER, 0) if rule is None else (rule.points, int(rule.two_way))
