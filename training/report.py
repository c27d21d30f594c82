"""Renders a training run or a comparison for a terminal: model beside rules, and what it comes to in a sentence."""

import math

from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from histories.clock import date
from training import leakage_report
from training.bootstrap import Difference
from training.compare import Comparison
from training.evaluate import LOWER_IS_BETTER, MEASURES, Figures
from training.findings import better, caution, finding, ranking
from training.gate import Decision
from training.lineup import CHAMPION, MODEL, RULES, Lineup
from training.records import Place
from training.run import TrainingResult

NAMES = {
    "auc": "AUC",
    "average_precision": "average precision",
    "log_loss": "log loss",
    "brier": "Brier score",
    "precision_top_tenth": "precision, top tenth",
    "lift_top_tenth": "lift, top tenth",
    "predicted_over_observed": "predicted / observed",
}
_FORMATS = {"precision_top_tenth": ".1%", "lift_top_tenth": ".2f", "predicted_over_observed": ".2f"}
_STYLES = {Decision.PROMOTE: "green", Decision.SAME: "cyan", Decision.KEEP: "yellow", Decision.CANNOT_TELL: "yellow"}


def render_training(result: TrainingResult, console: Console) -> None:
    """Print what a training run came to."""
    console.print()
    leakage_report.render(result.audit, console)
    console.print()
    for lineup in result.lineups:
        counts = result.fitted.results[lineup.target].counts
        console.print(_header(lineup, f"test from {date(result.fitted.test_start)}"))
        learnt = f"Learnt from {counts.train_leads:,} leads, {counts.train_conversions:,} of them converted."
        console.print(Text(learnt, style="dim"))
        _print_lineup(lineup, console)
        console.print(Text(_chosen(lineup, result.fitted.results[lineup.target].reason)))
        console.print()
    sentence = Text(result.verdict.sentence)
    title = f"version {result.version} · {result.alias} · bundle {result.bundle.version}"
    console.print(Panel(sentence, title=title, title_align="left", border_style=_STYLES[result.verdict.decision]))
    _print_place(result.place, console)


def render_comparison(comparison: Comparison, console: Console) -> None:
    """Print how the champion did beside the rules."""
    console.print()
    for lineup in comparison.lineups:
        console.print(_header(lineup, f"all later than the champion's training, which ended {date(comparison.since)}"))
        _print_lineup(lineup, console)
        console.print()
    title = f"champion: version {comparison.version} · bundle {comparison.bundle.version}"
    console.print(Panel(Text(comparison.sentence), title=title, title_align="left", border_style="cyan"))
    _print_place(comparison.place, console)


def _header(lineup: Lineup, when: str) -> RenderableType:
    first = next(iter(lineup.contenders.values())).figures
    return Group(
        Text(lineup.title, style="bold"),
        Text(
            f"Measured on {first.snapshots:,} snapshots of {first.leads:,} leads ({when}).\n"
            f"{first.converted_leads:,} of the leads converted; {first.prevalence:.2%} of the snapshots did.",
            style="dim",
        ),
    )


def _print_lineup(lineup: Lineup, console: Console) -> None:
    console.print(_table(lineup, [name for name in (MODEL, RULES) if name in lineup.contenders]))
    for sentence, style in ((finding(lineup), ""), (ranking(lineup), ""), (caution(lineup), "yellow")):
        if sentence:
            console.print(Text(sentence, style=style))
    if CHAMPION in lineup.contenders:
        console.print()
        console.print(_table(lineup, [lineup.chosen, CHAMPION]))


def _table(lineup: Lineup, names: list[str]) -> Table:
    """Measures down, one or two contenders across; of two also the difference, its interval and who is better."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("")
    for name in names:
        table.add_column(name, justify="right", min_width=8)
    apart = lineup.differences.get(names[-1], {}) if len(names) == 2 else {}
    if apart:
        table.add_column("difference (95% interval)", justify="right")
        table.add_column("")
    for measure in MEASURES:
        cells: list[RenderableType] = [NAMES[measure]]
        cells += [_figure(measure, lineup.contenders[name].figures) for name in names]
        if apart:
            cells += _difference(measure, apart[measure], lineup, names)
        table.add_row(*cells)
    return table


def _figure(measure: str, figures: Figures) -> str:
    value = getattr(figures.measures, measure)
    if math.isnan(value):
        return "–"
    return f"{value:{_FORMATS.get(measure, '.4f')}}"


def _difference(measure: str, one: Difference, lineup: Lineup, names: list[str]) -> tuple[str, Text]:
    """The difference as it is shown, and which of the two it favours."""
    if math.isnan(one.value):
        return "–", Text("")
    value, low, high = (_signed(measure, number) for number in (one.value, one.low, one.high))
    shown = f"{value} ({low} to {high})"
    if measure == "predicted_over_observed":
        return shown, _closer_to_one(lineup, names)
    verdict = better(one, measure in LOWER_IS_BETTER)
    if verdict is None:
        return shown, Text("no clear difference", style="dim")
    return shown, Text(f"{names[0] if verdict else names[1]} better", style="green" if verdict else "yellow")


def _signed(measure: str, value: float) -> str:
    shape = _FORMATS.get(measure, ".4f")
    return f"{100 * value:+.1f} pp" if shape.endswith("%") else f"{value:+{shape}}"


def _closer_to_one(lineup: Lineup, names: list[str]) -> Text:
    """Predicted over observed has no direction: 1 is best."""
    distances = [abs(lineup.contenders[name].figures.measures.predicted_over_observed - 1) for name in names]
    return Text(f"{names[distances.index(min(distances))]} closer to 1", style="dim")


def _chosen(lineup: Lineup, reason: str) -> str:
    """What the bundle answers with; why, where that is not the model."""
    if lineup.chosen == MODEL:
        return "In the bundle: the model."
    return f"In the bundle: the rules' points, brought to probabilities. {reason[0].upper()}{reason[1:]}."


def _print_place(place: Place, console: Console) -> None:
    console.print("Side by side in MLflow:")
    if place.command:
        console.print(f"  {place.command}", soft_wrap=True, highlight=False, markup=False)
    console.print(f"  {place.url}", soft_wrap=True, highlight=False, markup=False)
