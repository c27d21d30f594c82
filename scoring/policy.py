"""Which leads count as high, and the grades: what a team has chosen, beside what the model has learnt."""

from dataclasses import dataclass

import numpy as np

from scoring.calibration import Floats


@dataclass(frozen=True, slots=True)
class Policy:
    """`grades`: least score of A, B and C. `high_probability`: the customer probability that fills a week's calls."""

    high_probability: float
    grades: tuple[float, float, float] = (90.0, 70.0, 40.0)

    def __post_init__(self) -> None:
        """Refuse cuts that do not fall."""
        if not 100 >= self.grades[0] > self.grades[1] > self.grades[2] >= 0:
            raise ValueError(f"grades {self.grades!r}: three falling scores between 0 and 100")

    def grade(self, score: float) -> str:
        """Return A to D for a score."""
        return "ABCD"[sum(score < cut for cut in self.grades)]


def percentile(probability: float, reference: Floats) -> float:
    """Return the mid-rank percentile, 0 to 100 with one decimal, of a probability among the sorted `reference`.

    The share of the reference below it, and half of the share that equals it.
    """
    below, upto = (int(np.searchsorted(reference, probability, side=side)) for side in ("left", "right"))
    return round(50.0 * (below + upto) / len(reference), 1)
