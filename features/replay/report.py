"""Prints a replay for a person to read, on 80 columns and more."""

import math
from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from features.pages import listing
from features.replay.replayed import FeatureReplay, Replay
from histories import clock

_A_BLOCK = 3  # of each block the report shows the worst
_TITLES = {"signals": "Counts and ages", "sums": "Values", "trends": "Trends", **listing.TITLES}


def render(replay: Replay, console: Console) -> None:
    """Print the report on `console`: causes first, the verdict last."""
    _head(replay, console)
    _causes(replay, console)
    _problems(replay, console)
    _features(replay, console)
    console.print(Text(_values(replay)))
    console.print(Text(_verdict(replay), style=f"bold {_colour(replay)}"))


def _head(replay: Replay, console: Console) -> None:
    facts = [
        ("Rows", f"{replay.rows:,}, of moments from {clock.iso(replay.first)} to {clock.iso(replay.last)}"),
        ("Bundles", ", ".join(replay.bundles)),
    ]
    if replay.unknown_rows:
        some = ", ".join(map(repr, replay.unknown_leads))
        rows = _counted(replay.unknown_rows, "row")
        facts.append(("Not compared", f"{rows} of leads that the export does not have, as {some}"))
    grid = Table.grid(padding=(0, 2))
    for name, fact in facts:
        grid.add_row(Text(name, style="dim"), Text(fact))
    console.print(grid)
    console.print()


def _causes(replay: Replay, console: Console) -> None:
    points = [
        (f"{_counted(one.rows, 'row')}: {one.cause.value}", f"For example {one.lead_id} at {clock.iso(one.as_of)}")
        for one in replay.causes
    ]
    _listed("What is likely to be behind it", points, console)


def _problems(replay: Replay, console: Console) -> None:
    points = [(f"{_counted(one.lines, 'line')}: {one.text}", f"The first is {one.first}") for one in replay.problems]
    _listed("Lines that gave no row", points, console)


def _listed(title: str, points: Sequence[tuple[str, str]], console: Console) -> None:
    """Print points with an example each; nothing where there are none."""
    if not points:
        return
    _title(title, console)
    for point, example in points:
        _point(point, console)
        _indented(example, 4, console)
    console.print()


def _features(replay: Replay, console: Console) -> None:
    worst = [one for one in replay.features if one.different]
    if not worst:
        return
    _title(f"Features that differ: {len(worst):,} of {len(replay.features):,}", console)
    for block, title in _TITLES.items():
        there = [one for one in worst if one.block == block]
        if there:
            shown = f", the worst {_A_BLOCK}" if len(there) > _A_BLOCK else ""
            _point(f"{title}: {_counted(len(there), 'feature')}{shown}", console)
        for one in there[:_A_BLOCK]:
            for line in _lines(one):
                _indented(line, 4, console)
    console.print()


def _lines(one: FeatureReplay) -> Iterator[str]:
    largest = "" if one.largest is None else f"; largest {one.largest:.6g}"
    missing = f", {one.missing:,} missing" if one.missing else ""
    yield f"{one.name}: {one.different:,} different, {one.same:,} same{missing}{largest}"
    if one.example is not None:
        yield f"  {one.example.lead_id} at {clock.iso(one.example.as_of)}"
        yield f"  logged {_value(one.example.logged)}, now {_value(one.example.recomputed)}"


def _value(value: float) -> str:
    """As many digits as tell a value from every other."""
    return "missing" if math.isnan(value) else repr(value).removesuffix(".0")


def _values(replay: Replay) -> str:
    same, different, missing = (
        sum(getattr(one, name) for one in replay.features) for name in ("same", "different", "missing")
    )
    return f"Values: {same:,} same, {different:,} different, {missing:,} missing"


def _verdict(replay: Replay) -> str:
    parts = [f"{replay.same_rows:,} of {replay.compared_rows:,} compared rows same"]
    if replay.unknown_rows:
        parts.append(f"{replay.unknown_rows:,} not compared")
    if replay.unreadable_lines:
        parts.append(f"{_counted(replay.unreadable_lines, 'line')} unreadable")
    return "; ".join(parts)


def _colour(replay: Replay) -> str:
    if replay.failed:
        return "red"
    return "yellow" if any(one.missing for one in replay.features) else "green"


def _counted(count: int, what: str) -> str:
    return f"1 {what}" if count == 1 else f"{count:,} {what}s"


def _title(text: str, console: Console) -> None:
    console.print(Text(text, style="bold"))


def _point(text: str, console: Console) -> None:
    grid = Table.grid(padding=(0, 1))
    grid.add_row(Text("•", style="yellow"), Text(text))
    console.print(grid)


def _indented(text: str, by: int, console: Console) -> None:
    """Print a line that breaks between words alone."""
    inner = text.lstrip()
    console.print(Padding(Text(inner), (0, 0, 0, by + len(text) - len(inner)), expand=False))
