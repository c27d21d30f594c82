"""What is done about a person in the store: two leads made one, an objection, and forgetting."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from commands.options import now, past
from commands.stores import StoreUrl, opened
from commands.terminal import err, out
from histories.errors import CallError
from histories.printable import printable

if TYPE_CHECKING:
    from commands.forgetting import Forgetting
    from histories.store import Store

Lead = Annotated[str, typer.Argument(metavar="LEAD", help="Its lead_id.")]


def merge(
    lead: Lead,
    into: Annotated[str, typer.Option("--into", metavar="LEAD", help="The lead that it turned out to be.")],
    known_at: Annotated[
        str | None, typer.Option("--known-at", metavar="T", help="Since when that has been known [default: now].")
    ] = None,
    store: StoreUrl = None,
) -> None:
    """Make two leads one, as of when it was known. It cannot be taken back."""
    from histories import clock
    from histories.store.privacy import people

    present = now()
    known = present if known_at is None else past("--known-at", known_at)
    with opened(store) as place:
        done = people.merge(place, lead, into, known, present)
    how = f"goes on as {into}, as of {clock.iso(known)}." if done.changed else f"was merged into {into} already."
    out.print(printable(f"{lead} {how}"), soft_wrap=True, markup=False)


def suppress(
    lead: Lead,
    lift: Annotated[bool, typer.Option("--lift", help="The lead no longer objects.")] = False,
    store: StoreUrl = None,
) -> None:
    """Honour a lead's objection: it is not scored, not trained on, not called, and no webhook tells of it."""
    from histories.store.privacy import people

    with opened(store) as place:
        done = (people.lift if lift else people.suppress)(place, lead, now())
    said = {
        (False, True): "is suppressed from now on.",
        (False, False): "was suppressed already.",
        (True, True): "is scored again from now on.",
        (True, False): "was not suppressed.",
    }
    unknown = "The store knows no such lead." if lift else "The store knows no such lead yet; it holds when one comes."
    whole = f"{lead} {said[lift, done.changed]}" + ("" if done.known else f" {unknown}")
    out.print(printable(whole), soft_wrap=True, markup=False)


def forget(
    lead: Lead,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    store: StoreUrl = None,
    request_log: Annotated[
        Path | None,
        typer.Option(
            "--request-log",
            metavar="FOLDER",
            envvar="LEAD_SCORING_REQUEST_LOG",
            help="The folder of the service's request log, if it keeps one.",
        ),
    ] = None,
) -> None:
    """Remove a person for good: from the store, from request logs, and from what MLflow keeps of trainings.

    It may be run again at any time, and goes on where it was broken off. docs/privacy.md says what is left.
    """
    from commands.forgetting import Forgetting, render

    with opened(store) as place:
        forgetting = Forgetting.begun(place, lead, request_log)
        if not yes:
            _ask(forgetting, place)
        found = forgetting.done(now())
    render(found, out)
    found.refuse_what_is_left()


def _ask(forgetting: "Forgetting", store: "Store") -> None:
    if not sys.stdin.isatty():
        raise CallError("forget removes a person for good, and asks first; without a terminal, say --yes")
    others, label = len(forgetting.lead_ids) - 1, store.database.label
    merged = f", and {others} more that are one with it," if others else ""
    text = f"Remove this lead{merged} for good from {label}, request logs and MLflow?"
    if not forgetting.known:
        text = (
            f"{label} knows nothing of this lead. Look for it in request logs and MLflow, and refuse for good "
            "whatever comes of it?"
        )
    if not typer.confirm(text, err=True):
        err.print("Nothing was removed.")
        raise typer.Exit(1)
