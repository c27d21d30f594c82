"""Snapshots of leads while the question was still open, and what became of each."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from histories.clock import DAY
from histories.contract import Histories, Target
from histories.funnel_table import NEVER, Funnel, funnel_of
from training.recipe import Age
from training.sides import Lives

IntArray = NDArray[np.int64]
UNKNOWN = -1
_EVER = int(np.iinfo(np.int64).min)


@dataclass(frozen=True, eq=False)
class Snapshots:
    """One row a (lead, cutoff) at which the lead was at risk for `target`, sorted by cutoff, then lead.

    `table`: lead_id, cutoff (UTC microseconds). The arrays have its rows: `lead` (number of the lead),
    `group` (number of the account, or of the lead where it has none), `age` (index into `ages`),
    `answer` (1 reached within the horizon, 0 not, -1 not known to the export) and `known_at` (the moment from which it
    is known, UTC microseconds; NEVER where it is not). An answer is known from the moment after the lead reached the
    target or was lost, else from the end of the horizon: while a horizon runs, what is known favours those that were
    quick, and has to be weighted (`censoring`). `label` is the answer of mature snapshots alone.
    `lives`: when a snapshot of each lead could have been taken.
    """

    target: Target
    horizon_days: int
    ages: tuple[Age, ...]
    exported_at: int
    table: pa.Table
    lead: IntArray
    group: IntArray
    age: IntArray
    answer: NDArray[np.int8]
    known_at: IntArray
    lives: Lives

    @property
    def cutoff(self) -> IntArray:
        """Cutoffs, UTC microseconds."""
        return np.asarray(self.table["cutoff"].to_numpy(), dtype=np.int64)

    @property
    def known_from(self) -> IntArray:
        """The moment from which each snapshot is mature: the end of the horizon, whatever happened in it."""
        return self.cutoff + self.horizon_days * DAY

    @property
    def mature(self) -> NDArray[np.bool_]:
        """Tell whose horizon had ended when the export was taken."""
        return self.known_from <= self.exported_at

    @cached_property
    def label(self) -> NDArray[np.int8]:
        """1 reached within the horizon, 0 not, -1 not mature: what to calibrate, choose and test by."""
        return np.where(self.mature, self.answer, np.int8(UNKNOWN))

    def converted_leads(self, rows: IntArray) -> int:
        """Count the distinct leads among `rows` that have a snapshot whose answer is yes."""
        return len(np.unique(self.lead[rows][self.answer[rows] == 1]))


def groups(histories: Histories) -> IntArray:
    """Number the accounts, in the order of `histories.leads`; a lead without an account is a group of its own."""
    numbers: dict[tuple[str, str], int] = {}
    return np.array([numbers.setdefault(name, len(numbers)) for name in _group_names(histories)], dtype=np.int64)


def _group_names(histories: Histories) -> Iterator[tuple[str, str]]:
    pairs = zip(histories.leads["lead_id"].to_pylist(), histories.leads["account_id"].to_pylist(), strict=True)
    return (("lead", lead_id) if account is None else ("account", account) for lead_id, account in pairs)


def _draws(histories: Histories) -> NDArray[np.uint64]:
    """Draw a number for each lead's group, [leads]."""
    digests = (blake2b("\0".join(name).encode(), digest_size=8).digest() for name in _group_names(histories))
    return np.frombuffer(b"".join(digests), dtype="<u8").astype(np.uint64)


def at_risk(histories: Histories, target: Target, moment: int) -> list[str]:
    """Return the leads that were at risk for `target` at a moment: the board of that day."""
    created = np.asarray(histories.leads["created_at"].to_numpy(), dtype=np.int64)
    lead = np.flatnonzero(created <= moment)
    open_still = funnel_of(histories).at_risk(lead, np.full(len(lead), moment), target)
    return list(histories.leads["lead_id"].take(pa.array(lead[open_still])).to_pylist())


