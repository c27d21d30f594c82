"""From histories to a bundle: what to predict is drawn, split, learnt, held against the points, and packed."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from features import catalogue as catalogues
from features import table as feature_table
from features.catalogue import Catalogue
from features.own.features import OwnFeature
from histories.contract import Histories, Target
from scoring import points as rule_points
from scoring.bundle import Bundle
from scoring.card import Card
from scoring.model import Model
from scoring.policy import Policy
from scoring.rulebook import Rulebook
from training import segments
from training.board import Board, high_probability, recent_board
from training.fitted import Fitted, Progress, Score, TargetResult, silent
from training.learner import learn
from training.points_model import calibrated_points, whole_points
from training.recipe import Recipe
from training.settings import THREADS
from training.snapshots import Snapshots, draw
from training.split import Split, border_of, split
from training.verdict import measure

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Question:
    """One target's snapshots and how they are split."""

    snapshots: Snapshots
    split: Split


@dataclass(frozen=True, eq=False)
class Seen:
    """What both scores see of snapshots: `matrix` [n, features], nan is missing; `hundredths` [n] of points."""

    matrix: FloatArray
    hundredths: IntArray


@dataclass(frozen=True, slots=True)
class Origin:
    """When and from what a bundle is made; times in UTC microseconds."""

    now: int
    border: int
    source: str


@dataclass(frozen=True, eq=False)
class Prepared:
    """All there is before anything is learnt: each target's question, and what both scores see of its snapshots.

    `border` (UTC microseconds) parts training from test; rows of `seen` are as `see` returns them.
    """

    questions: Mapping[Target, Question]
    border: int
    catalogue: Catalogue
    seen: Mapping[Target, Seen]


def fit_bundle(
    histories: Histories,
    recipe: Recipe,
    rulebook: Rulebook,
    *,
    now: int,
    source: str,
    progress: Progress = silent,
) -> Fitted:
    """Train a bundle and measure it on the newest snapshots beside the rulebook's points.

    `now` (UTC microseconds) and `source` (what the histories came from) go into the model card. Raises
    DataError where the histories hold nothing to learn or to test, CallError where the recipe names what they
    do not have.
    """
    prepared = prepare(histories, recipe, rulebook, progress)
    return fit_prepared(histories, recipe, rulebook, prepared, now=now, source=source, progress=progress)


def prepare(histories: Histories, recipe: Recipe, rulebook: Rulebook, progress: Progress = silent) -> Prepared:
    """Draw the snapshots, split them, and compute what is seen of them. Raises as `fit_bundle` does."""
    segments.require(histories, recipe.segments)
    progress("snapshots", 0, 4)
    questions, border = ask(histories, recipe)
    progress("features", 1, 4)
    catalogue = catalogue_of(histories, questions, border, recipe.features)
    return Prepared(questions, border, catalogue, see(histories, catalogue, rulebook, questions))


def fit_prepared(
    histories: Histories,
    recipe: Recipe,
    rulebook: Rulebook,
    prepared: Prepared,
    *,
    now: int,
    source: str,
    progress: Progress = silent,
) -> Fitted:
    """Learn from what `prepare` made of these histories, and measure; `now` and `source` as in `fit_bundle`."""
    questions, border, catalogue, seen = prepared.questions, prepared.border, prepared.catalogue, prepared.seen
    results = {
        target: _answer(histories, recipe, catalogue, question, seen[target], progress)
        for target, question in questions.items()
    }
    progress("reference board", 3, 4)
    bundle = _bundle(histories, recipe, rulebook, catalogue, questions, results, Origin(now, border, source))
    progress("reference board", 4, 4)
    return Fitted(bundle, recipe, border, results)


def ask(histories: Histories, recipe: Recipe) -> tuple[Mapping[Target, Question], int]:
    """Draw each target's snapshots and split them at one border, which is returned too (UTC microseconds)."""
    drawn = {target: draw(histories, target, days, recipe.ages) for target, days in recipe.horizons.items()}
    border = border_of(recipe, list(drawn.values()))
    return {target: Question(one, split(one, border)) for target, one in drawn.items()}, border


def catalogue_of(
    histories: Histories, questions: Mapping[Target, Question], border: int, own: tuple[OwnFeature, ...]
) -> Catalogue:
    """Columns from what was known of the training leads before the test began, and the team's own."""
    trained = np.unique(np.concatenate([one.snapshots.lead[one.split.train] for one in questions.values()]))
    lead_ids = histories.leads["lead_id"].take(pa.array(trained)).to_pylist()
    return catalogues.build(histories, lead_ids, until=border, own=own)


def _used(question: Question) -> IntArray:
    return np.concatenate([question.split.train, question.split.test])


