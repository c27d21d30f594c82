"""How long the path's steps take: features for a table and for one lead, one predict call, one training run."""

import json

import pyarrow as pa
import pytest
from conftest import Workload
from pytest_benchmark.fixture import BenchmarkFixture

from features import one, table
from histories import select
from histories.contract import LeadHistory
from serving.predictor import Predictor
from serving.wire.mapping import request_of
from training.fitted import Fitted


@pytest.fixture(scope="session")
def busiest(workload: Workload) -> LeadHistory:
    """The first lead that has at least 50 interactions."""
    return next(lead for lead in select.each(workload.histories) if len(lead.interactions) >= 50)


def test_features_for_a_table(benchmark: BenchmarkFixture, workload: Workload, fitted: Fitted) -> None:
    leads = workload.histories.leads["lead_id"]
    snapshots = pa.table({"lead_id": leads, "cutoff": pa.repeat(workload.histories.exported_at, len(leads))})
    found = benchmark(table.compute, workload.histories, snapshots, fitted.bundle.catalogue)
    benchmark.extra_info |= {"rows": found.matrix.shape[0], "features": found.matrix.shape[1]}
    assert found.matrix.shape == (6_000, len(fitted.bundle.catalogue.names))


def test_features_for_one_lead(
    benchmark: BenchmarkFixture, workload: Workload, fitted: Fitted, busiest: LeadHistory
) -> None:
    row = benchmark(one.row, busiest, workload.histories.exported_at, fitted.bundle.catalogue)
    assert row.shape == (len(fitted.bundle.catalogue.names),)


@pytest.mark.parametrize("reasons", [0, 3])
def test_one_predict_call(
    benchmark: BenchmarkFixture, workload: Workload, fitted: Fitted, busiest: LeadHistory, reasons: int
) -> None:
    """Bytes in, bytes out: all of a request but HTTP."""
    predictor = Predictor(fitted.bundle, workload.rules, 10_000)
    predictor.warm_up()
    moment = workload.histories.exported_at
    body = json.dumps(request_of(busiest, moment, reasons)).encode()
    reply = benchmark(predictor.predict_one, body, "benchmark", moment)
    assert json.loads(reply.body)["lead_id"] == busiest.lead_id


def test_one_training_run(benchmark: BenchmarkFixture, workload: Workload) -> None:
    trained = benchmark.pedantic(workload.fit, rounds=2, iterations=1)
    assert all(result.learning is not None for result in trained.results.values())
