"""A change of a probability: Shapley values of the causes, on the probability itself and on its log-odds."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from features import one as rows
from histories import funnel
from histories.contract import Target
from scoring import coherence
from scoring.calibration import Floats
from scoring.chain import sql_column
from scoring.model import Points
from scoring.reasons import IN_FORCE, LEARNT
from scoring.tally import tally
from scoring.why.causes import BUNDLE, CAUSES, Cause, Changed, Orders, orders
from scoring.why.change import ChanceChange, ChancePart, Unasked
from scoring.why.ends import End, Pair, Predicting
from scoring.why.grid import apportion, of_units, units
from scoring.why.reasons import Contributed, Reasons


class _Batch(NamedTuple):
    """Mixtures that are predicted with the same; `places` among all states. `whole`: with one bundle's own."""

    places: list[int]
    whole: bool
    predicting: Predicting
    matrix: Floats
    points: Points


def changes(pair: Pair, most: int) -> tuple[tuple[ChanceChange, ...], tuple[Unasked, ...]]:
    """Return what each probability changed by, with a cause's `most` strongest reasons, and those that cannot be told."""
    of = orders(pair.changed - {Cause.RULEBOOK})
    batches = _batches(pair, of)
    found, left_out = [], []
    for target in Target:
        missing = _unasked(target, pair)
        if missing is not None:
            left_out.append(missing)
        else:
            found.append(_change(target, pair, of, batches, most))
    return tuple(found), tuple(left_out)


def _unasked(target: Target, pair: Pair) -> Unasked | None:
    for end, when in ((pair.earlier, "at the earlier moment"), (pair.later, "at the later moment")):
        if target not in end.bundle.models:
            return Unasked(target, f"The model {when} has no P({target.value})")
        standing = _standing(end)
        if not standing.at_risk(target):
            return Unasked(target, f"P({target.value}) is no open question {when}: the stage is {standing.stage.value}")
    return None


def _standing(end: End) -> funnel.Standing:
    return funnel.standing(funnel.chronological(end.history.outcomes), end.as_of)


def _batches(pair: Pair, of: Orders) -> list[_Batch]:
    """Return features and points of all mixtures; those that differ in calibration alone have the same."""
    places: dict[Changed, list[int]] = {}
    for place, state in enumerate(of.states):
        places.setdefault(state & BUNDLE, []).append(place)
    known: dict[tuple[bool, Changed], tuple[Floats, int]] = {}
    found = []
    for changed, group in places.items():
        predicting = pair.predicting(changed)
        made = []
        for place in group:
            key = Cause.MODEL in changed, of.states[place] - BUNDLE
            if key not in known:
                known[key] = _row(pair, of.states[place], predicting)
            made.append(known[key])
        matrix = np.array([row for row, _ in made], dtype=np.float64)
        found.append(
            _Batch(
                group,
                changed in (frozenset(), of.states[-1] & BUNDLE),
                predicting,
                matrix,
                np.array([points for _, points in made], dtype=np.int64),
            )
        )
    return found


def _row(pair: Pair, changed: Changed, predicting: Predicting) -> tuple[Floats, int]:
    """Return a mixture's features, and its points under the rulebook that the models learnt from."""
    history, as_of, learnt = pair.history(changed), pair.as_of(changed), predicting.learnt
    points = 0 if learnt is None else tally(learnt, predicting.catalogue.families, history).figures(as_of).total
    return rows.row(history, as_of, predicting.catalogue), points


def _change(target: Target, pair: Pair, of: Orders, batches: Sequence[_Batch], most: int) -> ChanceChange:
    probabilities, log_odds = np.empty(len(of.states)), np.empty(len(of.states))
    contributed = []
    for one in batches:
        models, catalogue = one.predicting.models, one.predicting.catalogue
        probabilities[one.places] = coherence.probabilities(models, catalogue, one.matrix, one.points)[target]
        own = models[target].log_odds(one.matrix, one.points)
        log_odds[one.places] = _capped(target, one, own)
        if most and one.whole:
            values = models[target].contributions(one.matrix, one.points)
            contributed.append(
                Contributed(one.places, catalogue, one.matrix, one.points, values, log_odds[one.places] - own)
            )
    chances, odds = ([units(value) for value in values] for values in (probabilities.tolist(), log_odds.tolist()))
    of_chance, of_odds = _parts(of, chances), _parts(of, odds)
    told = Reasons(of, contributed, odds, _points_say(pair)).of(of_odds, most) if most else {}
    horizons = tuple(end.bundle.models[target].horizon_days for end in (pair.earlier, pair.later))
    parts = []
    for cause in CAUSES:
        moved = told.get(cause, ())
        rest = of_odds.get(cause, 0) - sum(one.effect for one in moved)
        parts.append(
            ChancePart(cause, of_units(of_chance.get(cause, 0)), of_units(of_odds.get(cause, 0)), moved, of_units(rest))
        )
    return ChanceChange(
        target,
        (horizons[0], horizons[1]),
        (of_units(chances[0]), of_units(chances[-1])),
        (of_units(odds[0]), of_units(odds[-1])),
        tuple(parts),
    )


def _points_say(pair: Pair) -> str:
    return IN_FORCE if pair.later.bundle.rulebook in {None, pair.later.rulebook} else LEARNT


def _capped(target: Target, one: _Batch, own: Floats) -> Floats:
    """Return log-odds as they are served: P(customer) is at most P(sql), where both are asked within the same time."""
    models = one.predicting.models
    if target is not Target.CUSTOMER or not coherence.is_bounded(models):
        return own
    sql = models[Target.SQL].log_odds(one.matrix, one.points)
    is_open = one.matrix[:, sql_column(one.predicting.catalogue)] == 0
    return np.asarray(np.where(is_open, np.minimum(own, sql), own), dtype=np.float64)


def _parts(of: Orders, values: Sequence[int]) -> Mapping[Cause, int]:
    """Return each cause's Shapley value in grid units; together they are the difference of the ends."""
    shares = [
        sum(weight * value for weight, value in zip(weights, values, strict=True)) for weights in of.weights.values()
    ]
    return dict(zip(of.weights, apportion(shares, of.count, values[-1] - values[0]), strict=True))
