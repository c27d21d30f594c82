"""A whole board: features and `Booster.predict` alone, then scores written to Parquet, from the same tables.

`python -m benchmarks.serving.board BUNDLE RULEBOOK LEADS SEED REPEATS` prints both as JSON.
"""

import json
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from benchmarks.serving import crowd
from features.snapshots import SNAPSHOTS
from features.table import computed
from histories.contract import Histories, Target
from histories.machine import cores
from scoring import bundle as bundles
from scoring import rulebook
from scoring.bundle import Bundle
from scoring.calibration import Floats
from scoring.chain import Chain, sql_column
from scoring.model import BoosterMember, Model
from scoring.scorer import Scorer
from serving.board import batch

_ROWS = 1 << 14
_WARM_UP = 2_000


@dataclass(frozen=True, slots=True)
class Board:
    """Seconds for `leads`: features and every `Booster.predict` that an answer asks for, and scores in a file."""

    leads: int
    features: float
    bare: float
    scored: float
    boosters: int


def measured(bundle: Bundle, rules: Path, leads: int, seed: int, repeats: int) -> Board:
    """Measure on all cores; of each the fastest of `repeats`, in turn."""
    scorer = Scorer(bundle, rulebook.read(rules), cores())
    small, whole = (crowd.histories(bundle.catalogue, count, seed) for count in (_WARM_UP, leads))
    _bare(bundle, small), _scored(scorer, small)
    bare = [_bare(bundle, whole)]
    scored = [_timed(lambda: _scored(scorer, whole))]
    for _ in range(repeats - 1):
        bare.append(_bare(bundle, whole))
        scored.append(_timed(lambda: _scored(scorer, whole)))
    features, total = min(bare, key=sum)
    return Board(leads, features, features + total, min(scored), len(_boosters(bundle)))


def _boosters(bundle: Bundle) -> list[tuple[BoosterMember, bool]]:
    """All boosters that an answer asks, and whether they are asked of leads alone that are not sql yet."""
    found: list[tuple[BoosterMember, bool]] = []
    for target, model in bundle.models.items():
        parts: Sequence[tuple[Model, bool]] = (
            [(model.sql, True), (model.given_sql, False)]
            if isinstance(model, Chain)
            else [(model, target is Target.SQL)]
        )
        for part, early in parts:
            found += [(member, early) for member in part.members if isinstance(member, BoosterMember)]
    return found


def _bare(bundle: Bundle, histories: Histories) -> tuple[float, float]:
    """Return seconds for the features, and for the predictions, some thousands of leads at a time, as scores are."""
    boosters, column = _boosters(bundle), sql_column(bundle.catalogue)
    ids = histories.leads["lead_id"]
    snapshots = pa.table([ids, np.full(len(ids), crowd.AS_OF)], schema=SNAPSHOTS)
    features = predicted = 0.0
    began = time.perf_counter()
    for matrix in computed(histories, snapshots, bundle.catalogue, _ROWS, threads=cores()):
        between = time.perf_counter()
        features += between - began
        early = matrix[matrix[:, column] == 0]
        for member, of_early in boosters:
            _predict(member, early if of_early else matrix)
        began = time.perf_counter()
        predicted += began - between
    return features, predicted


def _predict(member: BoosterMember, matrix: Floats) -> None:
    member.booster.predict(matrix, raw_score=True, num_threads=cores())


def _scored(scorer: Scorer, histories: Histories) -> None:
    with tempfile.TemporaryDirectory() as folder:
        scores = scorer.boards(histories, crowd.AS_OF)
        batch.write_tables((batch.columns(one, crowd.AS_OF) for one in scores), Path(folder) / "scores.parquet")


def _timed(work: Callable[[], None]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def main() -> None:
    """Measure, and print."""
    folder, rules, leads, seed, repeats = sys.argv[1:]
    found = measured(bundles.read(Path(folder)), Path(rules), int(leads), int(seed), int(repeats))
    print(json.dumps(asdict(found)))  # noqa: T201


if __name__ == "__main__":
    main()
