"""What is told of leads that cross a line: `lead-scoring webhooks ...`."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from commands.options import now
from commands.stores import StoreUrl, opened
from commands.terminal import err, out, working
from histories.errors import CallError, DataError
from histories.printable import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from histories.store.crossing.crossings import Crossing


_ENOUGH = 5  # failures in a row: the receiver is down


class State(StrEnum):
    """How far telling of a crossing has come."""

    PENDING = "pending"
    DELIVERED = "delivered"
    DEAD = "dead"


def show(
    state: Annotated[
        list[State] | None, typer.Option("--state", help="Of this state; may be given several times [default: all].")
    ] = None,
    lead: Annotated[str | None, typer.Option("--lead", metavar="L", help="Of this lead [default: all].")] = None,
    most: Annotated[int, typer.Option(min=1, help="The newest so many.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, with what was told.")] = False,
    store: StoreUrl = None,
) -> None:
    """List the lines that leads crossed, the newest first: which, when, and whether the receiver was told."""
    from histories.store.crossing import deliveries

    with opened(store) as kept, kept.database.reading() as connection:
        found = deliveries.listed(connection, [one.value for one in state or State], lead, most)
        counts = deliveries.counts(connection)
    if as_json:
        import json

        document = {"counts": counts, "crossings": [_document(one) for one in found]}
        out.print(json.dumps(document), soft_wrap=True, markup=False)
        return
    for one in found:
        for line in _lines(one):
            out.print(printable(line), soft_wrap=True, markup=False)
    told = ", ".join(f"{counts.get(one.value, 0):,} {one.value}" for one in State)
    out.print(f"{len(found):,} of {sum(counts.values()):,} crossings: {told}.", markup=False)


def retry(
    crossing: Annotated[
        list[str] | None, typer.Argument(metavar="ID...", help="The crossings' ids, as the list shows them.")
    ] = None,
    dead: Annotated[bool, typer.Option("--dead", help="All that are dead.")] = False,
    store: StoreUrl = None,
) -> None:
    """Have crossings told again, under the ids that they have; later ones of their leads wait for them."""
    from histories.store.crossing import deliveries

    if bool(crossing) == dead:
        raise CallError("name the crossings by their ids, or say --dead for all that are dead")
    with opened(store) as kept:
        present = now()
        if dead:
            with kept.database.reading() as connection:
                crossing = deliveries.ids(connection, State.DEAD.value)
        named = list(dict.fromkeys(crossing or []))
        again = kept.database.written(lambda connection: deliveries.send_again(connection, named, present))
    missing = sorted(set(named) - set(again))
    if missing:
        raise DataError(f"there is no crossing {missing[0]}; `lead-scoring webhooks list` shows which there are")
    out.print(f"{len(again):,} are due now: the service tells them, or `lead-scoring webhooks send` does.")


def send(store: StoreUrl = None) -> None:
    """Deliver what is due now, and end: for whoever runs no service. Exit status 1 where the receiver did not take all."""
    import os
    from dataclasses import replace

    from serving import settings
    from serving.live import webhook
    from serving.live.delivery import Postman
    from serving.secret import Secret

    with opened(store) as kept:
        told = replace(settings.read(os.environ), store=Secret(store or ""))
        receiver = webhook.receiver(told)
        if receiver is None:
            raise CallError(f"{webhook.URL} is not set; name the receiver, and {webhook.SECRET} beside it")
        heard = _Tally()
        postman = Postman(kept, receiver, now, heard)
        with working("Telling the receiver"):
            postman.tidy()
            in_a_row = 0
            while in_a_row < _ENOUGH and (one := postman.take()) is not None:
                answer = postman.attempt(one)
                in_a_row = 0 if answer.error is None else in_a_row + 1
                if answer.error is not None:
                    failed = f"{one.crossing_id}: {receiver.label} {answer.error}"
                    err.print(printable(failed), soft_wrap=True, markup=False)
    out.print(f"{heard.delivered:,} delivered, {heard.failed:,} failed.")
    if heard.failed:
        raise typer.Exit(1)


class _Tally:
    def __init__(self) -> None:
        self.delivered = self.failed = 0

    def webhook(self, outcome: str) -> None:
        if outcome == State.DELIVERED.value:
            self.delivered += 1
        else:
            self.failed += 1

    def webhooks_waiting(self, pending: int, oldest_seconds: float) -> None:
        """How much waits is what the list tells."""


def _lines(one: "Crossing") -> "Iterator[str]":
    """Two lines of a crossing: what, and how far it has come."""
    from histories.clock import iso

    what = f"grade {one.before} to {one.after}" if one.kind == "grade" else f"reached {one.after}"
    yield f"{one.crossing_id}  {one.lead_id}  {what}"
    parts = [f"{iso(one.made_at)[:19]}Z", one.state]
    if one.attempts:
        parts.append(f"attempt {one.attempts}")
    if one.delivered_at is not None:
        parts.append(f"at {iso(one.delivered_at)[:19]}Z")
    if one.state == State.PENDING.value:
        waits = "after an earlier one of this lead"
        parts.append(waits if one.next_attempt_at is None else f"next {iso(one.next_attempt_at)[:19]}Z")
    if one.last_error:
        parts.append(one.last_error)
    yield f"    {', '.join(parts)}"


def _document(one: "Crossing") -> dict[str, object]:
    import json

    from histories.clock import iso, iso_or_none

    return {
        "webhook_id": one.crossing_id,
        "lead_id": one.lead_id,
        "number": one.number,
        "kind": one.kind,
        "before": one.before,
        "after": one.after,
        "made_at": iso(one.made_at),
        "state": one.state,
        "attempts": one.attempts,
        "next_attempt_at": iso_or_none(one.next_attempt_at),
        "delivered_at": iso_or_none(one.delivered_at),
        "last_error": one.last_error,
        "event": json.loads(one.payload),
    }
