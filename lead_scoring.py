"""The command: reads the clock, calls the rooms, prints what they say. Results on stdout, progress on stderr."""

import contextlib
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.text import Text

from histories import clock
from histories.errors import CallError, LeadScoringError

if TYPE_CHECKING:
    from scoring.scorer import Scorer
    from training.fitted import Progress as Step
    from training.promote import Resolved

app = typer.Typer(
    help="From what leads did to the probability that they become customers, with a rulebook's points beside it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
rules_app = typer.Typer(help="Check a rulebook before it is used.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(rules_app, name="rules")

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)

Config = Annotated[Path, typer.Argument(metavar="CRM.toml", help="The file that describes the export.")]
RecipeFile = Annotated[
    Path | None, typer.Option("--recipe", help="How to learn [default: recipe.toml beside CRM.toml].")
]
RulebookFile = Annotated[
    Path | None, typer.Option("--rulebook", help="The points [default: rulebook.toml beside CRM.toml].")
]
AsOf = Annotated[
    str | None, typer.Option("--as-of", help="Score for this moment [default: when the export was taken].")
]
Host = Annotated[str, typer.Option(help="The address to listen on.")]
Port = Annotated[int, typer.Option(help="The port to listen on.", min=1, max=65535)]


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


@app.command()
def sample(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where the files go; made where it does not exist.")],
    leads: Annotated[int, typer.Option(min=100, max=1_000_000)] = 20_000,
    months: Annotated[int, typer.Option(min=6, max=120)] = 24,
    seed: Annotated[int, typer.Option(min=0)] = 1,
    recorded_only: Annotated[
        bool, typer.Option("--recorded-only", help="Let nothing hidden move the leads: recorded facts alone.")
    ] = False,
    truth: Annotated[
        Path | None,
        typer.Option(
            metavar="S.parquet", help="Give the true probability of each lead_id, cutoff, target, horizon_days."
        ),
    ] = None,
    truth_output: Annotated[Path, typer.Option(help="Where the true probabilities go.")] = Path("truth.parquet"),
) -> None:
    """Write a simulated CRM export, with its crm.toml, recipe.toml and rulebook.toml."""
    from histories import sample as simulation
    from histories.sample import truth_file

    with _working("Simulating"):
        summary = simulation.write(folder, leads, months, seed, recorded_only=recorded_only)
    reached = ", ".join(f"{count:,} {stage}" for stage, count in summary.stages.items())
    out.print(
        f"{summary.leads:,} leads of {summary.accounts:,} accounts, {summary.interactions:,} interactions: {folder}"
    )
    out.print(f"Reached by the day of the export: {reached}")
    if truth is not None:
        with _working("Simulating onward"):
            rows = truth_file.write_truth(folder, truth, truth_output)
        out.print(f"True probabilities of {rows:,} rows: {truth_output}")


@app.command()
def check(
    config: Config,
    quarantine: Annotated[
        Path, typer.Option(help="Where rows that cannot be read go, with source, line and reason.")
    ] = Path("quarantine.csv"),
) -> None:
    """Read an export and report on it."""
    from histories import check as checks
    from histories import check_report, export

    with _working("Reading the export"):
        read = export.read(config, _now(), quarantine)
    check_report.render(checks.check(read), out)


@app.command()
def features(
    config: Config,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="F.parquet")],
    cutoff: Annotated[str | None, typer.Option(help="One row for each lead created by then.")] = None,
    snapshots: Annotated[
        Path | None, typer.Option(metavar="S.parquet", help="One row for each lead_id and cutoff of this file.")
    ] = None,
) -> None:
    """Compute the features of an export's leads at one cutoff, or at the snapshots of a file."""
    from features import catalogue, table
    from histories import export
    from training import requested

    if (cutoff is None) == (snapshots is None):
        raise CallError("features: give either --cutoff or --snapshots, and only one of the two")
    if output.suffix != ".parquet":
        raise CallError(f"{output}: features are written as .parquet; name the file so")
    moment = None if cutoff is None else _past("--cutoff", cutoff)
    wanted = None if snapshots is None else requested.read(snapshots)
    with _working("Reading the export"):
        histories = export.read(config, _now()).histories
    rows = (
        wanted if wanted is not None else requested.at(histories, histories.exported_at if moment is None else moment)
    )
    with _working("Computing features"):
        lead_ids = histories.leads["lead_id"].to_pylist()
        columns = catalogue.build(histories, lead_ids, until=histories.exported_at)
        table.write(table.compute(histories, rows, columns), output)
    out.print(f"{rows.num_rows:,} rows of {len(columns.names)} features: {output}")


@app.command()
def train(config: Config, recipe: RecipeFile = None, rulebook: RulebookFile = None) -> None:
    """Learn from closed deals, compare with the rules and the champion, and promote if the gate lets it."""
    from training import report, run

    with _steps() as step:
        result = run.train(
            config, _beside(config, recipe, "recipe"), _beside(config, rulebook, "rulebook"), _now(), step
        )
    report.render_training(result, out)


@app.command()
def compare(config: Config, recipe: RecipeFile = None, rulebook: RulebookFile = None) -> None:
    """Hold the champion against the rules on the newest leads whose outcome is known."""
    from training import compare as comparing
    from training import report

    files = _beside(config, recipe, "recipe"), _beside(config, rulebook, "rulebook")
    with _steps() as step:
        result = comparing.compare(config, *files, _now(), step)
    report.render_comparison(result, out)


