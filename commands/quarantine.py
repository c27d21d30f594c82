"""Lists what the history store refused."""

from typing import TYPE_CHECKING, Annotated

import typer

from commands.stores import StoreUrl, opened
from commands.terminal import out

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from histories.store import Quarantined


def quarantine(
    source: Annotated[
        str | None, typer.Option("--of", metavar="TABLE", help="Of these rows alone, as interactions [default: all].")
    ] = None,
    most: Annotated[int, typer.Option(min=1, help="The newest so many.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="Print a line of JSON for each, all of them.")] = False,
    store: StoreUrl = None,
) -> None:
    """List rows that the history store refused: what they were, why, and when each first came; the newest first."""
    with opened(store) as kept:
        found = [one for one in reversed(kept.quarantined()) if source in {None, one.source}]
    if as_json:
        for one in found:
            out.print(_line(one), soft_wrap=True, markup=False, highlight=False)
        return
    for text in _reasons(found):
        out.print(text, soft_wrap=True, markup=False, highlight=False)
    for one in found[:most]:
        out.print(
            f"{_when(one.received_at)}  {one.source}: {one.reason}", soft_wrap=True, markup=False, highlight=False
        )
        out.print(f"    {one.row}", soft_wrap=True, markup=False, highlight=False)
    out.print(f"{min(most, len(found)):,} of {len(found):,} refused rows.", highlight=False)


def _reasons(found: "Sequence[Quarantined]") -> "Iterator[str]":
    """How many there are of each reason, where there are several."""
    counts: dict[tuple[str, str], int] = {}
    for one in found:
        counts[one.source, one.reason] = counts.get((one.source, one.reason), 0) + 1
    if len(found) > len(counts):
        for (source, reason), number in sorted(counts.items(), key=lambda one: -one[1]):
            yield f"{number:,} x {source}: {reason}"
        yield ""


def _line(one: "Quarantined") -> str:
    import json

    return json.dumps(
        {"source": one.source, "received_at": _when(one.received_at), "reason": one.reason, "row": json.loads(one.row)}
    )


def _when(moment: int) -> str:
    from histories import clock

    return clock.iso(moment - moment % clock.SECOND)
