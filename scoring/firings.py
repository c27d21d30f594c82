"""What each rule gives at many snapshots, kept so that other points, limits and half-lives can be asked of it."""

import math
from array import array
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from histories.clock import DAY
from histories.contract import Histories
from scoring.rulebook import Rulebook
from scoring.rules import AttributeCondition, EngagementRule
from scoring.tally import Tally, of_snapshots

Hundredths = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Firings:
    """What met the conditions of a rulebook at each of `count` snapshots.

    `engagement`: for each rule the snapshot (row) and the age (microseconds) of every interaction that it saw;
    `fit` [count, fit rules], `parts` [count, parts of the qualification]; `two_way` [count]: contact both ways.
    """

    count: int
    engagement: tuple[tuple[NDArray[np.int64], NDArray[np.int64]], ...]
    fit: NDArray[np.bool_]
    parts: NDArray[np.bool_]
    two_way: NDArray[np.bool_]


def rule_names(rulebook: Rulebook) -> tuple[str, ...]:
    """Name the columns of `given`: engagement, fit, then the parts of the qualification, as the ledger names them."""
    parts = rulebook.qualification.parts if rulebook.qualification else ()
    return (
        *(rule.name for rule in rulebook.engagement),
        *(rule.name for rule in rulebook.fit),
        *(f"{name} is known" for name, _ in parts),
    )


def rule_points(rulebook: Rulebook) -> tuple[int, ...]:
    """Return the points of each column of `given`, in hundredths."""
    asked = rulebook.qualification
    parts = (asked.points_each,) * len(asked.parts) if asked else ()
    return (*(rule.points for rule in rulebook.engagement), *(rule.points for rule in rulebook.fit), *parts)


def collect(rulebook: Rulebook, histories: Histories, snapshots: pa.Table) -> Firings:
    """Hold each snapshot (`lead_id`, `cutoff`) against a rulebook's conditions; rows in the order of `snapshots`.

    Nothing is seen but what that cutoff sees. Raises DataError where a lead is not in the histories.
    """
    found = _Collector(rulebook, snapshots.num_rows)
    for lead, rows in of_snapshots(rulebook, histories, snapshots):
        found.add(lead, rows)
    return found.firings()


class _Collector:
    """Firings while they are gathered, a lead at a time."""

    def __init__(self, rulebook: Rulebook, count: int) -> None:
        self._book, self._count = rulebook, count
        self._parts = rulebook.qualification.parts if rulebook.qualification else ()
        self._seen = [(array("q"), array("q")) for _ in rulebook.engagement]
        self._fit = np.zeros((count, len(rulebook.fit)), dtype=np.bool_)
        self._known = np.zeros((count, len(self._parts)), dtype=np.bool_)
        self._two_way = np.zeros(count, dtype=np.bool_)

    def add(self, lead: Tally, rows: list[tuple[int, int]]) -> None:
        """Take in one lead's snapshots."""
        for (at_rows, at_ages), matches in zip(self._seen, lead.matches, strict=False):
            for match in matches:
                for row, cutoff in rows:
                    if match.visible_from <= cutoff:
                        at_rows.append(row)
                        at_ages.append(cutoff - match.occurred_at)
        for row, cutoff in rows:
            for column, rule in enumerate(self._book.fit):
                self._fit[row, column] = rule.when.holds(lead.value(rule.when.attribute, cutoff).value)
            for column, (_, condition) in enumerate(self._parts):
                if isinstance(condition, AttributeCondition):
                    self._known[row, column] = condition.holds(lead.value(condition.attribute, cutoff).value)
                else:
                    self._known[row, column] = lead.first_seen(lead.first_part + column, cutoff) is not None
            self._two_way[row] = bool(lead.shown[-1]) and lead.shown[-1][0] <= cutoff

    def firings(self) -> Firings:
        """Return what was gathered."""
        engagement = tuple(
            (np.frombuffer(rows, dtype=np.int64), np.frombuffer(ages, dtype=np.int64)) for rows, ages in self._seen
        )
        return Firings(self._count, engagement, self._fit, self._known, self._two_way)


def given(firings: Firings, rulebook: Rulebook) -> Hundredths:
    """Return what each rule gives or takes [snapshots, rules], in hundredths.

    After the rule's own limit, before that of its group. `rulebook` has the conditions that the firings were
    collected with; its points, limits, half-lives and expiries may be others.
    """
    columns = [engagement(firings, place, rule) for place, rule in enumerate(rulebook.engagement)]
    columns += [rule.points * firings.fit[:, place].astype(np.int64) for place, rule in enumerate(rulebook.fit)]
    each = rulebook.qualification.points_each if rulebook.qualification else 0
    columns += [each * firings.parts[:, place].astype(np.int64) for place in range(firings.parts.shape[1])]
    return np.stack(columns, axis=1) if columns else np.zeros((firings.count, 0), dtype=np.int64)


def totals(rulebook: Rulebook, amounts: Hundredths) -> Hundredths:
    """Return the points of each snapshot [snapshots] from what its rules give: the ledger's totals, exactly."""
    first_fit = len(rulebook.engagement)
    first_part = first_fit + len(rulebook.fit)
    engagement = _group(amounts[:, :first_fit], rulebook.engagement_limit)
    fit = _group(amounts[:, first_fit:first_part], rulebook.fit_limit)
    return np.asarray(np.maximum(0, engagement + fit + amounts[:, first_part:].sum(axis=1)), dtype=np.int64)


def engagement(firings: Firings, place: int, rule: EngagementRule) -> Hundredths:
    """Return one engagement rule's column [snapshots]; `place`: which of the rules, `rule`: with what points it has now.

    Each interaction is decayed and rounded as `tally.decayed` does, then their sum is cut by the limit.
    """
    rows, ages = firings.engagement[place]
    size = abs(rule.points)
    sizes = np.full(len(rows), size, dtype=np.int64)
    if rule.half_life_days is not None:
        halvings = (-ages / (rule.half_life_days * DAY)).tolist()
        # Not numpy's exp2: its last bit may differ from that of the ledger's, and so a hundredth at a half.
        left = np.fromiter(map(math.exp2, halvings), dtype=np.float64, count=len(rows))
        sizes = (size * left + 0.5).astype(np.int64)
    elif rule.expires_days is not None:
        sizes[ages > rule.expires_days * DAY] = 0
    total = np.bincount(rows, weights=sizes, minlength=firings.count).astype(np.int64)
    if rule.limit is not None:
        total = np.minimum(total, rule.limit)
    return total if rule.points > 0 else -total


def _group(amounts: Hundredths, limit: int | None) -> Hundredths:
    """Sum a group: its limit cuts gains alone."""
    gained = np.maximum(amounts, 0).sum(axis=1)
    lost = np.minimum(amounts, 0).sum(axis=1)
    return np.asarray((gained if limit is None else np.minimum(gained, limit)) + lost, dtype=np.int64)
