"""How old leads should be when they are looked at, and what becomes of those on both sides of the border.

    uv run lead-scoring sample DIR --leads 20000 --recorded-only
    uv run python benchmarks/snapshot_ages.py DIR

For each target and each choice of ages and `kept_share`: trees of fixed settings learn from one half of the accounts
and answer for the other half, and the other way round, on weekly boards (all leads at risk, whatever their age) from
the default recipe's border on. They are held against the true probabilities of the sample. So all choices are judged on
the same leads, none of which they have seen, and without the noise of outcomes.
"""

import argparse
import sys
from dataclasses import replace
from pathlib import Path

import lightgbm
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from features import catalogue as catalogues  # noqa: E402
from features import table as feature_table  # noqa: E402
from histories import clock, export  # noqa: E402
from histories.clock import DAY  # noqa: E402
from histories.contract import Histories, Target  # noqa: E402
from histories.sample import truth  # noqa: E402
from histories.sample.parameters import Parameters, read_parameters  # noqa: E402
from training import boards, recipe  # noqa: E402
from training.booster import columns_of  # noqa: E402
from training.evaluate import Ranking  # noqa: E402
from training.recipe import Age  # noqa: E402
from training.settings import by_size  # noqa: E402
from training.snapshots import Snapshots, draw, groups  # noqa: E402
from training.split import border_of, split_at  # noqa: E402

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
DAYS = ((0, 1, 3, 7, 14, 30, 60), (0, 1, 3, 7, 14, 30, 60, 90, 180), (0, 1, 3, 7, 14, 30, 60, 90, 180, 365))
TRIED = ((DAYS[0], 0.0), (DAYS[0], 0.5), (DAYS[1], 0.0), (DAYS[1], 0.5), (DAYS[1], 0.9), (DAYS[2], 0.5))
ROUNDS, ASKED, DRAWS, OLD = 200, 6000, 20, 60 * DAY


def age(days: int) -> Age:
    """Return an age as recipes write it."""
    return Age(f"{days}d", days * DAY)


class Asked:
    """What is asked of every choice: some rows of the weekly boards, with their outcomes and true probabilities."""

    def __init__(self, histories: Histories, sample: Parameters, target: Target, horizon: int, border: int) -> None:
        whole = boards.weekly(histories, target, horizon, border)
        rows = np.sort(np.random.default_rng(1).permutation(whole.table.num_rows)[:ASKED])
        self.table, self.label = whole.table.take(pa.array(rows)), whole.label[rows]
        pairs = self.table.append_column("target", pa.array([target.value] * len(rows)))
        pairs = pairs.append_column("horizon_days", pa.array([horizon] * len(rows)))
        self.truth = np.array(truth(sample, pairs, draws=DRAWS)["probability"].to_pylist(), dtype=np.float64)
        lead = pc.index_in(self.table["lead_id"], value_set=histories.leads["lead_id"].combine_chunks())
        self.lead = np.asarray(lead.to_numpy(), dtype=np.int64)
        created = np.asarray(histories.leads["created_at"].to_numpy(), dtype=np.int64)
        self.old = np.asarray(self.table["cutoff"].to_numpy()) - created[self.lead] > OLD

    def line(self, name: str, probability: FloatArray) -> str:
        """Return one row of the table."""
        ranked = Ranking(self.label, probability, probability).measures(np.ones((1, len(self.label))))
        loss = -(self.truth * np.log(probability) + (1 - self.truth) * np.log1p(-probability)).mean()
        young, old = (probability[part].sum() / self.truth[part].sum() for part in (~self.old, self.old))
        whole = probability.sum() / self.truth.sum()
        return f"{name} | {loss:.5f} | {float(ranked['auc'][0]):.4f} | {whole:.3f} | {young:.3f} | {old:.3f} |"


def of_half(drawn: Snapshots, half: NDArray[np.bool_]) -> Snapshots:
    """Return the snapshots of some groups."""
    rows = np.flatnonzero(half[drawn.group])
    return replace(
        drawn,
        table=drawn.table.take(pa.array(rows)),
        lead=drawn.lead[rows],
        group=drawn.group[rows],
        age=drawn.age[rows],
        answer=drawn.answer[rows],
        known_at=drawn.known_at[rows],
    )


def answers(
    histories: Histories, drawn: Snapshots, border: int, kept: float, table: pa.Table
) -> tuple[FloatArray, int]:
    """Learn from the snapshots before the border; return the probabilities of `table`, and the leads that converted."""
    parts = split_at(drawn, border, kept, ())
    ids = histories.leads["lead_id"].take(pa.array(np.unique(drawn.lead[parts.train]))).to_pylist()
    catalogue = catalogues.build(histories, ids, until=border, own=())
    columns = columns_of(catalogue)
    matrix = feature_table.compute(histories, drawn.table.take(pa.array(parts.train)), catalogue).matrix
    parameters = by_size(100).parameters(1, 1, [0] * len(columns.names))
    data = lightgbm.Dataset(
        matrix,
        drawn.answer[parts.train].astype(np.float32),
        weight=parts.weights,
        categorical_feature=list(columns.categorical),
        params=parameters,
        free_raw_data=False,
    )
    asked = feature_table.compute(histories, table, catalogue).matrix
    margins = [
        np.asarray(lightgbm.train(parameters | {"seed": seed}, data, ROUNDS).predict(asked, raw_score=True))
        for seed in (1, 2)
    ]
    return 1 / (1 + np.exp(-np.mean(margins, axis=0))), drawn.converted_leads(parts.train)


def main() -> None:
    """Print a table for each target."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    call = parser.parse_args()
    histories = export.read(call.folder / "crm.toml", clock.parse("2030-01-01")).histories
    sample, plan = read_parameters(call.folder), recipe.default()
    ages = tuple(age(days) for days in DAYS[0])
    border = border_of(plan, [draw(histories, target, days, ages) for target, days in plan.horizons.items()])
    numbers = groups(histories)
    first = np.random.default_rng(5).random(int(numbers.max()) + 1) < 0.5
    for target, horizon in plan.horizons.items():
        asked = Asked(histories, sample, target, horizon, border)
        perfect = asked.line("| the truth | | ", np.clip(asked.truth, 1e-9, 1 - 1e-9))
        heading = (
            "| oldest age | kept | converted leads | log loss | AUC | predicted / true | up to 60 days old | older |"
        )
        print(  # noqa: T201 -- the command's answer
            f"\n{target.value}, {asked.old.mean():.0%} older than 60 days\n",
            heading,
            "|---" * 8 + "|",
            perfect,
            sep="\n",
        )
        for days, kept in TRIED:
            drawn = draw(histories, target, horizon, tuple(age(one) for one in days))
            probability, converted = np.empty(len(asked.label)), 0
            for half in (first, ~first):
                rows = np.flatnonzero(~half[numbers[asked.lead]])
                table = asked.table.take(pa.array(rows))
                probability[rows], count = answers(histories, of_half(drawn, half), border, kept, table)
                converted += count
            print(asked.line(f"| {days[-1]}d | {kept:g} | {converted}", probability), flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
