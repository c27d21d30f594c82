"""Figures with intervals, and differences between scores of the same snapshots, from a paired cluster bootstrap."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
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


class Measured(Protocol):
    """What can be measured under many weights: name -> [draws] for weights [draws, clusters]."""

    def measures(self, weights: FloatArray) -> Mapping[str, FloatArray]:
        """Measure under each row of `weights`."""


def numbered(clusters: IntArray) -> IntArray:
    """Number clusters from 0, [n]: the form in which weights are drawn."""
    return np.asarray(np.unique(clusters, return_inverse=True)[1], dtype=np.int64)


def sampled(one: Measured, clusters: int, seed: int, draws: int = DRAWS) -> Mapping[str, FloatArray]:
    """Return what each measure is in each draw: name -> [draws].

    So many clusters are drawn with replacement: the accounts, a lead without one being its own. Snapshots of one lead
    are no independent evidence: drawing rows understates the error (Field & Welsh 2007). The same seed and number of
    clusters give the same draws, so that the samples of two scores are pairs.
    """
    chunks = [one.measures(weights) for weights in cluster_draws(clusters, seed, draws)]
    return {name: np.concatenate([chunk[name] for chunk in chunks]) for name in chunks[0]}


def intervals(values: Mapping[str, float], samples: Mapping[str, FloatArray]) -> Mapping[str, Difference]:
    """Return each figure with the interval of its samples."""
    return {name: interval(value, samples[name]) for name, value in values.items()}


def differences(
    values: tuple[Mapping[str, float], Mapping[str, float]],
    samples: tuple[Mapping[str, FloatArray], Mapping[str, FloatArray]],
) -> Mapping[str, Difference]:
    """Return first minus second for each measure, from samples of the same draws."""
    (first, second), (drawn, against) = values, samples
    return {name: interval(first[name] - second[name], drawn[name] - against[name]) for name in first}


def whole(one: Measured, clusters: int) -> Mapping[str, float]:
    """Return each measure of what happened, every cluster counted once."""
    return {name: float(value[0]) for name, value in one.measures(np.ones((1, clusters))).items()}


def cluster_draws(clusters: int, seed: int, draws: int) -> Iterator[FloatArray]:
    """Yield how often each cluster is drawn, a few draws at a time: [some draws, clusters]."""
    random = np.random.default_rng(seed)
    at_once = max(1, _CELLS // clusters)
    for done in range(0, draws, at_once):
        picks = random.integers(clusters, size=(min(at_once, draws - done), clusters))
        offsets = np.arange(len(picks))[:, None] * clusters
        times = np.bincount((picks + offsets).ravel(), minlength=len(picks) * clusters)
        yield times.reshape(len(picks), clusters).astype(np.float64)


def cluster_weights(clusters: IntArray, seed: int, draws: int) -> Iterator[FloatArray]:
    """Yield how often each row is drawn with its cluster (`clusters` [rows]), a few draws at a time: [draws, rows]."""
    cluster = numbered(clusters)
    for times in cluster_draws(int(cluster.max()) + 1, seed, draws):
        yield times[:, cluster]


def interval(value: float, samples: FloatArray) -> Difference:
    """Return a figure with the 95% percentile interval of its draws; draws that do not define it are left out."""
    defined = samples[np.isfinite(samples)]
    if not np.isfinite(value) or not len(defined):
        return Difference(float("nan"), float("nan"), float("nan"))
    low, high = np.quantile(defined, [0.025, 0.975])
    return Difference(value, float(low), float(high))
