"""Features of an export's leads: compute them, describe them, hold served ones against them."""

from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from commands import terminal
from commands.options import Cluster, Memory, OptionalConfig, RecipeFile, now, past, size
from histories.errors import CallError
from histories.whole_file import whole_file

if TYPE_CHECKING:
    from features.own.features import OwnFeature
    from histories.origin import Origin

_ASK = "give one of --cutoff, --snapshots, --describe and --replay, and only one"


def features(
    config: OptionalConfig = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="F.parquet", help="Where they go; of --describe, a .md or .csv."),
    ] = None,
    cutoff: Annotated[str | None, typer.Option(help="One row for each lead created by then.")] = None,
    snapshots: Annotated[
        Path | None, typer.Option(metavar="S.parquet", help="One row for each lead_id and cutoff of this file.")
    ] = None,
    recipe: RecipeFile = None,
    memory: Memory = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with a run that did not end.")] = False,
    cluster: Cluster = None,
    describe: Annotated[bool, typer.Option("--describe", help="Say what each feature is instead.")] = False,
    replay: Annotated[
        Path | None,
        typer.Option(metavar="LOG", help="Compute the feature rows that a service has logged again, and compare."),
    ] = None,
) -> None:
    """Compute the features of an export's leads at one cutoff, or at the snapshots of a file."""
    if sum((cutoff is not None, snapshots is not None, describe, replay is not None)) != 1:
        raise CallError(f"features: {_ASK}")
    if cutoff is None and snapshots is None:
        _refuse({"--memory": memory, "--resume": resume or None, "--cluster": cluster})
    if describe:
        return _describe(config, output, recipe)
    if config is None:
        raise CallError("features: CRM.toml is missing; name the file that describes the export")
    if replay is not None:
        _refuse({"--output": output, "--recipe": recipe})
        return _replay(config, replay)
    if output is None or output.suffix != ".parquet":
        raise CallError(f"--output: {output or 'is missing'}; features are written as .parquet, name a file so")
    wanted = past("--cutoff", cutoff) if cutoff is not None else snapshots
    assert wanted is not None  # noqa: S101 - one of the two is given
    return _compute(config, wanted, output, recipe, memory, cluster, resume=resume)


def _refuse(given: dict[str, object]) -> None:
    for option, value in given.items():
        if value is not None:
            raise CallError(f"{option}: says nothing here; leave it out")


def _own(config: "Origin", recipe: Path | None) -> "tuple[OwnFeature, ...]":
    """The team's own features: those of the recipe that is named, or that lies beside CRM.toml."""
    from training import recipe as recipes

    path = recipe or config.folder / "recipe.toml"
    return recipes.read(path).features if recipe is not None or path.exists() else ()


def _compute(
    config: "Origin",
    wanted: int | Path,
    output: Path,
    recipe: Path | None,
    memory: str | None,
    cluster: str | None,
    *,
    resume: bool,
) -> None:
    from features import sharded, unfinished

    own = _own(config, recipe)
    with ExitStack() as stack:
        each: sharded.Each = sharded.on_threads
        if cluster is not None:
            from features import cluster as clusters

            spark = stack.enter_context(clusters.session(cluster))
            tell = stack.enter_context(terminal.rows())
            each = clusters.each(
                spark, unfinished.beside(output.absolute()), partial(tell, "Shards done by the cluster")
            )
        else:
            tell = stack.enter_context(terminal.rows())
        done = sharded.run(
            config, wanted, output.absolute(), size(memory), now(), own=own, resume=resume, progress=tell, each=each
        )
    terminal.out.print(f"{done.rows:,} rows of {len(done.catalogue.names):,} features: {output}")


def _describe(config: "Origin | None", output: Path | None, recipe: Path | None) -> None:
    from features import catalogue
    from features.pages import describe, description, listing

    pages = {".md": describe.page, ".csv": description.as_csv}
    if output is not None and output.suffix not in pages:
        raise CallError(f"{output}: a description is written as .md or .csv; name the file so")
    if config is None:
        columns = describe.example()
    else:
        with terminal.working("Reading the export"):
            histories = config.histories(now())
        lead_ids = histories.leads["lead_id"].to_pylist()
        columns = catalogue.build(histories, lead_ids, until=histories.exported_at, own=_own(config, recipe))
    if output is None:
        width = min(terminal.out.width, 120) if terminal.out.is_terminal else 100
        return terminal.out.print(listing.text(columns, width), markup=False, soft_wrap=True)
    with whole_file(output) as unfinished:
        unfinished.write_text(pages[output.suffix](columns), encoding="utf-8")
    return terminal.out.print(f"{len(columns.names):,} features: {output}")


def _replay(config: "Origin", log: Path) -> None:
    from features.replay import log as replay_log
    from features.replay import replay
    from features.replay import report as replay_report

    replay_log.files(log)  # a mistake in the name shows before the export is read
    with terminal.working("Reading the export"):
        histories = config.histories(now())
    with terminal.working("Computing the logged rows again"):
        found = replay.replay(log, histories)
    replay_report.render(found, terminal.out)
    if found.failed:
        raise typer.Exit(1)
