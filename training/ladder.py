"""How much is learnt from how many deals: points alone, trees that start from them beside a ridge, or trees without them.

The steps go by distinct converted leads of the training part. A lead has many snapshots, and learning from few deals
is no better for looking at each many times.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from features.catalogue import Catalogue
from scoring.calibration import IDENTITY
from scoring.model import BoosterMember, Member, Model
from training import averaged
from training.booster import FloatArray, bin_rows, columns_of
from training.calibrators import log_loss
from training.fitted import Progress, Step
from training.learner import Learnt, bag, learn
from training.points_model import Worth, calibrated_points, start_from, whole_points, worth
from training.recipe import Search
from training.snapshots import Snapshots
from training.split import LEAST_TRAINING_CONVERSIONS, LEAST_VALIDATION_CONVERSIONS, Split
from training.tune import repeating
from training.windows import windows_of

BLEND_FROM = 100
BLEND_TO = 400
TELLS_APART_FROM = 20


@dataclass(frozen=True, eq=False)
class Taught:
    """What a target's training part taught. `why`: which step it is and why, in a sentence without its full stop.

    `points`: the rulebook's points, brought to probabilities. `learnt`: None where points are all there is.
    """

    step: Step
    why: str
    points: Model
    learnt: Learnt | None


@dataclass(frozen=True, eq=False)
class Lesson:
    """What there is to learn one target from: `matrix` and `points` (whole points) of the rows of `split.train`."""

    matrix: FloatArray
    points: FloatArray
    snapshots: Snapshots
    split: Split
    catalogue: Catalogue
    seed: int
    search: Search | None
    progress: Progress

    @property
    def converted(self) -> int:
        """Distinct converted leads to learn from."""
        return self.snapshots.converted_leads(self.split.train)


def step_of(converted_leads: int) -> Step:
    """Return the step for that many distinct converted leads in training.

    Measured on simulated leads (docs/decisions/0018): below 100 nothing learnt beats the points, and up to 400 the
    mean of a ridge and of trees that start from the points beats either.
    """
    if converted_leads < BLEND_FROM:
        return Step.POINTS
    return Step.BLEND if converted_leads <= BLEND_TO else Step.MODEL


def learn_step(
    matrix: FloatArray,
    hundredths: NDArray[np.int64],
    snapshots: Snapshots,
    split: Split,
    catalogue: Catalogue,
    seed: int,
    search: Search | None,
    progress: Progress,
) -> Taught:
    """Learn what the step allows from the training part of `split`.

    `matrix` [training snapshots, features], nan is missing, and `hundredths` [training snapshots] of points have the
    rows of `split.train`. Nothing here sees the test.
    """
    lesson = Lesson(matrix, whole_points(hundredths), snapshots, split, catalogue, seed, search, progress)
    step = step_of(lesson.converted)
    if step is Step.POINTS or not split.folds:
        return Taught(Step.POINTS, _why_points(lesson.converted), _points(lesson), None)
    if step is Step.BLEND:
        return Taught(Step.BLEND, _why_blend(lesson.converted), _points(lesson), blend(lesson))
    return _without_points_if_they_win(lesson)


@dataclass(frozen=True, eq=False)
class Further:
    """More snapshots to learn from: row numbers into `snapshots`, ascending, with the weights of each (mean 1).

    `matrix` and `hundredths` have the rows of `rows`; `mature`: those of them whose horizon has ended.
    """

    matrix: FloatArray
    hundredths: NDArray[np.int64]
    snapshots: Snapshots
    rows: NDArray[np.int64]
    weights: FloatArray
    mature: NDArray[np.int64]


def relearn(taught: Taught, further: Further, catalogue: Catalogue, seed: int) -> Taught:
    """Learn the same again from further snapshots: the step, settings, rounds, strength and calibrator that were tested."""
    snapshots, whole = further.snapshots, whole_points(further.hundredths)
    labels = snapshots.answer[further.rows]
    calibrated = whole[np.searchsorted(further.rows, further.mature)]
    points = calibrated_points(calibrated, snapshots.label[further.mature], snapshots.target, snapshots.horizon_days)
    if taught.learnt is None:
        return replace(taught, points=points)
    learning, columns = taught.learnt.learning, columns_of(catalogue)
    known = worth(whole, labels, further.weights) if taught.step is Step.BLEND else None
    start = None if known is None else known.margins(whole)
    rows = bin_rows(further.matrix, labels, further.weights, start, columns, learning.settings, seed)
    trees = bag(rows, learning.settings, learning.rounds, seed)
    started = trees if known is None else _started(trees, known)
    members = averaged.again(started, learning.ridge_strength, further.matrix, labels, further.weights, catalogue)
    learnt = replace(taught.learnt, model=replace(taught.learnt.model, members=members))
    return replace(taught, points=points, learnt=learnt)


def _without_points_if_they_win(lesson: Lesson) -> Taught:
    """Trees, alone or averaged with a ridge, where they beat the points on the windows; else the better of them and the blend."""
    alone = learn(
        lesson.matrix,
        lesson.snapshots,
        lesson.split,
        lesson.catalogue,
        lesson.seed,
        lesson.search,
        lesson.progress,
    )
    assert alone is not None  # noqa: S101 -- there are folds; mypy cannot know
    trees = averaged.better(alone, lesson.matrix, lesson.snapshots, lesson.split, lesson.catalogue)
    losses = {"trees": trees.learning.window_log_loss, "points": _points_loss(lesson, alone)}
    if losses["trees"] < losses["points"]:
        return Taught(Step.MODEL, _why_model(lesson.converted, trees, losses), _points(lesson), trees)
    # As many trials as the trees alone came to: a search by time is then repeated by one number for the target.
    search = repeating(lesson.search, lesson.snapshots.target, alone.learning.trials)
    both = blend(replace(lesson, search=search))
    losses["blend"] = both.learning.window_log_loss
    if losses["blend"] < losses["trees"]:
        return Taught(Step.BLEND, _why_not_without(lesson.converted, trees, losses), _points(lesson), both)
    return Taught(Step.MODEL, _why_not_without(lesson.converted, trees, losses), _points(lesson), trees)


def blend(lesson: Lesson) -> Learnt:
    """Learn the mean, in log-odds, of trees that start from the points and of a ridge, calibrated as a whole.

    Needs a fold at least.
    """
    known, start = start_from(lesson.points, lesson.snapshots, lesson.split)
    trees = learn(
        lesson.matrix,
        lesson.snapshots,
        lesson.split,
        lesson.catalogue,
        lesson.seed,
        lesson.search,
        lesson.progress,
        start,
    )
    assert trees is not None  # noqa: S101 -- there are folds; mypy cannot know
    lines = averaged.lines(lesson.matrix, lesson.snapshots, lesson.split, lesson.catalogue)
    return averaged.averaged(trees, _started(trees.model.members, known), lines)


def _started(trees: Sequence[Member], known: Worth) -> tuple[Member, ...]:
    """Boosters that add what their trees started from."""
    return tuple(
        replace(one, offset=known.intercept, points_slope=known.slope, points_centre=known.centre)
        for one in trees
        if isinstance(one, BoosterMember)
    )


def _points(lesson: Lesson) -> Model:
    """The points, calibrated on the mature snapshots of training."""
    snapshots, rows = lesson.snapshots, lesson.split.mature
    points = lesson.points[np.searchsorted(lesson.split.train, rows)]
    return calibrated_points(points, snapshots.label[rows], snapshots.target, snapshots.horizon_days)


def _points_loss(lesson: Lesson, alone: Learnt) -> float:
    """Log loss of the points on the windows, out of fold as the trees' is."""
    start = start_from(lesson.points, lesson.snapshots, lesson.split)[1]
    folds = windows_of(lesson.split, start)
    margins = np.concatenate([one.start[one.validation] for one in folds if one.start is not None])
    return log_loss(IDENTITY, margins, np.concatenate(alone.windows.labels))


