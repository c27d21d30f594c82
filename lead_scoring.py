"""The command `lead-scoring`: which commands there are, and how a run of one ends."""

import os
import sys

import typer
from rich.text import Text

from commands import capacity, demo, exports, features, models, rules, scores
from commands.terminal import err
from histories.errors import LeadScoringError

app = typer.Typer(
    help="From what leads did to the probability that they become customers, with a rulebook's points beside it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command()(exports.sample)
app.command()(exports.check)
app.command()(features.features)
app.command()(models.train)
app.command()(models.compare)
app.command()(models.promote)
app.command()(capacity.capacity)
app.command()(scores.score)
app.command()(scores.serve)
app.command()(demo.demo)

rules_app = typer.Typer(help="Check, try and publish rulebooks.", no_args_is_help=True, rich_markup_mode=None)
rules_app.command()(rules.check)
rules_app.command()(rules.backtest)
rules_app.command()(rules.preview)
rules_app.command()(rules.publish)
app.add_typer(rules_app, name="rules")


def main() -> None:
    """Run the command; what a user can mend is one message and exit status 1 or 2, never a traceback."""
    try:
        app()
    except LeadScoringError as error:
        err.print(Text.assemble(("error: ", "bold red"), str(error)), soft_wrap=True)
        sys.exit(error.exit_status)
    except BrokenPipeError:  # `| head` has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except Exception as error:
        if "LEAD_SCORING_TRACEBACK" in os.environ:
            raise
        if isinstance(error, OSError) and error.filename is not None:  # a place that the user named, a full disk
            err.print(Text.assemble(("error: ", "bold red"), f"{error.filename}: {error.strerror}"), soft_wrap=True)
            sys.exit(2)
        fault = f"a fault of lead-scoring itself, {type(error).__name__}: {error}"
        err.print(Text.assemble(("error: ", "bold red"), fault), soft_wrap=True)
        err.print("Please report it, with what LEAD_SCORING_TRACEBACK=1 shows when it is set.", soft_wrap=True)
        sys.exit(3)


if __name__ == "__main__":
    main()
