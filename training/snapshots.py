"""Snapshots of leads while the question was still open, and what became of each."""

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from histories.clock import DAY
from histories.contract import Histories, Outcome, Stage, Target
from histories.funnel import chronological, resolution, standing
from training.recipe import Age

UNKNOWN = -1
_NEVER, _EVER = int(np.iinfo(np.int64).max), int(np.iinfo(np.int64).min)


@dataclass(frozen=True, eq=False)
class Snapshots:
    """One row a (lead, cutoff) at which the lead was at risk for `target`, sorted by cutoff, then lead.

    `table`: lead_id, cutoff (UTC microseconds). The arrays have its rows: `lead` (number of the lead),
    `group` (number of the account, or of the lead where it has none), `age` (index into `ages`),
    `label` (1 reached within the horizon, 0 not, -1 unknown: the horizon ends after the export).
    `lead_group`, `lead_from`, `lead_until` have one entry a lead, at risk or not: its group, and the first and
    last moment at which a snapshot of it could have been taken (whatever became of it), UTC microseconds.
    """

    target: Target
    horizon_days: int
    ages: tuple[Age, ...]
    exported_at: int
    table: pa.Table
    lead: NDArray[np.int64]
    group: NDArray[np.int64]
    age: NDArray[np.int64]
    label: NDArray[np.int8]
    lead_group: NDArray[np.int64]
    lead_from: NDArray[np.int64]
    lead_until: NDArray[np.int64]

    @property
    def cutoff(self) -> NDArray[np.int64]:
        """Cutoffs, UTC microseconds."""
        return np.asarray(self.table["cutoff"].to_numpy(), dtype=np.int64)

    @property
    def known_from(self) -> NDArray[np.int64]:
        """The moment from which each label is known: the end of the horizon, whatever happened in it."""
        return self.cutoff + self.horizon_days * DAY

    @property
    def mature(self) -> NDArray[np.bool_]:
        """Tell which labels the export knows."""
        return self.known_from <= self.exported_at

    def converted_leads(self, rows: NDArray[np.int64]) -> int:
        """Count the distinct leads among `rows` that have a snapshot with label 1."""
        return len(np.unique(self.lead[rows][self.label[rows] == 1]))


def outcomes_by_lead(histories: Histories) -> dict[str, list[Outcome]]:
    """Return each lead's outcomes in the order of `funnel.chronological`; leads without any are absent."""
    by_lead: dict[str, list[Outcome]] = defaultdict(list)
    columns = (histories.outcomes[name].to_pylist() for name in ("lead_id", "stage", "reached_at"))
    for lead_id, stage, reached_at in zip(*columns, strict=True):
        by_lead[lead_id].append(Outcome(Stage(stage), reached_at))
    return {lead_id: chronological(outcomes) for lead_id, outcomes in by_lead.items()}


def groups(histories: Histories) -> NDArray[np.int64]:
    """Number the accounts, in the order of `histories.leads`; a lead without an account is a group of its own."""
    numbers: dict[tuple[str, str], int] = {}
    pairs = zip(histories.leads["lead_id"].to_pylist(), histories.leads["account_id"].to_pylist(), strict=True)
    keys = (("lead", lead_id) if account is None else ("account", account) for lead_id, account in pairs)
    return np.array([numbers.setdefault(key, len(numbers)) for key in keys], dtype=np.int64)


def at_risk(histories: Histories, target: Target, moment: int) -> list[str]:
    """Return the leads that were at risk for `target` at a moment: the board of that day."""
    outcomes = outcomes_by_lead(histories)
    leads = zip(histories.leads["lead_id"].to_pylist(), histories.leads["created_at"].to_pylist(), strict=True)
    return [
        lead_id
        for lead_id, created_at in leads
        if created_at <= moment and standing(outcomes.get(lead_id, ()), moment).at_risk(target)
    ]


def draw(histories: Histories, target: Target, horizon_days: int, ages: tuple[Age, ...]) -> Snapshots:
    """Take a snapshot of every lead at each age at which it was at risk, up to the export.

    An age's cutoff is the lead's creation plus the age; age 0 is one microsecond after the first interaction
    (after the creation where that comes later). A lead without any interaction has no age 0: taken just after its
    creation, it would stand for the new leads that never come to anything, and a new lead that has yet to do
    something would look like them. In an export without interactions, that moment tells nothing and is taken.
    """
    lead_ids = histories.leads["lead_id"].to_pylist()
    cutoffs = _cutoffs(histories, lead_ids, ages)
    outcomes = outcomes_by_lead(histories)
    rows: list[tuple[int, str, int, int, int]] = []
    for lead, lead_id in enumerate(lead_ids):
        of_lead = outcomes.get(lead_id, [])
        for age, cutoff in enumerate(cutoffs[lead].tolist()):
            if cutoff <= histories.exported_at and standing(of_lead, cutoff).at_risk(target):
                label = _label(of_lead, cutoff, target, horizon_days, histories.exported_at)
                rows.append((cutoff, lead_id, lead, age, label))
    rows.sort()
    lead_group = groups(histories)
    number = np.array([row[2] for row in rows], dtype=np.int64)
    return Snapshots(
        target=target,
        horizon_days=horizon_days,
        ages=ages,
        exported_at=histories.exported_at,
        table=pa.table(
            {
                "lead_id": pa.array([row[1] for row in rows], pa.string()),
                "cutoff": pa.array([row[0] for row in rows], pa.int64()),
            }
        ),
        lead=number,
        group=lead_group[number],
        age=np.array([row[3] for row in rows], dtype=np.int64),
        label=np.array([row[4] for row in rows], dtype=np.int8),
        lead_group=lead_group,
        lead_from=cutoffs.min(axis=1, initial=_NEVER),
        lead_until=cutoffs.max(axis=1, initial=_EVER, where=cutoffs != _NEVER),
    )


def _label(outcomes: list[Outcome], cutoff: int, target: Target, horizon_days: int, exported_at: int) -> int:
    end = cutoff + horizon_days * DAY
    if end > exported_at:
        return UNKNOWN
    reached_at = resolution(outcomes, cutoff, target).reached_at
    return int(reached_at is not None and reached_at < end)


def _cutoffs(histories: Histories, lead_ids: list[str], ages: tuple[Age, ...]) -> NDArray[np.int64]:
    """Cutoffs [leads, ages], UTC microseconds; _NEVER where a lead has no such age."""
    created = np.asarray(histories.leads["created_at"].to_numpy(), dtype=np.int64)
    without = _NEVER - 1 if histories.interactions.num_rows else 0
    earliest = histories.interactions.group_by("lead_id").aggregate([("occurred_at", "min")])
    first = dict(zip(earliest["lead_id"].to_pylist(), earliest["occurred_at_min"].to_pylist(), strict=True))
    acted = np.array([first.get(lead_id, without) for lead_id in lead_ids], dtype=np.int64)
    entered = np.maximum(created, acted) + 1
    columns = [entered if age.micros == 0 else created + age.micros for age in ages]
    return np.stack(columns, axis=1)


def subset(table: pa.Table, rows: NDArray[np.int64]) -> pa.Table:
    """Return rows of a snapshot table, in the order given."""
    return table.take(pa.array(rows))
