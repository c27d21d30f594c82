"""What a new champion changes for those who use the scores: the same leads at the same moment, before and after."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from histories.contract import Target
from scoring.answer import Answer
from scoring.bundle import Bundle
from scoring.policy import percentile

GRADES = "ABCD"
_SHARES = (0.1, 0.5, 0.9)


@dataclass(frozen=True, slots=True)
class Spread:
    """The probabilities of the leads for which a target is open: mean, and the values that 10%, 50% and 90% lie below."""

    leads: int
    mean: float
    low: float
    median: float
    high: float


@dataclass(frozen=True, slots=True)
class Standing:
    """How the leads stand under one bundle and rulebook.

    `spreads`: by target, where any lead is open for it. `begins`: the least customer probability of the reference that has
    grade A, B and C, None where none has. `calling_line`: the one from which on to call; `called`:
    leads at or above it. `grades` and `actions`: leads by each.
    """

    model_version: str
    spreads: Mapping[Target, Spread]
    begins: tuple[float | None, ...]
    calling_line: float
    called: int
    grades: Mapping[str, int]
    actions: Mapping[str, int]
    mean_points: float


@dataclass(frozen=True, slots=True)
class Moves:
    """Leads that stand elsewhere: a count for each (before, after) that differ. `""` is no grade.

    `stages` and `rule_grades` are the rules', `agreements` say how far model and rules agree. `in_line` and
    `out_of_line`: leads that come over the calling line, and that fall below it. `points`: leads with other points.
    """

    grades: Mapping[tuple[str, str], int]
    actions: Mapping[tuple[str, str], int]
    stages: Mapping[tuple[str, str], int]
    rule_grades: Mapping[tuple[str, str], int]
    agreements: Mapping[tuple[str, str], int]
    in_line: int
    out_of_line: int
    points: int


@dataclass(frozen=True, slots=True)
class Shift:
    """What changes for `leads` open leads at a moment (UTC microseconds); `before` and `moves`: None where nothing was."""

    leads: int
    as_of: int
    after: Standing
    before: Standing | None = None
    moves: Moves | None = None

    def sentence(self) -> str:
        """Say it in short, for the history of deployments."""
        if self.moves is None:
            return f"the first: {self.leads:,} open leads"
        moves = self.moves
        return (
            f"of {self.leads:,} open leads {sum(moves.grades.values()):,} change grade, "
            f"{sum(moves.actions.values()):,} next action, {moves.in_line:,} come over the calling line and "
            f"{moves.out_of_line:,} fall below it, {moves.points:,} have other points, "
            f"{sum(moves.stages.values()):,} another stage and {sum(moves.rule_grades.values()):,} another grade by the "
            "rules"
        )

    def recorded(self) -> dict[str, object]:
        """Return all of it as JSON can hold it; moves read `B>A`."""
        parts = {"leads": self.leads, "as_of": self.as_of, "after": asdict(self.after)}
        if self.before is None or self.moves is None:
            return parts
        moves = {
            name: {f"{one}>{other}": count for (one, other), count in value.items()}
            if isinstance(value, dict)
            else value
            for name, value in asdict(self.moves).items()
        }
        return {**parts, "before": asdict(self.before), "moves": moves}


def measure(
    after: Sequence[Answer], bundle: Bundle, as_of: int, before: Sequence[Answer], running: Bundle | None
) -> Shift:
    """Hold the answers `after` (by `bundle`) against those `before` (by `running`): the same leads in the same order.

    Without `running` there is nothing to hold against, and `before` is empty. Lists that differ in their leads are
    refused with a ValueError.
    """
    now = _standing(after, bundle)
    if running is None:
        return Shift(len(after), as_of, now)
    moves = _moves(before, running, after, bundle)
    return Shift(len(after), as_of, now, _standing(before, running), moves)


def _standing(answers: Sequence[Answer], bundle: Bundle) -> Standing:
    points = [one.rule_points for one in answers if one.rule_points is not None]
    spreads = {
        target: _spread([one for one in map(_probability[target], answers) if one is not None]) for target in Target
    }
    return Standing(
        model_version=bundle.version,
        spreads={target: one for target, one in spreads.items() if one is not None},
        begins=_begins(bundle),
        calling_line=bundle.policy.high_probability,
        called=sum(_over_line(one, bundle) for one in answers),
        grades=dict(Counter(one.grade or "" for one in answers)),
        actions=dict(Counter(str(one.next_action or "") for one in answers)),
        mean_points=float(np.mean(points)) if points else 0.0,
    )


_probability: Mapping[Target, Callable[[Answer], float | None]] = {
    Target.SQL: lambda one: one.probability_sql,
    Target.CUSTOMER: lambda one: one.probability_customer,
}


def _spread(values: Sequence[float]) -> Spread | None:
    if not values:
        return None
    low, median, high = np.quantile(values, _SHARES).tolist()
    return Spread(len(values), float(np.mean(values)), low, median, high)


def _begins(bundle: Bundle) -> tuple[float | None, ...]:
    reference = bundle.reference
    scores = np.array([percentile(one, reference) for one in np.unique(reference)])
    reached = [np.flatnonzero(scores >= cut) for cut in bundle.policy.grades]
    return tuple(float(np.unique(reference)[one[0]]) if len(one) else None for one in reached)


def _over_line(answer: Answer, bundle: Bundle) -> bool:
    chance = answer.probability_customer
    return chance is not None and chance >= bundle.policy.high_probability


def _moves(before: Sequence[Answer], running: Bundle, after: Sequence[Answer], bundle: Bundle) -> Moves:
    pairs = list(zip(before, after, strict=True))
    if any(one.lead_id != other.lead_id for one, other in pairs):
        raise ValueError("the answers before and after are not of the same leads in the same order")
    over = [(_over_line(one, running), _over_line(other, bundle)) for one, other in pairs]
    return Moves(
        grades=_changed(pairs, lambda one: one.grade),
        actions=_changed(pairs, lambda one: one.next_action),
        stages=_changed(pairs, lambda one: one.rule_stage),
        rule_grades=_changed(pairs, lambda one: one.rule_grade),
        agreements=_changed(pairs, lambda one: one.agreement),
        in_line=sum(now and not was for was, now in over),
        out_of_line=sum(was and not now for was, now in over),
        points=sum(one.rule_points != other.rule_points for one, other in pairs),
    )


def _changed(
    pairs: Iterable[tuple[Answer, Answer]], word: Callable[[Answer], str | None]
) -> dict[tuple[str, str], int]:
    words = ((str(word(one) or ""), str(word(other) or "")) for one, other in pairs)
    return dict(Counter(pair for pair in words if pair[0] != pair[1]).most_common())
