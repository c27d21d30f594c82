"""featuretools and this project on the same few leads."""

import json
import subprocess
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from benchmarks.scale import contender_ours, events, workload
from benchmarks.scale.asked import asked
from benchmarks.scale.events import Files, Size
from benchmarks.scale.measure import ROOT, in_own_process

_SCRIPT = ROOT / "benchmarks" / "scale" / "peer_featuretools.py"


@dataclass(frozen=True, slots=True)
class BesideFeaturetools:
    """Seconds for the same `rows` snapshots; featuretools computed `columns` of our columns, with equal counts."""

    rows: int
    columns: int
    seconds: float
    ours: float
    versions: str

    @property
    def ratio(self) -> float:
        """Our rows a second, divided by featuretools'."""
        return self.seconds / self.ours


def beside_featuretools(folder: Path, size: Size, seed: int, repeats: int, uv: str) -> BesideFeaturetools:
    """Generate leads into a folder and run both on them. `uv` is the program that makes featuretools' environment.

    Raises CalledProcessError where one fails, ValueError where their counts differ.
    """
    events.write(folder, size, seed)
    signals, out = folder / "signals.json", folder / "featuretools.parquet"
    signals.write_text(json.dumps([asdict(one) for one in asked(workload.catalogue())]), encoding="utf-8")
    command = [uv, "run", "--quiet", "--no-project", "--script", str(_SCRIPT), str(folder), str(signals), str(out)]
    line = subprocess.run(command, cwd=folder, check=True, stdout=subprocess.PIPE).stdout.splitlines()[-1]
    theirs = json.loads(line)
    ours = in_own_process("contender_ours.in_memory", Files(folder), max(repeats, 3)).measured
    _compare(Files(folder), out)
    versions = ", ".join(f"{name} {number}" for name, number in theirs["versions"].items())
    return BesideFeaturetools(theirs["rows"], theirs["columns"], theirs["seconds"], ours.seconds, versions)


def _compare(files: Files, out: Path) -> None:
    """Refuse counts that differ; windows end differently only where an interaction lies on an edge to the microsecond."""
    table = contender_ours.in_memory(files)
    theirs = pq.read_table(out)
    order = {lead: row for row, lead in enumerate(theirs["lead_id"].to_pylist())}
    rows = [order[lead] for lead in table.snapshots["lead_id"].to_pylist()]
    for place, name in enumerate(table.catalogue.names):
        if "_count_" in name and name in theirs.column_names:
            counts = np.nan_to_num(theirs[name].to_numpy().astype(np.float64))[rows]
            if not (counts == table.matrix[:, place]).all():
                raise ValueError(
                    f"{name}: featuretools counts {counts.tolist()}, not {table.matrix[:, place].tolist()}"
                )
