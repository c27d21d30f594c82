"""Renders a training run or a comparison for a terminal: model beside rules, and what it comes to in a sentence."""

import math

from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from histories.clock import date
from training.bootstrap import Difference
from training.compare import Comparison
from training.evaluate import LOWER_IS_BETTER, MEASURES, Figures
from training.findings import better, caution, finding
from training.gate import Decision
from training.lineup import CHAMPION, MODEL, RULES, Lineup
from training.run import TrainingResult
from training.tracking import Place

NAMES = {
    "auc": "AUC",
    "average_precision": "average precision",
    "log_loss": "log loss",
    "brier": "Brier score",
    "precision_top_tenth": "precision, top tenth",
    "lift_top_tenth": "lift, top tenth",
    "predicted_over_observed": "predicted / observed",
}
_SHARES = frozenset({"precision_top_tenth"})
_STYLES = {Decision.PROMOTE: "green", Decision.SAME: "cyan", Decision.KEEP: "yellow", Decision.CANNOT_TELL: "yellow"}


def render_training(result: TrainingResult, console: Console) -> None:
    """Print what a training run came to."""
    console.print()
    for lineup in result.lineups:
        counts = result.fitted.results[lineup.target].counts
        console.print(_header(lineup, f"test from {date(result.fitted.test_start)}"))
        learnt = f"Learnt from {counts.train_leads:,} leads, {counts.train_conversions:,} of them converted."
        console.print(Text(learnt, style="dim"))
        _print_lineup(lineup, console)
        console.print(Text(f"In the bundle: {_chosen(lineup)}."))
        console.print()
    sentence = Text(result.verdict.sentence)
    title = f"version {result.version} · {result.alias} · bundle {result.bundle.version}"
    console.print(Panel(sentence, title=title, title_align="left", border_style=_STYLES[result.verdict.decision]))
    _print_place(result.place, console)


def render_comparison(comparison: Comparison, console: Console) -> None:
    """Print how the champion did beside the rules."""
    console.print()
    for lineup in comparison.lineups:
        console.print(_header(lineup, f"from {date(comparison.since)}, after the champion's training"))
        _print_lineup(lineup, console)
        console.print()
    title = f"champion: version {comparison.version} · bundle {comparison.bundle.version}"
    console.print(Panel(Text(comparison.sentence), title=title, title_align="left", border_style="cyan"))
    _print_place(comparison.place, console)


def _header(lineup: Lineup, when: str) -> RenderableType:
    first = next(iter(lineup.contenders.values())).figures
    leads = f"{first.snapshots:,} snapshots of {first.leads:,} leads, {first.converted_leads:,} of them converted"
    return Group(
        Text(f"{lineup.title[0].upper()}{lineup.title[1:]}", style="bold"),
        Text(f"Measured on {leads} ({when}; {first.prevalence:.1%} of the snapshots).", style="dim"),
    )


def _print_lineup(lineup: Lineup, console: Console) -> None:
    console.print(_table(lineup))
    console.print(Text(finding(lineup)))
    warning = caution(lineup)
    if warning:
        console.print(Text(warning, style="yellow"))


def _table(lineup: Lineup) -> Table:
    """Measures down, contenders across, then the difference with its interval and who is better."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("")
    for name in lineup.contenders:
        table.add_column(name, justify="right")
    compared = [name for name in (RULES, CHAMPION) if lineup.differences.get(name)]
    for name in compared:
        first = MODEL if name == RULES else lineup.chosen
        table.add_column(f"{first} − {name} (95% interval)", justify="right")
        table.add_column("")
    for measure in MEASURES:
        cells: list[RenderableType] = [NAMES[measure]]
        cells += [_figure(measure, one.figures) for one in lineup.contenders.values()]
        for name in compared:
            cells += _difference(measure, lineup.differences[name][measure], lineup, name)
        table.add_row(*cells)
    return table


def _figure(measure: str, figures: Figures) -> str:
    value = getattr(figures.measures, measure)
    if math.isnan(value):
        return "–"
    if measure in _SHARES:
        return f"{value:.1%}"
    return f"{value:.2f}" if measure in {"lift_top_tenth", "predicted_over_observed"} else f"{value:.4f}"


def _difference(measure: str, one: Difference, lineup: Lineup, other: str) -> tuple[str, Text]:
    if one.value != one.value:
        return "–", Text("")
    shown = f"{one.value:+.4f} ({one.low:+.4f} to {one.high:+.4f})"
    if measure == "predicted_over_observed":
        return shown, _closer_to_one(lineup, other)
    verdict = better(one, measure in LOWER_IS_BETTER)
    first = MODEL if other == RULES else lineup.chosen
    if verdict is None:
        return shown, Text("no clear difference", style="dim")
    winner = first if verdict else other
    return shown, Text(f"{winner} better", style="green" if verdict else "yellow")


def _closer_to_one(lineup: Lineup, other: str) -> Text:
    """Predicted over observed has no direction: 1 is best."""
    first = MODEL if other == RULES else lineup.chosen
    distances = {
        name: abs(lineup.contenders[name].figures.measures.predicted_over_observed - 1) for name in (first, other)
    }
    return Text(f"{min(distances, key=lambda name: distances[name])} closer to 1", style="dim")


def _chosen(lineup: Lineup) -> str:
    if lineup.chosen == MODEL:
        return "the model"
    return "the rules' points, brought to probabilities"


def _print_place(place: Place, console: Console) -> None:
    console.print("Side by side in MLflow:")
    if place.command:
        console.print(f"  {place.command}", soft_wrap=True, highlight=False, markup=False)
    console.print(f"  {place.url}", soft_wrap=True, highlight=False, markup=False)
