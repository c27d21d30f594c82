"""Points and half-lives that closed deals suggest, as a draft of a rulebook."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from histories.clock import date
from histories.contract import Target
from histories.errors import DataError
from scoring import calibration, firings
from scoring.firings import Firings
from scoring.rulebook import Rulebook
from scoring.rulebook_changes import edits
from scoring.rules import HUNDREDTHS, EngagementRule, FitRule, StageRule
from training.backtest import Deals
from training.half_lives import Problem, Window, belief_weight, choose
from training.lift import Lift, Pull, lifts
from training.points_model import whole_points
from training.split import LEAST_TRAINING_CONVERSIONS, LEAST_VALIDATION_CONVERSIONS, Split, split

FloatArray = NDArray[np.float64]
QUALIFICATION = "qualification"
HEAD = "Suggested by closed deals: "  # a draft's first line begins so; a file without it is never written over
_BECAME = {Target.CUSTOMER: "became customers", Target.SQL: "became sql"}
MOST_ROWS = 40_000
_FARTHEST = 6.0
_NEAR = 1e-3


@dataclass(frozen=True)
class Suggestion:
    """A draft of a rulebook, and what it rests on: `converted` leads that reached `target`.

    `heading` and `comments` (by rule, or "qualification") say so in the draft's file. `changed`, `dropped` and `kept`
    count rules: with other points or another half-life, taken out, and left as they were.
    """

    draft: Rulebook
    target: Target
    converted: int
    heading: tuple[str, ...]
    comments: Mapping[str, tuple[str, ...]]
    changed: int
    dropped: int
    kept: int


@dataclass(frozen=True, eq=False)
class _Learnt:
    """Training snapshots of one target, and the rulebook's columns there."""

    book: Rulebook
    target: Target
    split: Split
    labels: NDArray[np.int8]
    groups: NDArray[np.int64]
    found: Firings
    lifts: tuple[Lift, ...]


def suggest(closed: Deals, book: Rulebook) -> Suggestion:
    """Suggest points and half-lives for the rules of `book`, learnt from what was known before the border.

    Points go by a logistic regression of the outcome on what each rule gives, with no slope below 0 and drawn towards
    the points as they are, by as much as was best out of time. A rule that too few leads have keeps its points, a rule
    that adds nothing is taken out. Limits move with the points. All are scaled so that about as many training
    snapshots meet mql as before, and the cut of sql is moved for the same: how many leads a week reach either is
    another matter, and for the backtest to tell. Raises DataError where there are too few conversions to choose by.
    """
    learnt = _learn(closed, book)
    fitted, factors = _fitted(learnt, book)
    return _described(closed, learnt, _scaled(learnt, fitted, factors))


def _learn(closed: Deals, book: Rulebook) -> _Learnt:
    """Take the first target, customer before sql, that has windows inside training to choose by."""
    counted = []
    for target, drawn in closed.drawn.items():
        parts = split(drawn, closed.border, closed.kept_share)
        counted.append(f"{drawn.converted_leads(parts.mature):,} leads that reached {target.value}")
        if not parts.folds:
            continue
        found = firings.collect(book, closed.histories, drawn.table.take(parts.mature))
        fired = firings.given(found, book) != 0
        weighed = lifts(fired, firings.rule_points(book), drawn, parts.mature, closed.seed, draws=2)
        return _Learnt(book, target, parts, drawn.label[parts.mature], drawn.group[parts.mature], found, weighed)
    raise DataError(
        f"too few deals for a draft: {' and '.join(counted)} before {date(closed.border)}, of whom "
        f"{LEAST_TRAINING_CONVERSIONS} must be known before a window and {LEAST_VALIDATION_CONVERSIONS} be in it; "
        "export a longer time, or keep the points as they are"
    )


def _free(learnt: _Learnt, book: Rulebook) -> list[bool]:
    """Which columns the data may move: enough leads have the rule. The qualification is one column, the last."""
    few = (Pull.TOO_FEW, Pull.NEVER)
    rules = len(book.engagement) + len(book.fit)
    free = [lift.pull not in few for lift in learnt.lifts[:rules]]
    if book.qualification is not None and book.qualification.points_each:
        free.append(any(lift.pull not in few for lift in learnt.lifts[rules:]))
    return free


def columns(found: Firings, book: Rulebook) -> FloatArray:
    """Return what each rule gives, in points [snapshots, rules]; the parts of the qualification in one last column."""
    amounts = firings.given(found, book) / HUNDREDTHS
    rules = len(book.engagement) + len(book.fit)
    if book.qualification is None or not book.qualification.points_each:
        return np.asarray(amounts[:, :rules])
    return np.column_stack([amounts[:, :rules], amounts[:, rules:].sum(axis=1)])


