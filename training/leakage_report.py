"""Shows a leakage audit: in lines for a terminal, and as a table."""

import math

import pyarrow as pa
from rich.console import Console
from rich.text import Text

from training.leak_finding import KIND, MODEL, Probe
from training.leakage import Audit

PATH = "leakage.json"
_SCHEMA = pa.schema(
    [
        ("field", pa.string()),
        ("probe", pa.string()),
        ("target", pa.string()),
        ("figure", pa.float64()),
        ("low", pa.float64()),
        ("verdict", pa.string()),
        ("allowed", pa.bool_()),
        ("sentence", pa.string()),
    ]
)


def table(audit: Audit) -> pa.Table:
    """One row a (field, probe, target), the gravest first; docs/leakage.md names the columns."""
    rows = [
        {
            "field": one.field,
            "probe": one.probe.value,
            "target": None if one.target is None else one.target.value,
            "figure": one.figure if math.isfinite(one.figure) else None,
            "low": one.low,
            "verdict": one.verdict.value,
            "allowed": one.field in audit.allowed,
            "sentence": one.sentence,
        }
        for one in audit.findings
    ]
    return pa.Table.from_pylist(rows, schema=_SCHEMA)


def render(audit: Audit, console: Console) -> None:
    """Print what was found: two lines where nothing was, else one more for each field."""
    console.print(Text(head(audit), style="red" if audit.stops_promotion else ""))
    shown = set()
    for one in sorted(audit.blocking, key=lambda found: -found.figure):
        if one.field not in shown:
            console.print(Text(f"  {one.field}: {one.sentence}", style="red"))
        shown.add(one.field)
    for one in audit.looks:
        if one.field not in shown:
            console.print(Text(f"  look at {one.field}: {one.sentence}", style="yellow"))
        shown.add(one.field)
    after = _after(audit)
    if after:
        console.print(Text(after, style="dim"))


def head(audit: Audit) -> str:
    """Say in a sentence or two whether a field tells the answer, and which ones were let pass."""
    fields = len({one.field for one in audit.findings} - {MODEL})
    blocking = {one.field for one in audit.blocking}
    allowed = f" Allowed: {', '.join(sorted(audit.allowed))}." if audit.allowed else ""
    if not blocking:
        return f"Leakage audit: none of {fields:,} fields tells the answer by itself.{allowed}"
    count = f"{len(blocking):,} of {fields:,} fields {'tells' if len(blocking) == 1 else 'tell'} the answer"
    return f"Leakage audit: {count}, and nothing that learns from it should serve.{allowed}"


def _after(audit: Audit) -> str:
    after = [one for one in audit.notes if one.probe is Probe.AFTER]
    said = [one.sentence for one in after if not one.field.startswith(KIND)]
    kinds = [one for one in after if one.field.startswith(KIND)]
    if kinds:
        said.append(f"{len(kinds):,} {'kind comes' if len(kinds) == 1 else 'kinds come'} only then")
    return f"Left aside: {'; '.join(said)}." if said else ""
