"""Scores: of every open lead into a file, or over HTTP."""

import os
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from commands.champion import champion, scorer
from commands.options import ChampionsRulebook, Cluster, Config, Memory, Port, now, past, size
from commands.terminal import err, out, rows, working
from histories.errors import CallError


def score(
    config: Config,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="S.parquet", help="Parquet or, as .csv, CSV.")],
    rulebook: ChampionsRulebook = None,
    as_of: Annotated[
        str | None, typer.Option("--as-of", help="Score for this moment [default: when the export was taken].")
    ] = None,
    reasons: Annotated[int, typer.Option(min=0, max=10, help="How many reasons a lead.")] = 3,
    memory: Memory = None,
    cluster: Cluster = None,
) -> None:
    """Score every open lead with the champion and the rules."""
    from histories import export
    from serving import batch, call_list

    batch.refuse_other_suffixes(output)
    asked = None if as_of is None else past("--as-of", as_of)
    if cluster is not None:
        return _on_cluster(cluster, config, output, rulebook, asked, reasons, size(memory))
    if memory is not None:
        raise CallError("--memory: bounds what goes to a cluster; leave it out, or name one with --cluster")
    with champion() as best:
        with working("Reading the export"):
            histories = export.read(config, now()).histories
        moment = histories.exported_at if asked is None else asked
        with working("Scoring"):
            answers = scorer(best, rulebook).score_board(histories, moment, reasons)
    batch.write(answers, moment, output)
    call_list.render(answers, moment, out)
    return out.print(f"{len(answers):,} leads: {output}")


def _on_cluster(
    url: str, config: Path, output: Path, rulebook: Path | None, asked: int | None, reasons: int, memory: int
) -> None:
    """The shards lie beside the output, where the workers must see them, until the scores are written."""
    from features import cluster
    from histories import shards
    from serving import cluster as scoring

    place = output.absolute()
    place.parent.mkdir(parents=True, exist_ok=True)
    shared = tempfile.TemporaryDirectory(prefix=f".{output.name}.", dir=place.parent)
    with champion() as best, cluster.session(url) as spark, rows() as tell, shared as folder:
        made = shards.write(config, now(), Path(folder), memory, progress=tell)
        moment = made.exported_at if asked is None else asked
        told = partial(tell, "Shards done by the cluster")
        count = scoring.score(spark, made, scorer(best, rulebook), moment, reasons, place, told)
    out.print(f"{count:,} leads: {output}")


def serve(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Port = 3000,
    rulebook: ChampionsRulebook = None,
) -> None:
    """Serve what is deployed over HTTP, or the champion where nothing is."""
    from serving import deployment
    from serving import serve as service
    from serving.engine import BUNDLE, RULEBOOK

    place = deployment.named(os.environ)
    order = place.current()
    if order is None:
        with champion() as best:
            sys.exit(service.run(best.folder, rulebook or best.rulebook, host, port, place.folder))
    if rulebook is not None:
        raise CallError(
            f"--rulebook: {order.tag} is deployed in {place.folder}, with a rulebook of its own; put another in force "
            "with `lead-scoring rules publish`, and deploy"
        )
    model = place.model(order.tag)
    err.print(f"Deployed since {order.at}: {order.tag}. `lead-scoring deploy` brings another champion.", soft_wrap=True)
    sys.exit(service.run(model / BUNDLE, model / RULEBOOK, host, port, place.folder))
