"""Differences between two scores on the same snapshots, with intervals from a paired cluster bootstrap."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.evaluate import MEASURES, FloatArray, Ranking

DRAWS = 2000
_CELLS = 4_000_000


@dataclass(frozen=True, slots=True)
class Difference:
    """First score minus second, in the measure's own unit, with a 95% percentile interval.

    nan where the measure is undefined, as an AUC without conversions is.
    """

    value: float
    low: float
    high: float


def differences(
    first: Ranking, second: Ranking, clusters: NDArray[np.int64], seed: int, draws: int = DRAWS
) -> Mapping[str, Difference]:
    """Return each measure's difference between two scores of the same snapshots in the same order.

    `clusters` [snapshots] numbers what is drawn with replacement: the account, or the lead where there is none. Snapshots of
    one lead are no independent evidence: drawing rows understates the error (Field & Welsh 2007).
    """
    samples = paired_draws(first, second, clusters, seed, draws)
    once = np.ones((1, len(clusters)))
    at, against = first.measures(once), second.measures(once)
    return {name: interval(float(at[name][0] - against[name][0]), samples[name]) for name in MEASURES}


def intervals(one: Ranking, clusters: NDArray[np.int64], seed: int, draws: int = DRAWS) -> Mapping[str, Difference]:
    """Return each measure of one score with its interval; drawn as in `differences`."""
    once = one.measures(np.ones((1, len(clusters))))
    chunks = [one.measures(weights) for weights in cluster_weights(clusters, seed, draws)]
    return {
        name: interval(float(once[name][0]), np.concatenate([chunk[name] for chunk in chunks])) for name in MEASURES
    }


def paired_draws(
    first: Ranking, second: Ranking, clusters: NDArray[np.int64], seed: int, draws: int
) -> Mapping[str, FloatArray]:
    """Return first minus second in each draw: name -> [draws]. Both scores see the same draws."""
    chunks: dict[str, list[FloatArray]] = {name: [] for name in MEASURES}
    for weights in cluster_weights(clusters, seed, draws):
        at, against = first.measures(weights), second.measures(weights)
        for name in MEASURES:
            chunks[name].append(at[name] - against[name])
    return {name: np.concatenate(parts) for name, parts in chunks.items()}


def cluster_weights(clusters: NDArray[np.int64], seed: int, draws: int) -> Iterator[FloatArray]:
    """Yield how often each snapshot is drawn, a few draws at a time: [some draws, snapshots]."""
    random = np.random.default_rng(seed)
    _, cluster = np.unique(clusters, return_inverse=True)
    count = int(cluster.max()) + 1
    at_once = max(1, _CELLS // len(clusters))
    for done in range(0, draws, at_once):
        picks = random.integers(count, size=(min(at_once, draws - done), count))
        offsets = np.arange(len(picks))[:, None] * count
        times = np.bincount((picks + offsets).ravel(), minlength=len(picks) * count).reshape(len(picks), count)
        yield times[:, cluster].astype(np.float64)


def interval(value: float, samples: FloatArray) -> Difference:
    """Return a figure with the 95% percentile interval of its draws; draws that do not define it are left out."""
    defined = samples[np.isfinite(samples)]
    if not np.isfinite(value) or not len(defined):
        return Difference(float("nan"), float("nan"), float("nan"))
    low, high = np.quantile(defined, [0.025, 0.975])
    return Difference(value, float(low), float(high))
