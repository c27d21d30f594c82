"""Answers held against what became of the leads, for each target; and apart those that the newest bundle gave."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from histories.contract import AttributeType, Histories, Target
from scoring.bundle import Bundle
from training.monitor import lots, performance
from training.monitor.counted import Counted, Question, count
from training.monitor.explored import Compared
from training.monitor.known import Known
from training.monitor.performance import Given, Performance
from training.monitor.ratio import Ratio, ratio
from training.monitor.worth import Points, Worth
from training.snapshots import groups


@dataclass(frozen=True, eq=False)
class Judged:
    """What became of the answers for a target.

    `whole`: of all that count. `newest`: of those that the newest bundle gave, by which a person is called: what an
    earlier one did wrong was learnt from since. None: none of them counts yet. `earlier`: predicted over observed of
    the others, at the level that a person is called by; None: there are none. `by_lot`: on the leads handed over.
    """

    target: Target
    whole: Performance
    newest: Performance | None
    earlier: Ratio | None
    by_lot: Compared


def judge(known: Known, bundle: Bundle, segments: Sequence[str], seed: int) -> Iterator[Judged]:
    """Yield each target that `bundle` answers for, the newest that answered. `segments`: as for `watch`."""
    for target in (Target.CUSTOMER, Target.SQL):
        if target in bundle.models:
            yield _judged(known, bundle, target, _segments(known.histories, segments), seed)


def _judged(known: Known, bundle: Bundle, target: Target, segments: Sequence[str], seed: int) -> Judged:
    counted, points = _counted(known, bundle, target), _points(known, bundle, target)
    handed = lots.handed_over(known.histories, known.answers, known.handed_over, counted)
    worth = points.worth(handed.answers, handed.leads.label, handed.leads.group)
    by_lot = lots.compared(handed, target, worth, seed)
    if not len(counted.row):
        return Judged(target, performance.nothing(counted), None, None, by_lot)
    rows = known.answers.take(pa.array(counted.row))
    given = _given(rows, target)
    worth = points.worth(rows, counted.label, groups(known.histories)[counted.lead])
    whole = performance.measure(known.histories, counted, given, worth, segments, seed)
    mine = given.bundle == bundle.version
    if mine.all():
        return Judged(target, whole, whole, None, by_lot)
    others = given.of(~mine)
    earlier = ratio(others.probability, counted.label[~mine], whole.design, performance.LEVEL)
    newest = None
    if mine.any():
        of_mine = Worth(worth.probability[mine], worth.learnt_from)
        newest = performance.measure(known.histories, counted.of(mine), given.of(mine), of_mine, (), seed)
    return Judged(target, whole, newest, earlier, by_lot)


def _segments(histories: Histories, segments: Sequence[str]) -> list[str]:
    """The segments asked for, or without any the categories of the store: few values by their nature, and no ranges."""
    kinds = histories.attribute_types
    if segments:
        return sorted(name for name in kinds if name in segments)
    return sorted(name for name, kind in kinds.items() if kind is AttributeType.CATEGORY)


def _counted(known: Known, bundle: Bundle, target: Target) -> Counted:
    questions = {
        version: Question(one.models[target].horizon_days, one.card.trained_until)
        for version, one in known.bundles.items()
        if target in one.models
    }
    return count(known.answers, known.histories, target, questions, bundle.models[target].horizon_days)


def _points(known: Known, bundle: Bundle, target: Target) -> Points:
    cards = {version: one.card for version, one in known.bundles.items()}
    return Points(known.histories, target, cards, bundle.models[target].horizon_days, known.rulebooks)


def _given(rows: pa.Table, target: Target) -> Given:
    return Given(
        probability=np.asarray(rows[f"probability_{target.value}"].to_numpy(), dtype=np.float64),
        points=np.asarray(rows["rule_points"].to_numpy(), dtype=np.float64),
        bundle=np.array(rows["bundle_version"].to_pylist(), dtype=np.str_),
    )
