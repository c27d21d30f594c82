"""What an export holds, in figures that a person can act on."""

import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from histories import funnel
from histories.clock import DAY
from histories.contract import FUNNEL, AttributeType, Histories, Outcome, Stage
from histories.export import Export
from histories.quarantine import SourceCount


@dataclass(frozen=True, slots=True)
class ReasonCount:
    """Why rows of a source are in the quarantine: how many, and the line of the first."""

    source: str
    reason: str
    rows: int
    first_line: int


@dataclass(frozen=True, slots=True)
class KindCount:
    """A kind, how often it came, how many leads have it, and the families it belongs to."""

    kind: str
    interactions: int
    leads: int
    families: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FunnelStep:
    """How many leads ever reached a stage or a later one; `recorded`: how many have an outcome of this very stage.

    `median_days` is from creation, None where nobody reached it.
    """

    stage: Stage
    leads: int
    recorded: int
    median_days: float | None


@dataclass(frozen=True, slots=True)
class AttributeFigures:
    """One attribute: for how many leads nothing is known by the end, and how many values a category has.

    `values` is None for a number, whose `low`, `median` and `high` are given in its place. `dated` counts values
    that became known later.
    """

    name: str
    type: AttributeType
    missing: int
    dated: int
    values: int | None
    low: float | None
    median: float | None
    high: float | None


@dataclass(frozen=True)
class Check:
    """The report on an export. Times in UTC microseconds; `first` and `last` are None where nothing happened.

    `lost` and `customers` are as of the end, all other leads are `open`. `early_outcomes` counts outcomes that
    lie before their lead's creation, `early_interactions` the same of interactions.
    """

    name: str
    timezone: str
    exported_at: int
    exported_at_is_given: bool
    sources: tuple[SourceCount, ...]
    reasons: tuple[ReasonCount, ...]
    quarantine_path: Path | None
    first: int | None
    last: int | None
    leads: int
    open: int
    lost: int
    customers: int
    without_interactions: int
    accounts: int
    shared_accounts: int
    interactions: int
    early_interactions: int
    early_outcomes: int
    funnel: tuple[FunnelStep, ...]
    kinds: tuple[KindCount, ...]
    families: Mapping[str, int]
    attributes: tuple[AttributeFigures, ...]


@dataclass(frozen=True, eq=False)
class Checked:
    """What a report is made of: `name` is what was read, the rest as in Export."""

    name: str
    histories: Histories
    exported_at_is_given: bool
    sources: tuple[SourceCount, ...]
    quarantine: pa.Table
    quarantine_path: Path | None


def check(export: Export) -> Check:
    """Compute the figures of an export's report."""
    given = export.config.exported_at is not None
    name, path = str(export.config.path), export.quarantine_path
    return report(Checked(name, export.histories, given, export.sources, export.quarantine, path))


def report(read: Checked) -> Check:
    """Compute the report's figures."""
    histories = read.histories
    created = dict(zip(histories.leads["lead_id"].to_pylist(), histories.leads["created_at"].to_pylist(), strict=True))
    outcomes = _outcomes(histories)
    ends = Counter(
        funnel.standing(funnel.chronological(outcomes.get(lead, ())), histories.exported_at + 1).stage
        for lead in created
    )
    occurred = histories.interactions["occurred_at"]
    bounds = pc.min_max(occurred).as_py()
    accounts = Counter(one for one in histories.leads["account_id"].to_pylist() if one is not None)
    kinds = _kinds(histories)
    return Check(
        name=read.name,
        timezone=histories.timezone,
        exported_at=histories.exported_at,
        exported_at_is_given=read.exported_at_is_given,
        sources=read.sources,
        reasons=_reasons(read),
        quarantine_path=read.quarantine_path,
        first=bounds["min"],
        last=bounds["max"],
        leads=len(created),
        open=len(created) - ends[Stage.LOST] - ends[Stage.CUSTOMER],
        lost=ends[Stage.LOST],
        customers=ends[Stage.CUSTOMER],
        without_interactions=len(created) - pc.count_distinct(histories.interactions["lead_id"]).as_py(),
        accounts=len(accounts),
        shared_accounts=sum(1 for leads in accounts.values() if leads > 1),
        interactions=histories.interactions.num_rows,
        early_interactions=_early_interactions(histories),
        early_outcomes=sum(one.reached_at < created[lead] for lead, some in outcomes.items() for one in some),
        funnel=_funnel(created, outcomes),
        kinds=kinds,
        families=_families(histories, kinds),
        attributes=tuple(_attribute(histories, name, kind) for name, kind in histories.attribute_types.items()),
    )


