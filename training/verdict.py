"""A target's model and points on the same test snapshots, and what the split came to."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from histories.contract import Histories
from training import measured
from training.fitted import SplitCounts
from training.lineup import Lineup
from training.recipe import Recipe
from training.scores import Source
from training.snapshots import Snapshots
from training.split import Split

FloatArray = NDArray[np.float64]


def measure(
    histories: Histories,
    recipe: Recipe,
    snapshots: Snapshots,
    split: Split,
    sources: Mapping[str, Source],
    matrix: FloatArray,
    hundredths: NDArray[np.int64],
) -> Lineup:
    """Measure model and rules, or the rules alone, on the test, at capacity and by segment.

    `matrix` and `hundredths` have a row for each test snapshot; `sources` share its columns and its rulebook.
    """
    test = measured.tested(snapshots, split.test, split.test_start)
    bare = np.zeros((len(matrix), 0))
    scores = {name: one.answer(bare if one.catalogue is None else matrix, hundredths) for name, one in sources.items()}
    return measured.side_by_side(histories, recipe, test, sources, scores)


def counted(snapshots: Snapshots, split: Split) -> SplitCounts:
    """Count what the split came to."""
    return SplitCounts(
        train_snapshots=len(split.train),
        train_mature=len(split.mature),
        train_leads=len(np.unique(snapshots.lead[split.train])),
        train_conversions=snapshots.converted_leads(split.train),
        test_snapshots=len(split.test),
        test_leads=len(np.unique(snapshots.lead[split.test])),
        test_conversions=snapshots.converted_leads(split.test),
        purged=split.purged,
        straddling=split.straddling,
        immature=split.immature,
        folds=len(split.folds),
        weight_cut_off=split.cut_off,
    )
