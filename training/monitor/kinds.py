"""Kinds of interactions: those that the bundle never saw, and those that come in less than they did."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from features.catalogue import Catalogue
from histories.clock import DAY
from histories.contract import Histories
from training.monitor.distributions import t_above
from training.monitor.spans import CURRENT

FloatArray = NDArray[np.float64]
# As many leads give a kind a column of its own when a catalogue is built.
ENOUGH_LEADS = 50
LARGE_SHARE = 0.05
WEEKS = 8
MATERIAL_FALL = 0.5
LEAST_A_WEEK = 5.0
CHANCE = 0.01  # for all kinds of a run together
_WEEK = 7 * DAY
ALL = "all kinds"


@dataclass(frozen=True, slots=True)
class Unknown:
    """A kind that the bundle never saw: how often it came in the weeks before now, of how many leads, as what share."""

    kind: str
    interactions: int
    leads: int
    share: float


@dataclass(frozen=True, slots=True)
class Volume:
    """A kind's interactions a day: in the last week, and in the weeks before it.

    `p`: how often luck alone would bring so few; 1 where too few come to tell (`told`).
    """

    kind: str
    a_day: float
    before: float
    p: float
    told: bool

    def fell(self, chance: float) -> bool:
        """Tell whether it fell: to half or less, and by more than luck does with this chance."""
        return self.told and self.a_day <= MATERIAL_FALL * self.before and self.p < chance


@dataclass(frozen=True, slots=True)
class Silent:
    """A kind that came regularly when the bundle was trained, `before` times a day, and not for four weeks.

    `last`: when it came last, UTC microseconds.
    """

    kind: str
    before: float
    last: int


def unknown(histories: Histories, catalogue: Catalogue) -> tuple[Unknown, ...]:
    """Return the kinds of the weeks before `exported_at` that are in no column and were not rare either, commonest first."""
    now = histories.exported_at
    recent = histories.interactions.filter(pc.greater_equal(histories.interactions["occurred_at"], now - CURRENT))
    known = pa.array([*catalogue.kinds, *catalogue.rare_kinds], pa.string())
    new = recent.filter(pc.invert(pc.is_in(recent["kind"], value_set=known)))
    counted = new.group_by("kind").aggregate([("lead_id", "count"), ("lead_id", "count_distinct")])
    rows = counted.select(["kind", "lead_id_count", "lead_id_count_distinct"]).to_pydict().values()
    found = [Unknown(kind, n, leads, n / recent.num_rows) for kind, n, leads in zip(*rows, strict=True)]
    return tuple(sorted(found, key=lambda one: (-one.interactions, one.kind)))


def volumes(histories: Histories) -> tuple[Volume, ...]:
    """Return what came in the week before `exported_at` beside the eight weeks before it: all kinds, then each.

    Weeks are whole, so that weekdays do not matter. Weeks in which the store had nothing yet are left out.
    """
    table, now = histories.interactions, histories.exported_at
    week = (now - 1 - np.asarray(table["occurred_at"].to_numpy(), dtype=np.int64)) // _WEEK
    recent = (week >= 0) & (week <= WEEKS)
    weeks = min(WEEKS, int(week.max(initial=0)))
    if weeks < 2:
        return ()
    kinds = table["kind"].filter(pa.array(recent)).combine_chunks().dictionary_encode()
    names = list(kinds.dictionary.to_pylist())
    counts = np.zeros((len(names), WEEKS + 1))
    np.add.at(counts, (np.asarray(kinds.indices), week[recent]), 1)
    counts = counts[:, : weeks + 1]
    every = {ALL: counts.sum(axis=0), **dict(zip(names, counts, strict=True))}
    found = [of_weeks(name, one) for name, one in every.items()]
    return tuple(sorted(found, key=lambda one: (one.kind != ALL, -one.before, one.kind)))


def silent(histories: Histories, catalogue: Catalogue, trained_until: int) -> tuple[Silent, ...]:
    """Return the kinds of the catalogue that came regularly when the bundle was trained, and no more: the commonest first.

    Regularly: in each of the eight weeks before `trained_until`, five times a week on average. A week's fall is held
    against the weeks before it, and is forgotten when these have fallen too; this stands until a new training.
    """
    table, now = histories.interactions, histories.exported_at
    table = table.filter(pc.is_in(table["kind"], value_set=pa.array(catalogue.kinds, pa.string())))
    moment = np.asarray(table["occurred_at"].to_numpy(), dtype=np.int64)
    week = (trained_until - 1 - moment) // _WEEK
    found = []
    for kind in pc.unique(table["kind"]).to_pylist():
        mine = np.asarray(pc.equal(table["kind"], kind))
        counts = np.bincount(week[mine & (week >= 0) & (week < WEEKS)], minlength=WEEKS)
        last = int(moment[mine & (moment < now)].max(initial=0))
        if last < now - CURRENT and counts.min() > 0 and counts.mean() >= LEAST_A_WEEK:
            found.append(Silent(kind, float(counts.mean()) / 7, last))
    return tuple(sorted(found, key=lambda one: (-one.before, one.kind)))


def of_weeks(kind: str, counts: FloatArray) -> Volume:
    """Hold a kind's last week against those before it; `counts` by week, the last one first, at least three.

    Square roots of counts have about the same variance whatever their mean: 1/4 at least, as Poisson's (Anscombe, "The
    transformation of Poisson, binomial and negative-binomial data", Biometrika 35, 1948), more where leads come in
    bursts, which the weeks before tell. The last week is held against what they predict, by t.
    """
    last, before = float(counts[0]), counts[1:]
    mean, freedom = float(before.mean()), len(before) - 1
    roots = np.sqrt(counts + 0.375)
    spread = max(0.5, float(roots[1:].std(ddof=1)))
    fall = (float(roots[1:].mean()) - float(roots[0])) / (spread * np.sqrt(1 + 1 / len(before)))
    told = mean >= LEAST_A_WEEK
    return Volume(kind, last / 7, mean / 7, t_above(fall, freedom) if told else 1.0, told)


def fallen(found: tuple[Volume, ...]) -> tuple[Volume, ...]:
    """Return those that fell, by a bound that holds for all of them together."""
    chance = CHANCE / max(1, sum(one.told for one in found))
    return tuple(one for one in found if one.fell(chance))


def alarming(found: tuple[Unknown, ...]) -> tuple[Unknown, ...]:
    """Return the unknown kinds that a new training would give a column of their own, or that are a large share."""
    return tuple(one for one in found if one.leads >= ENOUGH_LEADS or one.share >= LARGE_SHARE)


def by_name(found: tuple[Volume, ...]) -> Mapping[str, Volume]:
    """Return volumes by kind."""
    return {one.kind: one for one in found}
