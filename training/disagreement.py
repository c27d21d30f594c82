"""The leads on which model and rules disagree most, and who was right about them."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.figures import top_tenth_cut
from training.lineup import MODEL, RULES, Lineup

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Disputed:
    """A lead as both scores saw it at `cutoff` (UTC microseconds), `age` after its creation.

    `probability` is the model's, `points` are the rules', each with its rank among the test's snapshots: the share,
    0 to 1, that scores lower, of equal ones the half. `converted`: whether it reached the target within the horizon.
    """

    lead_id: str
    cutoff: int
    age: str
    probability: float
    model_rank: float
    points: float
    rules_rank: float
    converted: bool


@dataclass(frozen=True, slots=True)
class Quadrant:
    """Snapshots that both scores put in their top tenth, one of them, or neither: how many, and how many converted."""

    model_high: bool
    rules_high: bool
    snapshots: int
    conversions: int


def disputed(lineup: Lineup, most: int) -> tuple[tuple[Disputed, ...], tuple[Disputed, ...]]:
    """Return at most so many leads that the model ranks above the rules, then those that the rules rank above it.

    Each lead once, at the snapshot where its two ranks lie furthest apart; the widest gap first, equal ones by lead.
    A lineup without a model of its own has none.
    """
    if MODEL not in lineup.contenders or lineup.same:
        return (), ()
    model, rules = (ranks(lineup.contenders[name].score) for name in (MODEL, RULES))
    gap = model - rules
    return (
        tuple(_leads(lineup, model, rules, gap, most)),
        tuple(_leads(lineup, model, rules, -gap, most)),
    )


def _leads(lineup: Lineup, model: FloatArray, rules: FloatArray, gap: FloatArray, most: int) -> Iterator[Disputed]:
    ids = lineup.rows["lead_id"].to_pylist()
    cutoffs, ages = lineup.rows["cutoff"].to_pylist(), lineup.rows["age"].to_pylist()
    seen: set[str] = set()
    for row in sorted(np.flatnonzero(gap > 0).tolist(), key=lambda one: (-gap[one], ids[one], cutoffs[one])):
        if ids[row] in seen:
            continue
        if len(seen) == most:
            return
        seen.add(ids[row])
        yield Disputed(
            lead_id=ids[row],
            cutoff=cutoffs[row],
            age=ages[row],
            probability=float(lineup.contenders[MODEL].probability[row]),
            model_rank=float(model[row]),
            points=float(lineup.points[row]),
            rules_rank=float(rules[row]),
            converted=bool(lineup.labels[row]),
        )


def ranks(score: FloatArray) -> FloatArray:
    """Return for each score the share of all scores below it, equal ones counted half: 0 to 1."""
    ordered = np.sort(score)
    below, until = (np.searchsorted(ordered, score, side) for side in ("left", "right"))
    return np.asarray((below + until) / (2 * len(score)), dtype=np.float64)


def quadrants(lineup: Lineup) -> tuple[Quadrant, ...]:
    """Count the snapshots by who puts them in the top tenth: both, model alone, rules alone, neither.

    None without a model of its own. Equal scores at the cut may make more than a tenth.
    """
    if MODEL not in lineup.contenders or lineup.same:
        return ()
    model_high, rules_high = (
        lineup.contenders[name].score >= top_tenth_cut(lineup.contenders[name].score) for name in (MODEL, RULES)
    )
    found = []
    for model, rules in ((True, True), (True, False), (False, True), (False, False)):
        inside = (model_high == model) & (rules_high == rules)
        found.append(Quadrant(model, rules, int(inside.sum()), int(lineup.labels[inside].sum())))
    return tuple(found)
