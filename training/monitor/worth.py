"""What the rules' points of an answer come to as a probability, so that both scores can be measured alike."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from histories.contract import Histories, Target
from histories.errors import DataError
from scoring import points as rule_points
from scoring.calibration import sigmoid
from scoring.card import Card
from scoring.rulebook import Rulebook
from training.monitor.spans import ages_of
from training.points_model import whole_points, worth
from training.snapshots import draw, subset

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
LEAST_CONVERTED = 10
_FOLDS = 5


@dataclass(frozen=True, eq=False)
class Learnt:
    """Snapshots that were known when the bundle was trained: whole `points` and what became of them, both [snapshots]."""

    points: FloatArray
    label: NDArray[np.int8]


@dataclass(frozen=True, eq=False)
class Worth:
    """Probabilities of points [answers], and from what they were learnt, as a sentence."""

    probability: FloatArray
    learnt_from: str


class Points:
    """What the points of answers come to as probabilities, by what was known when each answer's bundle was trained."""

    def __init__(
        self,
        histories: Histories,
        target: Target,
        cards: Mapping[str, Card],
        horizon_days: int,
        rulebooks: Mapping[str, Rulebook],
    ) -> None:
        """`cards` by bundle and `rulebooks`, both by version, as far as they are kept."""
        self._cards, self._rulebooks = cards, rulebooks
        self._learnt = cache(
            lambda bundle, rulebook: before_training(
                histories, rulebooks[rulebook], cards[bundle], target, horizon_days
            )
        )

    def worth(self, answers: pa.Table, label: NDArray[np.int8], group: IntArray) -> Worth:
        """Bring the points of answers (rows of the store's table) to probabilities; arrays are [answers].

        Answers of one bundle and rulebook go together: points of another rulebook are on another scale, and what was
        known when another bundle was trained may be what came of these answers.
        """
        points = np.asarray(answers["rule_points"].to_numpy(), dtype=np.float64)
        pairs = list(zip(*(answers[name].to_pylist() for name in ("bundle_version", "rulebook_version")), strict=True))
        found, said = np.zeros(len(points)), dict[str, None]()
        for pair in sorted(set(pairs)):
            rows = np.array([one == pair for one in pairs])
            made = probabilities(self._before(*pair), points[rows], label[rows], group[rows])
            found[rows] = made.probability
            said[made.learnt_from] = None
        return Worth(found, "; by ".join(said))

    def _before(self, bundle: str, rulebook: str) -> Learnt | None:
        if bundle not in self._cards or rulebook not in self._rulebooks:
            return None
        return self._learnt(bundle, rulebook)


def before_training(
    histories: Histories, rules: Rulebook, card: Card, target: Target, horizon_days: int
) -> Learnt | None:
    """Return the snapshots that were known when the bundle was trained.

    None where the store holds fewer than LEAST_CONVERTED converted leads from before then.
    """
    drawn = draw(histories, target, horizon_days, ages_of(card))
    settled = np.flatnonzero((drawn.cutoff < card.trained_until) & (drawn.known_from <= card.trained_until))
    if drawn.converted_leads(settled) < LEAST_CONVERTED or drawn.label[settled].all():
        return None
    hundredths = rule_points.table(rules, histories, subset(drawn.table, settled))
    return Learnt(whole_points(hundredths), drawn.label[settled])


def probabilities(
    learnt: Learnt | None,
    points: FloatArray,
    label: NDArray[np.int8],
    group: IntArray,
) -> Worth:
    """Bring the answers' whole points to probabilities. Arrays are [answers].

    By what points were worth when the bundle was trained (`learnt`), as the model knew no more. Without that, by these
    answers' own outcomes, account by account left out: five parts, each by what the other four say.
    """
    if learnt is not None:
        return Worth(
            sigmoid(worth(learnt.points, learnt.label).margins(points)), "what was known when the bundle was trained"
        )
    fold = np.unique(group, return_inverse=True)[1] % _FOLDS
    found = np.full(len(points), (label.sum() + 0.5) / (len(label) + 1))
    for one in range(_FOLDS):
        mine, others = fold == one, fold != one
        try:
            found[mine] = sigmoid(worth(points[others], label[others]).margins(points[mine]))
        except DataError:  # the others' labels are all alike: the rate stands
            continue
    return Worth(
        found, "these answers themselves, other accounts' at a time, as the store knows too little from before"
    )
