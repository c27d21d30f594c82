"""Two contenders beside each other as a table for a terminal: the measures that a reader needs, and who is better."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from training.bootstrap import Difference
from training.evaluate import BEST, LOWER_IS_BETTER
from training.findings import better, converted_leads, too_few
from training.lineup import Lineup


@dataclass(frozen=True, slots=True)
class _Row:
    """A measure as it is shown; its `form` is Python's, `.1%` a share and `k` thousands."""

    measure: str
    name: str
    form: str


_ON_TEST = (
    _Row("auc", "AUC", ".3f"),
    _Row("log_loss", "log loss", ".4f"),
    _Row("lift_top_tenth", "lift, top tenth", ".2f"),
    _Row("predicted_over_observed", "predicted/observed", ".2f"),
)
_AT_CAPACITY = (
    _Row("precision", "precision", ".1%"),
    _Row("conversions", "conversions", ",.0f"),
    _Row("realised_value", "worth less calls", "k"),
)


def render(lineup: Lineup, names: list[str]) -> Group:
    """Return measures down, one or two contenders across; of two also the difference, its 95% interval and who is better.

    First those of the test, then those at the team's capacity.
    """
    on_test = _empty(lineup, names)
    for name in names:
        on_test.columns[1 + names.index(name)].header = name
    if _against(names) in lineup.differences:
        on_test.columns[-2].header, on_test.columns[-1].header = "difference (95% interval)", "better"
    on_test.show_header = True
    for row in _ON_TEST:
        values = [float(getattr(lineup.contenders[name].figures.measures, row.measure)) for name in names]
        on_test.add_row(
            *_cells(lineup, row, values, lineup.differences.get(_against(names), {}).get(row.measure), names)
        )
    return Group(on_test, *_at_capacity(lineup, names))


def _empty(lineup: Lineup, names: list[str]) -> Table:
    """A table whose columns are as wide as any other's of the lineup, so that they stand below each other."""
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold", show_header=False)
    table.add_column("", width=20, no_wrap=True)
    for _ in names:
        table.add_column("", justify="right", min_width=8, no_wrap=True)
    if _against(names) in lineup.differences:
        table.add_column("", justify="right", min_width=28, no_wrap=True)
        table.add_column("", no_wrap=True)
    return table


def _at_capacity(lineup: Lineup, names: list[str]) -> Iterator[RenderableType]:
    found = [lineup.capacity[name] for name in names if name in lineup.capacity]
    if len(found) < len(names):
        return
    weeks = "on the board of 1 week" if found[0].boards == 1 else f"on the boards of {found[0].boards} weeks"
    yield Text(f"At {found[0].calls_per_week:,} calls a week, {weeks}:", style="dim")
    table = _empty(lineup, names)
    for row in _AT_CAPACITY:
        values = [float(getattr(one.measures, row.measure)) for one in found]
        if not all(math.isnan(one) for one in values):
            one = lineup.capacity_differences.get(_against(names), {}).get(row.measure)
            table.add_row(*_cells(lineup, row, values, one, names))
    yield table


def _against(names: list[str]) -> str:
    """The key of the differences between two contenders: that of the second."""
    return names[1] if len(names) == 2 else ""


def _cells(
    lineup: Lineup, row: _Row, values: list[float], one: Difference | None, names: list[str]
) -> list[RenderableType]:
    cells: list[RenderableType] = [row.name]
    cells += ["–" if math.isnan(value) else _shown(row.form, value, "") for value in values]
    if one is not None:
        shown, verdict = _difference(row, values, one, names)
        few = too_few(converted_leads(lineup)) is not None
        cells += [shown, Text("cannot tell", style="dim") if few and verdict else verdict]
    return cells


def _difference(row: _Row, values: list[float], one: Difference, names: list[str]) -> tuple[str, Text]:
    """The difference as it is shown, and which of the two it favours: neither where the interval holds 0."""
    if math.isnan(one.value):
        return "–", Text("")
    value, low, high = (_shown(row.form, number, "+") for number in (one.value, one.low, one.high))
    unit = " pp" if row.form.endswith("%") else ""
    shown = f"{value}{unit} ({low} to {high})"
    verdict = better(one, row.measure in LOWER_IS_BETTER)
    if verdict is None:
        return shown, Text("unclear", style="dim")
    if row.measure in BEST:
        return shown, Text(_closest(values, BEST[row.measure], names), style="dim")
    return shown, Text(names[0] if verdict else names[1], style="green" if verdict else "yellow")


def _shown(form: str, value: float, sign: str) -> str:
    """A figure, or with the sign "+" a difference: of shares in points of a hundred."""
    if form == "k":
        return f"{value / 1000:{sign},.0f}k"
    if sign and form.endswith("%"):
        return f"{100 * value:+.1f}"
    return f"{value:{sign}{form}}"


def _closest(values: list[float], best: float, names: list[str]) -> str:
    """Which of two values is the closer to the best one: neither more nor less of it is better."""
    distances = [abs(value - best) for value in values]
    return names[distances.index(min(distances))]
