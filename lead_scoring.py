"""The command `lead-scoring`: which commands there are, and how a run of one ends."""

import os
import sys

import typer
from rich.text import Text

from commands import (
    capacity,
    demo,
    deploy,
    exports,
    features,
    follow_ups,
    history,
    ingest,
    keys,
    models,
    monitor,
    openapi,
    people,
    quarantine,
    replay,
    rules,
    scores,
    today,
    webhooks,
    why,
)
from commands.terminal import err
from histories.errors import LeadScoringError

app = typer.Typer(
    help="From what leads did to the probability that they become customers, with a rulebook's points beside it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command(short_help="Simulate a CRM's export.")(exports.sample)
app.command(short_help="Read an export, report on it, look for leaks.")(exports.check)
app.command(short_help="Load an export into the history store.")(ingest.ingest)
app.command(short_help="List what the history store refused.")(quarantine.quarantine)
app.command(short_help="Compute the features of an export's leads.")(features.features)
app.command(short_help="Learn from closed deals, compare, promote.")(models.train)
app.command(short_help="Hold the champion against the rules.")(models.compare)
app.command(short_help="Make a version the champion, or go back.")(models.promote)
app.command(short_help="Show from which score on to call.")(capacity.capacity)
app.command(short_help="Score every open lead.")(scores.score)
app.command(short_help="Print the day's call list.")(today.today)
app.command(short_help="Serve the champion over HTTP.")(scores.serve)
app.command(short_help="Write the specification that a CRM imports.")(openapi.openapi)
app.command(short_help="Bring the champion into the running service.")(deploy.deploy)
app.command(short_help="Make two leads one, as of when it was known.")(people.merge)
app.command(short_help="Honour a lead's objection to being scored.")(people.suppress)
app.command(short_help="Remove a person for good.")(people.forget)
app.command(short_help="Make an answer again from the store.")(replay.replay)
app.command(short_help="Make many again, and report what differs.")(replay.verify)
app.command(short_help="Show a lead's scores over time.")(history.history)
app.command(short_help="Say why a lead's scores changed.")(why.why)
app.command(short_help="Hold answers against what became of leads.")(monitor.monitor)
app.command(short_help="List whom to follow up by when.")(follow_ups.follow_ups)
app.command(short_help="Walk the whole path on a sample.")(demo.demo)

rules_app = typer.Typer(help="Check, try and publish rulebooks.", no_args_is_help=True, rich_markup_mode=None)
rules_app.command(short_help="Read a rulebook, name what does not exist.")(rules.check)
rules_app.command(short_help="Replay a rulebook over closed deals.")(rules.backtest)
rules_app.command(short_help="Show one lead's points before and after.")(rules.preview)
rules_app.command(short_help="Put a rulebook in force without training.")(rules.publish)
app.add_typer(rules_app, name="rules")

keys_app = typer.Typer(help="Say who may call the service.", no_args_is_help=True, rich_markup_mode=None)
keys_app.command(short_help="Make a key; it is shown once.")(keys.add)
keys_app.command("list", short_help="List the keys, without their secrets.")(keys.show)
keys_app.command(short_help="Make a key worthless.")(keys.revoke)
app.add_typer(keys_app, name="keys")

webhooks_app = typer.Typer(
    help="See and send what is told of leads that cross a line.", no_args_is_help=True, rich_markup_mode=None
)
webhooks_app.command("list", short_help="List crossings, and whether they were told.")(webhooks.show)
webhooks_app.command(short_help="Have crossings told again.")(webhooks.retry)
webhooks_app.command(short_help="Deliver what is due now, and end.")(webhooks.send)
app.add_typer(webhooks_app, name="webhooks")


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
