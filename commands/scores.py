"""Scores: of every open lead into a file, or over HTTP."""

import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from commands.champion import champion, scorer
from commands.options import ChampionsRulebook, Cluster, Config, Memory, Port, now, past, size
from commands.terminal import err, out, rows
from histories.errors import CallError

if TYPE_CHECKING:
    from features.sharded import Each

_SHOWN_REASONS = 3


def score(
    config: Config,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="S.parquet", help="Parquet or, as .csv, CSV.")],
    rulebook: ChampionsRulebook = None,
    as_of: Annotated[
        str | None, typer.Option("--as-of", help="Score for this moment [default: when the export was taken].")
    ] = None,
    reasons: Annotated[
        int, typer.Option(min=0, max=10, help="How many reasons a lead; without any a million take a minute.")
    ] = 0,
    memory: Memory = None,
    cluster: Cluster = None,
) -> None:
    """Score every open lead with the champion and the rules."""
    from histories.machine import cores
    from serving.board import batch, call_list, sharded

    batch.refuse_other_suffixes(output)
    asked = None if as_of is None else past("--as-of", as_of)
    with champion() as best, rows() as tell, ExitStack() as stack:
        output.absolute().parent.mkdir(parents=True, exist_ok=True)
        # Beside the output, where a cluster's workers see it too.
        kept = tempfile.TemporaryDirectory(prefix=f".{output.name}.", dir=output.absolute().parent)
        folder = Path(stack.enter_context(kept))
        each = _each(stack, cluster, folder, partial(tell, "Shards scored"))
        made = config.shards(now(), folder, size(memory), progress=tell)
        moment, using = made.exported_at if asked is None else asked, scorer(best, rulebook)
        # Where there are fewer shards than cores, several threads work on one; a cluster's task has one core.
        threads = 1 if cluster else max(1, cores() // made.count)
        written = sharded.score(made, using, moment, reasons, output, each, threads)
        strongest = sharded.strongest(made, using, moment, max(reasons, _SHOWN_REASONS), written)
    call_list.show(strongest, written.leads, written.actions, moment, out)
    return out.print(f"{written.leads:,} leads: {output}")


def _each(stack: ExitStack, url: str | None, folder: Path, tell: Callable[[int, int], None]) -> "Each":
    """Return who works on the shards: this machine's threads, or a cluster that sees the folder."""
    if url is None:
        from features.sharded import on_threads

        def each(work: Callable[[int], str], numbers: Sequence[int]) -> Iterator[str]:
            for done, one in enumerate(on_threads(work, numbers), 1):
                tell(done, len(numbers))
                yield one

        return each
    from features import cluster

    return cluster.each(stack.enter_context(cluster.session(url)), folder, tell)


def serve(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Port = 3000,
    rulebook: ChampionsRulebook = None,
) -> None:
    """Serve what is deployed over HTTP, or the champion where nothing is."""
    from serving import serve as service
    from serving.deploy import deployment
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
