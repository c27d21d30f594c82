"""Points, a ridge, trees and their blend by how many deals there are to learn from.

    uv run python benchmarks/ladder_steps.py FOLDER [--seeds 3] [--target sql] [--converted 50 100 200 400 800]

Reads the folder's crm.toml, recipe.toml and rulebook.toml. For each number, accounts are drawn from the training part
until they hold that many converted leads; everything learnt from them is measured on the whole test. Prints the mean
over seeds of log loss and AUC for each score, and how often the draw had windows to learn on.
"""

import argparse
import sys
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks import case  # noqa: E402
from features.catalogue import Catalogue  # noqa: E402
from histories.contract import Target  # noqa: E402
from scoring.calibration import sigmoid  # noqa: E402
from scoring.model import BoosterMember, RidgeMember  # noqa: E402
from training import ladder  # noqa: E402
from training.evaluate import Ranking  # noqa: E402
from training.fit import Question, Seen, see  # noqa: E402
from training.fitted import silent  # noqa: E402
from training.ladder import Lesson  # noqa: E402
from training.learner import learn  # noqa: E402
from training.points_model import calibrated_points, whole_points  # noqa: E402
from training.snapshots import Snapshots  # noqa: E402
from training.split import Split  # noqa: E402

FloatArray = NDArray[np.float64]
SCORES = ("points", "ridge", "trees", "trees from points", "blend")


def drawn(snapshots: Snapshots, split: Split, converted: int, seed: int) -> Split:
    """Keep the rows of some accounts, at random, so many that their training rows hold that many converted leads."""
    groups = np.random.default_rng(seed).permutation(np.unique(snapshots.group[split.train]))
    low, high = 0, len(groups)
    while low < high:
        middle = (low + high) // 2
        rows = split.train[np.isin(snapshots.group[split.train], groups[:middle])]
        low, high = (middle + 1, high) if snapshots.converted_leads(rows) < converted else (low, middle)
    kept = np.isin(snapshots.group, groups[:low])
    folds = tuple(
        replace(
            one,
            train=one.train[kept[one.train]],
            weights=one.weights[kept[one.train]],
            mature=one.mature[kept[one.mature]],
            validation=one.validation[kept[one.validation]],
        )
        for one in split.folds
    )
    usable = [
        snapshots.converted_leads(one.train) >= 20 and snapshots.converted_leads(one.validation) >= 10 for one in folds
    ]
    return replace(
        split,
        train=split.train[kept[split.train]],
        weights=split.weights[kept[split.train]],
        mature=split.mature[kept[split.mature]],
        folds=tuple(one for one, good in zip(folds, usable, strict=True) if good),
    )


def scores(lesson: Lesson, test: Seen) -> dict[str, FloatArray]:
    """Return each score's probabilities of the test snapshots."""
    snapshots, split = lesson.snapshots, lesson.split
    mature = lesson.points[np.searchsorted(split.train, split.mature)]
    points = calibrated_points(mature, snapshots.label[split.mature], snapshots.target, snapshots.horizon_days)
    found = {"points": points.probabilities(test.matrix, test.hundredths)}
    if not split.folds:
        return found
    alone = learn(lesson.matrix, snapshots, split, lesson.catalogue, lesson.seed, None, silent)
    assert alone is not None
    found["trees"] = alone.model.probabilities(test.matrix, test.hundredths)
    both = ladder.blend(lesson).model
    found["blend"] = both.probabilities(test.matrix, test.hundredths)
    for name, kind in (("ridge", RidgeMember), ("trees from points", BoosterMember)):
        margins = [one.margins(test.matrix, test.hundredths, 1) for one in both.members if isinstance(one, kind)]
        found[name] = sigmoid(np.mean(margins, axis=0))
    return found


def of_size(question: Question, seen: Seen, catalogue: Catalogue, converted: int, seeds: int) -> str:
    """Return one row of the table."""
    count, snapshots = len(question.split.train), question.snapshots
    test = Seen(seen.matrix[count:], seen.hundredths[count:])
    labels = snapshots.label[question.split.test]
    measured: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for seed in range(1, seeds + 1):
        split = drawn(snapshots, question.split, converted, seed)
        rows = np.searchsorted(question.split.train, split.train)
        points = whole_points(seen.hundredths[rows])
        lesson = Lesson(seen.matrix[rows], points, snapshots, split, catalogue, seed, None, silent)
        for name, chances in scores(lesson, test).items():
            one = Ranking(labels, chances, chances).measures(np.ones((1, len(labels))))
            measured[name].append((float(one["log_loss"][0]), float(one["auc"][0])))
    cells = []
    for name in SCORES:
        mean = np.mean(measured[name], axis=0) if measured[name] else None
        cells.append("–" if mean is None else f"{mean[0]:.4f} / {mean[1]:.3f}")
    return f"| {converted} | {len(measured['trees'])} of {seeds} | {' | '.join(cells)} |"


def main() -> None:
    """Print a table: a row for each number of converted leads."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--target", type=Target, default=Target.SQL)
    parser.add_argument("--converted", type=int, nargs="+", default=[50, 100, 200, 400, 800])
    call = parser.parse_args()
    given = case.read(call.folder)
    question = given.prepared.questions[call.target]
    seen = see(given.histories, given.prepared.catalogue, given.rules, question)
    print(  # noqa: T201 -- the command's answer
        f"{call.target.value}: {len(question.split.test)} test snapshots, "
        f"{question.snapshots.converted_leads(question.split.test)} converted leads; log loss / AUC\n\n"
        f"| converted leads to learn from | draws with windows | {' | '.join(SCORES)} |\n|---|---|{'---|' * len(SCORES)}",
        flush=True,
    )
    for converted in call.converted:
        print(of_size(question, seen, given.prepared.catalogue, converted, call.seeds), flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