def draw(histories: Histories, target: Target, horizon_days: int, ages: tuple[Age, ...]) -> Snapshots:
    """Take a snapshot of every lead at each age at which it was at risk, up to the export.

    An age's cutoff is the lead's creation plus the age; age 0 is one microsecond after the first interaction
    (after the creation where that comes later). A lead without any interaction has no age 0: taken just after its
    creation, it would stand for the new leads that never come to anything, and a new lead that has yet to do
    something would look like them. In an export without interactions, that moment tells nothing and is taken. A lead
    whose first interaction comes later than the oldest age has no age 0 either: all its snapshots lie within the ages.
    """
    lead_ids = histories.leads["lead_id"].to_pylist()
    cutoffs = _cutoffs(histories, lead_ids, ages)
    funnel = funnel_of(histories)
    lead, age = np.nonzero(cutoffs <= histories.exported_at)
    kept = funnel.at_risk(lead, cutoffs[lead, age], target)
    lead, age, cutoff = lead[kept], age[kept], cutoffs[lead[kept], age[kept]]
    order = np.lexsort((age, _alphabetical(lead_ids)[lead], cutoff))
    lead, age, cutoff = lead[order], age[order], cutoff[order]
    answer, known_at = _answers(funnel, lead, cutoff, target, horizon_days, histories.exported_at)
    lived = _lives(histories, cutoffs)
    return Snapshots(
        target=target,
        horizon_days=horizon_days,
        ages=ages,
        exported_at=histories.exported_at,
        table=pa.table({"lead_id": histories.leads["lead_id"].take(pa.array(lead)), "cutoff": pa.array(cutoff)}),
        lead=lead,
        group=lived.group[lead],
        age=age,
        answer=answer,
        known_at=known_at,
        lives=lived,
    )


def lives(histories: Histories, ages: tuple[Age, ...]) -> Lives:
    """Return when a snapshot of each lead could have been taken at these ages, in the order of `histories.leads`."""
    return _lives(histories, _cutoffs(histories, histories.leads["lead_id"].to_pylist(), ages))


def _lives(histories: Histories, cutoffs: IntArray) -> Lives:
    return Lives(
        group=groups(histories),
        first=cutoffs.min(axis=1, initial=NEVER),
        last=cutoffs.max(axis=1, initial=_EVER, where=cutoffs != NEVER),
        draw=_draws(histories),
    )


def _answers(
    funnel: Funnel, lead: IntArray, cutoff: IntArray, target: Target, horizon_days: int, exported_at: int
) -> tuple[NDArray[np.int8], IntArray]:
    """Answer each snapshot's question, and say from when on the answer is known."""
    end = cutoff + horizon_days * DAY
    moment, reached = funnel.answered(lead, cutoff, target)
    known_at = np.where(moment < end, moment + 1, end)
    known = known_at <= exported_at
    answer = np.where(known, reached & (moment < end), UNKNOWN).astype(np.int8)
    return answer, np.where(known, known_at, NEVER)


def _alphabetical(lead_ids: list[str]) -> IntArray:
    """Return each lead's place in the order of their ids."""
    places = np.empty(len(lead_ids), dtype=np.int64)
    places[sorted(range(len(lead_ids)), key=lead_ids.__getitem__)] = np.arange(len(lead_ids))
    return places


def _cutoffs(histories: Histories, lead_ids: list[str], ages: tuple[Age, ...]) -> IntArray:
    """Cutoffs [leads, ages], UTC microseconds; NEVER where a lead has no such age."""
    created = np.asarray(histories.leads["created_at"].to_numpy(), dtype=np.int64)
    without = NEVER - 1 if histories.interactions.num_rows else 0
    earliest = histories.interactions.group_by("lead_id").aggregate([("occurred_at", "min")])
    first = dict(zip(earliest["lead_id"].to_pylist(), earliest["occurred_at_min"].to_pylist(), strict=True))
    acted = np.array([first.get(lead_id, without) for lead_id in lead_ids], dtype=np.int64)
    entered = np.maximum(created, acted) + 1
    oldest = max(age.micros for age in ages)
    if oldest:
        entered = np.where(entered <= created + oldest, entered, NEVER)
    columns = [entered if age.micros == 0 else created + age.micros for age in ages]
    return np.stack(columns, axis=1)


def subset(table: pa.Table, rows: IntArray) -> pa.Table:
    """Return rows of a snapshot table, in the order given."""
    return table.take(pa.array(rows))
