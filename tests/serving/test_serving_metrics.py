"""Every series has a bound, a batch counts as its leads one by one, and a worker that dies leaves no gauge behind."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from scoring.bundle import Bundle
from scoring.rulebook import Rulebook
from scoring.scorer import Scorer
from serving.http.metrics import Metrics
from serving.wire import counts
from serving.wire.reply import Counts

ROOT = Path(__file__).parents[2]


def series(text: bytes) -> dict[str, float]:
    """Every sample as `name{label="value"}`, read by Prometheus' own parser."""
    found = {}
    for family in text_string_to_metric_families(text.decode()):
        for sample in family.samples:
            labels = ",".join(f'{name}="{value}"' for name, value in sorted(sample.labels.items()))
            found[f"{sample.name}{{{labels}}}" if labels else sample.name] = sample.value
    return found


def told(metrics: Metrics) -> dict[str, float]:
    return {
        name: value for name, value in series(metrics.text()).items() if not name.split("{")[0].endswith("_created")
    }


def test_an_answers_counts_are_told_one_by_one() -> None:
    metrics = Metrics(multiprocess=False)
    metrics.counts(
        Counts(
            scored=2,
            failed=1,
            probabilities=(0.012, 0.2),
            points=(0.0, 35.5),
            missing=(0.25, 0.25),
            unknown_kinds=3,
            warnings=(("unknown_kinds", 2),),
        )
    )
    found = told(metrics)
    assert found['lead_scoring_leads_total{status="scored"}'] == 2
    assert found['lead_scoring_leads_total{status="failed"}'] == 1
    assert found['lead_scoring_customer_probability_bucket{le="0.01"}'] == 0
    assert found['lead_scoring_customer_probability_bucket{le="0.02"}'] == 1
    assert found['lead_scoring_customer_probability_bucket{le="0.2"}'] == 2
    assert found["lead_scoring_customer_probability_sum"] == pytest.approx(0.212)
    assert found['lead_scoring_rule_points_bucket{le="0.0"}'] == 1
    assert found['lead_scoring_rule_points_bucket{le="40.0"}'] == 2
    assert found['lead_scoring_missing_features_ratio_bucket{le="0.3"}'] == 2
    assert found["lead_scoring_unknown_kinds_total"] == 3
    assert found['lead_scoring_warnings_total{code="unknown_kinds"}'] == 2


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(0, 1), max_size=30))
def test_a_batch_is_counted_as_its_leads_one_after_another(chances: list[float]) -> None:
    together, apart = Metrics(multiprocess=False), Metrics(multiprocess=False)
    together.counts(Counts(probabilities=tuple(chances)))
    for one in chances:
        apart.counts(Counts(probabilities=(one,)))
    family = [name for name in told(together) if name.startswith("lead_scoring_customer_probability")]
    assert len(family) == 21
    assert [told(together)[name] for name in family] == pytest.approx([told(apart)[name] for name in family])


def test_the_counts_of_answers_are_those_that_a_person_would_count(
    bundle: Bundle, rulebook: Rulebook, leads: Sequence[object], as_of: int
) -> None:
    scored = Scorer(bundle, rulebook).scored(leads[:20], as_of)  # type: ignore[arg-type]
    found = counts.of(scored, unreadable=2)
    assert (found.scored, found.failed) == (20, 2)
    assert found.points == tuple(one.rule_points for one in scored.answers)
    assert len(found.missing) == 20
    assert all(0 <= one <= 1 for one in found.missing)
    warned = [each for one in scored.answers for each in one.warnings]
    assert sum(leads for _, leads in found.warnings) == len(warned)


def test_another_model_takes_the_place_of_the_last_one() -> None:
    metrics = Metrics(multiprocess=False)
    for version in ("m1", "m2", "m1", "m3"):
        metrics.model(version, "r1")
    found = {name: value for name, value in told(metrics).items() if "model_info" in name}
    assert found == {'lead_scoring_model_info{model_version="m3",rulebook_version="r1"}': 1}


def test_requests_that_wait_come_and_go_and_limited_ones_have_their_keys_id() -> None:
    metrics = Metrics(multiprocess=False)
    for change in (1, 1, -1):
        metrics.waiting(change)
    metrics.rate_limited("crm")
    found = told(metrics)
    assert found["lead_scoring_waiting_requests"] == 1
    assert found['lead_scoring_rate_limited_total{key="crm"}'] == 1


WORKER = """
import sys
from serving.http.metrics import Metrics
from serving.wire.reply import Counts

metrics = Metrics(multiprocess=True)
metrics.model(sys.argv[1], "r1")
metrics.waiting(1)
metrics.request("/v1/predict", 200, 0.002)
metrics.counts(Counts(scored=1, probabilities=(0.3,)))
print("counted", flush=True)
for line in sys.stdin:
    sys.stdout.buffer.write(metrics.text() + b"# END\\n")
    sys.stdout.flush()
"""


@contextmanager
def worker(folder: Path, model: str) -> Iterator[subprocess.Popen[bytes]]:
    environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(folder)}
    command = [sys.executable, "-c", WORKER, model]
    with subprocess.Popen(command, env=environment, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"counted\n"
        try:
            yield process
        finally:
            process.kill()


def asked(process: subprocess.Popen[bytes]) -> dict[str, float]:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(b"\n")
    process.stdin.flush()
    return series(b"".join(iter(process.stdout.readline, b"# END\n")))


def test_each_worker_tells_the_figures_of_all_and_one_that_was_killed_leaves_no_gauge(tmp_path: Path) -> None:
    """Its counters stay, or rates would fall; the one in its place counts on in files of its own."""
    requests = 'lead_scoring_requests_total{endpoint="/v1/predict",status="200"}'
    answering = 'lead_scoring_model_info{{model_version="{}",rulebook_version="r1"}}'
    with worker(tmp_path, "m1") as stays, worker(tmp_path, "m0") as dies:
        both = asked(stays)
        assert both == asked(dies)
        assert (both[requests], both["lead_scoring_waiting_requests"]) == (2, 2)
        assert (both[answering.format("m1")], both[answering.format("m0")]) == (1, 1)
        dies.send_signal(signal.SIGKILL)
        dies.wait()
        alone = asked(stays)
        assert (alone[requests], alone["lead_scoring_waiting_requests"]) == (2, 1)
        assert answering.format("m0") not in alone
        with worker(tmp_path, "m1"):
            again = asked(stays)
    assert (again[requests], again["lead_scoring_waiting_requests"]) == (3, 2)
    assert again[answering.format("m1")] == 2
    assert again["lead_scoring_customer_probability_count"] == 3
