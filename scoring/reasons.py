"""Reasons for a probability: contributions summed over features that say the same thing, as sentences.

A contribution says what goes with a higher or lower probability in the data. It is an association, not a cause.
"""

import numpy as np

from features.catalogue import Catalogue
from scoring import words
from scoring.answer import Reason
from scoring.calibration import Floats
from scoring.phrases import phrases

POINTS = "points"


class Explainer:
    """Turns rows of contributions into reasons. One is made for a catalogue and used for all leads."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._phrases = phrases(catalogue)
        signals = [feature.signal for feature in catalogue.features]
        self.codes = (*sorted(set(signals)), POINTS)
        places = {code: place for place, code in enumerate(self.codes)}
        self._group = np.array([*(places[signal] for signal in signals), places[POINTS]], dtype=np.int64)

    def effects(self, contributions: Floats) -> Floats:
        """Return one effect for each of `codes` from one row of `Model.contributions`; the bias belongs to none."""
        return np.bincount(self._group, weights=contributions[:-1], minlength=len(self.codes)).astype(np.float64)

    def reasons(self, row: Floats, contributions: Floats, points: int, most: int) -> tuple[Reason, ...]:
        """Return the `most` strongest reasons, both directions, equal ones by code; what has no effect is none.

        `row`: the lead's features; `contributions`: its row of `Model.contributions`; `points` in hundredths.
        """
        effects = self.effects(contributions)
        found = [(-abs(effect), self.codes[place], place) for place, effect in enumerate(effects.tolist()) if effect]
        return tuple(
            self._reason(place, float(effects[place]), row, contributions, points)
            for _, _, place in sorted(found)[:most]
        )

    def _reason(self, place: int, effect: float, row: Floats, contributions: Floats, points: int) -> Reason:
        if self.codes[place] == POINTS:
            says = f"The rulebook's {words.points(points)}"
        else:
            says = self._phrases[self._speaker(place, effect, row, contributions)](row)
        return Reason(self.codes[place], f"{says} {'raised' if effect > 0 else 'lowered'} it", effect)

    def _speaker(self, place: int, effect: float, row: Floats, contributions: Floats) -> int:
        """The feature that speaks for its signal: the strongest in the direction of the whole; the first of equals.

        What raises a probability is told by what is there, as long as anything of the signal is: a model may well
        count the lack of recent visits in favour of a lead that has many older ones, but no reader would.
        """
        members = np.flatnonzero(self._group[:-1] == place)
        strength = np.sign(effect) * contributions[members]
        there = (row[members] != 0) & np.isfinite(row[members]) & (strength > 0)
        if effect > 0 and there.any():
            members, strength = members[there], strength[there]
        return int(members[np.argmax(strength)])
