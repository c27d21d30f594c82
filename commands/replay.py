"""Answers made again from the store: `lead-scoring replay` one of a lead, `lead-scoring verify` many at random."""

from typing import TYPE_CHECKING, Annotated

import typer

from commands.options import now, past
from commands.stores import StoreUrl, opened
from commands.terminal import out, rows
from histories.errors import DataError

if TYPE_CHECKING:
    from histories.store.database.score_row import ScoreRow


def replay(
    lead: Annotated[str, typer.Option("--lead", metavar="L", help="The lead's id.")],
    at: Annotated[
        str | None, typer.Option("--at", metavar="T", help="The newest answer given by then [default: the newest].")
    ] = None,
    store: StoreUrl = None,
) -> None:
    """Make an answer again from the store alone, and show it beside the one that was given."""
    from commands import replay_table
    from histories.store.kept import answers
    from serving.live.replay import Replayer

    until = now() if at is None else past("--at", at)
    with opened(store) as kept:
        given = _newest(lead, answers.scores_of(kept, lead), until)
        replayed = Replayer(kept).replay(given)
    replay_table.render(replayed, out)
    if replayed.differences:
        raise typer.Exit(1)


def verify(
    count: Annotated[int, typer.Option("--count", min=1, help="How many answers.")] = 1_000,
    seed: Annotated[
        int | None, typer.Option("--seed", help="Draws the same again [default: another each time].")
    ] = None,
    store: StoreUrl = None,
) -> None:
    """Make answers again, drawn at random, and report every difference; exit status 1 where there is one."""
    from commands import replay_table
    from serving.live import verify as verifying

    drawn_with = now() // 1_000_000 if seed is None else seed
    with opened(store) as kept, rows() as step:
        found = verifying.verify(kept, count, drawn_with, lambda done, total: step("Answers made again", done, total))
    replay_table.render_verified(found, drawn_with, out)
    if not found.sound:
        raise typer.Exit(1)


def _newest(lead: str, given: "tuple[ScoreRow, ...]", until: int) -> "ScoreRow":
    from histories import clock

    if not given:
        raise DataError(f"no answer is kept for lead {lead!r}: it was never asked for, or it was forgotten")
    before = [one for one in given if one.answered_at <= until]
    if not before:
        first = clock.iso(given[0].answered_at)
        raise DataError(f"no answer for lead {lead!r} was given by {clock.iso(until)}; the first was given at {first}")
    return before[-1]
