"""Prints a replay for a person to read, on 80 columns and more."""

import math

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from features.replay.replayed import FeatureReplay, Replay
from histories import clock

_FEATURES = 20  # the report shows the worst


def render(replay: Replay, console: Console) -> None:
    """Print the report on `console`."""
    _head(replay, console)
    _features(replay, console)
    _causes(replay, console)
    _problems(replay, console)
    console.print(Text(_total(replay), style="bold red" if replay.differs else "bold green"))


def _table(title: str) -> Table:
    return Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)


def _head(replay: Replay, console: Console) -> None:
    facts = [
        ("Rows", f"{replay.rows:,}, of moments from {clock.iso(replay.first)} to {clock.iso(replay.last)}"),
        ("Bundles", ", ".join(replay.bundles)),
    ]
    if replay.unknown_rows:
        some = ", ".join(map(repr, replay.unknown_leads))
        facts.append(
            ("Not compared", f"{replay.unknown_rows:,} rows of leads that the export does not have, as {some}")
        )
    grid = Table.grid(padding=(0, 2))
    for name, fact in facts:
        grid.add_row(Text(name, style="dim"), Text(fact))
    console.print(grid)
    console.print()


def _features(replay: Replay, console: Console) -> None:
    worst = [one for one in replay.features if one.different]
    if not worst:
        return
    shown = worst[:_FEATURES]
    count = f"{len(worst):,} of {len(replay.features):,}"
    table = _table(f"Features that differ: {count}" + (f", the worst {_FEATURES}" if len(shown) < len(worst) else ""))
    table.add_column("feature", overflow="fold")
    for name in ("same", "different", "missing", "largest"):
        table.add_column(name, justify="right")
    table.add_column("for example", overflow="fold")
    for one in shown:
        largest = "–" if one.largest is None else f"{one.largest:.6g}"
        table.add_row(
            Text(one.name), f"{one.same:,}", f"{one.different:,}", f"{one.missing:,}", largest, Text(_example(one))
        )
    console.print(table)


def _example(one: FeatureReplay) -> str:
    example = one.example
    if example is None:
        return ""
    values = f"logged {_value(example.logged)}, now {_value(example.recomputed)}"
    return f"{example.lead_id} at {clock.iso(example.as_of)}: {values}"


def _value(value: float) -> str:
    """As many digits as tell a value from every other."""
    return "missing" if math.isnan(value) else repr(value).removesuffix(".0")


def _causes(replay: Replay, console: Console) -> None:
    if not replay.causes:
        return
    console.print(Text("What is likely to be behind it", style="bold"))
    grid = Table.grid(padding=(0, 1))
    for one in replay.causes:
        rows = "1 row" if one.rows == 1 else f"{one.rows:,} rows"
        about = f"{rows}, such as {one.lead_id} at {clock.iso(one.as_of)}: {one.cause.value}"
        grid.add_row(Text("•", style="yellow"), Text(about))
    console.print(grid)
    console.print()


def _problems(replay: Replay, console: Console) -> None:
    if not replay.problems:
        return
    table = _table("Lines that gave no row")
    table.add_column("lines", justify="right")
    table.add_column("first", overflow="fold")
    table.add_column("why", overflow="fold")
    for one in replay.problems:
        table.add_row(f"{one.lines:,}", Text(one.first), Text(one.text))
    console.print(table)


def _total(replay: Replay) -> str:
    same, different, missing = (sum(getattr(one, name) for one in replay.features) for name in _COUNTS)
    rows = f"{replay.same_rows:,} of {replay.rows:,} rows are the same"
    return f"{rows}; values: {same:,} same, {different:,} different, {missing:,} missing"


_COUNTS = ("same", "different", "missing")
