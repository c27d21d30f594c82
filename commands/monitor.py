"""Whether the scores that were given hold up: `lead-scoring monitor`."""

from typing import Annotated

import typer

from commands.options import now, past
from commands.terminal import out, steps
from histories.errors import CallError
from histories.origin import Origin, StoreUrl, parse


def monitor(
    store: Annotated[
        Origin, typer.Argument(parser=parse, metavar="STORE", help="store://, sqlite:///PATH or postgresql://...")
    ] = "store://",  # type: ignore[assignment]  # the parser reads it where nothing is named
    since: Annotated[
        str | None, typer.Option("--since", metavar="T", help="Answers from then on [default: all that were given].")
    ] = None,
    segment: Annotated[
        list[str] | None,
        typer.Option(
            "--segment",
            metavar="NAME",
            help="An attribute to measure by; may be given several times [default: all categories].",
        ),
    ] = None,
    as_of: Annotated[
        str | None,
        typer.Option("--as-of", metavar="T", help="As it would have been seen at that moment [default: now]."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for a scheduler.")] = False,
) -> None:
    """Hold the answers given against what became of the leads; look for drift, unknown kinds and falling volumes.

    Ends with 1 where something needs a person.
    """
    from histories.store import Store
    from training.monitor import run, screen, told

    if not isinstance(store, StoreUrl):
        raise CallError(
            f"monitor: {store} is an export; the answers given are in the history store: name that, or store://"
        )

    moment = now() if as_of is None else past("--as-of", as_of)
    begin = 0 if since is None else past("--since", since)
    with Store.open(store.url) as opened, steps() as step:
        watched, run_id = run.monitor(opened, begin, moment, tuple(segment or ()), step)
    if as_json:
        out.print(told.told(watched, run_id), soft_wrap=True, markup=False)
    else:
        screen.render(watched, out)
    if watched.findings:
        raise typer.Exit(1)
