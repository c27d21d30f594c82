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
from histories import clock
from histories.contract import Histories, Target
from scoring import points as rule_points
from scoring.bundle import Bundle
from scoring.card import Card
from scoring.chain import Chain
from scoring.coherence import Models, of_target
from scoring.model import Model
from scoring.policy import Policy
from scoring.rulebook import Rulebook
from training import chain, evidence, gate, segments
from training.board import Board, high_probability, recent_board
from training.fitted import Fitted, Progress, Score, TargetResult, silent
from training.gate import Answering
from training.ladder import Further, Taught, learn_step
from training.lineup import MODEL, RULES, Lineup
from training.measured import with_chosen
from training.recipe import Recipe, Ship
from training.refit import refit
from training.scores import of_models, of_points
from training.settings import THREADS
from training.snapshots import Snapshots, draw, subset
from training.split import Split, border_of, everything, split
from training.verdict import counted, measure

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
MUCH_CUT_OFF = 0.01  # of the weight against censoring: from there on the model card says so


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


@dataclass(frozen=True, eq=False)
class Shipped:
    """The models that are handed over, and what they were learnt from: the snapshots of `split.train`."""

    models: Models
    learnt_from: Mapping[Target, Question]


@dataclass(frozen=True, slots=True)
class Origin:
    """When and from what a bundle is made; times in UTC microseconds."""

    now: int
    border: int
    source: str


@dataclass(frozen=True, eq=False)
class Prepared:
    """What is settled before anything is learnt.

    Each target's question, the `border` between training and test (UTC microseconds), and the columns.
    """

    questions: Mapping[Target, Question]
    border: int
    catalogue: Catalogue


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
    prepared = prepare(histories, recipe, progress)
    return fit_prepared(histories, recipe, rulebook, prepared, now=now, source=source, progress=progress)


def prepare(histories: Histories, recipe: Recipe, progress: Progress = silent) -> Prepared:
    """Draw the snapshots, split them, and choose the columns. Raises as `fit_bundle` does."""
    segments.require(histories, recipe.segments)
    progress("snapshots", 0, 4)
    questions, border = ask(histories, recipe)
    progress("features", 1, 4)
    return Prepared(questions, border, catalogue_of(histories, questions, border, recipe.features))


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
    questions, border, catalogue = prepared.questions, prepared.border, prepared.catalogue
    results: dict[Target, TargetResult] = {}
    lessons: dict[Target, Taught] = {}
    for target in sorted(questions, key=lambda one: one is Target.CUSTOMER):  # sql bounds customer: it is settled first
        settled = {other: _champion(result) for other, result in results.items()}
        results[target], lessons[target] = _answer(
            histories, recipe, rulebook, catalogue, questions[target], settled, progress
        )
    shipped = Shipped({target: _champion(result) for target, result in results.items()}, questions)
    if recipe.ship is Ship.REFIT:
        shipped = _refit(histories, recipe, rulebook, prepared, results, lessons, progress)
    progress("reference board", 3, 4)
    bundle = _bundle(histories, recipe, rulebook, prepared, results, shipped, Origin(now, border, source))
    progress("reference board", 4, 4)
    return Fitted(bundle, recipe, border, results)


def ask(histories: Histories, recipe: Recipe) -> tuple[Mapping[Target, Question], int]:
    """Draw each target's snapshots and split them at one border, which is returned too (UTC microseconds)."""
    drawn = {target: draw(histories, target, days, recipe.ages) for target, days in recipe.horizons.items()}
    border = border_of(recipe, list(drawn.values()))
    return {target: Question(one, split(one, border, recipe.kept_share)) for target, one in drawn.items()}, border


def catalogue_of(
    histories: Histories, questions: Mapping[Target, Question], border: int, own: tuple[OwnFeature, ...]
) -> Catalogue:
    """Columns from what was known of the training leads before the test began, and the team's own."""
    trained = np.unique(np.concatenate([one.snapshots.lead[one.split.train] for one in questions.values()]))
    lead_ids = histories.leads["lead_id"].take(pa.array(trained)).to_pylist()
    return catalogues.build(histories, lead_ids, until=border, own=own)


