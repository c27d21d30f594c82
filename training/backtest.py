"""A rulebook replayed over closed deals: what each rule gave and was worth, and the whole beside another rulebook."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from histories.contract import Histories, Target
from histories.errors import DataError
from scoring import firings
from scoring.rulebook import Rulebook
from scoring.rules import HUNDREDTHS
from training.boards import Boards, Calling, union, weekly
from training.bootstrap import Difference, cluster_weights, interval
from training.capacity import calls_of
from training.evaluate import FloatArray, Ranking
from training.fitted import Progress, silent
from training.handed_over import HandedOver, handed_over
from training.lift import Lift, lifts
from training.overlap import Overlap, overlaps
from training.recipe import Recipe
from training.sides import trains
from training.snapshots import Snapshots, draw
from training.split import border_of

Measure = Callable[[FloatArray], FloatArray]
DRAWS = 1000


@dataclass(frozen=True, eq=False)
class Deals:
    """Closed deals, the same for every rulebook.

    `drawn`: snapshots by target, customer first; only the mature ones are looked at. `border`: UTC microseconds;
    rulebooks are held against each other on what came from then on, of the leads and accounts that training would test on
    (`kept_share`), which a draft learnt from the same export has not seen. `boards`: the weeks of that part, by target; `calls`: leads that the team takes on in a week.
    """

    histories: Histories
    seed: int
    drawn: Mapping[Target, Snapshots]
    border: int
    kept_share: float
    boards: Mapping[Target, Boards]
    calls: int

    def mature(self, target: Target) -> NDArray[np.int64]:
        """Rows of a target's snapshots whose outcome is known."""
        return np.flatnonzero(self.drawn[target].mature)

    def test(self, target: Target) -> NDArray[np.int64]:
        """Rows of those from the border on, of leads and accounts that no draft learns from."""
        drawn = self.drawn[target]
        learnt_from = trains(drawn.lives, self.border, self.kept_share)[drawn.group]
        return np.flatnonzero(drawn.mature & (drawn.cutoff >= self.border) & ~learnt_from)

    def test_conversions(self) -> Mapping[Target, int]:
        """Leads of those rows that reached each target."""
        return {target: drawn.converted_leads(self.test(target)) for target, drawn in self.drawn.items()}


@dataclass(frozen=True, slots=True)
class RuleReport:
    """One rule over all mature snapshots.

    `points` of the rule, in hundredths. By target `given`: what it gives or takes after its own limit, on the mean of
    the snapshots where that is anything (hundredths; 0 where there are none), and `lifts`.
    """

    name: str
    points: int
    given: Mapping[Target, float]
    lifts: Mapping[Target, Lift]


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of the whole: `name`, `unit` ("auc", "share", "leads"), and its value with a 95% interval.

    `target`: whose conversions it counts; None: it counts none.
    `judged`: a higher one is better; where not, it is a matter of what the team wants. `old`: the other rulebook's,
    `apart`: this one minus the other, drawn in pairs; None without another rulebook.
    """

    name: str
    unit: str
    target: Target | None
    judged: bool
    new: Difference
    old: Difference | None
    apart: Difference | None


@dataclass(frozen=True, eq=False)
class Backtest:
    """What a replay came to. `rules` in the order of the rulebook, `whole` on the part from the border on.

    `test_conversions`: leads of that part that reached each target, which the verdicts rest on. `overlaps` are those
    among the snapshots for customer.
    """

    deals: Deals
    new: Rulebook
    old: Rulebook | None
    rules: tuple[RuleReport, ...]
    overlaps: tuple[Overlap, ...]
    whole: tuple[Figure, ...]
    test_conversions: Mapping[Target, int]
    weeks: float


def deals(histories: Histories, recipe: Recipe) -> Deals:
    """Draw the closed deals of an export as training does. Raises DataError where there are none to judge by."""
    targets = sorted(recipe.horizons, key=lambda target: target is not Target.CUSTOMER)
    drawn = {target: draw(histories, target, recipe.horizons[target], recipe.ages) for target in targets}
    border = border_of(recipe, list(drawn.values()))
    boards = {target: weekly(histories, target, recipe.horizons[target], border) for target in targets}
    calls = calls_of(boards[Target.CUSTOMER], recipe.business)
    found = Deals(histories, recipe.seed, drawn, border, recipe.kept_share, boards, calls)
    for target, snapshots in drawn.items():
        if not len(found.test(target)):
            raise DataError(
                f"target {target.value}: no mature snapshot lies in the test; move test_from back in the recipe's [split]"
            )
        if not (snapshots.label[found.mature(target)] == 1).any():
            raise DataError(
                f"target {target.value}: no lead of the closed deals converted within {snapshots.horizon_days} days, so "
                "that no rule can be judged; check [[outcomes]] in crm.toml, or lengthen horizon_days"
            )
    return found


def backtest(
    closed: Deals, new: Rulebook, old: Rulebook | None, progress: Progress = silent, draws: int = DRAWS
) -> Backtest:
    """Replay `new` over closed deals, and `old` beside it where there is one. Deterministic for the recipe's seed."""
    steps = 3 if old is None else 4
    progress("Replaying the rulebook", 0, steps)
    replayed = _replay(closed, new)
    other = None
    if old is not None:
        progress("Replaying the other rulebook", 1, steps)
        other = _replay(closed, old)
    progress("Weighing the rules", steps - 2, steps)
    reports, same = _rules(closed, replayed, draws)
    progress("Weighing the whole", steps - 1, steps)
    whole = _whole(closed, [replayed] if other is None else [replayed, other], draws)
    progress("Done", steps, steps)
    return Backtest(closed, new, old, reports, same, whole, closed.test_conversions(), replayed.handed.weeks)


