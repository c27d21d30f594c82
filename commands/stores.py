"""The history store that a command works on: named by --store, or by LEAD_SCORING_STORE."""

from typing import TYPE_CHECKING, Annotated

import typer

from histories.errors import CallError

if TYPE_CHECKING:
    from histories.store import Store

StoreUrl = Annotated[
    str | None,
    typer.Option(
        "--store",
        metavar="URL",
        envvar="LEAD_SCORING_STORE",
        show_envvar=False,
        help="The history store [default: the one that LEAD_SCORING_STORE names].",
    ),
]


def opened(url: str | None) -> "Store":
    """Open the store. Raises CallError where none is named, DataError where it is not there or does not answer."""
    from histories.store import Store

    if not url:
        raise CallError("no store is named; set LEAD_SCORING_STORE or say --store URL")
    return Store.open(url)
