"""Scores: of every open lead into a file, or over HTTP."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from commands.champion import champion, scorer
from commands.options import ChampionsRulebook, Config, Port, now, past
from commands.terminal import out, working


def score(
    config: Config,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="S.parquet", help="Parquet or, as .csv, CSV.")],
    rulebook: ChampionsRulebook = None,
    as_of: Annotated[
        str | None, typer.Option("--as-of", help="Score for this moment [default: when the export was taken].")
    ] = None,
    reasons: Annotated[int, typer.Option(min=0, max=10, help="How many reasons a lead.")] = 3,
) -> None:
    """Score every open lead with the champion and the rules."""
    from histories import export
    from serving import batch, call_list

    batch.refuse_other_suffixes(output)
    asked = None if as_of is None else past("--as-of", as_of)
    with champion() as best:
        with working("Reading the export"):
            histories = export.read(config, now()).histories
        moment = histories.exported_at if asked is None else asked
        with working("Scoring"):
            answers = scorer(best, rulebook).score_board(histories, moment, reasons)
    batch.write(answers, moment, output)
    call_list.render(answers, moment, out)
    out.print(f"{len(answers):,} leads: {output}")


def serve(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Port = 3000,
    rulebook: ChampionsRulebook = None,
) -> None:
    """Serve the champion over HTTP."""
    from serving import serve as service

    with champion() as best:
        sys.exit(service.run(best.folder, rulebook or best.rulebook, host, port))
