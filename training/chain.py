"""Learns the customer by way of sql, holds that against the direct model inside training, and keeps the better.

P(customer) = P(sql) * P(customer | sql), all within the customer's horizon. The second model learns from the snapshots
of leads that were sql already or became it within the horizon: a fifth of the rows, perhaps, with all the conversions.
Both models are calibrated on the direct model's windows inside training, where chain and direct model then answer for
the same mature snapshots. The test has no part in it. (Duncan and Elkan, "Probabilistic modeling of a sales funnel to
prioritize leads", KDD 2015, doi 10.1145/2783258.2788578, chain sql and sale in this way.)
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from features import table as feature_table
from features.catalogue import Catalogue
from histories.contract import Histories, Target
from scoring.calibration import sigmoid
from scoring.chain import Chain, joint_log_odds, sql_column
from scoring.model import Model
from training import averaged
from training.booster import bin_rows, columns_of
from training.fitted import Learning, Progress, Route
from training.ladder import BLEND_TO
from training.learner import Learnt, bag, learn
from training.settings import threads
from training.snapshots import Snapshots, draw, subset
from training.split import LEAST_TRAINING_CONVERSIONS, LEAST_VALIDATION_CONVERSIONS, Fold, Split, split_at

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Side:
    """What one of the two parts is asked: snapshots, and which of them train and validate."""

    snapshots: Snapshots
    split: Split


@dataclass(frozen=True, eq=False)
class Part:
    """What a model is learnt from: `matrix` [training snapshots, features], with the rows of `split.train`."""

    matrix: FloatArray
    snapshots: Snapshots
    split: Split


@dataclass(frozen=True, eq=False)
class Tried:
    """A chain, None where there was too little to learn it from, and how it did beside the direct model."""

    chain: Chain | None
    route: Route


def keep_better(
    direct: Learnt | None, asked: Part, histories: Histories, catalogue: Catalogue, seed: int, progress: Progress
) -> tuple[Model | Chain | None, Learning | None]:
    """Return what was learnt from `asked`, or for customer a chain, where that has the lower log loss on the windows.

    Learning's `route` says which was kept, and by how much; its other fields remain those of the direct model. Where
    nothing was learnt directly, nothing is (None, None).
    """
    if direct is None:
        return None, None
    if asked.snapshots.target is not Target.CUSTOMER:
        return direct.model, direct.learning
    tried = chained(direct, asked, histories, catalogue, seed, progress)
    kept = tried.chain if tried.chain is not None and tried.route.chained else direct.model
    return kept, replace(direct.learning, route=tried.route)


def chained(
    direct: Learnt, customer: Part, histories: Histories, catalogue: Catalogue, seed: int, progress: Progress
) -> Tried:
    """Learn a chain, its parts as trees with default settings, and hold it against the direct model.

    `direct` was learnt from `customer`, the training side of that target.
    """
    column = sql_column(catalogue)
    sql = of_sql(customer, histories)
    given = given_sql(customer, sql, column)
    if why := _too_few_sql(sql) or _too_few(given) or _too_few(sql):
        return Tried(None, Route(False, f"no chain by way of sql was tried: {why}"))
    progress("customer by way of sql", 2, 4)
    # A part's matrix lives while the part is learnt: both at once beside the customer's would be three.
    first = _learnt(sql_matrix(customer, sql, histories, catalogue), sql, catalogue, seed, progress)
    second = _learnt(given_matrix(customer, given), given, catalogue, seed, progress)
    if first is None or second is None:
        return Tried(None, Route(False, "no chain by way of sql was tried: there is no window to judge it on"))
    return Tried(Chain(first.model, second.model, column), _route(direct, customer, sql, first, second))


def relearn(
    tested: Chain, route: Route, customer: Part, histories: Histories, catalogue: Catalogue, seed: int
) -> Chain:
    """Learn both parts again from further snapshots, with the settings, rounds and calibrators that were tested.

    `customer`: the customer's snapshots that are to train now. `route`: what `keep_better` said of the chain.
    """
    if route.sql is None or route.given_sql is None:
        raise ValueError("a chain that was learnt has two parts of which it is known how they were learnt")
    sql = of_sql(customer, histories)
    matrix = sql_matrix(customer, sql, histories, catalogue)
    first = _grown(tested.sql, matrix, sql, route.sql, catalogue, seed)
    given = given_sql(customer, sql, tested.column)
    matrix = given_matrix(customer, given)
    return Chain(first, _grown(tested.given_sql, matrix, given, route.given_sql, catalogue, seed), tested.column)


def _learnt(matrix: FloatArray, side: Side, catalogue: Catalogue, seed: int, progress: Progress) -> Learnt | None:
    """Learn a part: trees, averaged with a ridge where its windows like that better."""
    trees = learn(matrix, side.snapshots, side.split, catalogue, seed, None, progress)
    return None if trees is None else averaged.better(trees, matrix, side.snapshots, side.split, catalogue)


def _grown(tested: Model, matrix: FloatArray, side: Side, learning: Learning, catalogue: Catalogue, seed: int) -> Model:
    labels = side.snapshots.answer[side.split.train]
    rows = bin_rows(matrix, labels, side.split.weights, None, columns_of(catalogue), learning.settings, seed)
    trees, weights = bag(rows, learning.settings, learning.rounds, seed), side.split.weights
    members = averaged.again(trees, learning.ridge_strength, matrix, labels, weights, catalogue)
    return replace(tested, members=members)


def of_sql(customer: Part, histories: Histories) -> Side:
    """Ask for sql within the customer's horizon, with the customer's border and windows."""
    asked, parts = customer.snapshots, customer.split
    snapshots = draw(histories, Target.SQL, asked.horizon_days, asked.ages)
    windows = [(one.start, one.end) for one in parts.folds]
    return Side(snapshots, split_at(snapshots, parts.test_start, parts.kept, windows))


def sql_matrix(customer: Part, sql: Side, histories: Histories, catalogue: Catalogue) -> FloatArray:
    """Return the features of sql's training snapshots: the customer's own rows where it has them.

    More answers are known for sql at the border than for customer: the features of those snapshots are computed.
    """
    at_hand = np.full(len(customer.snapshots.lead), -1)
    at_hand[customer.split.train] = np.arange(len(customer.split.train))
    place = _places(sql.snapshots, sql.split.train, customer.snapshots)
    place[place >= 0] = at_hand[place[place >= 0]]
    further = np.flatnonzero(place < 0)
    matrix = customer.matrix[place]
    if len(further):
        table = subset(sql.snapshots.table, sql.split.train[further])
        matrix[further] = feature_table.compute(histories, table, catalogue).matrix
    return matrix


def given_sql(customer: Part, sql: Side, column: int) -> Side:
    """Ask for customer among the leads that are sql or become it within the horizon. `column`: that of `sql_column`.

    Who is among them is known whenever the customer's answer is: sql comes before the customer, and `lost` ends both.
    Their weights are the customer's, for they were followed until that answer.
    """
    place = _places(customer.snapshots, np.arange(len(customer.snapshots.lead)), sql.snapshots)
    member = np.zeros(len(place), dtype=np.bool_)
    member[place >= 0] = sql.snapshots.answer[place[place >= 0]] == 1
    train = customer.split.train
    member[train] |= customer.matrix[:, column] == 1

    def fold(one: Fold) -> Fold:
        return replace(
            one,
            train=one.train[member[one.train]],
            weights=_mean_one(one.weights[member[one.train]]),
            mature=one.mature[member[one.mature]],
            validation=one.validation[member[one.validation]],
        )

    parts = replace(
        customer.split,
        train=train[member[train]],
        weights=_mean_one(customer.split.weights[member[train]]),
        mature=customer.split.mature[member[customer.split.mature]],
        folds=tuple(fold(one) for one in customer.split.folds),
    )
    return Side(customer.snapshots, parts)


def given_matrix(customer: Part, given: Side) -> FloatArray:
    """Return the features of the second part's training snapshots."""
    return customer.matrix[np.searchsorted(customer.split.train, given.split.train)]


