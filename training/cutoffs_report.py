"""Renders the cut-offs for a week's calls for a terminal."""

import math

from rich.console import Console
from rich.table import Table
from rich.text import Text

from histories.clock import date
from scoring.words import number
from training.cutoffs import Cutoff, Cutoffs
from training.findings import luck
from training.lineup import MODEL, RULES


def render(found: Cutoffs, console: Console) -> None:
    """Print where to draw the line on each score, and what that would have brought."""
    console.print()
    console.print(
        Text(f"{found.calls_per_week:,} calls a week, customer within {found.horizon_days} days", style="bold")
    )
    counted = f"{found.open_leads:,} open leads on {date(found.exported_at)}"
    if found.boards:
        counted += f"; {found.boards} weeks since {date(found.since)} whose outcome is known and training did not see"
    console.print(Text(f"{counted}.", style="dim"))
    console.print(_table(found))
    for sentence in sentences(found):
        console.print(Text(sentence))


def _table(found: Cutoffs) -> Table:
    table = Table(box=None, padding=(0, 3, 0, 0), header_style="bold")
    table.add_column("")
    for name in (MODEL, RULES):
        table.add_column(name, justify="right")
    model, rules = found.by_score[MODEL], found.by_score[RULES]
    table.add_row("call today from", _probability(model.today), _points(rules.today))
    table.add_row("open leads there or above", f"{model.reaching:,}", f"{rules.reaching:,}")
    if found.boards:
        table.add_row("later, new leads from", _probability(model.weekly), _points(rules.weekly))
        table.add_row("customers a week would bring", _with_interval(model), _with_interval(rules))
    return table


def sentences(found: Cutoffs) -> list[str]:
    """Say what the table comes to."""
    said = []
    rules = found.by_score[RULES]
    if rules.reaching > found.calls_per_week:
        said.append(
            f"{rules.reaching:,} leads have {number(rules.today)} points or more: the rules alone do not say which "
            f"{found.calls_per_week:,} of them to call."
        )
    said.append(f"The model expects {found.promised:.1f} customers among today's calls.")
    if not found.boards:
        said.append("What such calls bring is not known yet: no week's horizon had ended when the export was taken.")
    elif math.isfinite(found.difference.value):
        few = luck(found.converted_leads, "the past weeks")
        said.append(_difference(found, surely=not few))
        said += [few] if few else []
    return said


def _difference(found: Cutoffs, surely: bool) -> str:
    """Say which score's calls brought more. `surely`: enough leads converted to name one."""
    one = found.difference
    if found.same_calls:
        return "Both scores put the same leads up for a call."
    if one.value == one.low == one.high == 0:
        return _as_many(found.by_score[MODEL].conversions.value)
    interval = f"95% interval {one.low:+.1f} to {one.high:+.1f}"
    if surely and (one.low > 0 or one.high < 0):
        more = "model" if one.value > 0 else "rules"
        return f"By the {more}, {abs(one.value):.1f} more customers a week ({interval}, model minus rules)."
    return (
        f"The past weeks do not tell the two apart: {one.value:+.1f} customers a week, model minus rules ({interval})."
    )


def _as_many(conversions: float) -> str:
    """Say what calls of different leads came to that brought the same. `conversions`: a week, by either score."""
    if not conversions:
        return "None of the leads that either score would have called in the past weeks became a customer."
    return f"The calls of either score would have brought as many customers: {conversions:.1f} a week."


def _probability(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.2%}"


def _points(value: float) -> str:
    return "–" if math.isnan(value) else f"{number(value)} points"


def _with_interval(one: Cutoff) -> str:
    found = one.conversions
    return f"{found.value:.1f} ({found.low:.1f} to {found.high:.1f})"
