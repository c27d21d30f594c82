"""Exports: simulate one, check one."""

from pathlib import Path
from typing import Annotated

import typer

from commands.options import Config, now
from commands.terminal import out, working


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
    """Read an export and report on it."""
    from histories import check as checks
    from histories import check_report, export

    with working("Reading the export"):
        read = export.read(config, now(), quarantine)
    check_report.render(checks.check(read), out)
