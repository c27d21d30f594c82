"""What LightGBM settings do on the windows inside training. The test is never looked at.

    uv run python benchmarks/window_settings.py examples/bpic2012 [--seeds 2]

Reads the folder's crm.toml, recipe.toml and rulebook.toml. For each target and each setting: the rounds, the log loss
over the windows, and the mean AUC over windows and ages; then the same for the margins of all seeds averaged.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks import case  # noqa: E402
from scoring.calibration import IDENTITY  # noqa: E402
from training.booster import bin_rows, columns_of  # noqa: E402
from training.calibrators import log_loss  # noqa: E402
from training.evaluate import Ranking  # noqa: E402
from training.fit import Question, see  # noqa: E402
from training.settings import Settings  # noqa: E402
from training.windows import Windows, try_settings, windows_of  # noqa: E402

TRIED = (
    Settings(0.05, 2, 40, 10.0, 0.3, 0.7, 20.0),
    Settings(0.03, 3, 40, 10.0, 0.3, 0.7, 20.0),
    Settings(0.05, 3, 40, 10.0, 0.3, 0.7, 20.0),
    Settings(0.03, 5, 40, 10.0, 0.3, 0.7, 20.0),
    Settings(0.03, 10, 40, 5.0, 0.3, 0.7, 20.0),
    Settings(0.05, 31, 100, 5.0, 0.5, 0.8, 10.0),
)
FloatArray = NDArray[np.float64]


def mean_auc(margins: list[FloatArray], question: Question) -> float:
    """Return the mean AUC over windows and ages that have both outcomes."""
    found = []
    for window, fold in zip(margins, question.split.folds, strict=True):
        ages, labels = question.snapshots.age[fold.validation], question.snapshots.label[fold.validation]
        for age in np.unique(ages):
            rows = ages == age
            one = Ranking(labels[rows], window[rows], window[rows]).measures(np.ones((1, int(rows.sum()))))
            found.append(float(one["auc"][0]))
    return float(np.nanmean(found))


def line(name: str, windows: list[Windows], question: Question) -> str:
    """Return one row of the table: each seed by itself, averaged; then the seeds' margins averaged."""
    losses, aucs = [one.log_loss for one in windows], [mean_auc(list(one.margins), question) for one in windows]
    bag = [np.mean(parts, axis=0) for parts in zip(*[one.margins for one in windows], strict=True)]
    bag_loss = log_loss(IDENTITY, np.concatenate(bag), np.concatenate(windows[0].labels))
    return (
        f"| {name} | {np.mean([one.rounds for one in windows]):.0f} | {np.mean(losses):.5f} | {np.mean(aucs):.4f} | "
        f"{bag_loss:.5f} | {mean_auc(bag, question):.4f} |"
    )


def main() -> None:
    """Print a table for each target."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seeds", type=int, default=2)
    call = parser.parse_args()
    given = case.read(call.folder)
    histories, rules, catalogue = given.histories, given.rules, given.prepared.catalogue
    for target, question in given.prepared.questions.items():
        parts = question.split
        converted = question.snapshots.converted_leads(parts.train)
        answer = [
            (
                f"\n{target.value}: {len(parts.train)} snapshots, {len(catalogue.names)} features, {converted} converted "
                f"leads, {len(parts.folds)} windows\n"
            ),
            (
                f"| learning rate, leaves, least rows, l2, features, rows | rounds | log loss | AUC | log loss of "
                f"{call.seeds} averaged | AUC |"
            ),
            "|---|---|---|---|---|---|",
        ]
        print("\n".join(answer), flush=True)  # noqa: T201 -- the command's answer
        matrix = see(histories, catalogue, rules, question).matrix[: len(parts.train)]
        folds, columns = windows_of(parts, None), columns_of(catalogue)
        for one in TRIED if folds else ():
            rows = bin_rows(matrix, question.snapshots.answer[parts.train], parts.weights, None, columns, one, 1)
            windows = [try_settings(rows, folds, one, seed + 1) for seed in range(call.seeds)]
            name = f"{one.learning_rate}, {one.num_leaves}, {one.min_data_in_leaf}, {one.lambda_l2:g}, "
            name += f"{one.feature_fraction}, {one.bagging_fraction}"
            print(line(name, windows, question), flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