def _fitted(learnt: _Learnt, book: Rulebook) -> tuple[Rulebook, FloatArray]:
    """Return the rulebook with the half-lives chosen, and how much each column's points are worth beside the old."""
    points = whole_points(firings.totals(book, firings.given(learnt.found, book)))
    slope = calibration.fit(points, learnt.labels).slope
    free = np.array(_free(learnt, book), dtype=np.bool_)
    problem = Problem(columns(learnt.found, book), learnt.labels, learnt.groups, free, slope)
    windows = _windows(learnt)
    weight = belief_weight(problem, windows)
    engagement, problem = choose(problem, windows, weight, learnt.found, book.engagement)
    _, slopes = problem.slopes(slice(None), weight)
    return replace(book, engagement=engagement), slopes / slope


def _windows(learnt: _Learnt) -> list[Window]:
    """Places of the windows' rows among the training rows; of a part of the accounts where there are very many."""
    step = -(-len(learnt.labels) // MOST_ROWS)
    some = learnt.groups % step == 0
    windows = []
    for fold in learnt.split.folds:
        train, validation = (np.searchsorted(learnt.split.mature, rows) for rows in (fold.mature, fold.validation))
        windows.append((train[some[train]], validation[some[validation]]))
    return windows


def _scaled(learnt: _Learnt, book: Rulebook, factors: FloatArray) -> Rulebook:
    """Bring points to the old scale: as many training snapshots at mql (else sql, else the same mean) as before."""
    free = np.array(_free(learnt, book), dtype=np.bool_)
    amounts = firings.given(learnt.found, book)
    stage = learnt.book.mql or learnt.book.sql
    parts = amounts.shape[1] - len(book.engagement) - len(book.fit)
    each = np.r_[np.arange(len(book.engagement) + len(book.fit)), np.full(parts, len(factors) - 1)].astype(np.int64)

    def height(totals: NDArray[np.int64]) -> float:
        return _share(stage, totals, learnt.found) if stage is not None else float(totals.mean())

    def drawn_out(scale: float) -> FloatArray:
        return np.where(free, factors * scale, 1.0)

    before = _totals(learnt.book, learnt.found)
    wanted = height(before)
    low, high = -_FARTHEST, _FARTHEST
    while high - low > _NEAR:
        middle = (low + high) / 2
        factors_there = drawn_out(2.0**middle)
        moved = np.rint(amounts * factors_there[each]).astype(np.int64)
        reached = height(firings.totals(with_group_limits(book, factors_there), moved))
        low, high = (middle, high) if reached < wanted else (low, middle)
    moved = _moved_rules(book, drawn_out(2.0**high), free)
    return replace(moved, sql=_sql(learnt, _totals(moved, learnt.found), before))


def _totals(book: Rulebook, found: Firings) -> NDArray[np.int64]:
    return firings.totals(book, firings.given(found, book))


def _meets(stage: StageRule, totals: NDArray[np.int64], found: Firings) -> NDArray[np.bool_]:
    """Tell where a stage's points are there [snapshots], and contact both ways where it asks for that."""
    return np.asarray((totals >= stage.points) & (found.two_way | (not stage.two_way)))


def _share(stage: StageRule, totals: NDArray[np.int64], found: Firings) -> float:
    return float(_meets(stage, totals, found).mean())


def _sql(learnt: _Learnt, totals: NDArray[np.int64], before: NDArray[np.int64]) -> StageRule | None:
    """Move the cut of sql, where mql sets the scale, so that about as many snapshots meet it as before."""
    sql, mql = learnt.book.sql, learnt.book.mql
    if sql is None or mql is None:
        return sql
    met = int(_meets(sql, before, learnt.found).sum())
    if not met:
        return sql
    able = np.sort(totals[learnt.found.two_way] if sql.two_way else totals)
    return replace(sql, points=max(tidy(float(able[-met])), mql.points))


def with_factors(book: Rulebook, factors: FloatArray, free: NDArray[np.bool_]) -> Rulebook:
    """Multiply points and limits of the free rules, in points that people write; those that come to 0 are left out.

    `factors`, `free`: one an engagement rule, a fit rule, and the last for the qualification where it gives points.
    """
    return without_zeros(_moved_rules(book, factors, free))


def without_zeros(book: Rulebook) -> Rulebook:
    """Leave out the rules without points."""
    return replace(
        book,
        engagement=tuple(rule for rule in book.engagement if rule.points),
        fit=tuple(rule for rule in book.fit if rule.points),
    )


def _moved_rules(book: Rulebook, factors: FloatArray, free: NDArray[np.bool_]) -> Rulebook:
    """Multiply as `with_factors` does, but keep what comes to 0: firings have a column for each rule."""
    book = with_group_limits(book, factors)
    engagement, fit_rules, place = [], [], 0
    for rule in book.engagement:
        engagement.append(_engagement(rule, float(factors[place])) if free[place] else rule)
        place += 1
    for fit in book.fit:
        fit_rules.append(replace(fit, points=tidy(fit.points * float(factors[place]))) if free[place] else fit)
        place += 1
    asked = book.qualification
    if asked is not None and place < len(factors) and free[place]:
        asked = replace(asked, points_each=tidy(asked.points_each * float(factors[place])))
    return replace(book, engagement=tuple(engagement), fit=tuple(fit_rules), qualification=asked)


def with_group_limits(book: Rulebook, factors: FloatArray) -> Rulebook:
    """Move the limit of each group as its gains move: a limit that bound as many leads before still does."""
    first_fit, end = len(book.engagement), len(book.engagement) + len(book.fit)
    engagement, fit = [rule.points for rule in book.engagement], [rule.points for rule in book.fit]
    return replace(
        book,
        engagement_limit=_moved(book.engagement_limit, engagement, factors[:first_fit]),
        fit_limit=_moved(book.fit_limit, fit, factors[first_fit:end]),
    )


def _moved(limit: int | None, points: list[int], factors: FloatArray) -> int | None:
    gains = np.maximum(np.array(points, dtype=np.float64), 0.0)
    if limit is None or not gains.any():
        return limit
    return max(tidy(limit * float(gains @ factors) / float(gains.sum())), HUNDREDTHS // 2)


def _engagement(rule: EngagementRule, factor: float) -> EngagementRule:
    limit = None if rule.limit is None else max(tidy(rule.limit * factor), HUNDREDTHS // 2)
    return replace(rule, points=tidy(rule.points * factor), limit=limit)


def tidy(hundredths: float) -> int:
    """Round to half points below 5, to whole points from there.

    >>> tidy(137), tidy(712), tidy(-260), tidy(20)
    (150, 700, -250, 0)
    """
    unit = HUNDREDTHS // 2 if abs(hundredths) < 5 * HUNDREDTHS else HUNDREDTHS
    return round(hundredths / unit) * unit


def _stages(learnt: _Learnt, moved: Rulebook) -> str:
    """Say what share of the training snapshots meets each stage, and met it; `moved`: the draft, rules of 0 points kept."""
    before, after = _totals(learnt.book, learnt.found), _totals(moved, learnt.found)
    pairs = ((learnt.book.mql, moved.mql, "mql"), (learnt.book.sql, moved.sql, "sql"))
    said = [
        f"{_share(now, after, learnt.found):.1%} have what {name} asks for (before {_share(was, before, learnt.found):.1%})"
        for was, now, name in pairs
        if was is not None and now is not None
    ]
    return f" Of the snapshots learnt from {', '.join(said)}." if said else ""


def _described(closed: Deals, learnt: _Learnt, moved: Rulebook) -> Suggestion:
    """Say above each rule what changed and on how many deals it rests; `moved`: the draft, rules of 0 points kept."""
    book, drawn, rows, draft = learnt.book, closed.drawn[learnt.target], learnt.split.mature, without_zeros(moved)
    now = {rule.name: rule for rule in _rules(draft)}
    comments, dropped = dict[str, tuple[str, ...]](), list[str]()
    free = _free(learnt, book)
    for rule, lift, moves in zip(_rules(book), learnt.lifts, free, strict=False):
        rests = f"{lift.leads:,} leads had it, {lift.converted:,} of them {_BECAME[learnt.target]}."
        if rule.name not in now:
            dropped.append(
                f"“{rule.name}”, {rule.points / HUNDREDTHS:g} points: beside the other rules it adds nothing. {rests}"
            )
            continue
        edit = "; ".join(edits(rule, now[rule.name])) or ("as it was" if moves else "as it was, too few to tell")
        comments[rule.name] = (f"{edit[0].upper()}{edit[1:]}. {rests}",)
    if book.qualification is not None and draft.qualification is not None:
        each = (book.qualification.points_each, draft.qualification.points_each)
        said = "As it was" if each[0] == each[1] else f"{each[0] / HUNDREDTHS:g} → {each[1] / HUNDREDTHS:g} points each"
        comments[QUALIFICATION] = (f"{said}.",)
    converted, leads = drawn.converted_leads(rows), len(np.unique(drawn.lead[rows]))
    heading = [
        f"{HEAD}{leads:,} leads, {converted:,} of them {_BECAME[learnt.target]}",
        f"within {drawn.horizon_days} days, all of it known before {date(closed.border)}. What came later has not been looked at: test the draft on it.",
        f"Drafted from {book.name}, version {book.version}.{_stages(learnt, moved)}",
        *(["", "Taken out:", *dropped] if dropped else []),
    ]
    changed = sum(now.get(rule.name, rule) != rule for rule in _rules(book))
    kept = free[: len(_rules(book))].count(False)
    return Suggestion(draft, learnt.target, converted, tuple(heading), comments, changed, len(dropped), kept)


def _rules(book: Rulebook) -> tuple[EngagementRule | FitRule, ...]:
    return (*book.engagement, *book.fit)
