"""The day's work: `lead-scoring today`, whom to call first."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from commands.champion import champion, scorer
from commands.options import ChampionsRulebook, Config, RecipeFile, beside, now, past
from commands.terminal import out, working
from histories.errors import CallError

if TYPE_CHECKING:
    from histories.contract import Histories
    from histories.origin import Origin
    from scoring.scorer import Scorer
    from serving.board.today import CallList

    WrittenDown = Callable[[CallList, Scorer], object]

_WORKING_DAYS = 5
_CALLS = 24


def today(
    config: Config,
    calls: Annotated[
        int | None,
        typer.Option(min=1, help="How many [default: a fifth of the recipe's calls_per_week, else 24]."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="CALLS.csv", help="CSV or, as .parquet, Parquet [default: calls-<day>.csv]."
        ),
    ] = None,
    recipe: RecipeFile = None,
    rulebook: ChampionsRulebook = None,
    as_of: Annotated[
        str | None, typer.Option("--as-of", help="The moment of the calls [default: when the export was taken].")
    ] = None,
    explore: Annotated[
        float | None,
        typer.Option(min=0, max=0.5, help="The share of calls by lot [default: the recipe's explore, else 0]."),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, help="What the lot is drawn with [default: the day of the calls].")
    ] = None,
) -> None:
    """Print and write the day's call list: who, both scores, what to do by when, and why, best first."""
    from histories import clock
    from serving.board import batch, today_table
    from serving.board.exploring import Lot
    from serving.board.today import Terms, choose
    from training import recipe as recipes

    business = recipes.read(beside(config, recipe, "recipe"), config.timezone()).business
    if output is not None:
        batch.refuse_other_suffixes(output)
    asked = None if as_of is None else past("--as-of", as_of)
    count = calls or -(-(business.calls_per_week or _CALLS * _WORKING_DAYS) // _WORKING_DAYS)
    share, present = business.explore if explore is None else explore, now()
    with champion() as best, working("Reading the export, scoring its open leads"):
        terms, using = Terms(business.deal_value, business.call_cost), scorer(best, rulebook)
        with _read(config, present, share) as (histories, written_down):
            moment = histories.exported_at if asked is None else asked
            # By the day: whoever asks twice on a day hands the same leads over.
            lot = Lot(share, moment // clock.DAY if seed is None else seed) if share else None
            found = choose(using, histories, moment, count, terms, lot=lot)
            if lot is not None:
                written_down(found, using)
    path = output or Path(f"calls-{clock.iso(moment)[:10]}.csv")
    today_table.write(found, path)
    today_table.render(found, out)
    out.print(f"{len(found.calls)} calls: {path}")
    if share:
        by_lot = sum(one.explored for one in found.calls) or "none"
        told = f"these calls, {by_lot} of them by lot, and how likely each lead was to be called."
        out.print(f"Written down in {config}: {told}", soft_wrap=True)


@contextmanager
def _read(config: "Origin", present: int, share: float) -> "Iterator[tuple[Histories, WrittenDown]]":
    """Read the histories, and give what writes a list down where they are: in a store, else nowhere."""
    from histories.origin import StoreUrl

    if not isinstance(config, StoreUrl):
        if share:
            raise CallError(
                f"explore = {share:g}: which calls were by lot is written down in the history store, and {config} is an "
                "export; name the store (store://), or say --explore 0"
            )
        yield config.histories(present), lambda *_: None
        return
    from histories import store
    from serving.board.handing_over import write_down

    with store.Store.open(config.url) as opened:
        watermark = opened.watermark()

        def written_down(found: "CallList", using: "Scorer") -> None:
            write_down(opened, found, using, watermark, present)

        yield store.histories(opened, present, watermark), written_down
