"""Two contenders beside each other as a table for a terminal: the measures that a reader needs, and who is better."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from training.bootstrap import Difference
from training.evaluate import BEST, LOWER_IS_BETTER
from training.findings import better
from training.lineup import CHAMPION, Lineup


@dataclass(frozen=True, slots=True)
class _Row:
    """A measure as it is shown; its `form` is Python's, and one that ends in % is a share."""

    measure: str
    name: str
    form: str


_ON_TEST = (
    _Row("auc", "AUC", ".3f"),
    _Row("log_loss", "log loss", ".4f"),
    _Row("lift_top_tenth", "lift, top tenth", ".2f"),
    _Row("predicted_over_observed", "predicted / observed", ".2f"),
)
_AT_CAPACITY = (
    _Row("precision", "precision", ".1%"),
    _Row("conversions", "conversions", ",.0f"),
    _Row("realised_value", "worth, less the calls", ",.0f"),
)


def render(lineup: Lineup, names: list[str]) -> Table:
    """Return measures down, one or two contenders across; of two also the difference, its interval and who is better."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("")
    for name in names:
        table.add_column(name, justify="right", min_width=8)
    if _apart(lineup, names):
        table.add_column("difference (95% interval)", justify="right")
        table.add_column("")
    for row in _ON_TEST:
        values = [float(getattr(lineup.contenders[name].figures.measures, row.measure)) for name in names]
        table.add_row(*_cells(row, values, lineup.differences.get(_against(names), {}).get(row.measure), names))
    for cells in _at_capacity(lineup, names):
        table.add_row(*cells)
    return table


def _at_capacity(lineup: Lineup, names: list[str]) -> Iterator[list[RenderableType]]:
    found = [lineup.capacity[name] for name in names if name in lineup.capacity]
    if len(found) < len(names):
        return
    weeks = "on 1 weekly board" if found[0].boards == 1 else f"on {found[0].boards} weekly boards"
    yield [Text(f"{found[0].calls_per_week:,} calls a week, {weeks}:", style="dim")]
    for row in _AT_CAPACITY:
        values = [float(getattr(one.measures, row.measure)) for one in found]
        if not all(math.isnan(one) for one in values):
            one = lineup.capacity_differences.get(_against(names), {}).get(row.measure)
            yield _cells(row, values, one, names)


def _apart(lineup: Lineup, names: list[str]) -> bool:
    return _against(names) in lineup.differences


def _against(names: list[str]) -> str:
    """The key of the differences between two contenders: that of the second."""
    return names[1] if len(names) == 2 else ""


def _cells(row: _Row, values: list[float], one: Difference | None, names: list[str]) -> list[RenderableType]:
    cells: list[RenderableType] = [row.name]
    cells += ["–" if math.isnan(value) else f"{value:{row.form}}" for value in values]
    if one is not None:
        cells += _difference(row, values, one, names)
    return cells


def _difference(row: _Row, values: list[float], one: Difference, names: list[str]) -> tuple[str, Text]:
    """The difference as it is shown, and which of the two it favours."""
    if math.isnan(one.value):
        return "–", Text("")
    value, low, high = (_signed(row.form, number) for number in (one.value, one.low, one.high))
    shown = f"{value} ({low} to {high})"
    if row.measure in BEST:
        return shown, _closest(values, BEST[row.measure], names)
    verdict = better(one, row.measure in LOWER_IS_BETTER)
    if verdict is None:
        return shown, Text("no clear difference", style="dim")
    favoured = names[0] if verdict else names[1]
    return shown, Text(f"{favoured} better", style="yellow" if favoured == CHAMPION or not verdict else "green")


def _signed(form: str, value: float) -> str:
    if form.endswith("%"):
        return f"{100 * value:+.1f} pp"
    return f"{value:+{form}}"


def _closest(values: list[float], best: float, names: list[str]) -> Text:
    """Which of two values is the closer to the best one: neither more nor less of it is better."""
    distances = [abs(value - best) for value in values]
    return Text(f"{names[distances.index(min(distances))]} closer to {best:g}", style="dim")
