"""What is done with the history store, for Prometheus: rows that come in, leads scored anew, webhooks."""

from prometheus_client import CollectorRegistry, Counter, Gauge


class StoreMetrics:
    """Counts what comes in and what goes out; where no store is set, all of it stays 0."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._rows = Counter(
            "lead_scoring_ingested_rows_total",
            "Rows that came in to be kept, and what became of them",
            ["rows", "status"],
            registry=registry,
        )
        self._webhooks = Counter(
            "lead_scoring_webhooks_total", "Attempts to deliver a webhook by outcome", ["outcome"], registry=registry
        )
        self._pending = _newest(
            "lead_scoring_pending_webhooks", "Crossings that are not delivered, and not dead", registry
        )
        self._oldest = _newest(
            "lead_scoring_oldest_pending_webhook_seconds", "For how long the oldest of them has waited", registry
        )
        self._rescored = Counter(
            "lead_scoring_rescored_leads_total", "Leads scored because something new came of them", registry=registry
        )
        self._behind = _newest(
            "lead_scoring_rescoring_behind_batches", "Batches in the store that rescoring has not looked at", registry
        )

    def came_in(self, rows: str, status: str, number: int) -> None:
        """Count rows of a sort that came in, by what became of them."""
        self._rows.labels(rows, status).inc(number)

    def webhook(self, outcome: str) -> None:
        """Count an attempt to deliver a webhook: `delivered`, `failed` (it is tried again) or `dead`."""
        self._webhooks.labels(outcome).inc()

    def webhooks_waiting(self, pending: int, oldest_seconds: float) -> None:
        """Say how many crossings are to be told, and for how long the oldest is."""
        self._pending.set(pending)
        self._oldest.set(oldest_seconds)

    def rescored(self, leads: int) -> None:
        """Count leads that were scored because something new came of them."""
        self._rescored.inc(leads)

    def rescoring_behind(self, batches: int) -> None:
        """Say how many batches rescoring has not looked at yet."""
        self._behind.set(batches)


def _newest(name: str, meaning: str, registry: CollectorRegistry) -> Gauge:
    """A figure of the store, which all workers look at: the one that looked last is right."""
    return Gauge(name, meaning, multiprocess_mode="livemostrecent", registry=registry)
