"""Reasons for 20,000 leads beside LightGBM's `pred_contrib`: the same boosters, rows and threads, in one run.

uv run pytest benchmarks/test_bench_shap.py -s
"""

from collections.abc import Callable
from time import perf_counter, process_time

import numpy as np
import pyarrow as pa
import pytest
from conftest import Workload

from features import catalogue as catalogues
from features import table
from features.catalogue import Catalogue
from histories.clock import DAY
from histories.contract import Target
from scoring.calibration import IDENTITY, Floats
from scoring.model import BoosterMember, Model
from scoring.reasons import Explainer
from training.booster import bin_rows, columns_of
from training.learner import bag
from training.settings import by_size

LEADS, THREADS, LEAST = 20_000, 2, 5.0
REASONS = 3
# Converted leads, which decide how large the trees are, and rounds: 3 leaves as a rule, 15 where there is much to learn from.
SHAPES = {"3 leaves": (500, 150), "15 leaves": (10_000, 100)}


@pytest.fixture(scope="module")
def catalogue(workload: Workload) -> Catalogue:
    histories = workload.histories
    return catalogues.build(histories, histories.leads["lead_id"].to_pylist(), until=histories.exported_at)


@pytest.fixture(scope="module")
def matrix(workload: Workload, catalogue: Catalogue) -> Floats:
    """Feature rows of the sample's leads, on four days."""
    ids, end = workload.histories.leads["lead_id"].to_pylist(), workload.histories.exported_at
    cutoffs = np.repeat([end - 60 * DAY, end - 40 * DAY, end - 20 * DAY, end], len(ids))
    snapshots = pa.table({"lead_id": ids * 4, "cutoff": cutoffs})
    return table.compute(workload.histories, snapshots, catalogue).matrix[-LEADS:].copy()


def model_of(shape: str, matrix: Floats, catalogue: Catalogue) -> Model:
    """A bag as training makes it, for an answer that hangs on forty of the columns."""
    converted, rounds = SHAPES[shape]
    random, settings = np.random.default_rng(1), by_size(converted)
    chosen = np.log1p(np.abs(np.nan_to_num(matrix[:, random.choice(matrix.shape[1], 40)])))
    margin = (chosen - chosen.mean(axis=0)) @ random.normal(0, 0.5, 40)
    labels = (random.random(len(matrix)) < 1 / (1 + np.exp(2 - margin))).astype(np.int8)
    rows = bin_rows(matrix, labels, np.ones(len(matrix)), None, columns_of(catalogue), settings, 1)
    return Model(Target.CUSTOMER, 90, bag(rows, settings, rounds, 1), IDENTITY)


def lightgbms(model: Model, matrix: Floats, threads: int) -> Floats:
    boosters = [one.booster for one in model.members if isinstance(one, BoosterMember)]
    return np.asarray(sum(one.predict(matrix, pred_contrib=True, num_threads=threads) for one in boosters)) / len(
        boosters
    )


def seconds(call: Callable[[], object], times: int = 1, clock: Callable[[], float] = perf_counter) -> float:
    begun = clock()
    for _ in range(times):
        call()
    return (clock() - begun) / times


@pytest.mark.timeout(0)
@pytest.mark.parametrize("shape", SHAPES)
def test_reasons_beside_pred_contrib(shape: str, matrix: Floats, catalogue: Catalogue) -> None:
    """The faster of two runs each, in turns. Sentences are told beside it: `pred_contrib` gives numbers alone."""
    model, explainer = model_of(shape, matrix, catalogue), Explainer(catalogue)
    points, none = np.zeros(len(matrix), dtype=np.int64), np.zeros(1, dtype=np.int64)
    one, loads = matrix[:1].copy(), seconds(lambda: model.contributions(matrix[:8], points[:8]))
    seconds(lambda: explainer.reasons(one, model.contributions(one, none), none, REASONS))

    def reasons() -> object:
        return explainer.reasons(matrix, model.contributions(matrix, points, THREADS), points, REASONS)

    took = [
        (
            seconds(lambda: model.contributions(matrix, points, THREADS)),
            seconds(reasons),
            seconds(lambda: lightgbms(model, matrix, THREADS)),
        )
        for _ in range(2)
    ]
    ours, told, bare = map(min, zip(*took, strict=True))
    alone = (
        seconds(lambda: model.contributions(one, none), 200, process_time),
        seconds(lambda: lightgbms(model, one, 1), 50, process_time),
    )
    print(  # noqa: T201 -- what was measured
        f"\n{shape}, {matrix.shape[1]} columns, {THREADS} threads, µs a lead: contributions {ours / LEADS * 1e6:.1f}, "
        f"with sentences {told / LEADS * 1e6:.1f}, pred_contrib {bare / LEADS * 1e6:.1f}: {bare / ours:.1f} and "
        f"{bare / told:.1f} times as fast. A lead alone, of the processor: {alone[0] * 1e6:.0f} beside {alone[1] * 1e6:.0f}, "
        f"{alone[1] / alone[0]:.1f} times. Loading took {loads:.1f} s."
    )
    expected = lightgbms(model, matrix[:500], 1)
    found = model.contributions(matrix[:500], points[:500])
    np.testing.assert_allclose(np.delete(found, -2, axis=1), expected, rtol=0, atol=1e-6)
    assert bare / ours >= LEAST
