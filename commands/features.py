"""Features of an export's leads, as a file."""

from pathlib import Path
from typing import Annotated

import typer

from commands.options import Config, now, past
from commands.terminal import out, working
from histories.errors import CallError


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
    moment = None if cutoff is None else past("--cutoff", cutoff)
    wanted = None if snapshots is None else requested.read(snapshots)
    with working("Reading the export"):
        histories = export.read(config, now()).histories
    rows = (
        wanted if wanted is not None else requested.at(histories, histories.exported_at if moment is None else moment)
    )
    with working("Computing features"):
        lead_ids = histories.leads["lead_id"].to_pylist()
        columns = catalogue.build(histories, lead_ids, until=histories.exported_at)
        table.write(table.compute(histories, rows, columns), output)
    out.print(f"{rows.num_rows:,} rows of {len(columns.names)} features: {output}")
