"""Rulebooks: `lead-scoring rules ...`."""

import getpass
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from commands.champion import champion
from commands.options import CrmOption, OptionalCrmOption, RecipeFile, beside, now, past
from commands.terminal import out, steps, working
from histories.errors import CallError

if TYPE_CHECKING:
    from collections.abc import Collection

    from histories.contract import Histories
    from histories.origin import Origin
    from scoring.rulebook import Rulebook
    from training.backtest import Deals
    from training.recipe import Recipe


def check(
    rulebook: Annotated[Path, typer.Argument(metavar="RULEBOOK.toml")],
    config: OptionalCrmOption = None,
) -> None:
    """Read a rulebook and, with --crm, name what it speaks of and the export does not have."""
    from scoring import rulebook as rulebooks

    if config is None:
        rules = rulebooks.read(rulebook)
    else:
        with working("Reading the export"):
            histories, (rules,) = _checked(config, [rulebook])
        _tell_silent(histories, rules)
    counts = f"{len(rules.engagement)} engagement rules, {len(rules.fit)} fit rules"
    out.print(f"{rulebook.name} can be used: {counts}, version {rules.version}")


def backtest(
    rulebook: Annotated[Path, typer.Argument(metavar="NEW.toml")],
    config: CrmOption,
    against: Annotated[
        Path | None, typer.Option("--against", metavar="OLD.toml", help="The rulebook to hold it against.")
    ] = None,
    draft: Annotated[
        Path | None, typer.Option("--draft", metavar="DRAFT.toml", help="Write the points that the deals suggest.")
    ] = None,
    recipe: RecipeFile = None,
) -> None:
    """Replay a rulebook over closed deals: what each rule gave and is worth, and what the whole is worth."""
    from training import backtest as backtesting
    from training import backtest_report, draft_file

    if draft is not None and draft.resolve() in {one.resolve() for one in (rulebook, against) if one is not None}:
        raise CallError(f"--draft: {draft} is a rulebook that is tested here; name another file")
    if draft is not None:
        draft_file.check(draft)
    settings = _recipe(config, beside(config, recipe, "recipe"))
    with steps() as step:
        step("Reading the export", 0, 1)
        histories, (new, *others) = _checked(config, [rulebook, against])
        step("Drawing closed deals", 0, 1)
        closed = backtesting.deals(histories, settings)
        found = backtesting.backtest(closed, new, others[0] if others else None, step)
    _tell_silent(histories, new, *others)
    backtest_report.render(found, out)
    if draft is not None:
        with working("Looking for better points"):
            said = _write_draft(draft, closed, new)
        out.print(said, markup=False)
        hint = f"lead-scoring rules backtest {draft} --crm {config} --against {rulebook}"
        out.print(f"Is it better? Deals that it has not seen tell:\n  {hint}", soft_wrap=True, markup=False)


def _write_draft(draft: Path, closed: "Deals", book: "Rulebook") -> str:
    from training import draft_file
    from training.suggest import suggest

    found = suggest(closed, book)
    draft_file.write(draft, found)
    return (
        f"{draft}: learnt from {found.converted:,} leads that reached stage {found.target.value}; {found.changed} rules changed, "
        f"{found.dropped} taken out, {found.kept} kept for want of deals."
    )


def preview(
    lead: Annotated[str, typer.Argument(metavar="LEAD", help="Its lead_id.")],
    rulebook: Annotated[Path, typer.Argument(metavar="NEW.toml")],
    config: CrmOption,
    against: Annotated[
        Path | None,
        typer.Option("--against", metavar="OLD.toml", help="The rulebook before [default: the one in force]."),
    ] = None,
    as_of: Annotated[
        str | None, typer.Option("--as-of", help="The moment [default: when the export was taken].")
    ] = None,
) -> None:
    """Show one lead's points before and after an edit, entry by entry."""
    from histories import select
    from histories.clock import iso
    from scoring import preview as previews
    from scoring import rulebook as rulebooks
    from training import preview_report

    asked = None if as_of is None else past("--as-of", as_of)
    given = [rulebook, against]
    if against is None:
        with champion() as best:
            before = rulebooks.read(best.rulebook)
    with working("Reading the export"):
        histories, (new, *old) = _checked(config, given)
    moment = histories.exported_at if asked is None else asked
    history = select.lead(histories, lead)
    if history.created_at >= moment:
        raise CallError(f"--as-of: {lead} was created at {iso(history.created_at)}, not before {iso(moment)}")
    before = old[0] if old else before
    _tell_silent(histories, new)
    found = previews.preview(before, new, histories.families, history, moment)
    preview_report.render(found, before, new, history, out)


def publish(
    rulebook: Annotated[
        Path | None, typer.Argument(metavar="RULEBOOK.toml", help="The rulebook to put in force.")
    ] = None,
    config: OptionalCrmOption = None,
    rollback: Annotated[bool, typer.Option("--rollback", help="Back to the rulebook before the last edit.")] = False,
) -> None:
    """Put an edited rulebook in force, without training: points change, probabilities do not."""
    from training import rulebook_in_force
    from training.promote import champion_as_trained
    from training.tracking import open_tracker

    if rollback == (rulebook is not None):
        raise CallError("rules publish: name a rulebook, or give --rollback, and only one of the two")
    by, tracker = getpass.getuser(), open_tracker()
    new, exported = (None, ()) if rulebook is None else _to_publish(rulebook, config)
    with tempfile.TemporaryDirectory(prefix="lead-scoring-") as scratch:
        best = champion_as_trained(tracker, Path(scratch))
        if rulebook is None or new is None:
            made = rulebook_in_force.rollback(tracker, best.rulebook, by, now())
        else:
            rulebook_in_force.check(new, best.bundle, rulebook.name, exported)
            made = rulebook_in_force.publish(tracker, new, best.rulebook, by, now())
    for run in made.skipped:
        out.print(f"Skipped: the published rulebook of run {run}, gone from MLflow or changed since.", markup=False)
    for change in made.changes:
        out.print(f"- {change}", markup=False)
    out.print(
        f"Rulebook {made.now} is in force; before it was {made.before}. `lead-scoring deploy` brings it into the service."
    )


def _to_publish(rulebook: Path, config: "Origin | None") -> "tuple[Rulebook, Collection[str]]":
    """Return the rulebook, and the attributes of the export where there is one to check it against."""
    from scoring import rulebook as rulebooks

    if config is None:
        return rulebooks.read(rulebook), ()
    with working("Reading the export"):
        histories, (new,) = _checked(config, [rulebook])
    _tell_silent(histories, new)
    return new, histories.attribute_types


def _recipe(config: "Origin", recipe: Path) -> "Recipe":
    from training import recipe as recipes

    return recipes.read(recipe, config.timezone())


def _checked(config: "Origin", files: list[Path | None]) -> "tuple[Histories, list[Rulebook]]":
    """Read rulebooks and the export that they are for; what a rulebook names and the export does not have is refused."""
    from scoring import names
    from scoring import rulebook as rulebooks

    given = [(file, rulebooks.read(file)) for file in files if file is not None]
    histories = config.histories(now())
    for file, book in given:
        names.check(book, histories.families, histories.attribute_types, file.name)
    return histories, [book for _, book in given]


def _tell_silent(histories: "Histories", *books: "Rulebook") -> None:
    """Name the rules that no interaction of the export can meet: their kinds may be mistyped."""
    from scoring import names

    kinds = set(histories.interactions["kind"].unique().to_pylist())
    for silent in dict.fromkeys(name for book in books for name in names.silent_rules(book, histories.families, kinds)):
        out.print(f"Nothing in the export meets rule {silent!r}.", markup=False)