def _mean_one(weights: FloatArray) -> FloatArray:
    return weights / weights.mean() if len(weights) else weights


def _places(of: Snapshots, rows: IntArray, within: Snapshots) -> IntArray:
    """Return where the (lead, age) of some rows stand in other snapshots of the same ages; -1 where they do not."""
    keys, wanted = within.lead * len(within.ages) + within.age, of.lead[rows] * len(of.ages) + of.age[rows]
    order = np.argsort(keys)
    found = order[np.minimum(np.searchsorted(keys[order], wanted), len(keys) - 1)] if len(keys) else None
    return np.full(len(rows), -1) if found is None else np.where(keys[found] == wanted, found, -1)


def _too_few_sql(sql: Side) -> str:
    converted = sql.snapshots.converted_leads(sql.split.train)
    if converted > BLEND_TO:
        return ""
    return f"{converted} leads in training became sql, and trees without the points want more than {BLEND_TO}"


def _too_few(part: Side) -> str:
    """Say what a part lacks to be learnt and judged on each window; nothing where it lacks nothing."""
    needs = [("training", part.split.train, LEAST_TRAINING_CONVERSIONS)]
    for one in part.split.folds:
        needs.append(("training before a window", one.train, LEAST_TRAINING_CONVERSIONS))
        needs.append(("a window", one.validation, LEAST_VALIDATION_CONVERSIONS))
    for where, rows, least in needs:
        for answer, became in ((1, "became"), (0, "did not become")):
            leads = len(np.unique(part.snapshots.lead[rows][part.snapshots.answer[rows] == answer]))
            if leads < least:
                among = "" if part.snapshots.target is Target.SQL else "of those that became sql, "
                return f"{among}{leads} leads in {where} {became} {part.snapshots.target}, and it needs {least}"
    return ""


