"""The gate's checks as a list for a terminal of 80 columns: what was asked, the figure, and whether it passed."""

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from training.checks import LEAST_RATIO, MOST_RATIO, Check


def render(checks: Sequence[Check]) -> Table:
    """Return one line a check, in the order in which they were asked; those that did not pass stand out."""
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
    table.add_column("check", no_wrap=True)
    table.add_column("figure", justify="right", no_wrap=True)
    table.add_column("asked for", no_wrap=True)
    table.add_column("", no_wrap=True)
    for one in checks:
        verdict = Text("pass", style="green") if one.passed else Text("fail", style="bold red")
        table.add_row(one.name, figure(one), one.asked, verdict)
    return table


def figure(check: Check) -> str:
    """Return the figure as it is shown: a count whole, a ratio as it is, a difference with its sign."""
    value = check.figure
    if value is None:
        return "–"
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:.2f}" if check.threshold in (LEAST_RATIO, MOST_RATIO) else f"{value:+.4f}"
