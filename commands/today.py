"""The day's work: `lead-scoring today`, whom to call first."""

from pathlib import Path
from typing import Annotated

import typer

from commands.champion import champion, scorer
from commands.options import ChampionsRulebook, Config, RecipeFile, beside, now, past
from commands.terminal import out, working

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
) -> None:
    """Print and write the day's call list: who, both scores, what to do by when, and why, best first."""
    from histories import clock
    from serving.board import batch, today_table
    from serving.board.today import Terms, choose
    from training import recipe as recipes

    business = recipes.read(beside(config, recipe, "recipe"), config.timezone()).business
    if output is not None:
        batch.refuse_other_suffixes(output)
    asked = None if as_of is None else past("--as-of", as_of)
    count = calls or -(-(business.calls_per_week or _CALLS * _WORKING_DAYS) // _WORKING_DAYS)
    with champion() as best, working("Reading the export, scoring its open leads"):
        histories = config.histories(now())
        moment = histories.exported_at if asked is None else asked
        terms = Terms(business.deal_value, business.call_cost)
        found = choose(scorer(best, rulebook), histories, moment, count, terms)
    path = output or Path(f"calls-{clock.iso(moment)[:10]}.csv")
    today_table.write(found, path)
    today_table.render(found, out)
    out.print(f"{len(found.calls)} calls: {path}")
