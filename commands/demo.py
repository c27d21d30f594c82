"""The whole path on a sample, in one go."""

from pathlib import Path
from typing import Annotated

import typer

from commands.champion import champion, scorer
from commands.exports import check, sample
from commands.models import train
from commands.options import Port, now
from commands.scores import score
from commands.terminal import out
from histories.origin import ExportFile


def demo(
    folder: Annotated[Path, typer.Option(help="Where the sample goes.")] = Path("demo"),
    leads: Annotated[int, typer.Option(min=1_000)] = 20_000,
    no_serve: Annotated[bool, typer.Option("--no-serve", help="End after the scores.")] = False,
    port: Port = 3000,
) -> None:
    """Walk the whole path on a sample: sample, check, train, compare, score, serve."""
    from commands import tour

    config = ExportFile(folder / "crm.toml")
    out.rule(f"[bold]A sample export of {leads:,} leads", align="left")
    sample(folder, leads)
    out.rule("[bold]What is in it", align="left")
    check(config, folder / "quarantine.csv")
    out.rule("[bold]Learn from its closed deals, compare with the rules", align="left")
    train(config)
    out.rule("[bold]Score the open leads", align="left")
    score(config, folder / "scores.parquet")
    if not no_serve:
        out.rule("[bold]Serve", align="left")
        with champion() as best:
            tour.serve(best, scorer(best, None), config.path, port, now(), out)
