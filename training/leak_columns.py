"""One field at a time: does its value, or that it has one, tell who converts? On what the training snapshots show."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from features.feature import Feature
from training import leak_auc
from training.leak_bounds import auc_low, exceptions_high
from training.leak_finding import ATTRIBUTE, KIND, Finding, Probe, Verdict, field_of, of_auc
from training.leak_view import View

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
_SURE = 0.05  # of those that have it, at most so many do not convert
_TIMES_SURER = 5  # than those of all snapshots
_PRESENT = "_count_all"
PLAIN = (ATTRIBUTE, KIND, "stage:")


def findings(view: View, z: float) -> list[Finding]:
    """Look at every column of a view; one finding a field and probe. `z`: deviations that a lower bound keeps.

    Where a plain field (attribute, kind, stage) stops, what is counted from several passes: families and all
    interactions hold the leaking kind too, and would be named beside it.
    """
    columns = by_signal(view)
    plain = [one for signal in columns if signal.startswith(PLAIN) for one in _of_signal(view, signal, columns, z)]
    several = [
        one for signal in columns if not signal.startswith(PLAIN) for one in _of_signal(view, signal, columns, z)
    ]
    if any(one.verdict is Verdict.BLOCK for one in plain):
        several = [replace(one, verdict=Verdict.CLEAR) for one in several]
    return plain + several


def _of_signal(view: View, signal: str, columns: Mapping[str, list[int]], z: float) -> Iterator[Finding]:
    yield _value(view, signal, columns[signal], z)
    if signal.startswith(ATTRIBUTE):
        yield _filled(view, signal, columns[signal][0], z)
    yield from _only(view, signal, columns[signal], base(view), z)


def by_signal(view: View) -> Mapping[str, list[int]]:
    """Return the columns of each signal of the catalogue."""
    columns: dict[str, list[int]] = {}
    for place, feature in enumerate(view.catalogue.features):
        columns.setdefault(feature.signal, []).append(place)
    return columns


def _value(view: View, signal: str, columns: list[int], z: float) -> Finding:
    aucs = [_auc(view, view.catalogue.features[column], view.matrix[:, column]) for column in columns]
    best = int(np.argmax(aucs))
    name = view.catalogue.features[columns[best]].name
    said = "its value" if signal.startswith(ATTRIBUTE) else name
    sentence = f"{said} alone tells who becomes {view.question}"
    return _judged(view, signal, Probe.VALUE, aucs[best], z, sentence)


def _auc(view: View, feature: Feature, values: FloatArray) -> float:
    if (values == values[0]).all():
        return 0.5
    if feature.categorical:
        return leak_auc.ranked(leak_auc.code_scores(values, view.positive, view.fold), view.positive)
    auc = leak_auc.ranked(values, view.positive)
    if not feature.signal.startswith(ATTRIBUTE):
        return auc
    return max(auc, leak_auc.ranked(leak_auc.bin_scores(values, view.positive, view.fold), view.positive))


def _filled(view: View, signal: str, column: int, z: float) -> Finding:
    auc = leak_auc.filled(view.matrix[:, column], view.positive)
    gaps = np.isnan(view.matrix[:, column])
    sentence = (
        f"whether it is filled in tells who becomes {view.question}: it is for {_percent(~gaps, view.positive)} of the "
        f"snapshots that do and {_percent(~gaps, ~view.positive)} of the others"
    )
    return _judged(view, signal, Probe.FILLED, auc, z, sentence)


def _percent(rows: BoolArray, among: BoolArray) -> str:
    return f"{rows[among].mean():.0%}" if among.any() else "none"


def _judged(view: View, signal: str, probe: Probe, auc: float, z: float, sentence: str) -> Finding:
    everything = np.ones(len(view.rows), dtype=np.bool_)
    low = auc_low(auc, *view.groups(everything), z)
    full = f"{sentence} (AUC {auc:.3f}, at least {low:.3f})"
    return Finding(field_of(signal), probe, view.target, auc, low, of_auc(auc, low), full)


def nearly_sure(view: View, z: float) -> list[str]:
    """Return the signals of which the sample, by itself, shows hardly anybody who does not convert.

    Where many negatives stand behind each that was drawn, no bound can be kept: who has these is to be counted.
    """
    alone = replace(view, weight=1.0)
    return [
        signal
        for signal, columns in by_signal(view).items()
        if view.weight > 1
        and any(sure(alone, having, z)[1] > 1 - _SURE for _, having in _having(view, signal, columns))
    ]


def counted(view: View, signals: Sequence[str], usual: float, z: float) -> list[Finding]:
    """Look for what hardly any have but those who convert, in a view of those who have it.

    `usual`: the share of all snapshots that converts.
    """
    columns = by_signal(view)
    return [one for signal in signals for one in _only(view, signal, columns[signal], usual, z)]


def _only(view: View, signal: str, columns: list[int], usual: float, z: float) -> Iterator[Finding]:
    for said, having in _having(view, signal, columns):
        share, low = sure(view, having, z)
        if low <= 1 - _SURE or (1 - low) * _TIMES_SURER > 1 - usual:
            continue
        sentence = f"{said} {view.question}: {share:.1%} of them do, at least {low:.1%}"
        yield Finding(field_of(signal), Probe.ONLY, view.target, share, low, Verdict.BLOCK, sentence)


def _having(view: View, signal: str, columns: list[int]) -> Iterator[tuple[str, BoolArray]]:
    features = view.catalogue.features
    if signal.startswith(KIND):
        counts = [column for column in columns if features[column].name.endswith(_PRESENT)]
        yield from (("leads that have it become", view.matrix[:, column] > 0) for column in counts)
    if signal.startswith(ATTRIBUTE):
        values = view.matrix[:, columns[0]]
        yield "leads where it is filled in become", ~np.isnan(values)
        if features[columns[0]].categorical:
            names = {one.name: one.categories for one in view.catalogue.attributes}[field_of(signal)]
            for code, name in enumerate(names):
                yield f"leads where it is {name!r} become", values == code


def base(view: View) -> float:
    """Return the share of snapshots that convert, among all from which the view was drawn."""
    positives = int(view.positive.sum())
    return positives / max(1.0, positives + view.weight * int((~view.positive).sum()))


def sure(view: View, having: BoolArray, z: float) -> tuple[float, float]:
    """Return the share that converts of the groups that have something, and its lower bound (0 where none has it).

    A group whose snapshots differ counts on both sides.
    """
    converting, others = view.groups(having)
    if not converting:
        return 0.0, 0.0
    high = view.weight * exceptions_high(others, z)
    return converting / (converting + view.weight * others), converting / (converting + high)
