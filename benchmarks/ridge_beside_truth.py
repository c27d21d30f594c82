"""Trees, a ridge, and their mean, as the parts of a chain to the customer, beside the true probabilities.

    uv run python benchmarks/ridge_beside_truth.py --leads 20000 --seeds 101 102

On samples whose hazards hang on recorded facts alone, with the default recipe, nothing calibrated. `narrow` ridges look at
the columns of `training.ridge_columns`, `wide` ones at all of them. For each: the log loss of P(sql) on the windows
inside training, which is what training goes by; then, on test snapshots drawn at random, how far the customer's AUC lies
behind the truth's, how far the log loss above it, and predicted over true. Seeds that docs/results.md does not use. The
`told` ridge looks at what the simulated hazards go by and nothing else (`benchmarks/simulated_state.py`), which no model
of a company's leads can be given: what it lacks, more leads alone would bring.
"""

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.results import expected  # noqa: E402
from benchmarks.results.exports import sampled  # noqa: E402
from benchmarks.results.known_truth import truths  # noqa: E402
from benchmarks.simulated_state import NAMES, states  # noqa: E402
from features.catalogue import Catalogue  # noqa: E402
from histories.contract import Histories, Target  # noqa: E402
from histories.sample import Parameters  # noqa: E402
from scoring.calibration import IDENTITY, sigmoid  # noqa: E402
from scoring.chain import joint_log_odds, sql_column  # noqa: E402
from training import chain, ridge, ridge_columns  # noqa: E402
from training.calibrators import log_loss  # noqa: E402
from training.chain import Part, Side  # noqa: E402
from training.fit import prepare, see  # noqa: E402
from training.fitted import silent  # noqa: E402
from training.learner import learn  # noqa: E402
from training.ridge_columns import RidgeColumns  # noqa: E402
from training.snapshots import subset  # noqa: E402
from training.windows import windows_of  # noqa: E402

FloatArray = NDArray[np.float64]
ROWS, DRAWS = 4_000, 150
HEAD = (
    "| seed | parts | sql on the windows | AUC behind | log loss above | predicted / true |\n|---|---|---|---|---|---|"
)


@dataclass(frozen=True, eq=False)
class Said:
    """What something learnt says: margins on the windows, one after the other, and on the test snapshots asked."""

    windows: FloatArray
    test: FloatArray

    def __add__(self, other: "Said") -> "Said":
        """The mean of both, as a model of both members says it."""
        return Said((self.windows + other.windows) / 2, (self.test + other.test) / 2)


@dataclass(frozen=True, eq=False)
class Asked:
    """The test snapshots whose truth is known: `matrix` [snapshots, features], `state` [snapshots, simulated state]."""

    matrix: FloatArray
    state: FloatArray
    parameters: Parameters


def everything(catalogue: Catalogue) -> RidgeColumns:
    """All columns of a catalogue, numbers in lines."""
    codes = tuple(place for place, one in enumerate(catalogue.features) if one.categorical)
    lines = tuple(place for place, one in enumerate(catalogue.features) if not one.categorical)
    return RidgeColumns(catalogue.names, lines, codes, ())


def learnt(matrix: FloatArray, side: Side, asked: Asked, catalogue: Catalogue) -> dict[str, Said]:
    """Learn a part of the chain in each way."""
    snapshots, split = side.snapshots, side.split
    nothing = np.zeros(len(asked.matrix), dtype=np.int64)
    trees = learn(matrix, snapshots, split, catalogue, 1, None, silent)
    if trees is None:
        raise SystemExit("there is no window inside training; take more leads")
    ways = {"trees": Said(np.concatenate(trees.windows.margins), trees.model.margins(asked.matrix, nothing))}
    state = states(asked.parameters, subset(snapshots.table, split.train))
    for name, columns, trained, wanted in (
        ("wide ridge", everything(catalogue), matrix, asked.matrix),
        ("narrow ridge", ridge_columns.of(catalogue), matrix, asked.matrix),
        ("told ridge", RidgeColumns(NAMES, tuple(range(len(NAMES))), (), ()), state, asked.state),
    ):
        found = ridge.fit(trained, snapshots.answer[split.train], split.weights, windows_of(split, None), columns)
        ways[name] = Said(np.concatenate(found.margins), found.member.margins(wanted, nothing, 1))
    return ways | {f"trees and {name}": ways["trees"] + ways[name] for name in list(ways) if name != "trees"}


def lines(
    histories: Histories, part: Part, asked: Asked, catalogue: Catalogue
) -> Iterator[tuple[str, float, FloatArray]]:
    """Yield each way's name, its log loss of sql on the windows, and its customer log-odds of what is asked."""
    column = sql_column(catalogue)
    sql = chain.of_sql(part, histories)
    given = chain.given_sql(part, sql, column)
    first = learnt(chain.sql_matrix(part, sql, histories, catalogue), sql, asked, catalogue)
    second = learnt(chain.given_matrix(part, given), given, asked, catalogue)
    labels = np.concatenate([sql.snapshots.answer[one.validation] for one in sql.split.folds])
    before = asked.matrix[:, column] == 0
    for name, one in first.items():
        log_odds = second[name].test.copy()
        log_odds[before] = joint_log_odds(one.test[before], log_odds[before])
        yield name, log_loss(IDENTITY, one.windows, labels), log_odds


def main() -> None:
    """Print a table: a row for each seed and way."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--leads", type=int, default=20_000)
    parser.add_argument("--seeds", type=int, nargs="+", default=[101, 102])
    call = parser.parse_args()
    print(HEAD)  # noqa: T201 -- the command's answer
    for seed in call.seeds:
        export, parameters = sampled(call.leads, seed, recorded_only=True)
        prepared = prepare(export.histories, export.recipe)
        catalogue, question = prepared.catalogue, prepared.questions[Target.CUSTOMER]
        seen, parts = see(export.histories, catalogue, export.rules, question), question.split
        trained = len(parts.train)
        test = subset(question.snapshots.table, parts.test)
        chosen, true, error = truths(parameters, test, question.snapshots.horizon_days, ROWS, DRAWS)
        part = Part(seen.matrix[:trained], question.snapshots, parts)
        asked = Asked(seen.matrix[trained:][chosen], states(parameters, test.take(chosen)), parameters)
        best, least = expected.auc(true, true), expected.least_log_loss(true, error)
        for name, windows, log_odds in lines(export.histories, part, asked, catalogue):
            told = sigmoid(log_odds)
            print(  # noqa: T201 -- the command's answer
                f"| {seed} | {name} | {windows:.5f} | {best - expected.auc(true, told):.4f} | "
                f"{expected.log_loss(true, told) / least - 1:.2%} | {told.sum() / true.sum():.3f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
