"""One run: generate, measure each, compare the numbers, delete what was generated."""

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks.scale import agreement, asked, events, workload
from benchmarks.scale.agreement import Agreement
from benchmarks.scale.beside_featuretools import BesideFeaturetools, beside_featuretools
from benchmarks.scale.events import Files, Size
from benchmarks.scale.kernel_alone import Snapshots
from benchmarks.scale.measure import Found, Measured, in_own_process, watched
from benchmarks.scale.one_lead import OneLead
from benchmarks.scale.results import (
    IN_MEMORY,
    OURS,
    OURS_WRITTEN,
    SORTED,
    WRITTEN,
    Results,
)
from benchmarks.scale.sizes import Sizes

PARTS = ("peers", "featuretools", "command")
# Goes through the command first, so that what it compiles lies on the disk when it is timed.
_FIRST = Size(20_000, 1_000)
Say = Callable[[str], None]


def run(scratch: Path, sizes: Sizes, seed: int, without: frozenset[str], uv: str, say: Say) -> Results:
    """Measure everything but the parts `without`, in a folder that is empty; `say` hears of each step.

    Raises CalledProcessError where a contender or the command fails, ValueError where numbers differ.
    """
    # First, for it wants packages from the network: what fails there costs no measurement.
    beside = None if "featuretools" in without else _featuretools(scratch, sizes, seed, uv, say)
    say(f"generating {sizes.events.interactions:,} interactions")
    files = Files(_made(scratch / "events"))
    lengths = events.write(files.folder, sizes.events, seed)
    contenders, agreements = _contenders(files, sizes, without, say)
    say("kernel alone, one lead")
    snapshots = Snapshots(**_found("kernel_alone.snapshots_of_a_lead", files))
    one_lead = OneLead(**_found("one_lead.lengths", files))
    if "command" not in without:
        _generated_command(scratch, _FIRST, sizes, seed, say)
    command = None if "command" in without else _command(files, sizes, say)
    shutil.rmtree(files.folder)
    return Results(
        sizes,
        lengths,
        contenders,
        agreements,
        beside,
        command,
        None if "command" in without else _generated_command(scratch, sizes.large, sizes, seed, say),
        snapshots,
        one_lead,
    )


def _contenders(
    files: Files, sizes: Sizes, without: frozenset[str], say: Say
) -> tuple[dict[str, Measured], dict[str, Agreement]]:
    ours, peer = files.folder / "ours.parquet", files.folder / "peer.parquet"
    measured, agreements = {}, {}
    for task in (OURS_WRITTEN, *IN_MEMORY, *WRITTEN[1:]):
        if "peers" in without and task not in (OURS, OURS_WRITTEN):
            continue
        out = {OURS_WRITTEN: ours, OURS: None, SORTED: None}.get(task, peer)
        measured[task] = in_own_process(task, files, sizes.repeats, out).measured
        say(f"{task}: {measured[task].seconds:.2f} s, {measured[task].peak / 2**30:.2f} GiB")
        if out == peer:
            agreements[task] = agreement.compare(ours, peer, asked.columns(workload.catalogue()))
            peer.unlink()
    ours.unlink()
    return measured, agreements


def _found(task: str, files: Files) -> Found:
    return in_own_process(task, files, 1).found


def _featuretools(scratch: Path, sizes: Sizes, seed: int, uv: str, say: Say) -> BesideFeaturetools:
    say("featuretools")
    folder = _made(scratch / "featuretools")
    return beside_featuretools(folder, sizes.for_featuretools, seed, sizes.repeats, uv)


def _generated_command(scratch: Path, size: Size, sizes: Sizes, seed: int, say: Say) -> Measured:
    say(f"generating {size.interactions:,} interactions")
    files = Files(_made(scratch / "large"))
    events.write(files.folder, size, seed)
    measured = _command(files, sizes, say)
    shutil.rmtree(files.folder)
    return measured


def _command(files: Files, sizes: Sizes, say: Say) -> Measured:
    out = files.folder / "features.parquet"
    command = Path(sys.executable).parent / "lead-scoring"
    arguments = ["features", files.config, "--snapshots", files.snapshots, "-o", out, "--memory", sizes.memory]
    measured = watched([str(one) for one in (command, *arguments)])
    say(
        f"the command: {measured.seconds:.1f} s, {measured.peak / 2**30:.2f} GiB, {out.stat().st_size / 2**30:.2f} GiB written"
    )
    out.unlink()
    return measured


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder
