"""Each contender in each segment: error, calibration and who is called, with a flag where a segment falls out.

Segments with few snapshots are drawn towards the whole, so that a handful of leads raises no alarm: where a segment's
sum over n snapshots is s and the whole's mean is m, (s + k * m) / (n + k) stands for s / n (an estimate between the
segment's own and the whole's, as in Efron & Morris 1975), with k = WORTH_OF_THE_WHOLE
over the whole's rate: the whole speaks with as many conversions, whatever its rate. The same is done in every draw.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from histories.clock import span
from histories.contract import Histories
from training import bootstrap, segments
from training.bootstrap import Difference
from training.checks import ENOUGH_CONVERSIONS
from training.evaluate import FloatArray, Order, figures
from training.lineup import CHAMPION, MODEL, RULES, Contender, Lineup
from training.segments import AGE, OTHER, Segment, SegmentScore

IntArray = NDArray[np.int64]
# What predicted over observed must be off by, whatever its interval, before a segment is flagged.
CALIBRATION_MARGIN = 0.1
# A segment is flagged that gets a smaller part of the calls than this times its part of the conversions.
LEAST_SELECTED = 0.5
# Conversions: what a segment must have as many of, to be told by itself and by the whole in equal parts.
WORTH_OF_THE_WHOLE = 10
# What is said of fewer converted leads is luck.
LEAST_CONVERSIONS = 10
AUC_DRAWS = 500
_LEAST = 1e-15


@dataclass(frozen=True, eq=False)
class _Members:
    """A segment's rows among the test snapshots, and among the boards' rows."""

    name: str
    value: str | None
    rows: IntArray
    on_boards: IntArray


def by_segment(histories: Histories, names: Sequence[str], lineup: Lineup, seed: int) -> tuple[Segment, ...]:
    """Return the lineup's contenders by age, then by the attributes `names`.

    Of a category the commonest value comes first, of a number the least range.
    """
    members = [*_ages(lineup), *(one for name in names for one in _values(histories, name, lineup))]
    sums = _Sums(lineup, members)
    clusters = int(lineup.clusters.max()) + 1
    values, samples = bootstrap.whole(sums, clusters), bootstrap.sampled(sums, clusters, seed)
    spans = {**bootstrap.intervals(values, samples), **_aucs(lineup, members, seed)}
    leads = np.unique(lineup.rows["lead_id"].to_pylist(), return_inverse=True)[1]
    return tuple(_segment(lineup, one, number, leads[one.rows], spans) for number, one in enumerate(members))


def _ages(lineup: Lineup) -> Iterator[_Members]:
    ages = np.asarray(lineup.rows["age"].to_pylist(), dtype=object)
    for age in dict.fromkeys(sorted(ages.tolist(), key=span)):
        yield _Members(AGE, age, np.flatnonzero(ages == age), np.zeros(0, dtype=np.int64))


def _values(histories: Histories, name: str, lineup: Lineup) -> Iterator[_Members]:
    cutoffs = np.asarray(lineup.rows["cutoff"].to_numpy(), dtype=np.int64)
    named = segments.values(histories, name, lineup.rows["lead_id"].to_pylist(), cutoffs)
    found = list(segments.parts(named, segments.ranges(histories, name)))
    kept = {value for value, _ in found}
    board: list[str | None] = []
    if lineup.boards is not None:
        table = lineup.boards.table
        days = np.asarray(table["cutoff"].to_numpy(), dtype=np.int64)
        board = segments.values(histories, name, table["lead_id"].to_pylist(), days)
    shown = np.array([value if value in kept else OTHER for value in board], dtype=object)
    for value, rows in found:
        same = [one is None for one in shown] if value is None else shown == value
        yield _Members(name, value, rows, np.flatnonzero(same))


class _Sums:
    """What is summed in each segment, so that a draw of accounts is one product of matrices."""

    def __init__(self, lineup: Lineup, members: Sequence[_Members]) -> None:
        labels, cluster = lineup.labels.astype(np.float64), lineup.clusters
        self._names = list(lineup.contenders)
        self._pairs = [(first, other) for first, other in _pairs(lineup) if other in lineup.differences]
        columns = [np.ones_like(labels), labels]
        columns += [lineup.contenders[name].probability for name in self._names]
        losses = {name: _losses(labels, one) for name, one in lineup.contenders.items()}
        columns += [losses[first] - losses[other] for first, other in self._pairs]
        everybody = np.arange(len(labels))
        blocks = [
            np.stack([np.bincount(cluster[rows], column[rows], int(cluster.max()) + 1) for column in columns])
            for rows in (everybody, *(one.rows for one in members))
        ]
        self._shape = len(blocks), len(columns)
        self._sums = np.ascontiguousarray(np.concatenate(blocks).T)  # [clusters, segments + 1 times columns]
        self._k = WORTH_OF_THE_WHOLE / max(labels.mean(), 1 / len(labels))

    def measures(self, weights: FloatArray) -> Mapping[str, FloatArray]:
        """Return the drawn-in figures under each row of `weights` [draws, clusters]: name -> [draws]."""
        whole, *each = (weights @ self._sums).T.reshape(*self._shape, -1)
        found: dict[str, FloatArray] = {}
        with np.errstate(invalid="ignore", divide="ignore"):
            means = whole / whole[0]
            for number, one in enumerate(each):
                drawn_in = (one + self._k * means) / (one[0] + self._k)
                found[_key(number, "rate")] = drawn_in[1]
                for place, name in enumerate(self._names, 2):
                    found[_key(number, name)] = drawn_in[place] / drawn_in[1]
                for place, (_, other) in enumerate(self._pairs, 2 + len(self._names)):
                    found[_key(number, f"against {other}")] = drawn_in[place]
        return found


class _Aucs:
    """The AUCs of all segments, so that all are measured in the same draws of accounts."""

    def __init__(self, lineup: Lineup, members: Sequence[_Members]) -> None:
        labels, clusters = lineup.labels.astype(np.float64), lineup.clusters
        width = int(clusters.max()) + 1
        self._orders = {
            _key(number, f"auc {name}"): Order(labels[one.rows], who.score[one.rows], clusters[one.rows], width)
            for number, one in enumerate(members)
            for name, who in lineup.contenders.items()
        }

    def measures(self, weights: FloatArray) -> Mapping[str, FloatArray]:
        """Measure under each row of `weights` [draws, clusters]: name -> [draws]."""
        return {key: order.auc(weights) for key, order in self._orders.items()}


def _aucs(lineup: Lineup, members: Sequence[_Members], seed: int) -> Mapping[str, Difference]:
    measured, clusters = _Aucs(lineup, members), int(lineup.clusters.max()) + 1
    samples = bootstrap.sampled(measured, clusters, seed, AUC_DRAWS)
    return bootstrap.intervals(bootstrap.whole(measured, clusters), samples)


def _pairs(lineup: Lineup) -> tuple[tuple[str, str], ...]:
    return (MODEL, RULES), (lineup.chosen, CHAMPION)


def _key(segment: int, what: str) -> str:
    return f"{segment} {what}"


def _losses(labels: FloatArray, one: Contender) -> FloatArray:
    clipped = np.clip(one.probability, _LEAST, 1 - _LEAST)
    return -np.where(labels == 1, np.log(clipped), np.log1p(-clipped))


def _segment(
    lineup: Lineup, members: _Members, number: int, leads: IntArray, spans: Mapping[str, Difference]
) -> Segment:
    labels = lineup.labels[members.rows]
    scores = {
        name: SegmentScore(
            figures=figures(labels, one.probability[members.rows], one.score[members.rows], leads),
            auc=spans[_key(number, f"auc {name}")],
            predicted_over_observed=spans[_key(number, name)],
            selected=_selected(lineup, name, members),
        )
        for name, one in lineup.contenders.items()
    }
    apart = {
        other: spans[_key(number, f"against {other}")]
        for other in (RULES, CHAMPION)
        if _key(number, f"against {other}") in spans
    }
    counted = next(iter(scores.values())).figures
    return Segment(
        name=members.name,
        value=members.value,
        snapshots=counted.snapshots,
        leads=counted.leads,
        converted_leads=counted.converted_leads,
        rate=spans[_key(number, "rate")].value,
        scores=scores,
        log_loss_differences=apart,
        flags=tuple(_flags(lineup, members, scores, apart)),
    )


def _selected(lineup: Lineup, name: str, members: _Members) -> float:
    """The share of the segment's leads on the boards that are called."""
    if lineup.boards is None or name not in lineup.capacity or not len(members.on_boards):
        return float("nan")
    calls = lineup.capacity[name].selected[members.on_boards].sum()
    return float(calls / len(np.unique(lineup.boards.lead[members.on_boards])))


