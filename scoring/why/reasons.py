"""What moved a probability within a cause: differences of TreeSHAP values, by what they speak of, in words.

A cause's part is linear in what it is taken of, so that those of each feature's contributions add up to that of the
log-odds. Between two models none are told: each model's contributions measure from its own training's mean.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

import numpy as np

from features.catalogue import Catalogue
from scoring import words
from scoring.calibration import Floats
from scoring.model import Points
from scoring.own_phrases import Phrase
from scoring.phrases import phrases
from scoring.reasons import IN_FORCE, POINTS
from scoring.why import told
from scoring.why.causes import BUNDLE, KNOWLEDGE, Cause, Changed, Orders
from scoring.why.change import Moved
from scoring.why.grid import apportion, units

CAP = "cap"
_TOLD = KNOWLEDGE | {Cause.AGEING}


class Contributed(NamedTuple):
    """`Model.contributions` of mixtures with one bundle's models; `places` among all states."""

    places: list[int]
    catalogue: Catalogue
    matrix: Floats
    points: Points
    values: Floats
    caps: Floats


class _At(NamedTuple):
    """One mixture."""

    row: Floats
    points: int
    values: Floats


class Reasons:
    """Splits each cause's part of the log-odds among what features speak of."""

    def __init__(
        self, of: Orders, contributed: Sequence[Contributed], log_odds: Sequence[int], points: str = IN_FORCE
    ) -> None:
        """`log_odds`: of each state, in grid units. `points` says the points that the model goes by, as of `Explainer`."""
        self._of, self._contributed, self._points = of, contributed, points
        signals = {feature.signal for one in contributed for feature in one.catalogue.features}
        self._codes = (*sorted(signals), POINTS, CAP)
        self._effects: dict[int, list[int]] = {}
        for one in contributed:
            for place, sums in zip(one.places, _by_code(one, self._codes).tolist(), strict=True):
                effects = [units(value) for value in sums]
                self._effects[place] = [*effects, log_odds[place] - sum(effects)]

    def of(self, parts: Mapping[Cause, int], most: int) -> Mapping[Cause, tuple[Moved, ...]]:
        """Return the `most` strongest of each cause that can be told so; `parts` are the causes' own, in grid units."""
        return {cause: self._cause(cause, part, most) for cause, part in parts.items() if cause in _TOLD}

    def _cause(self, cause: Cause, part: int, most: int) -> tuple[Moved, ...]:
        weights = self._of.weights[cause]
        weighed = [[weights[place] * effect for effect in effects] for place, effects in self._effects.items()]
        shares = [sum(column) for column in zip(*weighed, strict=True)]
        effects = apportion(shares, self._of.count, part)[: len(self._codes)]
        strongest = sorted(range(len(effects)), key=lambda place: (-abs(effects[place]), self._codes[place]))
        before, after, catalogue = self._between(cause)
        found = (
            Moved(self._codes[place], text, effects[place])
            for place in strongest
            if effects[place] and (text := self._text(self._codes[place], before, after, catalogue))
        )
        return tuple(islice(found, most))

    def _text(self, code: str, before: _At, after: _At, catalogue: Catalogue) -> str | None:
        """Say what changed; None: nothing did that words would tell.

        What did not change may count otherwise beside what did. That is of the model, and nothing to tell of the lead.
        """
        if code == CAP:
            return "P(customer) held at P(sql)"
        if code != POINTS:
            return _of_features(code, before, after, catalogue)
        then, now = (words.points(one.points) for one in (before, after))
        return None if then == now else told.reason(then, self._points.format(points=now))

    def _between(self, cause: Cause) -> tuple[_At, _At, Catalogue]:
        """Return the mixtures that say what changed: by time alone, or by all that became known, as the later end tells."""
        latest = self._of.states[-1]
        aged = latest & (BUNDLE | {Cause.AGEING})
        ends = (aged - {Cause.AGEING}, aged) if cause is Cause.AGEING else (aged, latest)
        (before, _), (after, catalogue) = (self._at(state) for state in ends)
        return before, after, catalogue

    def _at(self, state: Changed) -> tuple[_At, Catalogue]:
        place = self._of.states.index(state)
        one = next(one for one in self._contributed if place in one.places)
        row = one.places.index(place)
        return _At(one.matrix[row], int(one.points[row]), one.values[row]), one.catalogue


def _by_code(one: Contributed, codes: Sequence[str]) -> Floats:
    """Return [mixtures, codes]: the contributions of each code's features, the points', and what the cap takes."""
    places = {code: place for place, code in enumerate(codes)}
    found = np.zeros((len(one.values), len(codes)))
    for column, feature in enumerate(one.catalogue.features):
        found[:, places[feature.signal]] += one.values[:, column]
    found[:, places[POINTS]] = one.values[:, -2]
    found[:, places[CAP]] = one.caps
    return found


def _of_features(code: str, before: _At, after: _At, catalogue: Catalogue) -> str | None:
    columns = [place for place, feature in enumerate(catalogue.features) if feature.signal == code]
    if not columns:
        return f"{code} (the later model does not go by it)"
    # A decayed count is told by the days that most of it comes from: other days before than after.
    decayed = {place for place in columns if "_decayed_" in catalogue.features[place].name}
    columns.sort(key=lambda place: (place in decayed, -abs(after.values[place] - before.values[place])))
    said = ((phrase(before.row), phrase(after.row)) for phrase in (_phrases(catalogue)[place] for place in columns))
    return next((told.reason(then, now) for then, now in said if then != now), None)


@lru_cache(maxsize=4)
def _phrases(catalogue: Catalogue) -> tuple[Phrase, ...]:
    return phrases(catalogue)
