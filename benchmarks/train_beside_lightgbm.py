"""Training's own learning, or bare LightGBM on the same matrix, in a process of its own: seconds and memory as JSON.

    python benchmarks/train_beside_lightgbm.py ours ROWS COLUMNS
    python benchmarks/train_beside_lightgbm.py bare ROWS COLUMNS ROUNDS

`ours` is `training.learner.learn` without a search (bins, a window that chooses rounds and calibrator, and the boosters
of all rows, as texts) and `training.averaged.better` (a ridge, which looks at a fifth of the columns, as of an export).
`bare` is `lightgbm.train` for each of those boosters, with its settings, seed and ROUNDS rounds, on a data set of its
own, as texts. Columns are normal; five of them move the answer, of which 5% are yes. Seconds are of the processor, over
all threads: another process on the machine moves them little. `peak` is the most memory that was resident beyond what
Python and its libraries took before there was a matrix.
"""

import json
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import lightgbm
import numpy as np
import psutil
import pyarrow as pa
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.scale.child import peak  # noqa: E402
from features.feature import Feature  # noqa: E402
from histories.contract import Target  # noqa: E402
from training import averaged, learner  # noqa: E402
from training.fitted import silent  # noqa: E402
from training.recipe import Age  # noqa: E402
from training.settings import BAG, by_size, threads  # noqa: E402
from training.sides import Lives  # noqa: E402
from training.snapshots import Snapshots  # noqa: E402
from training.split import Fold, Split  # noqa: E402

FloatArray = NDArray[np.float64]
SEED, WINDOW = 1, 0.2


@dataclass(frozen=True)
class Columns:
    """All that learning asks of a catalogue: numbers without a direction, of which a ridge looks at every fifth."""

    count: int

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns."""
        return tuple(f"x{column}{'' if column % 5 else '_decayed_7d'}" for column in range(self.count))

    @property
    def blocks(self) -> Mapping[str, tuple[Feature, ...]]:
        """The columns by block."""
        return {"signals": self.features} | dict.fromkeys(("account", "stages", "lead", "own", "attributes"), ())

    @property
    def features(self) -> tuple[Feature, ...]:
        """What the columns are."""
        return tuple(Feature(name, "", "", "0", 0, name) for name in self.names)


def data(rows: int, columns: int) -> tuple[FloatArray, NDArray[np.int8]]:
    """Return the matrix [rows, columns] and the answers [rows]."""
    random = np.random.default_rng(SEED)
    matrix = np.empty((rows, columns))
    random.standard_normal(out=matrix)
    margin = matrix[:, :5] @ np.array([0.5, 0.4, 0.3, 0.2, 0.1]) - 3.2
    return matrix, (random.random(rows) < 1 / (1 + np.exp(-margin))).astype(np.int8)


def snapshots(answer: NDArray[np.int8]) -> Snapshots:
    """Return a lead a snapshot, all of them mature."""
    number = np.arange(len(answer))
    return Snapshots(
        target=Target.CUSTOMER,
        horizon_days=90,
        ages=(Age("0h", 0),),
        exported_at=2**60,
        table=pa.table({"lead_id": pa.array(number).cast(pa.string()), "cutoff": pa.array(number)}),
        lead=number,
        group=number,
        age=np.zeros(len(answer), dtype=np.int64),
        answer=answer,
        known_at=number,
        lives=Lives(group=number, first=number, last=number, draw=np.zeros(len(answer), dtype=np.uint64)),
    )


def split(rows: int) -> Split:
    """Return all rows to learn from, with one window: the newest fifth."""
    number, border = np.arange(rows), round(rows * (1 - WINDOW))
    older, newer = number[:border], number[border:]
    fold = Fold(older, np.ones(border), older, newer, border, rows)
    return Split(number, np.ones(rows), number, number[:0], (fold,), rows, 0, 0, 0, 0.5, 0.0)


def ours(matrix: FloatArray, answer: NDArray[np.int8]) -> int:
    """Learn as training does; return the rounds."""
    asked, columns = snapshots(answer), Columns(matrix.shape[1])
    parts = split(len(answer))
    learnt = learner.learn(matrix, asked, parts, columns, SEED, None, silent)  # type: ignore[arg-type]
    assert learnt is not None
    return averaged.better(learnt, matrix, asked, parts, columns).learning.rounds  # type: ignore[arg-type]


def bare(matrix: FloatArray, answer: NDArray[np.int8], rounds: int) -> int:
    """Call LightGBM for each of the boosters; return the rounds."""
    settings = by_size(int(answer.sum()))
    for seed in range(SEED, SEED + BAG):
        parameters = settings.parameters(seed, threads(matrix.size), [0] * matrix.shape[1])
        booster = lightgbm.train(parameters, lightgbm.Dataset(matrix, answer), num_boost_round=rounds)
        booster.model_to_string(importance_type="gain")
    return rounds


def main(who: str, rows: str, columns: str, rounds: str = "0") -> None:
    """Run one of the two and print what it took."""
    ours(*data(3_000, 5))  # loads whatever is loaded on first use
    before = psutil.Process().memory_info().rss
    matrix, answer = data(int(rows), int(columns))
    learn: Callable[[], int] = {
        "ours": lambda: ours(matrix, answer),
        "bare": lambda: bare(matrix, answer, int(rounds)),
    }[who]
    begun, clock = time.process_time(), time.perf_counter()
    grown = learn()
    took = {"seconds": time.process_time() - begun, "wall": time.perf_counter() - clock, "rounds": grown}
    print(json.dumps(took | {"matrices": (peak() - before) / matrix.nbytes}))  # noqa: T201


if __name__ == "__main__":
    main(*sys.argv[1:])
