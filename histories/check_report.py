"""Prints a check for a person to read, on 80 columns and more."""

from datetime import datetime
from zoneinfo import ZoneInfo

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from histories import clock
from histories.check import AttributeFigures, Check, FunnelStep, ReasonCount
from histories.hints import hints
from histories.sql import TIMES, UNREADABLE_TIME

_REASONS = 12
_KINDS = 20  # the report shows the commonest
_BAR = 20


def render(check: Check, console: Console) -> None:
    """Print the report on `console`."""
    _head(check, console)
    _sources(check, console)
    _quarantine(check, console)
    _funnel(check, console)
    _kinds(check, console)
    _attributes(check, console)
    _hints(check, console)


def _table(title: str) -> Table:
    return Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)


def _head(check: Check, console: Console) -> None:
    console.print(Text(check.name, style="bold"))
    span = "no interactions"
    if check.first is not None and check.last is not None:
        days = (check.last - check.first) / clock.DAY
        span = f"{_day(check.first, check.timezone)} to {_day(check.last, check.timezone)} ({days:,.0f} days)"
    facts = [
        ("Leads", f"{check.leads:,}: {check.open:,} open, {check.customers:,} customers, {check.lost:,} lost"),
        ("Interactions", f"{check.interactions:,}, {span}"),
        ("No interactions", f"{check.without_interactions:,} leads"),
        ("Accounts", _accounts(check)),
        ("Exported", f"{clock.iso(check.exported_at)}, times without an offset in {check.timezone}"),
    ]
    grid = Table.grid(padding=(0, 2))
    for name, fact in facts:
        grid.add_row(Text(name, style="dim"), fact)
    console.print(grid)
    console.print()


def _day(moment: int, zone: str) -> str:
    return datetime.fromtimestamp(moment // clock.SECOND, ZoneInfo(zone)).date().isoformat()


def _accounts(check: Check) -> str:
    if not check.accounts:
        return "none"
    return f"{check.accounts:,}, {check.shared_accounts:,} of them with several leads"


def _sources(check: Check, console: Console) -> None:
    table = _table("Rows")
    table.add_column("source", overflow="fold")
    for name in ("read", "kept", "duplicates", "quarantined"):
        table.add_column(name, justify="right")
    for one in check.sources:
        style = "yellow" if one.quarantined else ""
        table.add_row(
            Text(one.name),
            f"{one.rows:,}",
            f"{one.kept:,}",
            f"{one.duplicates:,}",
            Text(f"{one.quarantined:,}", style=style),
        )
    console.print(table)


def _quarantine(check: Check, console: Console) -> None:
    if not check.reasons:
        return
    shown = sorted(check.reasons, key=_rows_of, reverse=True)[:_REASONS]
    more = len(check.reasons) - len(shown)
    table = _table(
        "Quarantine" if not more else f"Quarantine: the {_REASONS} commonest of {len(check.reasons)} reasons"
    )
    table.add_column("rows", justify="right")
    table.add_column("source", overflow="fold")
    table.add_column("first line", justify="right")
    table.add_column("reason", overflow="fold", ratio=1)
    for one in shown:
        table.add_row(f"{one.rows:,}", Text(one.source), f"{one.first_line:,}", Text(one.reason))
    console.print(table)
    if any(one.reason.endswith(UNREADABLE_TIME) for one in check.reasons):
        console.print(Text(f"What can be read is {TIMES}.", style="dim"))
    if check.quarantine_path is not None:
        console.print(f"All of these rows are in {check.quarantine_path}", highlight=False, soft_wrap=True)
    console.print()


def _rows_of(reason: ReasonCount) -> int:
    return reason.rows


def _funnel(check: Check, console: Console) -> None:
    table = _table("Funnel")
    table.add_column("stage")
    for name in ("leads", "of leads", "of those before", "median days"):
        table.add_column(name, justify="right")
    table.add_column("", no_wrap=True, min_width=_BAR)
    before: FunnelStep | None = None
    for one in check.funnel:
        share = _share(one.leads, check.leads)
        step = "" if before is None else _share(one.leads, before.leads)
        days = "" if before is None or one.median_days is None else f"{one.median_days:,.1f}"
        bar = "█" * round(_BAR * one.leads / check.leads) if check.leads else ""
        table.add_row(one.stage.value, f"{one.leads:,}", share, step, days, Text(bar, style="cyan"))
        before = one
    console.print(table)


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.1%}" if whole else "–"


def _kinds(check: Check, console: Console) -> None:
    if not check.kinds:
        return
    shown = check.kinds[:_KINDS]
    table = _table(
        "Kinds" if len(shown) == len(check.kinds) else f"Kinds: the {_KINDS} commonest of {len(check.kinds):,}"
    )
    table.add_column("kind", overflow="fold")
    table.add_column("interactions", justify="right")
    table.add_column("leads", justify="right")
    table.add_column("families", overflow="fold")
    for one in shown:
        table.add_row(Text(one.kind), f"{one.interactions:,}", f"{one.leads:,}", Text(", ".join(one.families) or "–"))
    console.print(table)


def _attributes(check: Check, console: Console) -> None:
    if not check.attributes:
        return
    table = _table("Attributes")
    table.add_column("attribute", overflow="fold")
    table.add_column("type")
    table.add_column("missing", justify="right")
    table.add_column("dated values", justify="right")
    table.add_column("values", overflow="fold")
    for one in check.attributes:
        dated = f"{one.dated:,}" if one.dated else "–"
        table.add_row(Text(one.name), one.type.value, _share(one.missing, check.leads), dated, _values(one))
    console.print(table)


def _values(one: AttributeFigures) -> str:
    if one.values is not None:
        return f"{one.values:,} different"
    if one.low is None or one.median is None or one.high is None:
        return "–"
    return f"{one.low:,.6g} to {one.high:,.6g}, median {one.median:,.6g}"


def _hints(check: Check, console: Console) -> None:
    found = hints(check)
    if not found:
        return
    console.print(Text("To look at", style="bold"))
    grid = Table.grid(padding=(0, 1))
    for one in found:
        grid.add_row(Text("•", style="yellow"), Text(one))
    console.print(grid)
