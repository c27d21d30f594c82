"""How much is learnt from how many deals: points alone, trees that start from them beside a ridge, or trees alone.

The steps go by distinct converted leads of the training part. A lead has many snapshots, and learning from few deals
is no better for looking at each many times.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from features.catalogue import Catalogue
from scoring.calibration import IDENTITY
from scoring.model import BoosterMember, Member, Model, RidgeMember
from training import ridge
from training.booster import FloatArray, bin_rows, columns_of
from training.calibrators import choose_calibrator, log_loss, name_of
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
    `strength`: that of the ridge, None where there is none.
    """

    step: Step
    why: str
    points: Model
    learnt: Learnt | None
    strength: float | None = None


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
        both, strength = blend(lesson)
        return Taught(Step.BLEND, _why_blend(lesson.converted), _points(lesson), both, strength)
    return _alone_if_it_wins(lesson)


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
    known = None if taught.strength is None else worth(whole, labels, further.weights)
    start = None if known is None else known.margins(whole)
    rows = bin_rows(further.matrix, labels, further.weights, start, columns, learning.settings, seed)
    members: tuple[Member, ...] = bag(rows, learning.settings, learning.rounds, seed)
    if known is not None and taught.strength is not None:
        lines = ridge.grow(further.matrix, labels, further.weights, columns, taught.strength)
        members = _blended(members, known, lines)
    learnt = replace(taught.learnt, model=replace(taught.learnt.model, members=members))
    return replace(taught, points=points, learnt=learnt)


def _alone_if_it_wins(lesson: Lesson) -> Taught:
    """Trees alone where they beat the points on the windows; else the better of trees alone and the blend."""
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
    losses = _losses(lesson, alone)
    if alone.learning.window_log_loss < losses["points"]:
        return Taught(Step.MODEL, _why_model(lesson.converted, losses), _points(lesson), alone)
    # As many trials as the trees alone came to: a search by time is then repeated by one number for the target.
    search = repeating(lesson.search, lesson.snapshots.target, alone.learning.trials)
    both, strength = blend(replace(lesson, search=search))
    losses["blend"] = both.learning.window_log_loss
    if losses["blend"] < losses["trees"]:
        return Taught(Step.BLEND, _why_not_alone(lesson.converted, losses), _points(lesson), both, strength)
    return Taught(Step.MODEL, _why_not_alone(lesson.converted, losses), _points(lesson), alone)


def blend(lesson: Lesson) -> tuple[Learnt, float]:
    """Learn the mean, in logit space, of trees that start from the points and of a ridge, calibrated as a whole.

    Returned with the ridge's strength. Needs a fold at least.
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
    labels = lesson.snapshots.answer[lesson.split.train]
    folds = windows_of(lesson.split, None)
    lines = ridge.fit(lesson.matrix, labels, lesson.split.weights, folds, columns_of(lesson.catalogue))
    margins = tuple((one + other) / 2 for one, other in zip(trees.windows.margins, lines.margins, strict=True))
    members = _blended(trees.model.members, known, lines.member)
    return _calibrated(trees, replace(trees.model, members=members), margins), lines.strength


def _blended(trees: Sequence[Member], known: Worth, lines: RidgeMember) -> tuple[Member, ...]:
    """Boosters that add what their trees started from, and a ridge that weighs as much as all of them."""
    started = [
        replace(one, offset=known.intercept, points_slope=known.slope, points_centre=known.centre)
        for one in trees
        if isinstance(one, BoosterMember)
    ]
    return (*started, replace(lines, weight=float(len(started))))


def _calibrated(learnt: Learnt, model: Model, margins: Sequence[FloatArray]) -> Learnt:
    """The model with a calibrator of its own, chosen on these margins of the windows."""
    labels = learnt.windows.labels
    calibrator = choose_calibrator(margins, labels)
    together, truth = np.concatenate(margins), np.concatenate(labels)
    so_far = [sum(len(one) for one in labels[: count + 1]) for count in range(len(labels))]
    losses = tuple(log_loss(IDENTITY, together[:rows], truth[:rows]) for rows in so_far)
    learning = replace(
        learnt.learning,
        calibration=name_of(calibrator),
        window_log_loss_raw=losses[-1],
        window_log_loss=log_loss(calibrator, together, truth),
    )
    windows = replace(learnt.windows, margins=tuple(margins), losses=losses)
    return Learnt(replace(model, calibrator=calibrator), learning, windows)


def _points(lesson: Lesson) -> Model:
    """The points, calibrated on the mature snapshots of training."""
    snapshots, rows = lesson.snapshots, lesson.split.mature
    points = lesson.points[np.searchsorted(lesson.split.train, rows)]
    return calibrated_points(points, snapshots.label[rows], snapshots.target, snapshots.horizon_days)


def _losses(lesson: Lesson, alone: Learnt) -> dict[str, float]:
    """Log losses on the windows: of trees alone, and of points, out of fold as well."""
    start = start_from(lesson.points, lesson.snapshots, lesson.split)[1]
    folds = windows_of(lesson.split, start)
    margins = np.concatenate([one.start[one.validation] for one in folds if one.start is not None])
    points = log_loss(IDENTITY, margins, np.concatenate(alone.windows.labels))
    return {"trees": alone.learning.window_log_loss, "points": points}


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


def _why_model(converted: int, losses: dict[str, float]) -> str:
    return (
        f"{converted} converted leads in training (more than {BLEND_TO}): trees alone, which beat the points on the "
        f"windows inside training (log loss {losses['trees']:.4f} against {losses['points']:.4f})"
    )


def _why_not_alone(converted: int, losses: dict[str, float]) -> str:
    better = "are better" if losses["blend"] < losses["trees"] else "are no better"
    return (
        f"{converted} converted leads in training (more than {BLEND_TO}), but on the windows inside training trees alone "
        f"do not beat the points (log loss {losses['trees']:.4f} against {losses['points']:.4f}); trees that start from "
        f"the points, averaged with a ridge, {better} ({losses['blend']:.4f})"
    )
