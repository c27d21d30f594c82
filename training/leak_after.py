"""What lies after the outcome in an export: no snapshot that trains can see it, so it is told and stops nothing."""

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from histories.contract import Histories, Stage
from training.leak_finding import KIND, Finding, Probe, Verdict

AFTER = "interactions"
_LEAST_LEADS = 20
_ENDS = (Stage.CUSTOMER.value, Stage.LOST.value)


def findings(histories: Histories) -> Iterator[Finding]:
    """Count what happened after a lead became a customer or was lost for the first time, and kinds that only come then."""
    ended = _ended(histories.outcomes)
    rows = histories.interactions.select(["lead_id", "kind", "occurred_at"]).join(ended, "lead_id")
    later = rows.filter(pc.greater(rows["occurred_at"], rows["ended_at"]))
    leads = pc.count_distinct(later["lead_id"]).as_py()
    if leads:
        sentence = (
            f"{_number(later.num_rows, 'interaction')} of {_number(leads, 'lead')} lie after the lead became a customer or "
            "was lost, which no snapshot taken before sees"
        )
        yield Finding(AFTER, Probe.AFTER, None, float(leads), None, Verdict.NOTE, sentence)
    yield from _kinds(rows)


def _ended(outcomes: pa.Table) -> pa.Table:
    """When each lead first became a customer or was lost (`ended_at`); leads that did not are absent."""
    ends = outcomes.filter(pc.is_in(outcomes["stage"], value_set=pa.array(_ENDS)))
    found = ends.group_by("lead_id").aggregate([("reached_at", "min")])
    return pa.table({"lead_id": found["lead_id"], "ended_at": found["reached_at_min"]})


def _kinds(rows: pa.Table) -> Iterator[Finding]:
    """Name kinds that no lead had before its end."""
    never = pa.scalar(2**63 - 1, pa.int64())
    before = pc.less(rows["occurred_at"], pc.fill_null(rows["ended_at"], never))
    marked = pa.table({"kind": rows["kind"], "lead_id": rows["lead_id"], "before": pc.cast(before, pa.int64())})
    counted = marked.group_by("kind").aggregate([("before", "sum"), ("lead_id", "count_distinct")])
    for row in sorted(counted.to_pylist(), key=_kind):
        if not row["before_sum"] and row["lead_id_count_distinct"] >= _LEAST_LEADS:
            leads = row["lead_id_count_distinct"]
            sentence = (
                f"comes with or after the outcome alone ({leads:,} leads), so that no snapshot taken before sees it: "
                "it may be left out of crm.toml, or be an outcome there"
            )
            yield Finding(f"{KIND}{row['kind']}", Probe.AFTER, None, float(leads), None, Verdict.NOTE, sentence)


def _kind(row: dict[str, object]) -> str:
    return str(row["kind"])


def _number(count: int, what: str) -> str:
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}s"
