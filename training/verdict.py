"""Model against points on the same test snapshots, and which of the two goes into the bundle."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from histories.contract import Histories
from training import measured
from training.bootstrap import Difference
from training.evaluate import Figures
from training.fitted import Score, SplitCounts
from training.lineup import Lineup
from training.recipe import Recipe
from training.scores import Source
from training.snapshots import Snapshots
from training.split import Split

FloatArray = NDArray[np.float64]
ENOUGH_TEST_CONVERSIONS = 50


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


def judge(
    counts: SplitCounts, why: str, model: Figures | None, points: Figures, apart: Mapping[str, Difference]
) -> tuple[Score, str]:
    """Say which score goes into the bundle and why: the model where its log loss on the test is the lower.

    `why`: which step of the ladder training stood on, and why; that is all where it taught no model.
    """
    if model is None:
        return Score.POINTS, why
    if not apart:
        return Score.POINTS, "the model says what the points say"
    if counts.test_conversions == 0:
        return Score.POINTS, "the test holds no conversion, so that the model cannot show that it beats the points"
    loss = apart["log_loss"]
    measured = (
        f"log loss {model.measures.log_loss:.4f} of the model, {points.measures.log_loss:.4f} of the points "
        f"(difference {loss.value:+.4f}, 95% interval {loss.low:+.4f} to {loss.high:+.4f})"
    )
    if counts.test_conversions < ENOUGH_TEST_CONVERSIONS:
        measured += f"; {counts.test_conversions} converted leads in the test are too few to be sure"
    if loss.value < 0:
        return Score.MODEL, f"the model beats the points: {measured}"
    return Score.POINTS, f"the model does not beat the points: {measured}"


def counted(snapshots: Snapshots, split: Split) -> SplitCounts:
    """Count what the split came to."""
    return SplitCounts(
        train_snapshots=len(split.train),
        train_leads=len(np.unique(snapshots.lead[split.train])),
        train_conversions=snapshots.converted_leads(split.train),
        test_snapshots=len(split.test),
        test_leads=len(np.unique(snapshots.lead[split.test])),
        test_conversions=snapshots.converted_leads(split.test),
        purged=split.purged,
        straddling=split.straddling,
        immature=split.immature,
        folds=len(split.folds),
    )