def see(
    histories: Histories, catalogue: Catalogue, rulebook: Rulebook, questions: Mapping[Target, Question]
) -> Mapping[Target, Seen]:
    """Features and points of each target's training snapshots, then its test snapshots.

    A (lead, cutoff) that several targets share is computed once.
    """
    keys = np.concatenate(
        [np.stack([one.snapshots.lead, one.snapshots.cutoff], axis=1)[_used(one)] for one in questions.values()]
    )
    distinct, place = np.unique(keys, axis=0, return_inverse=True)
    lead_ids = histories.leads["lead_id"].take(pa.array(distinct[:, 0]))
    table = pa.table({"lead_id": lead_ids, "cutoff": pa.array(distinct[:, 1], pa.int64())})
    matrix = feature_table.compute(histories, table, catalogue).matrix
    hundredths = rule_points.table(rulebook, histories, table)
    ends = np.cumsum([len(_used(one)) for one in questions.values()])[:-1]
    places = np.split(place.ravel(), ends)
    return {target: Seen(matrix[rows], hundredths[rows]) for target, rows in zip(questions, places, strict=True)}


def _answer(
    histories: Histories,
    recipe: Recipe,
    catalogue: Catalogue,
    question: Question,
    seen: Seen,
    progress: Progress,
) -> TargetResult:
    snapshots, parts = question.snapshots, question.split
    progress(f"model for {snapshots.target.value}", 2, 4)
    trained = len(parts.train)
    found = learn(seen.matrix[:trained], snapshots, parts, catalogue, recipe.seed, recipe.search, progress)
    learnt = None if found is None else (found.model, found.learning)
    mature = np.searchsorted(parts.train, parts.mature)
    points = whole_points(seen.hundredths[:trained][mature])
    labels = snapshots.label[parts.mature]
    points_model = calibrated_points(points, labels, snapshots.target, snapshots.horizon_days)
    return measure(
        histories, recipe, snapshots, parts, learnt, points_model, seen.matrix[trained:], seen.hundredths[trained:]
    )


def _bundle(
    histories: Histories,
    recipe: Recipe,
    rulebook: Rulebook,
    catalogue: Catalogue,
    questions: Mapping[Target, Question],
    results: Mapping[Target, TargetResult],
    origin: Origin,
) -> Bundle:
    models = {target: _champion(result) for target, result in results.items()}
    board, probabilities = _board(histories, catalogue, rulebook, questions, models[Target.CUSTOMER], origin.border)
    return Bundle(
        catalogue=catalogue,
        models=models,
        reference=np.sort(probabilities[board.unseen]),
        policy=Policy(high_probability(probabilities, recipe.business.calls_per_week), recipe.grades),
        card=_card(questions, results, origin),
        rulebook=rulebook if any(model.uses_points for model in models.values()) else None,
    )


def _champion(result: TargetResult) -> Model:
    if result.champion is Score.MODEL and result.model is not None:
        return result.model
    return result.points


def _board(
    histories: Histories,
    catalogue: Catalogue,
    rulebook: Rulebook,
    questions: Mapping[Target, Question],
    model: Model,
    border: int,
) -> tuple[Board, FloatArray]:
    """Return the reference board and the customer probability of each of its leads."""
    trained = np.unique(np.concatenate([one.snapshots.group[one.split.train] for one in questions.values()]))
    board = recent_board(histories, questions[Target.CUSTOMER].snapshots, trained, border)
    matrix = feature_table.compute(histories, board.snapshots, catalogue).matrix
    hundredths = rule_points.table(rulebook, histories, board.snapshots)
    return board, model.probabilities(matrix, hundredths, THREADS)


def _card(questions: Mapping[Target, Question], results: Mapping[Target, TargetResult], origin: Origin) -> Card:
    leads = np.unique(np.concatenate([one.snapshots.lead[one.split.train] for one in questions.values()]))
    return Card(
        trained_until=origin.border,
        created_at=origin.now,
        leads=len(leads),
        snapshots=sum(result.counts.train_snapshots for result in results.values()),
        conversions={target: result.counts.train_conversions for target, result in results.items()},
        figures={target: _figures(result) for target, result in results.items()},
        source=origin.source,
        limits=_limits(questions, results),
    )


def _limits(questions: Mapping[Target, Question], results: Mapping[Target, TargetResult]) -> tuple[str, ...]:
    oldest = questions[Target.CUSTOMER].snapshots.ages[-1].text
    return (
        *(f"P({target.value}): {result.reason}." for target, result in results.items()),
        "Whether model or points answer was decided by the test figures above, which flatter the chosen one a little.",
        f"Training and test saw leads up to {oldest} old; older ones are judged as if they were {oldest} old.",
    )


def _figures(result: TargetResult) -> Mapping[str, float]:
    """Test figures of the score in the bundle; those that the test does not define are left out."""
    chosen = result.points_figures
    if result.champion is Score.MODEL and result.model_figures is not None:
        chosen = result.model_figures
    measured = {name: value for name, value in asdict(chosen.measures).items() if np.isfinite(value)}
    return measured | {
        "snapshots": chosen.snapshots,
        "converted_leads": chosen.converted_leads,
        "prevalence": chosen.prevalence,
    }
