"""Capacity: `lead-scoring capacity`, where to draw the line on each score."""

from typing import Annotated

import typer

from commands.champion import champion
from commands.options import ChampionsRulebook, Config, RecipeFile, beside, now
from commands.terminal import out, working
from histories.errors import CallError


def capacity(
    config: Config,
    per_week: Annotated[
        int | None,
        typer.Option(
            "--per-week", help="Leads that sales can call in a week [default: the recipe's calls_per_week].", min=1
        ),
    ] = None,
    recipe: RecipeFile = None,
    rulebook: ChampionsRulebook = None,
) -> None:
    """Show from which score on to call, by model and by rules, and how many customers such calls bring."""
    from histories.contract import Target
    from scoring import names
    from scoring import rulebook as rulebooks
    from scoring.model import Model, PointsMember
    from training import cutoffs, cutoffs_report
    from training import recipe as recipes

    settings = recipes.read(beside(config, recipe, "recipe"), config.timezone())
    calls = per_week or settings.business.calls_per_week
    if calls is None:
        raise CallError(
            "--per-week: is not given, and the recipe's [business] has no calls_per_week; say one of the two"
        )
    with champion() as serving, working("Reading the export, replaying the weeks"):
        rules = rulebooks.read(rulebook or serving.rulebook)
        histories = config.histories(now())
        names.check(rules, histories.families, histories.attribute_types, (rulebook or serving.rulebook).name)
        found = cutoffs.cutoffs(histories, serving.bundle, rules, settings.business, calls, settings.seed)
    cutoffs_report.render(found, out)
    model = serving.bundle.models[Target.CUSTOMER]
    if isinstance(model, Model) and all(isinstance(one, PointsMember) for one in model.members):
        out.print("The champion's model for customer is its own rulebook's points, brought to probabilities.")
