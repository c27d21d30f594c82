"""Model and rules on leads that were handed over by lot, so that no score has caused what it is judged by.

A lead that is called because its score is high may convert because it was called: then the score looks right, and would
have whatever it said. Of leads that came on a list with a known propensity (histories.store.kept.handovers), each stands for
1 / propensity leads that might have come on it (Horvitz & Thompson, JASA 47, 1952). The weights are brought to a sum of
one (Hajek), by both scores alike.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.bootstrap import DRAWS, Difference, cluster_weights, interval
from training.evaluate import Ranking
from training.scores import Scores

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
LEAST_EXPLORED = 50
LEAST_CONVERTED = 10
MEASURES = ("auc", "log_loss", "lift_top_tenth", "predicted_over_observed")


@dataclass(frozen=True, eq=False)
class HandedOver:
    """Leads that were handed over and whose horizon has ended. Arrays are [handovers].

    `explored`: it was drawn by lot; `propensity`: how likely it was to be on that list; `group`: its account; `lead`:
    its number. A lead that was on several lists is there as often: each time with that list's propensity.
    """

    label: NDArray[np.int8]
    explored: NDArray[np.bool_]
    propensity: FloatArray
    group: IntArray
    lead: IntArray


@dataclass(frozen=True, eq=False)
class Compared:
    """The weighted comparison. `scores`: by score, then measure, with 95% intervals; `differences`: model minus rules.

    `handed_over` times a lead was handed over count; `explored` leads came by lot, `converted` of them converted.
    `worth`: as how many equally weighted hand-overs they tell (Kish). `missing` says what there is too little of; then
    `scores` and `differences` are empty.
    """

    handed_over: int
    explored: int
    converted: int
    worth: float
    scores: Mapping[str, Mapping[str, Difference]]
    differences: Mapping[str, Difference]
    missing: str


def compare(handed: HandedOver, scores: Mapping[str, Scores], seed: int, draws: int = DRAWS) -> Compared:
    """Compare scores [handovers] on the leads handed over, each weighted by the inverse of its propensity."""
    explored = len(np.unique(handed.lead[handed.explored]))
    converted = len(np.unique(handed.lead[handed.explored & (handed.label == 1)]))
    weight = 1 / handed.propensity
    worth = float(weight.sum() ** 2 / (weight**2).sum()) if len(weight) else 0.0
    missing = "; ".join(_missing(explored, converted))
    if missing:
        return Compared(len(weight), explored, converted, worth, {}, {}, missing)
    rankings = {name: Ranking(handed.label, one.probability, one.score) for name, one in scores.items()}
    values = {name: one.measures(weight[None, :]) for name, one in rankings.items()}
    sampled = {name: _samples(one, weight, handed.group, seed, draws) for name, one in rankings.items()}
    first, second = scores
    return Compared(
        handed_over=len(weight),
        explored=explored,
        converted=converted,
        worth=worth,
        scores={
            name: {key: interval(float(values[name][key][0]), sampled[name][key]) for key in MEASURES}
            for name in scores
        },
        differences={
            key: interval(
                float(values[first][key][0] - values[second][key][0]), sampled[first][key] - sampled[second][key]
            )
            for key in MEASURES
        },
        missing="",
    )


def _missing(explored: int, converted: int) -> Iterator[str]:
    if explored < LEAST_EXPLORED:
        yield f"{explored:,} have their horizon behind them, {LEAST_EXPLORED} are needed"
    if converted < LEAST_CONVERTED:
        yield f"{converted:,} of {explored:,} converted, {LEAST_CONVERTED} are needed"


def _samples(one: Ranking, weight: FloatArray, group: IntArray, seed: int, draws: int) -> Mapping[str, FloatArray]:
    chunks = [one.measures(times * weight) for times in cluster_weights(group, seed, draws)]
    return {key: np.concatenate([chunk[key] for chunk in chunks]) for key in MEASURES}
