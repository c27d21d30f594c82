"""One look at a store: read, watched, written into MLflow."""

from collections.abc import Sequence

from histories.store import Store
from training.fitted import Progress, silent
from training.monitor import kept, logged
from training.monitor.watch import Watched, watch
from training.tracking import open_tracker

SEED = 1


def monitor(
    store: Store,
    since: int,
    now: int,
    segments: Sequence[str] = (),
    progress: Progress = silent,
    tracking_uri: str | None = None,
) -> tuple[Watched, str]:
    """Look at the answers given from `since` to `now` (UTC microseconds); return what was seen, and the run's id.

    `since` 0: from the first answer on. `segments`: categories to measure by; none: all there are. Raises DataError
    where MLflow cannot be opened or a kept bundle is damaged, StoreUnavailableError.
    """
    tracker = open_tracker(tracking_uri)
    progress("Reading the store", 0, 4)
    watched = watch(kept.known(store, since, now), since, segments, SEED, progress)
    return watched, logged.log(tracker, watched, store.database.label)
