"""Rulebooks: `lead-scoring rules ...`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from commands.options import RecipeFile, beside, now
from commands.terminal import out, steps, working

if TYPE_CHECKING:
    from histories.contract import Histories
    from scoring.rulebook import Rulebook
    from training.recipe import Recipe

Export = Annotated[Path, typer.Option("--crm", metavar="CRM.toml", help="The file that describes the export.")]
Against = Annotated[Path | None, typer.Option("--against", metavar="OLD.toml", help="The rulebook to hold it against.")]


def check(
    rulebook: Annotated[Path, typer.Argument(metavar="RULEBOOK.toml")],
    config: Annotated[Path | None, typer.Option("--crm", metavar="CRM.toml", help="The export that it is for.")] = None,
) -> None:
    """Read a rulebook and, with --crm, name what it speaks of and the export does not have."""
    from histories import export
    from scoring import names
    from scoring import rulebook as rulebooks

    rules = rulebooks.read(rulebook)
    if config is not None:
        with working("Reading the export"):
            histories = export.read(config, now()).histories
        names.check(rules, histories.families, histories.attribute_types, rulebook.name)
        kinds = set(histories.interactions["kind"].unique().to_pylist())
        for silent in names.silent_rules(rules, histories.families, kinds):
            out.print(f"Nothing in the export meets rule {silent!r}.", markup=False)
    counts = f"{len(rules.engagement)} engagement rules, {len(rules.fit)} fit rules"
    out.print(f"{rulebook.name} can be used: {counts}, version {rules.version}")


def backtest(
    rulebook: Annotated[Path, typer.Argument(metavar="NEW.toml")],
    config: Export,
    against: Against = None,
    recipe: RecipeFile = None,
) -> None:
    """Replay a rulebook over closed deals: what each rule gave and is worth, and what the whole is worth."""
    from training import backtest as backtesting
    from training import backtest_report

    settings = _recipe(config, beside(config, recipe, "recipe"))
    with steps() as step:
        step("Reading the export", 0, 1)
        histories, (new, *others) = _checked(config, [rulebook, against])
        step("Drawing closed deals", 0, 1)
        closed = backtesting.deals(histories, settings)
        found = backtesting.backtest(closed, new, others[0] if others else None, step)
    backtest_report.render(found, out)


def _recipe(config: Path, recipe: Path) -> "Recipe":
    from histories import crm
    from training import recipe as recipes

    return recipes.read(recipe, crm.read(config).timezone)


def _checked(config: Path, files: list[Path | None]) -> "tuple[Histories, list[Rulebook]]":
    """Read rulebooks and the export that they are for; what a rulebook names and the export does not have is refused."""
    from histories import export
    from scoring import names
    from scoring import rulebook as rulebooks

    given = [(file, rulebooks.read(file)) for file in files if file is not None]
    histories = export.read(config, now()).histories
    for file, book in given:
        names.check(book, histories.families, histories.attribute_types, file.name)
    return histories, [book for _, book in given]