def _outcomes(histories: Histories) -> dict[str, list[Outcome]]:
    found: dict[str, list[Outcome]] = {}
    columns = (histories.outcomes[name].to_pylist() for name in ("lead_id", "stage", "reached_at"))
    for lead, stage, reached_at in zip(*columns, strict=True):
        found.setdefault(lead, []).append(Outcome(Stage(stage), reached_at))
    return found


def _reasons(read: Checked) -> tuple[ReasonCount, ...]:
    grouped = read.quarantine.group_by(["source", "reason"]).aggregate([("line", "count"), ("line", "min")])
    counts = [
        ReasonCount(row["source"], row["reason"], row["line_count"], row["line_min"]) for row in grouped.to_pylist()
    ]
    order = {source.name: number for number, source in enumerate(read.sources)}
    return tuple(sorted(counts, key=lambda one: (order[one.source], -one.rows, one.reason)))


def _kinds(histories: Histories) -> tuple[KindCount, ...]:
    grouped = histories.interactions.group_by("kind").aggregate([("lead_id", "count"), ("lead_id", "count_distinct")])
    counts = [
        KindCount(
            row["kind"],
            row["lead_id_count"],
            row["lead_id_count_distinct"],
            tuple(sorted(histories.families.of(row["kind"]))),
        )
        for row in grouped.to_pylist()
    ]
    return tuple(sorted(counts, key=lambda one: (-one.interactions, one.kind)))


def _families(histories: Histories, kinds: Sequence[KindCount]) -> dict[str, int]:
    """How many interactions each declared family has."""
    return {
        family: sum(one.interactions for one in kinds if family in one.families)
        for family in histories.families.patterns
    }


def _funnel(created: Mapping[str, int], outcomes: Mapping[str, Sequence[Outcome]]) -> tuple[FunnelStep, ...]:
    reached = {lead: funnel.first_reached(some) for lead, some in outcomes.items()}
    steps = [FunnelStep(Stage.LEAD, len(created), len(created), 0.0 if created else None)]
    for stage in FUNNEL[1:]:
        days = [(at - created[lead]) / DAY for lead, ats in reached.items() if (at := ats[stage.rank]) is not None]
        recorded = sum(any(one.stage is stage for one in some) for some in outcomes.values())
        if stage is Stage.OPPORTUNITY and not recorded:
            continue
        steps.append(FunnelStep(stage, len(days), recorded, statistics.median(days) if days else None))
    return tuple(steps)


def _early_interactions(histories: Histories) -> int:
    joined = histories.interactions.select(["lead_id", "occurred_at"]).join(
        histories.leads.select(["lead_id", "created_at"]), "lead_id"
    )
    return int(pc.sum(pc.less(joined["occurred_at"], joined["created_at"])).as_py() or 0)


def _attribute(histories: Histories, name: str, kind: AttributeType) -> AttributeFigures:
    rows = histories.attributes.filter(pc.equal(histories.attributes["name"], name))
    values = rows["text" if kind is AttributeType.CATEGORY else "number"]
    known = pc.count_distinct(rows.filter(pc.is_valid(values))["lead_id"]).as_py()
    figures = (None, None, None)
    if kind is AttributeType.NUMBER and known:
        figures = tuple(pc.quantile(values, q=[0.0, 0.5, 1.0]).to_pylist())
    return AttributeFigures(
        name=name,
        type=kind,
        missing=histories.leads.num_rows - known,
        dated=pc.count(rows["known_at"]).as_py(),
        values=pc.count_distinct(values, mode="only_valid").as_py() if kind is AttributeType.CATEGORY else None,
        low=figures[0],
        median=figures[1],
        high=figures[2],
    )