def _why_points(converted: int) -> str:
    if converted < BLEND_FROM:
        few = "1 converted lead in training is" if converted == 1 else f"{converted} converted leads in training are"
        why = (
            f"{few} fewer than {BLEND_FROM}, from which no model learns more than "
            "the rulebook says: its points, brought to probabilities, stand in"
        )
        if converted < TELLS_APART_FROM:
            why += f"; with fewer than {TELLS_APART_FROM} nothing here can tell one score from another"
        return why
    return (
        f"no model could be checked inside training: a window there needs {LEAST_TRAINING_CONVERSIONS} converted "
        f"leads known before it and {LEAST_VALIDATION_CONVERSIONS} in it, and the {converted} of training came too late; "
        "the points, brought to probabilities, stand in"
    )


def _why_blend(converted: int) -> str:
    return (
        f"{converted} converted leads in training ({BLEND_FROM} to {BLEND_TO}): trees that start from the rulebook's "
        "points, averaged with a ridge"
    )


def _why_model(converted: int, trees: Learnt, losses: dict[str, float]) -> str:
    return (
        f"{converted} converted leads in training (more than {BLEND_TO}): {_named(trees)}, which beat the points on the "
        f"windows inside training (log loss {losses['trees']:.4f} against {losses['points']:.4f})"
    )


def _why_not_without(converted: int, trees: Learnt, losses: dict[str, float]) -> str:
    better = "are better" if losses["blend"] < losses["trees"] else "are no better"
    return (
        f"{converted} converted leads in training (more than {BLEND_TO}), but on the windows inside training {_named(trees)} "
        f"do not beat the points (log loss {losses['trees']:.4f} against {losses['points']:.4f}); trees that start from "
        f"the points, averaged with a ridge, {better} ({losses['blend']:.4f})"
    )


def _named(trees: Learnt) -> str:
    return "trees alone" if trees.learning.ridge_strength is None else "trees averaged with a ridge"
