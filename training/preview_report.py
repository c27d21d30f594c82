"""Renders one lead's points under two rulebooks for a terminal."""

from collections.abc import Callable, Mapping

from rich.console import Console
from rich.table import Table
from rich.text import Text

from histories import clock
from histories.contract import Interaction, LeadHistory
from scoring import words
from scoring.ledger import Group, Ledger
from scoring.preview import Line, Preview
from scoring.rulebook import Rulebook
from scoring.rules import HUNDREDTHS

_MOST_LINES = 40


def render(found: Preview, old: Rulebook, new: Rulebook, history: LeadHistory, console: Console) -> None:
    """Print the entries that count under either rulebook, the sums of the groups, stage and grade."""
    title = f"{history.lead_id} at {clock.iso(found.before.cutoff)}"
    books = f"before: {old.name} {old.version}    after: {new.name} {new.version}"
    console.print(Text(title, style="bold"))
    console.print(Text(books, style="dim"))
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold", pad_edge=False)
    table.add_column("When", no_wrap=True)
    table.add_column("What", max_width=30)
    table.add_column("Rule", max_width=32)
    for name in ("Before", "After", "Change"):
        table.add_column(name, justify="right", no_wrap=True)
    kinds = {one.interaction_id: one for one in history.interactions}
    counting = [line for line in found.lines if line.before or line.after]
    shown = _strongest(counting)
    for line in shown:
        table.add_row(*_entry(line, kinds))
    rest = [line for line in counting if line not in shown]
    if rest:
        table.add_row("", f"{len(rest):,} more entries", "", *_sums(rest), style="dim")
    table.add_section()
    _add_sums(table, found)
    console.print(table)
    if silent := len(found.lines) - len(counting):
        entries = "1 entry counts" if silent == 1 else f"{silent:,} entries count"
        console.print(Text(f"{entries} nothing under either rulebook: faded, or above a limit.", style="dim"))


def _strongest(lines: list[Line]) -> list[Line]:
    """The lines that move most, in the order they came, where there are too many to read."""
    ranked = sorted(lines, key=lambda line: -max(abs(_change(line)), abs(line.before or 0), abs(line.after or 0)))
    kept = set(ranked[:_MOST_LINES])
    return [line for line in lines if line in kept]


def _entry(line: Line, kinds: Mapping[str, Interaction]) -> tuple[str | Text, ...]:
    what = "known of the lead"
    if line.group is Group.FLOOR:
        return "", "", Text(line.rule), _points(line.before), _points(line.after), _changed(_change(line))
    if line.interaction_id is not None:
        one = kinds[line.interaction_id]
        what = words.kind(one.kind)
    when = clock.iso(line.at)[:16].replace("T", " ")
    return when, Text(what), Text(line.rule), _points(line.before), _points(line.after), _changed(_change(line))


def _add_sums(table: Table, found: Preview) -> None:
    before, after = found.before, found.after
    for name in ("engagement", "fit", "qualification"):
        ends = getattr(before, name), getattr(after, name)
        if any(ends):
            table.add_row("", "", name.capitalize(), *_ends(*ends), style="dim")
    table.add_row("", "", "Points", *_ends(before.total, after.total), style="bold")
    for name, said in _WORDS.items():
        ends = said(before), said(after)
        if any(ends):
            table.add_row("", "", name, *ends, "same" if ends[0] == ends[1] else Text("changes", style="cyan"))


_WORDS: Mapping[str, Callable[[Ledger], str]] = {
    "Stage": lambda one: one.stage.value,
    "Grade": lambda one: one.grade or "",
    "mql since": lambda one: "" if one.mql_at is None else clock.date(one.mql_at),
    "sql since": lambda one: "" if one.sql_at is None else clock.date(one.sql_at),
}


def _sums(lines: list[Line]) -> tuple[str, str, Text]:
    before, after = (sum(ends) for ends in zip(*((line.before or 0, line.after or 0) for line in lines), strict=True))
    return _ends(before, after)


def _ends(before: int, after: int) -> tuple[str, str, Text]:
    return _points(before), _points(after), _changed(after - before)


def _change(line: Line) -> int:
    return (line.after or 0) - (line.before or 0)


def _points(hundredths: int | None) -> str:
    return "–" if hundredths is None else f"{hundredths / HUNDREDTHS:,.2f}"


def _changed(hundredths: int) -> Text:
    if not hundredths:
        return Text("")
    return Text(f"{hundredths / HUNDREDTHS:+,.2f}", style="green" if hundredths > 0 else "red")