def see(histories: Histories, catalogue: Catalogue, rulebook: Rulebook, question: Question) -> Seen:
    """Features and points of a target's training snapshots, then of its test snapshots.

    The matrix is the largest thing in a training: one target's is let go of before the next one's is computed.
    """
    rows = np.concatenate([question.split.train, question.split.test])
    taken = subset(question.snapshots.table, rows)
    matrix = feature_table.compute(histories, taken, catalogue).matrix
    return Seen(matrix, rule_points.table(rulebook, histories, taken))


def _answer(
    histories: Histories,
    recipe: Recipe,
    rulebook: Rulebook,
    catalogue: Catalogue,
    question: Question,
    settled: Models,
    progress: Progress,
) -> tuple[TargetResult, Taught]:
    snapshots, parts = question.snapshots, question.split
    progress(f"model for {snapshots.target.value}", 2, 4)
    trained, seen = len(parts.train), see(histories, catalogue, rulebook, question)
    matrix, hundredths = seen.matrix[:trained], seen.hundredths[:trained]
    taught = learn_step(matrix, hundredths, snapshots, parts, catalogue, recipe.seed, recipe.search, progress)
    part = chain.Part(matrix, snapshots, parts)
    model, learning = chain.keep_better(taught.learnt, part, histories, catalogue, recipe.seed, progress)
    sources = {RULES: of_points(taught.points, rulebook)}
    if model is not None:
        models = {**settled, snapshots.target: model}
        sources = {MODEL: of_models(models, snapshots.target, catalogue, rulebook), **sources}
    lineup = measure(histories, recipe, snapshots, parts, sources, seen.matrix[trained:], seen.hundredths[trained:])
    answering = _gate(lineup, taught.why)
    result = TargetResult(
        target=snapshots.target,
        horizon_days=snapshots.horizon_days,
        counts=counted(snapshots, parts),
        lineup=with_chosen(histories, recipe, lineup, MODEL if answering.model else RULES),
        model=model,
        points=taught.points,
        learning=learning,
        step=taught.step,
        why=taught.why,
        answering=answering,
    )
    return result, taught


def _gate(lineup: Lineup, why: str) -> Answering:
    """Ask the gate who answers. `why`: which step of the ladder training stood on."""
    found = evidence.beside_rules(lineup)
    if found is None:
        alike, points = (
            "the model says what the points say" if MODEL in lineup.contenders else why,
            lineup.contenders[RULES],
        )
        ratio = points.intervals["predicted_over_observed"]
        return gate.points_answer(lineup.target, points.figures.converted_leads, ratio, alike)
    return gate.answers(found)


def _refit(
    histories: Histories,
    recipe: Recipe,
    rulebook: Rulebook,
    prepared: Prepared,
    results: Mapping[Target, TargetResult],
    lessons: Mapping[Target, Taught],
    progress: Progress,
) -> Shipped:
    """Learn what was chosen again, as it was tested, from all that the export knows."""
    catalogue, models = prepared.catalogue, dict[Target, Model | Chain]()
    wholes = {target: Question(one.snapshots, everything(one.snapshots)) for target, one in prepared.questions.items()}
    for target, whole in wholes.items():
        progress(f"refit for {target.value}", 2, 4)
        seen, parts = see(histories, catalogue, rulebook, whole), whole.split
        further = Further(seen.matrix, seen.hundredths, whole.snapshots, parts.train, parts.weights, parts.mature)
        models[target] = refit(histories, catalogue, further, parts, lessons[target], results[target], recipe.seed)
    return Shipped(models, wholes)


def _bundle(
    histories: Histories,
    recipe: Recipe,
    rulebook: Rulebook,
    prepared: Prepared,
    results: Mapping[Target, TargetResult],
    shipped: Shipped,
    origin: Origin,
) -> Bundle:
    """Pack what is handed over. Its reference is out of sample, and so of the models that were tested."""
    catalogue, questions, models = prepared.catalogue, prepared.questions, shipped.models
    tested = {target: _champion(result) for target, result in results.items()}
    board, probabilities = _board(histories, catalogue, rulebook, questions, tested, origin.border)
    return Bundle(
        catalogue=catalogue,
        models=models,
        reference=np.sort(probabilities[board.unseen]),
        policy=Policy(high_probability(probabilities, recipe.business.calls_per_week), recipe.grades),
        card=_card(shipped, results, origin),
        rulebook=rulebook if any(model.uses_points for model in models.values()) else None,
    )