@app.command()
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
    change = promotion.rollback(tracker, _now()) if rollback else promotion.promote(tracker, version, _now())
    out.print(f"Version {change.now} is the champion" + (f"; before it was {change.before}." if change.before else "."))


@rules_app.command("check")
def rules_check(
    rulebook: Annotated[Path, typer.Argument(metavar="RULEBOOK.toml")],
    config: Annotated[Path | None, typer.Option("--crm", metavar="CRM.toml", help="The export that it is for.")] = None,
) -> None:
    """Read a rulebook and, with --crm, name what it speaks of and the export does not have."""
    from histories import export
    from scoring import names
    from scoring import rulebook as rulebooks

    rules = rulebooks.read(rulebook)
    if config is not None:
        with _working("Reading the export"):
            histories = export.read(config, _now()).histories
        names.check(rules, histories.families, histories.attribute_types, rulebook.name)
        kinds = set(histories.interactions["kind"].unique().to_pylist())
        for silent in names.silent_rules(rules, histories.families, kinds):
            out.print(f"Nothing in the export meets rule {silent!r}.", markup=False)
    counts = f"{len(rules.engagement)} engagement rules, {len(rules.fit)} fit rules"
    out.print(f"{rulebook.name} can be used: {counts}, version {rules.version}")


@app.command()
def score(
    config: Config,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="S.parquet", help="Parquet or, as .csv, CSV.")],
    rulebook: Annotated[Path | None, typer.Option(help="The points [default: the champion's].")] = None,
    as_of: AsOf = None,
    reasons: Annotated[int, typer.Option(min=0, max=10, help="How many reasons a lead.")] = 3,
) -> None:
    """Score every open lead with the champion and the rules."""
    from histories import export
    from serving import batch, call_list

    batch.refuse_other_suffixes(output)
    asked = None if as_of is None else _past("--as-of", as_of)
    with _champion() as champion:
        with _working("Reading the export"):
            histories = export.read(config, _now()).histories
        moment = histories.exported_at if asked is None else asked
        with _working("Scoring"):
            answers = _scorer(champion, rulebook).score_board(histories, moment, reasons)
    batch.write(answers, moment, output)
    call_list.render(answers, moment, out)
    out.print(f"{len(answers):,} leads: {output}")


@app.command()
def serve(
    host: Host = "127.0.0.1",
    port: Port = 3000,
    rulebook: Annotated[Path | None, typer.Option(help="The points [default: the champion's].")] = None,
) -> None:
    """Serve the champion over HTTP."""
    from serving import serve as service

    with _champion() as champion:
        sys.exit(service.run(champion.folder, rulebook or champion.rulebook, host, port))


@app.command()
def demo(
    folder: Annotated[Path, typer.Option(help="Where the sample goes.")] = Path("demo"),
    leads: Annotated[int, typer.Option(min=1_000)] = 20_000,
    no_serve: Annotated[bool, typer.Option("--no-serve", help="End after the scores.")] = False,
    port: Port = 3000,
) -> None:
    """Walk the whole path on a sample: sample, check, train, compare, score, serve."""
    import tour

    config = folder / "crm.toml"
    out.rule(f"[bold]A sample export of {leads:,} leads", align="left")
    sample(folder, leads)
    out.rule("[bold]What is in it", align="left")
    check(config, folder / "quarantine.csv")
    out.rule("[bold]Learn from its closed deals, compare with the rules", align="left")
    train(config)
    out.rule("[bold]Score the open leads", align="left")
    score(config, folder / "scores.parquet")
    if not no_serve:
        out.rule("[bold]Serve", align="left")
        with _champion() as champion:
            tour.serve(champion, _scorer(champion, None), config, port, _now(), out)


def _now() -> int:
    """Return the command's start; the only clock there is."""
    return time.time_ns() // 1000


def _past(option: str, text: str) -> int:
    """Read a moment that an option names. Raises CallError for one that nothing can be known of."""
    moment, now = clock.parse(text), _now()
    if not 0 <= moment <= now:
        raise CallError(f"{option}: {text} lies before 1970 or after now, {clock.iso(now)}")
    return moment


def _beside(config: Path, given: Path | None, name: str) -> Path:
    """Return the file that was given, else the one of that name beside CRM.toml."""
    path = given or config.parent / f"{name}.toml"
    if not path.exists():
        raise CallError(f"{path}: does not exist; write one (README.md shows how) or name one with --{name}")
    return path


def _scorer(champion: "Resolved", rulebook: Path | None) -> "Scorer":
    from scoring import rulebook as rulebooks
    from scoring.scorer import Scorer

    return Scorer(champion.bundle, rulebooks.read(rulebook or champion.rulebook))


@contextmanager
def _champion() -> "Iterator[Resolved]":
    """Fetch the champion into a folder that is gone afterwards."""
    from training.promote import CHAMPION, resolve
    from training.tracking import open_tracker

    with tempfile.TemporaryDirectory(prefix="lead-scoring-") as scratch:
        yield resolve(open_tracker(), CHAMPION, Path(scratch))


@contextmanager
def _working(text: str) -> Iterator[None]:
    """Show that work goes on, on a terminal; say nothing elsewhere."""
    with err.status(text) if err.is_terminal else contextlib.nullcontext():
        yield


@contextmanager
def _steps() -> "Iterator[Step]":
    """Show a progress bar on a terminal, and a line a step elsewhere."""
    columns = SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as bar:
        task = bar.add_task("", total=None)

        def step(text: str, done: int, total: int) -> None:
            bar.update(task, description=text, completed=done, total=total)

        yield step


if __name__ == "__main__":
    main()
