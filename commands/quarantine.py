"""Lists what the history store refused."""

from typing import TYPE_CHECKING, Annotated

import typer

from commands.stores import StoreUrl, opened
from commands.terminal import out
from histories.printable import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

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
        if as_json:
            for one in reversed(kept.quarantined()):
                if source in {None, one.source}:
                    out.print(_line(one), soft_wrap=True, markup=False, highlight=False)
            return
        counts, found = kept.quarantine_counts(source), kept.newest_quarantined(most, source)
    for text in _reasons(counts):
        _print(text)
    for one in found:
        _print(f"{_when(one.received_at)}  {one.source}: {one.reason}")
        _print(f"    {one.row}")
    _print(f"{len(found):,} of {sum(counts.values()):,} refused rows.")


def _print(text: str) -> None:
    out.print(printable(text), soft_wrap=True, markup=False, highlight=False)


def _reasons(counts: "Mapping[tuple[str, str], int]") -> "Iterator[str]":
    """How many there are of each reason, where there are several."""
    if sum(counts.values()) > len(counts):
        for (source, reason), number in counts.items():
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