@dataclass(frozen=True, eq=False)
class _Replayed:
    """A rulebook's amounts [distinct snapshots, rules] and points [distinct], and where each table's rows lie in them."""

    book: Rulebook
    amounts: NDArray[np.int64]
    points: NDArray[np.float64]
    mature: Mapping[Target, NDArray[np.int64]]
    boards: Mapping[Target, NDArray[np.int64]]
    handed: HandedOver


def _replay(closed: Deals, book: Rulebook) -> _Replayed:
    targets = list(closed.drawn)
    mature = [closed.drawn[target].table.take(closed.mature(target)) for target in targets]
    table, places = union([*mature, *(closed.boards[target].table for target in targets)])
    amounts = firings.given(firings.collect(book, closed.histories, table), book)
    horizon = closed.drawn[Target.CUSTOMER].horizon_days
    return _Replayed(
        book=book,
        amounts=amounts,
        points=firings.totals(book, amounts) / HUNDREDTHS,
        mature=dict(zip(targets, places, strict=False)),
        boards=dict(zip(targets, places[len(targets) :], strict=True)),
        handed=handed_over(book, closed.histories, horizon, closed.border),
    )


def _rules(closed: Deals, replayed: _Replayed, draws: int) -> tuple[tuple[RuleReport, ...], tuple[Overlap, ...]]:
    names, points = firings.rule_names(replayed.book), firings.rule_points(replayed.book)
    amounts = {target: replayed.amounts[places] for target, places in replayed.mature.items()}
    fired = {target: one != 0 for target, one in amounts.items()}
    found = {
        target: lifts(one, points, closed.drawn[target], closed.mature(target), closed.seed, draws)
        for target, one in fired.items()
    }
    given = {target: one.sum(axis=0) / np.maximum(1, fired[target].sum(axis=0)) for target, one in amounts.items()}
    reports = tuple(
        RuleReport(
            name,
            points[rule],
            {target: float(one[rule]) for target, one in given.items()},
            {target: one[rule] for target, one in found.items()},
        )
        for rule, name in enumerate(names)
    )
    return reports, overlaps(names, fired[Target.CUSTOMER])


@dataclass(frozen=True, eq=False)
class _Asked:
    """A figure to measure: one measure a rulebook, each of weights [draws, rows]; `groups` [rows] are drawn together."""

    name: str
    unit: str
    target: Target | None
    judged: bool
    measures: Sequence[Measure]
    groups: NDArray[np.int64]

    def figure(self, seed: int, draws: int) -> Figure:
        """Measure one or two rulebooks, with intervals from the same draws of accounts."""
        once = np.ones((1, len(self.groups)))
        values = [float(measure(once)[0]) for measure in self.measures]
        parts = [
            [measure(weights) for measure in self.measures] for weights in cluster_weights(self.groups, seed, draws)
        ]
        samples = [np.concatenate([part[place] for part in parts]) for place in range(len(values))]
        intervals = [interval(value, sample) for value, sample in zip(values, samples, strict=True)]
        if len(values) == 1:
            return Figure(self.name, self.unit, self.target, self.judged, intervals[0], None, None)
        apart = interval(values[0] - values[1], samples[0] - samples[1])
        return Figure(self.name, self.unit, self.target, self.judged, intervals[0], intervals[1], apart)


def _whole(closed: Deals, books: list[_Replayed], draws: int) -> tuple[Figure, ...]:
    asked = []
    for target, drawn in closed.drawn.items():
        rows = closed.test(target)
        tested = np.isin(closed.mature(target), rows)
        ranked = [_auc(drawn.label[rows], book.points[book.mature[target]][tested]) for book in books]
        asked.append(_Asked(f"AUC of the points: {_became(target)}", "auc", target, True, ranked, drawn.group[rows]))
    for target, boards in closed.boards.items():
        called = [Calling(boards, book.points[book.boards[target]], closed.calls).precision for book in books]
        name = f"Of {closed.calls:,} called a week: {_became(target)}"
        asked.append(_Asked(name, "share", target, True, called, boards.group))
    group = books[0].handed.group
    for stage, name in enumerate(("mql", "sql")):
        if any(_has(one.book, stage) for one in books):
            leads = [_per_week(one.handed, stage) if _has(one.book, stage) else _undefined for one in books]
            asked.append(_Asked(f"Leads a week that reach {name}", "leads", None, False, leads, group))
            shares = [_share(one.handed, stage) for one in books]
            asked.append(_Asked("  of them customers later", "share", Target.CUSTOMER, False, shares, group))
    return tuple(one.figure(closed.seed, draws) for one in asked)


def _has(book: Rulebook, stage: int) -> bool:
    return (book.mql, book.sql)[stage] is not None


def _undefined(weights: FloatArray) -> FloatArray:
    """Return nan [draws]: leads a week at a stage that the rulebook does not have."""
    return np.full(len(weights), np.nan)


def _auc(labels: NDArray[np.int8], points: FloatArray) -> Measure:
    ranking = Ranking(labels, np.full(len(labels), 0.5), points)
    return lambda weights: ranking.measures(weights)["auc"]


def _per_week(handed: HandedOver, stage: int) -> Measure:
    return lambda weights: handed.per_week(stage, weights)


def _share(handed: HandedOver, stage: int) -> Measure:
    return lambda weights: handed.share(stage, weights)


def _became(target: Target) -> str:
    return "customers" if target is Target.CUSTOMER else "sql"
