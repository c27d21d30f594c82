"""Renders a training run or a comparison for a terminal: model beside rules, and what it comes to in a sentence."""

from collections.abc import Iterator

from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.text import Text

from histories.clock import date
from training import checks_table, html_report, leakage_report, report_table
from training.compare import Comparison
from training.findings import caution, finding, ranking
from training.gate import Decision
from training.lineup import CHAMPION, MODEL, RULES, Lineup
from training.records import Place
from training.run import TrainingResult

MOST_FLAGS = 3
_STYLES = {Decision.PROMOTE: "green", Decision.SAME: "cyan", Decision.KEEP: "yellow", Decision.CANNOT_TELL: "yellow"}


def render_training(result: TrainingResult, console: Console) -> None:
    """Print what a training run came to."""
    console.print()
    leakage_report.render(result.audit, console)
    console.print()
    for lineup in result.lineups:
        counts = result.fitted.results[lineup.target].counts
        console.print(_header(lineup, f"test from {date(result.fitted.test_start)}"))
        why = result.fitted.results[lineup.target].why
        learnt = f"Learnt from {counts.train_leads:,} leads. {why[0].upper()}{why[1:]}."
        console.print(Text(learnt, style="dim"))
        _print_lineup(lineup, console)
        console.print(Text(_chosen(lineup, result.fitted.results[lineup.target].reason, why)))
        learning = result.fitted.results[lineup.target].learning
        if lineup.chosen == MODEL and learning is not None and learning.route is not None:
            route = learning.route.sentence
            console.print(Text(f"{route[0].upper()}{route[1:]}.", style="dim"))
        console.print()
    if result.fitted.refitted:
        console.print(Text(_refitted(result), style="yellow"))
        console.print()
    console.print(checks_table.render(result.verdict.checks))
    console.print()
    sentence = Text(result.verdict.sentence)
    title = f"version {result.version} · {result.alias} · bundle {result.bundle.version}"
    console.print(Panel(sentence, title=title, title_align="left", border_style=_STYLES[result.verdict.decision]))
    _print_place(result.place, result.run_id, console)


def render_comparison(comparison: Comparison, console: Console) -> None:
    """Print how the champion did beside the rules."""
    console.print()
    for lineup in comparison.lineups:
        console.print(_header(lineup, f"all later than the champion's training, which ended {date(comparison.since)}"))
        _print_lineup(lineup, console)
        console.print()
    title = f"champion: version {comparison.version} · bundle {comparison.bundle.version}"
    console.print(Panel(Text(comparison.sentence), title=title, title_align="left", border_style="cyan"))
    _print_place(comparison.place, comparison.run_id, console)


def _header(lineup: Lineup, when: str) -> RenderableType:
    first = next(iter(lineup.contenders.values())).figures
    return Group(
        Text(lineup.title, style="bold"),
        Text(
            f"Measured on {first.snapshots:,} snapshots of {first.leads:,} leads ({when}).\n"
            f"{first.converted_leads:,} of the leads converted; {first.prevalence:.2%} of the snapshots did.",
            style="dim",
        ),
        *_left_out(lineup),
    )


def _left_out(lineup: Lineup) -> Iterator[RenderableType]:
    if lineup.left_out:
        yield Text(
            f"{lineup.left_out:,} further snapshots of the test are left out, for every score: the champion's training "
            "knew their leads or accounts.",
            style="yellow",
        )


def _print_lineup(lineup: Lineup, console: Console) -> None:
    console.print(report_table.render(lineup, [name for name in (MODEL, RULES) if name in lineup.contenders]))
    for sentence, style in ((finding(lineup), ""), (ranking(lineup), ""), (caution(lineup), "yellow")):
        if sentence:
            console.print(Text(sentence, style=style))
    _print_flags(lineup, console)
    if CHAMPION in lineup.contenders:
        console.print()
        console.print(report_table.render(lineup, [lineup.chosen, CHAMPION]))


def _print_flags(lineup: Lineup, console: Console) -> None:
    """Say which segments fall out, the first few in full."""
    flags = [flag for segment in lineup.segments for flag in segment.flags]
    for flag in flags[:MOST_FLAGS]:
        console.print(Text(f"Falls out: {flag}", style="yellow"))
    if len(flags) > MOST_FLAGS:
        console.print(Text(f"{len(flags) - MOST_FLAGS} more such segments are in segments.json.", style="yellow"))


def _refitted(result: TrainingResult) -> str:
    """What the figures above are not of."""
    until = date(result.bundle.card.trained_until)
    return (
        f"The bundle is a refit: learnt again, as it was tested, from all that was known on {until}. The figures above are "
        "those of the bundle that was tested; of a refit nothing can be said but by what comes later."
    )


def _chosen(lineup: Lineup, reason: str, said: str) -> str:
    """What the bundle answers with; why, where that is not the model and `said` was not printed for the same above."""
    if lineup.chosen == MODEL:
        return "In the bundle: the model."
    points = "In the bundle: the rules' points, brought to probabilities."
    return points if reason == said else f"{points} {reason[0].upper()}{reason[1:]}."


def _print_place(place: Place, run_id: str, console: Console) -> None:
    console.print("Side by side in MLflow:")
    if place.command:
        console.print(f"  {place.command}", soft_wrap=True, highlight=False, markup=False)
    console.print(f"  {place.url}", soft_wrap=True, highlight=False, markup=False)
    console.print(f"There too, to be read and sent on: {html_report.PATH} of run {run_id}", soft_wrap=True)
