"""Exports: simulate one, check one."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from commands.options import Config, now
from commands.terminal import out, working
from histories.errors import LeadScoringError

if TYPE_CHECKING:
    from histories.contract import Histories


def sample(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where the files go; made where it does not exist.")],
    leads: Annotated[int, typer.Option(min=100, max=1_000_000)] = 20_000,
    months: Annotated[int, typer.Option(min=6, max=120)] = 24,
    seed: Annotated[int, typer.Option(min=0)] = 1,
    recorded_only: Annotated[
        bool, typer.Option("--recorded-only", help="Let nothing hidden move the leads: recorded facts alone.")
    ] = False,
    truth: Annotated[
        Path | None,
        typer.Option(
            metavar="S.parquet", help="Give the true probability of each lead_id, cutoff, target, horizon_days."
        ),
    ] = None,
    truth_output: Annotated[Path, typer.Option(help="Where the true probabilities go.")] = Path("truth.parquet"),
) -> None:
    """Write a simulated CRM export, with its crm.toml, recipe.toml and rulebook.toml."""
    from histories import sample as simulation
    from histories.sample import truth_file

    with working("Simulating"):
        summary = simulation.write(folder, leads, months, seed, recorded_only=recorded_only)
    reached = ", ".join(f"{count:,} {stage}" for stage, count in summary.stages.items())
    out.print(
        f"{summary.leads:,} leads of {summary.accounts:,} accounts, {summary.interactions:,} interactions: {folder}"
    )
    out.print(f"Reached by the day of the export: {reached}")
    if truth is not None:
        with working("Simulating onward"):
            rows = truth_file.write_truth(folder, truth, truth_output)
        out.print(f"True probabilities of {rows:,} rows: {truth_output}")


def check(
    config: Config,
    quarantine: Annotated[
        Path, typer.Option(help="Where rows that cannot be read go, with source, line and reason.")
    ] = Path("quarantine.csv"),
) -> None:
    """Read an export, report on it, and look for fields that tell the answer."""
    from histories import check_report

    with working("Reading the export"):
        histories, report = config.check(now(), quarantine)
    check_report.render(report, out)
    _look_for_leaks(config.folder / "recipe.toml", histories)


def _look_for_leaks(file: Path, histories: "Histories") -> None:
    """Print what a training by the recipe would be stopped by, or why that cannot be said."""
    from training import fit, leakage, leakage_report, recipe

    try:
        with working("Looking for leaks"):
            settings = recipe.read(file, histories.timezone) if file.exists() else recipe.default()
            questions, border = fit.ask(histories, settings)
            catalogue = fit.catalogue_of(histories, questions, border, settings.features)
            found = leakage.audit(histories, questions, catalogue, settings.seed)
    except LeadScoringError as error:
        out.print(Text(f"Leakage audit: not possible: {error}", style="yellow"))
        return
    leakage_report.render(found, out)
