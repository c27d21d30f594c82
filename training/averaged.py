"""Trees averaged with a ridge, in log-odds, where the windows inside training say that this is better than trees alone."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from features.catalogue import Catalogue
from scoring.calibration import IDENTITY
from scoring.model import Member, Model
from scoring.ridge import RidgeMember
from training import ridge, ridge_columns
from training.booster import FloatArray
from training.calibrators import choose_calibrator, log_loss, name_of
from training.learner import Learnt
from training.ridge import Labels, Ridge
from training.snapshots import Snapshots
from training.split import Split
from training.windows import windows_of


def better(trees: Learnt, matrix: FloatArray, snapshots: Snapshots, split: Split, catalogue: Catalogue) -> Learnt:
    """Return the trees, or their mean with a ridge learnt from the same rows: what has the lower log loss on the windows.

    Both are compared before calibration. `matrix` [training snapshots, features] has the rows of `split.train`.
    """
    both = averaged(trees, trees.model.members, lines(matrix, snapshots, split, catalogue))
    return both if both.learning.window_log_loss_raw < trees.learning.window_log_loss_raw else trees


def lines(matrix: FloatArray, snapshots: Snapshots, split: Split, catalogue: Catalogue) -> Ridge:
    """Learn a ridge from the training part of `split`, which has a fold at least."""
    labels, folds = snapshots.answer[split.train], windows_of(split, None)
    return ridge.fit(matrix, labels, split.weights, folds, ridge_columns.of(catalogue))


def again(
    trees: Sequence[Member],
    strength: float | None,
    matrix: FloatArray,
    labels: Labels,
    weights: FloatArray,
    catalogue: Catalogue,
) -> tuple[Member, ...]:
    """Return trees learnt from further rows with, where they were averaged with a ridge, one of the same strength."""
    if strength is None:
        return tuple(trees)
    return beside(trees, ridge.grow(matrix, labels, weights, ridge_columns.of(catalogue), strength))


def averaged(trees: Learnt, members: Sequence[Member], beside_them: Ridge) -> Learnt:
    """Return the mean of `members`, the model's trees, and a ridge, with a calibrator of its own."""
    margins = tuple(mean(one, other) for one, other in zip(trees.windows.margins, beside_them.margins, strict=True))
    labels = trees.windows.labels
    calibrator = choose_calibrator(margins, labels)
    together, truth = np.concatenate(margins), np.concatenate(labels)
    so_far = [sum(len(one) for one in labels[: count + 1]) for count in range(len(labels))]
    losses = tuple(log_loss(IDENTITY, together[:rows], truth[:rows]) for rows in so_far)
    learning = replace(
        trees.learning,
        calibration=name_of(calibrator),
        window_log_loss_raw=losses[-1],
        window_log_loss=log_loss(calibrator, together, truth),
        ridge_strength=beside_them.strength,
    )
    model: Model = replace(trees.model, members=beside(members, beside_them.member), calibrator=calibrator)
    return Learnt(model, learning, replace(trees.windows, margins=margins, losses=losses), beside_them.grown)


def beside(trees: Sequence[Member], line: RidgeMember) -> tuple[Member, ...]:
    """Trees, and a ridge that weighs as much as all of them."""
    return (*trees, replace(line, weight=sum(one.weight for one in trees)))


def mean(trees: FloatArray, line: FloatArray) -> FloatArray:
    """The margins of both, as the model's members weigh them."""
    return (trees + line) / 2