def _route(direct: Learnt, customer: Part, sql: Side, first: Learnt, second: Learnt) -> Route:
    """Hold the chain against the direct model on each snapshot of the windows, as both would ship: calibrated."""
    labels = np.concatenate(direct.windows.labels)
    straight = direct.model.calibrator.log_odds(np.concatenate(direct.windows.margins))
    joined = np.concatenate(
        [_window(number, customer, sql, first, second) for number in range(len(customer.split.folds))]
    )
    losses = [_log_loss(log_odds, labels) for log_odds in (straight, joined)]
    chained = losses[1] < losses[0]
    ways = ("learnt directly", "the chain P(sql) x P(customer | sql)")
    sentence = (
        f"P(customer) is {ways[chained]}: log loss {losses[chained]:.4f} on {len(labels):,} snapshots of the windows "
        f"inside training, {losses[not chained]:.4f} if it were {ways[not chained]}"
    )
    if chained:
        sentence += ". The chain's trees have default settings and do not start from the rulebook's points"
    return Route(chained, sentence, len(labels), losses[0], losses[1], first.learning, second.learning)


def _window(number: int, customer: Part, sql: Side, first: Learnt, second: Learnt) -> FloatArray:
    """Return the chain's out-of-sample log-odds for the customer's snapshots of a window."""
    rows = customer.split.folds[number].validation
    matrix = customer.matrix[np.searchsorted(customer.split.train, rows)]
    count = threads(matrix.size)
    raw = second.windows.grown[number].predict(
        matrix, raw_score=True, num_iteration=second.windows.rounds, num_threads=count
    )
    margins = np.asarray(raw, dtype=np.float64)
    if second.lines:
        margins = averaged.mean(margins, second.lines[number].margins(matrix, np.zeros(len(rows), np.int64), count))
    found = second.model.calibrator.log_odds(margins)
    place = _places(customer.snapshots, rows, sql.snapshots)
    asked = np.flatnonzero(place >= 0)
    before = np.searchsorted(sql.split.folds[number].validation, place[asked])
    begun = first.model.calibrator.log_odds(first.windows.margins[number][before])
    found[asked] = joint_log_odds(begun, found[asked])
    return found


def _log_loss(log_odds: FloatArray, labels: NDArray[np.int8]) -> float:
    return float(np.mean(-np.log(sigmoid(np.where(labels == 1, log_odds, -log_odds)))))
