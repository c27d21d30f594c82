"""Models: train one, compare it with the rules, promote it."""

from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from commands.options import Config, RecipeFile, RulebookFile, beside, now
from commands.terminal import err, out, steps
from histories.errors import CallError


def train(
    config: Config,
    recipe: RecipeFile = None,
    rulebook: RulebookFile = None,
    allow_leak: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FIELD", help="Learn from it although the leakage audit stops at it; may be given several times."
        ),
    ] = None,
) -> None:
    """Learn from closed deals, compare with the rules and the champion, and promote if the gate lets it."""
    from training import report, run

    files = beside(config, recipe, "recipe"), beside(config, rulebook, "rulebook")
    with steps() as step:
        result = run.train(config, *files, now(), step, allow_leaks=allow_leak or ())
    report.render_training(result, out)
    _tell_other_rules(files[1], result.rulebook_version)


def compare(config: Config, recipe: RecipeFile = None, rulebook: RulebookFile = None) -> None:
    """Hold the champion against the rules on the newest leads whose outcome is known."""
    from training import compare as comparing
    from training import report

    files = beside(config, recipe, "recipe"), beside(config, rulebook, "rulebook")
    with steps() as step:
        result = comparing.compare(config, *files, now(), step)
    report.render_comparison(result, out)
    _tell_other_rules(files[1], result.rulebook_version)


def _tell_other_rules(file: Path, version: str) -> None:
    """Warn where the rules that were measured are not those in force: their figures say nothing of what is used."""
    from training import other_rules
    from training.tracking import open_tracker

    in_force = other_rules.other(open_tracker(), version)
    if in_force is not None:
        said = other_rules.sentence(str(file), version, in_force)
        err.print(Text.assemble(("warning: ", "bold yellow"), said), soft_wrap=True)


def promote(
    version: Annotated[
        int | None, typer.Argument(help="A registered version [default: the challenger].", min=1)
    ] = None,
    rollback: Annotated[bool, typer.Option("--rollback", help="Back to the champion before this one.")] = False,
) -> None:
    """Make a registered version the champion, if the gate's verdict allows it."""
    from training import promote as promotion
    from training.tracking import open_tracker

    if rollback and version is not None:
        raise CallError("promote: --rollback goes to the champion before this one; leave the version out")
    tracker = open_tracker()
    change = promotion.rollback(tracker, now()) if rollback else promotion.promote(tracker, version, now())
    out.print(f"Version {change.now} is the champion" + (f"; before it was {change.before}." if change.before else "."))
