"""Why a lead's scores changed: `lead-scoring why`."""

from contextlib import ExitStack
from functools import cache
from typing import TYPE_CHECKING, Annotated

import typer

from commands.options import now, past
from commands.stores import StoreUrl, opened
from commands.terminal import out

if TYPE_CHECKING:
    from histories.store import Store
    from scoring.bundle import Bundle
    from scoring.rulebook import Rulebook


def why(
    lead: Annotated[str, typer.Argument(metavar="LEAD", help="The lead's id.")],
    begin: Annotated[str, typer.Option("--from", metavar="T1", help="The earlier moment.")],
    until: Annotated[str | None, typer.Option("--to", metavar="T2", help="The later moment [default: now].")] = None,
    reasons: Annotated[int, typer.Option(min=0, max=10, help="How many rules or reasons within a cause.")] = 3,
    json: Annotated[bool, typer.Option("--json", help="Print what /v1/why would answer.")] = False,
    store: StoreUrl = None,
) -> None:
    """Say why a lead's scores at T2 are not those at T1, cause by cause, in parts that add up exactly."""
    from commands import why_table
    from serving.live.comparing import Comparing
    from serving.live.why import response

    moments = past("--from", begin), now() if until is None else past("--to", until)
    with opened(store) as kept, ExitStack() as stack:
        comparing = Comparing(kept, cache(lambda: _in_force(kept, stack)))
        told = response(comparing.compare(lead, *moments, reasons), "lead-scoring why")
    if json:
        out.print(told.model_dump_json(indent=2), soft_wrap=True, markup=False)
    else:
        why_table.render(told, out)


def _in_force(kept: "Store", stack: ExitStack) -> "tuple[Bundle, Rulebook]":
    """What answered last; where nothing did, the champion."""
    from commands.champion import champion
    from histories.store.kept import answers
    from scoring import rulebook as rulebooks
    from serving.live.replay import Replayer

    newest = answers.newest(kept)
    if newest is not None:
        scorer = Replayer(kept).scorer(newest)
        return scorer.bundle, scorer.rulebook
    best = stack.enter_context(champion())
    return best.bundle, rulebooks.read(best.rulebook)