def _flags(
    lineup: Lineup, members: _Members, scores: Mapping[str, SegmentScore], apart: Mapping[str, Difference]
) -> Iterator[str]:
    where = segments.title(members.name, members.value)
    ratio = scores[lineup.chosen].predicted_over_observed
    off = ratio.low > 1 + CALIBRATION_MARGIN or ratio.high < 1 - CALIBRATION_MARGIN
    if off and _converted_or_promised(lineup, members, scores[lineup.chosen]) >= LEAST_CONVERSIONS:
        yield (
            f"{where}: predicted over observed is {ratio.value:.2f} (95% interval {ratio.low:.2f} to {ratio.high:.2f}), "
            f"more than {CALIBRATION_MARGIN:.0%} off."
        )
    enough = lineup.contenders[lineup.chosen].figures.converted_leads >= ENOUGH_CONVERSIONS
    if enough and lineup.chosen == MODEL and RULES in apart and apart[RULES].low > 0:
        worse = apart[RULES]
        yield (
            f"{where}: the model is worse than the rules there (log loss {worse.value:+.4f}, 95% interval "
            f"{worse.low:+.4f} to {worse.high:+.4f})."
        )
    yield from _passed_over(lineup, members, where)


def _converted_or_promised(lineup: Lineup, members: _Members, score: SegmentScore) -> float:
    """The leads of a segment that converted, or that were said to, whichever are more."""
    whole = lineup.contenders[lineup.chosen].figures
    promised = float(lineup.contenders[lineup.chosen].probability[members.rows].sum())
    return max(score.figures.converted_leads, promised * whole.converted_leads / max(whole.conversions, 1))


def _passed_over(lineup: Lineup, members: _Members, where: str) -> Iterator[str]:
    """Say where a segment has far fewer of the calls than of the conversions."""
    boards, chosen = lineup.boards, lineup.capacity.get(lineup.chosen)
    if boards is None or chosen is None or not len(members.on_boards):
        return
    reached = len(np.unique(boards.lead[members.on_boards][boards.label[members.on_boards] == 1]))
    if reached < LEAST_CONVERSIONS:
        return
    of_conversions = reached / len(np.unique(boards.lead[boards.label == 1]))
    of_calls = chosen.selected[members.on_boards].sum() / chosen.selected.sum()
    if of_calls < LEAST_SELECTED * of_conversions:
        yield f"{where}: {of_conversions:.0%} of the conversions come from there, but {of_calls:.0%} of the calls go there."
