"""Reasons for a probability: contributions summed over features that say the same thing, as sentences.

A contribution says what goes with a higher or lower probability in the data. It is an association, not a cause.
"""

import numpy as np

from features.catalogue import Catalogue
from scoring import words
from scoring.answer import Reason
from scoring.calibration import Floats
from scoring.phrases import phrases
from scoring.strongest import Groups, Ints, strongest

POINTS = "points"
IN_FORCE, LEARNT = "The rulebook's {points}", "{points} of the rulebook that the model was trained with"


class Explainer:
    """Turns rows of contributions into reasons. One is made for a catalogue and used for all leads.

    `points` says the points that the model goes by: IN_FORCE, or LEARNT where another rulebook is in force by now.
    """

    def __init__(self, catalogue: Catalogue, points: str = IN_FORCE) -> None:
        self._phrases, self._points = phrases(catalogue), points
        signals = [feature.signal for feature in catalogue.features]
        self.codes = (*sorted(set(signals)), POINTS)
        places = {code: place for place, code in enumerate(self.codes)}
        of = np.array([*(places[signal] for signal in signals), places[POINTS]], dtype=np.int64)
        counts = np.bincount(of[:-1], minlength=len(self.codes))
        self._groups = Groups(
            of=of,
            starts=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
            members=np.argsort(of[:-1], kind="stable").astype(np.int64),
            ranks=np.argsort(np.argsort(np.array(self.codes))).astype(np.int64),
        )

    def reasons(self, rows: Floats, contributions: Floats, points: Ints, most: int) -> list[tuple[Reason, ...]]:
        """Return each row's `most` strongest reasons, both directions, equal ones by code; no effect is no reason.

        `rows`: [n, features]; `contributions`: their `Model.contributions`, [n, features + 2]; `points`: [n],
        hundredths. An effect is the sum of a signal's contributions; the bias belongs to none.
        """
        found = strongest(rows, contributions, self._groups, most)
        columns = (found.groups.tolist(), found.speakers.tolist(), found.effects.tolist(), points.tolist())
        return [
            tuple(
                self._reason(group, speaker, effect, row, hundredths)
                for group, speaker, effect in zip(groups, speakers, effects, strict=True)
                if group >= 0
            )
            for row, groups, speakers, effects, hundredths in zip(rows, *columns, strict=True)
        ]

    def _reason(self, group: int, speaker: int, effect: float, row: Floats, points: int) -> Reason:
        says = self._phrases[speaker](row) if speaker >= 0 else self._points.format(points=words.points(points))
        return Reason(self.codes[group], f"{says} {'raised' if effect > 0 else 'lowered'} it", effect)
