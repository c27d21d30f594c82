"""What Prometheus may read. Every label is one of a few words: nothing that a client sends can add a series."""

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

CONTENT_TYPE = CONTENT_TYPE_LATEST
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class Metrics:
    """Requests, their durations, and leads. `multiprocess`: the workers share PROMETHEUS_MULTIPROC_DIR."""

    def __init__(self, *, multiprocess: bool) -> None:
        self._multiprocess = multiprocess
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "lead_scoring_requests_total", "Requests answered", ["endpoint", "status"], registry=self._registry
        )
        self._seconds = Histogram(
            "lead_scoring_request_seconds",
            "Time from a request's arrival to its answer",
            ["endpoint"],
            registry=self._registry,
            buckets=_SECONDS,
        )
        self._leads = Counter("lead_scoring_leads_total", "Leads by outcome", ["status"], registry=self._registry)

    def request(self, endpoint: str, status: int, seconds: float) -> None:
        """Count one answered request; `endpoint` is one of the service's own paths, or `other`."""
        self._requests.labels(endpoint, str(status)).inc()
        self._seconds.labels(endpoint).observe(seconds)

    def leads(self, scored: int, failed: int) -> None:
        """Count the leads of one request."""
        self._leads.labels("scored").inc(scored)
        self._leads.labels("failed").inc(failed)

    def text(self) -> bytes:
        """Return the figures of all workers in Prometheus' text format."""
        if not self._multiprocess:
            return generate_latest(self._registry)
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return generate_latest(registry)
