"""What Prometheus may read. Every label is one of a few words: nothing that a client sends can add a series.

The workers of a service share a folder of files (PROMETHEUS_MULTIPROC_DIR, which BentoML sets and empties when the
service starts). Counters and histograms of a worker that has died go on counting; its gauges end with it.
"""

import os
import re
from bisect import bisect_left
from collections import Counter as Tally
from collections.abc import Iterable, Sequence
from pathlib import Path

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.registry import Collector

from serving.http.store_metrics import StoreMetrics
from serving.wire.reply import Counts

CONTENT_TYPE = CONTENT_TYPE_LATEST
MODEL_INFO = "lead_scoring_model_info"
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_PROBABILITY = (0.001, 0.0025, 0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
_POINTS = (0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 120, 140, 160, 180, 200)
_SHARE = (0.0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
_LIVE_GAUGE = re.compile(r"gauge_live[a-z]+_(\d+)\.db")


class _Distribution(Histogram):
    """A histogram that takes a batch's values at the price of one write for each bucket that they fall into."""

    def observe_all(self, values: Sequence[float]) -> None:
        if not values:
            return
        self._sum.inc(sum(values))
        for bucket, count in Tally(bisect_left(self._upper_bounds, one) for one in values).items():
            self._buckets[bucket].inc(count)


class Metrics:
    """Requests and their durations, leads and their scores, and what their data lacked.

    `multiprocess`: the workers share PROMETHEUS_MULTIPROC_DIR, and each tells the figures of all. `store`: what is done
    with the history store.
    """

    def __init__(self, *, multiprocess: bool) -> None:
        self._multiprocess = multiprocess
        self._registry = CollectorRegistry()
        self._model: tuple[str, str] | None = None
        here = self._registry
        self.store = StoreMetrics(here)
        self._requests = Counter(
            "lead_scoring_requests_total", "Requests answered", ["endpoint", "status"], registry=here
        )
        self._seconds = Histogram(
            "lead_scoring_request_seconds",
            "Time from a request's arrival to its answer",
            ["endpoint"],
            buckets=_SECONDS,
            registry=here,
        )
        leads = Counter("lead_scoring_leads_total", "Leads by outcome", ["status"], registry=here)
        self._scored, self._failed = leads.labels("scored"), leads.labels("failed")
        self._probability = _Distribution(
            "lead_scoring_customer_probability",
            "Scored leads by their probability of becoming a customer",
            buckets=_PROBABILITY,
            registry=here,
        )
        self._points = _Distribution(
            "lead_scoring_rule_points", "Scored leads by the rulebook's points", buckets=_POINTS, registry=here
        )
        self._missing = _Distribution(
            "lead_scoring_missing_features_ratio",
            "Scored leads by the share of their features that is missing",
            buckets=_SHARE,
            registry=here,
        )
        self._unknown = Counter(
            "lead_scoring_unknown_kinds_total", "Kinds that training never saw, each once a lead", registry=here
        )
        self._warnings = Counter("lead_scoring_warnings_total", "Scored leads with a warning", ["code"], registry=here)
        self._limited = Counter(
            "lead_scoring_rate_limited_total", "Requests beyond the rate of their key", ["key"], registry=here
        )
        self._waiting = Gauge(
            "lead_scoring_waiting_requests",
            "Requests that wait for a thread",
            multiprocess_mode="livesum",
            registry=here,
        )
        self._info = Gauge(
            MODEL_INFO,
            "Workers that answer with this bundle and rulebook",
            ["model_version", "rulebook_version"],
            multiprocess_mode="livesum",
            registry=here,
        )

    def request(self, endpoint: str, status: int, seconds: float) -> None:
        """Count one answered request; `endpoint` is one of the service's own paths, or `other`."""
        self._requests.labels(endpoint, str(status)).inc()
        self._seconds.labels(endpoint).observe(seconds)

    def counts(self, counts: Counts) -> None:
        """Count what one answer says of its leads."""
        self._scored.inc(counts.scored)
        self._failed.inc(counts.failed)
        self._probability.observe_all(counts.probabilities)
        self._points.observe_all(counts.points)
        self._missing.observe_all(counts.missing)
        self._unknown.inc(counts.unknown_kinds)
        for code, leads in counts.warnings:
            self._warnings.labels(code).inc(leads)
        for rows, status, number in counts.rows:
            self.store.came_in(rows, status, number)

    def rate_limited(self, key: str) -> None:
        """Count a request that its key's rate did not allow; `key` is the id of a key that exists."""
        self._limited.labels(key).inc()

    def waiting(self, change: int) -> None:
        """Count a request that begins (1) or ends (-1) to wait for a thread."""
        self._waiting.inc(change)

    def model(self, model_version: str, rulebook_version: str) -> None:
        """Say what this process answers with from now on, in place of what it said before."""
        before, self._model = self._model, (model_version, rulebook_version)
        if before:
            self._info.labels(*before).set(0)
        self._info.labels(*self._model).set(1)

    def text(self) -> bytes:
        """Return the figures of all workers in Prometheus' text format."""
        registry = CollectorRegistry(auto_describe=False)
        registry.register(_Told(_workers() if self._multiprocess else self._registry))
        return generate_latest(registry)


class _Told(Collector):
    """What a collector has, without the models that nobody answers with any more."""

    def __init__(self, source: Collector | MultiProcessCollector) -> None:
        self._source = source

    def collect(self) -> Iterable[Metric]:
        for metric in self._source.collect():
            if metric.name == MODEL_INFO:
                metric.samples = [one for one in metric.samples if one.value]
            yield metric


def _workers() -> MultiProcessCollector:
    """All workers' figures. A worker that was killed could not take its gauges away: this does."""
    folder = Path(os.environ["PROMETHEUS_MULTIPROC_DIR"])
    for path in folder.glob("gauge_live*.db"):
        found = _LIVE_GAUGE.fullmatch(path.name)
        if found and not _lives(int(found[1])):
            mark_process_dead(int(found[1]), str(folder))  # type: ignore[no-untyped-call]
    return MultiProcessCollector(None, str(folder))  # type: ignore[no-untyped-call]


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
