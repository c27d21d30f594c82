"""The tables behind the figures: one a figure, the same columns for every target and score, in the figure's own numbers."""

import math
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pyarrow as pa

from training import corp, figures
from training.capacity import precisions
from training.lineup import MODEL, Lineup
from training.segments import AGE
from training.summary_figures import Curve

Rows = Iterable[Mapping[str, object]]
_HUNDREDTHS = np.arange(1, 101) / 100
_TWENTIETHS = np.linspace(0, 100, 21)
_CORNERS = (
    ("both high", True, True),
    ("model only", False, True),
    ("rules only", True, False),
    ("both low", False, False),
)


def tables(lineups: Sequence[Lineup], shares: Mapping[str, Mapping[str, float]]) -> Mapping[str, pa.Table]:
    """Return the tables by the name of their figure. `shares`: of families in what the models go by, by target.

    Every one has `target`, and all but `quadrants` and `importance` have `score`: the contender.
    """
    found = {
        "reliability": [row for one in lineups for row in _reliability(one)],
        "gains_lift": [row for one in lineups for row in _gains(one)],
        "distributions": [row for one in lineups for row in _distributions(one)],
        "quadrants": [row for one in lineups for row in _quadrants(one)],
        "precision_at_capacity": [row for one in lineups for row in _capacity(one)],
        "auc_by_age": [row for one in lineups for row in _ages(one)],
        "importance": [
            {"target": target, "family": family, "share_of_effects": round(share, 6)}
            for target, families in shares.items()
            for family, share in families.items()
        ],
    }
    return {name: pa.Table.from_pylist(rows) for name, rows in found.items() if rows}


def curves(lineup: Lineup) -> Mapping[str, Curve]:
    """Return precision against capacity by contender; empty where there is no board."""
    if lineup.boards is None:
        return {}
    found = {}
    for name, one in lineup.capacity.items():
        calls, precision = precisions(lineup.boards, one.scores, one.calls_per_week)
        found[name] = Curve(calls, precision, one.intervals["precision"])
    return found


def _reliability(lineup: Lineup) -> Rows:
    """The curve's steps (kind `curve`: how many snapshots share a step), and the tenths with their intervals."""
    labels = lineup.labels.astype(np.float64)
    for name, one in lineup.contenders.items():
        same = {"target": lineup.target.value, "score": name}
        predicted, observed, rows = corp.curve(labels, one.probability)
        begins = np.flatnonzero(np.r_[True, np.diff(observed) > 0])
        for begin, end in zip(begins, np.r_[begins[1:], len(observed)], strict=True):
            yield same | {
                "kind": "curve",
                "predicted_from": _short(predicted[begin]),
                "predicted_to": _short(predicted[end - 1]),
                "observed": _short(observed[begin]),
                "low": None,
                "high": None,
                "snapshots": int(rows[begin:end].sum()),
            }
        sizes = figures.tenths_sizes(one.probability)
        for middle, share, low, high, size in zip(*figures.tenths(labels, one.probability), sizes, strict=True):
            yield same | {
                "kind": "tenth",
                "predicted_from": _short(middle),
                "predicted_to": _short(middle),
                "observed": _short(share),
                "low": _short(low),
                "high": _short(high),
                "snapshots": int(size),
            }


def _gains(lineup: Lineup) -> Rows:
    labels = lineup.labels.astype(np.float64)
    for name, one in lineup.contenders.items():
        taken, found = figures.gains(labels, one.score)
        for share, part in zip(_HUNDREDTHS, np.interp(_HUNDREDTHS, taken, found), strict=True):
            yield {
                "target": lineup.target.value,
                "score": name,
                "share_of_snapshots": _short(share),
                "share_of_conversions": _short(part),
                "lift": _short(part / share),
            }


def _distributions(lineup: Lineup) -> Rows:
    labels = lineup.labels
    for name, one in lineup.contenders.items():
        rank = figures.percentiles(one.score)
        parts = [
            np.histogram(rank[labels == value], _TWENTIETHS)[0] / max((labels == value).sum(), 1) for value in (1, 0)
        ]
        for begin, converted, others in zip(_TWENTIETHS, *parts, strict=False):
            yield {
                "target": lineup.target.value,
                "score": name,
                "percentile_from": float(begin),
                "percentile_to": float(begin + 5),
                "share_of_converted": _short(converted),
                "share_of_others": _short(others),
            }


def _quadrants(lineup: Lineup) -> Rows:
    if MODEL not in lineup.contenders:
        return
    probability = lineup.contenders[MODEL].probability
    rules_high = lineup.points >= figures.top_tenth_cut(lineup.points)
    model_high = probability >= figures.top_tenth_cut(probability)
    for name, by_rules, by_model in _CORNERS:
        inside = (rules_high == by_rules) & (model_high == by_model)
        n, converted = int(inside.sum()), int(lineup.labels[inside].sum())
        yield {
            "target": lineup.target.value,
            "quadrant": name,
            "snapshots": n,
            "conversions": converted,
            "conversion_rate": _short(converted / n) if n else None,
        }


def _capacity(lineup: Lineup) -> Rows:
    for name, curve in curves(lineup).items():
        own = lineup.capacity[name].calls_per_week
        for calls, precision in zip(curve.calls.tolist(), curve.precision.tolist(), strict=True):
            here = calls == own
            yield {
                "target": lineup.target.value,
                "score": name,
                "calls_per_week": calls,
                "own_capacity": here,
                "precision": _short(precision),
                "low": _short(curve.own.low) if here else None,
                "high": _short(curve.own.high) if here else None,
            }


def _ages(lineup: Lineup) -> Rows:
    for segment in lineup.segments:
        if segment.name == AGE:
            for name, one in segment.scores.items():
                yield {
                    "target": lineup.target.value,
                    "score": name,
                    "age": segment.value,
                    "snapshots": segment.snapshots,
                    "converted_leads": segment.converted_leads,
                    "auc": _short(one.auc.value),
                    "low": _short(one.auc.low),
                    "high": _short(one.auc.high),
                }


def _short(value: float) -> float | None:
    """Six digits after the point; None where it is not defined."""
    return round(float(value), 6) if math.isfinite(value) else None
