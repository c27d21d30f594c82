"""What one target's training snapshots show: a sample of them, small enough to look at every column."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.catalogue import Catalogue
from histories.contract import Target
from training.leak_auc import dealt
from training.snapshots import Snapshots
from training.split import Split

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
MOST_POSITIVES, MOST_NEGATIVES = 3_000, 6_000
MOST_GROUPS = 2_000


@dataclass(frozen=True, eq=False)
class View:
    """A target's mature training snapshots: of those that convert, and of the others, so many as can be looked at.

    `rows` number the snapshots, ascending; `matrix` [rows, features] has the catalogue's columns, nan is missing.
    `positive` [rows]: converted within the horizon; `group` [rows]: account, or lead; `fold` [rows]: its group's place
    in cross-fitting. `newer` [rows] tells what belongs to the newest window inside training, `older` what may learn for it;
    both all False where training has no window. `weight`: how many negatives stand behind each that was drawn, for each
    positive behind one that was.
    """

    target: Target
    horizon_days: int
    catalogue: Catalogue
    rows: IntArray
    matrix: FloatArray
    positive: NDArray[np.bool_]
    group: IntArray
    fold: IntArray
    older: NDArray[np.bool_]
    newer: NDArray[np.bool_]
    weight: float

    @property
    def question(self) -> str:
        """What the target asks, in words."""
        return f"{self.target.value} within {self.horizon_days} days"

    def groups(self, rows: NDArray[np.bool_]) -> tuple[int, int]:
        """Count, among `rows`, the groups that have a snapshot which converts, and those that have another."""
        taken, positive = self.group[rows], self.positive[rows]
        return len(np.unique(taken[positive])), len(np.unique(taken[~positive]))


def drawn(snapshots: Snapshots, split: Split, seed: int) -> IntArray:
    """Return which training snapshots to look at, ascending: mature ones, converting and others drawn apart."""
    mature, positive = split.mature, snapshots.label[split.mature] == 1
    draw = np.random.default_rng(seed)
    parts = [
        rows if len(rows) <= most else draw.choice(rows, most, replace=False)
        for rows, most in ((mature[positive], MOST_POSITIVES), (mature[~positive], MOST_NEGATIVES))
    ]
    return np.sort(np.concatenate(parts))


def having(snapshots: Snapshots, split: Split, leads: NDArray[np.bool_], seed: int) -> IntArray:
    """Return which training snapshots of some leads to look at, ascending: all mature ones of MOST_GROUPS accounts at most.

    `leads` [leads]. So those who have something are counted as they are, and not by what a sample of all stands for.
    """
    rows = split.mature[leads[snapshots.lead[split.mature]]]
    groups = np.unique(snapshots.group[rows])
    if len(groups) > MOST_GROUPS:
        groups = np.random.default_rng(seed).choice(groups, MOST_GROUPS, replace=False)
    return rows[np.isin(snapshots.group[rows], groups)]


def view(snapshots: Snapshots, split: Split, catalogue: Catalogue, rows: IntArray, matrix: FloatArray) -> View:
    """Put together what `rows` (of `drawn`) show; `matrix` [rows, features]."""
    positive, group = snapshots.label[rows] == 1, snapshots.group[rows]
    among = snapshots.label[split.mature] == 1
    behind = [int((among == one).sum()) / max(1, int((positive == one).sum())) for one in (False, True)]
    nothing = np.zeros(len(rows), dtype=np.bool_)
    newest = split.folds[-1] if split.folds else None
    return View(
        target=snapshots.target,
        horizon_days=snapshots.horizon_days,
        catalogue=catalogue,
        rows=rows,
        matrix=matrix,
        positive=positive,
        group=group,
        fold=dealt(group),
        older=nothing if newest is None else np.isin(rows, newest.train),
        newer=nothing if newest is None else np.isin(rows, newest.validation),
        weight=behind[0] / (behind[1] or 1.0),
    )
