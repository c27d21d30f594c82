"""Whose fault is it where more customers are predicted than come? Labels and predictions beside the truth.

    uv run python benchmarks/labels_beside_truth.py --leads 10000 --seeds 2

On samples whose hazards hang on recorded facts alone, for customer, with the default recipe: how many conversions the
training labels hold for each that the true probabilities expect of the same snapshots (weighted against censoring, as
training is), and how many a booster of fixed settings predicts, there and on the test. Of each side some snapshots'
truths are sought, drawn in proportion to what is predicted for them, so that few of them tell the sum.
"""

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.results.exports import sampled  # noqa: E402
from features import catalogue as catalogues  # noqa: E402
from features import table as feature_table  # noqa: E402
from histories.contract import Target  # noqa: E402
from histories.sample import Parameters, truth  # noqa: E402
from scoring.calibration import IDENTITY  # noqa: E402
from scoring.model import BoosterMember, Model  # noqa: E402
from training.booster import bin_rows, columns_of, grow  # noqa: E402
from training.settings import by_size  # noqa: E402
from training.snapshots import Snapshots, draw, subset  # noqa: E402
from training.split import border_of, split  # noqa: E402

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
ROUNDS, ASKED, DRAWS = 150, 500, 40


@dataclass(frozen=True, eq=False)
class Side:
    """Training or test: row numbers, their weights and what is predicted for each."""

    name: str
    rows: IntArray
    weights: FloatArray
    predicted: FloatArray


def expected(parameters: Parameters, snapshots: Snapshots, side: Side, random: np.random.Generator) -> FloatArray:
    """Return what the truth expects of a side, once for each of the snapshots drawn: their mean is the weighted sum."""
    promised = side.predicted * side.weights
    chance = promised + promised.mean()
    chance = chance / chance.sum()
    drawn = random.choice(len(side.rows), ASKED, p=chance)
    distinct, place = np.unique(drawn, return_inverse=True)
    pairs = subset(snapshots.table, side.rows[distinct]).select(["lead_id", "cutoff"])
    pairs = pairs.append_column("target", pa.array([Target.CUSTOMER.value] * len(distinct)))
    pairs = pairs.append_column("horizon_days", pa.array([snapshots.horizon_days] * len(distinct)))
    told = truth(parameters, pairs, draws=DRAWS)["probability"].to_pylist()
    found = np.array(told, dtype=np.float64)[place] * side.weights[drawn] / chance[drawn]
    return found[np.isfinite(found)]


def line(snapshots: Snapshots, side: Side, true: FloatArray) -> str:
    """Return one row of the table."""
    came = float((snapshots.answer[side.rows] * side.weights).sum())
    error = float(true.std() / np.sqrt(len(true)) / true.mean())
    return (
        f"| {side.name} | {snapshots.converted_leads(side.rows)} | {came / true.mean():.2f} | "
        f"{float((side.predicted * side.weights).sum()) / true.mean():.2f} | {error:.0%} |"
    )


def main() -> None:
    """Print a table: a row for each seed and side."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--leads", type=int, default=10_000)
    parser.add_argument("--seeds", type=int, default=2)
    call = parser.parse_args()
    print("| seed | side | converted leads | observed / true | predicted / true | error of the truth |")  # noqa: T201
    print("|---" * 6 + "|")  # noqa: T201
    for seed in range(1, call.seeds + 1):
        export, parameters = sampled(call.leads, seed, recorded_only=True)
        histories, recipe, random = export.histories, export.recipe, np.random.default_rng(7)
        drawn = {target: draw(histories, target, days, recipe.ages) for target, days in recipe.horizons.items()}
        border, snapshots = border_of(recipe, list(drawn.values())), drawn[Target.CUSTOMER]
        parts = split(snapshots, border, recipe.kept_share)
        ids = histories.leads["lead_id"].take(pa.array(np.unique(snapshots.lead[parts.train]))).to_pylist()
        catalogue, settings = catalogues.build(histories, ids, until=border, own=()), by_size(100)
        matrices = [
            feature_table.compute(histories, subset(snapshots.table, rows), catalogue).matrix
            for rows in (parts.train, parts.test)
        ]
        labels = snapshots.answer[parts.train]
        rows = bin_rows(matrices[0], labels, parts.weights, None, columns_of(catalogue), settings, 1)
        member = BoosterMember(grow(rows, settings, 1, ROUNDS).model_to_string(), 0.0)
        model = Model(Target.CUSTOMER, snapshots.horizon_days, (member,), IDENTITY)
        predicted = [model.probabilities(one, np.zeros(len(one), dtype=np.int64)) for one in matrices]
        for side in (
            Side("training", parts.train, parts.weights, predicted[0]),
            Side("test", parts.test, np.ones(len(parts.test)), predicted[1]),
        ):
            found = line(snapshots, side, expected(parameters, snapshots, side, random))
            print(f"| {seed} {found}", flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