def _champion(result: TargetResult) -> Model | Chain:
    if result.champion is Score.MODEL and result.model is not None:
        return result.model
    return result.points


def _board(
    histories: Histories,
    catalogue: Catalogue,
    rulebook: Rulebook,
    questions: Mapping[Target, Question],
    models: Models,
    border: int,
) -> tuple[Board, FloatArray]:
    """Return the reference board and the customer probability of each of its leads."""
    trained = np.unique(np.concatenate([one.snapshots.group[one.split.train] for one in questions.values()]))
    board = recent_board(histories, questions[Target.CUSTOMER].snapshots, trained, border)
    matrix = feature_table.compute(histories, board.snapshots, catalogue).matrix
    hundredths = rule_points.table(rulebook, histories, board.snapshots)
    return board, of_target(models, Target.CUSTOMER, catalogue, matrix, hundredths, THREADS)


def _card(shipped: Shipped, results: Mapping[Target, TargetResult], origin: Origin) -> Card:
    learnt_from = shipped.learnt_from
    leads = np.unique(np.concatenate([one.snapshots.lead[one.split.train] for one in learnt_from.values()]))
    return Card(
        trained_until=learnt_from[Target.CUSTOMER].split.test_start,
        created_at=origin.now,
        leads=len(leads),
        snapshots=sum(len(one.split.train) for one in learnt_from.values()),
        conversions={target: one.snapshots.converted_leads(one.split.train) for target, one in learnt_from.items()},
        figures={target: _figures(result) for target, result in results.items()},
        intervals={target: _intervals(result) for target, result in results.items()},
        source=origin.source,
        limits=_limits(learnt_from[Target.CUSTOMER], results, origin.border),
        ages=tuple(age.text for age in learnt_from[Target.CUSTOMER].snapshots.ages),
        kept_share=learnt_from[Target.CUSTOMER].split.kept,
    )


def _limits(learnt_from: Question, results: Mapping[Target, TargetResult], border: int) -> tuple[str, ...]:
    oldest, until = learnt_from.snapshots.ages[-1].text, learnt_from.split.test_start
    refitted = (
        f"Learnt again from what was known on {clock.date(until)}, with the settings of the bundle that was tested from "
        f"{clock.date(border)} on: the test figures and the reference are that bundle's."
    )
    return (
        *([refitted] if until > border else []),
        *(f"P({target.value}): {result.reason}." for target, result in results.items()),
        *(
            f"P({target.value}): the cap on weights took {result.counts.weight_cut_off:.1%} of them away, so that answers "
            "which came late count for less than they should."
            for target, result in results.items()
            if result.counts.weight_cut_off >= MUCH_CUT_OFF
        ),
        "Whether model or points answer was decided by the test figures above, which flatter the chosen one a little.",
        f"Training and test saw leads up to {oldest} old; older ones are judged as if they were {oldest} old.",
    )


def _figures(result: TargetResult) -> Mapping[str, float]:
    """Test figures of the score in the bundle; those that the test does not define are left out."""
    chosen = result.lineup.contenders[result.lineup.chosen].figures
    measured = {name: value for name, value in asdict(chosen.measures).items() if np.isfinite(value)}
    return measured | {
        "snapshots": chosen.snapshots,
        "converted_leads": chosen.converted_leads,
        "prevalence": chosen.prevalence,
    }


def _intervals(result: TargetResult) -> Mapping[str, tuple[float, float]]:
    """The 95% intervals of those figures that have one."""
    found = result.lineup.contenders[result.lineup.chosen].intervals
    return {
        name: (one.low, one.high) for name, one in found.items() if np.isfinite([one.value, one.low, one.high]).all()
    }
