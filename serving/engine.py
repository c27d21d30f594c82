"""The bundle in a process: loaded and warmed on a thread of its own, so that `/livez` answers meanwhile."""

import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from histories.errors import LeadScoringError
from serving import collector
from serving.secret import Secret
from serving.wire.errors import Problem, RequestError

if TYPE_CHECKING:
    from histories.store import Store
    from serving.predictor import Predictor
    from serving.request_log import RequestLog

_log = logging.getLogger("lead_scoring.engine")
BUNDLE = "bundle"
RULEBOOK = "rulebook.toml"


class LogPlace(NamedTuple):
    """Where the request log is written, and how long its files may be together."""

    folder: Path
    most_bytes: int


class StorePlace(NamedTuple):
    """Where the history store is, and what tells the time of what is written there (UTC microseconds)."""

    url: Secret
    clock: Callable[[], int]


def load(
    folder: Path,
    rulebook: Path | None,
    max_interactions: int,
    log: "RequestLog | None" = None,
    allow_personal: frozenset[str] = frozenset(),
    store: "Store | None" = None,
) -> "Predictor":
    """Return what answers from a packed model's folder, compiled. Raises CallError or DataError.

    `rulebook` takes the place of the one that was packed; in `log`, feature rows of the answers are kept;
    `allow_personal` are attributes that may hold names, addresses and numbers of persons; `store` is where leads are
    looked up and answers are kept.
    """
    # BentoML's supervisor imports the service too: with LightGBM and numba it would start seconds later and hold
    # their memory for nothing. In a worker they load here, on the thread that nobody waits for.
    from scoring import bundle as bundles  # noqa: PLC0415
    from scoring import rulebook as rulebooks  # noqa: PLC0415
    from serving.predictor import Predictor  # noqa: PLC0415

    bundle = bundles.read(folder / BUNDLE)
    rules = rulebooks.read(rulebook or folder / RULEBOOK)
    predictor = Predictor(bundle, rules, max_interactions, log, allow_personal, store)
    predictor.warm_up()
    return predictor


class Engine:
    """Holds the predictor that answers, once there is one: a request takes it once, and keeps it to its end.

    A bundle that cannot be loaded leaves the process alive, never ready.
    """

    def __init__(
        self,
        rulebook: Path | None,
        max_interactions: int,
        log: LogPlace | None = None,
        allow_personal: frozenset[str] = frozenset(),
        told: Callable[[str, str], None] = lambda model_version, rulebook_version: None,  # noqa: ARG005
        store: StorePlace | None = None,
    ) -> None:
        """`told` hears the versions of what answers from now on, whenever that changes."""
        self._rulebook, self._max_interactions, self._log_place = rulebook, max_interactions, log
        self._allow_personal, self._told = allow_personal, told
        self._predictor: Predictor | None = None
        self._log: RequestLog | None = None
        self._store_place = store
        self._store: Store | None = None
        self._expected = False

    @property
    def predictor(self) -> "Predictor":
        """What answers. Raises RequestError while there is none."""
        if self._predictor is None:
            message = "the bundle is still being loaded; try again in a few seconds"
            raise RequestError(Problem.NOT_READY, message, headers=(("retry-after", "5"),))
        return self._predictor

    @property
    def store(self) -> "Store | None":
        """The history store; None where there is none, or it is not opened yet."""
        return self._store

    @property
    def will_answer(self) -> bool:
        """Whether nothing answers yet, and something will: requests wait for it."""
        return self._predictor is None and self._expected

    def expect(self) -> None:
        """Let requests wait from now on: something is on its way that will answer.

        It must be said before the first request comes: what loads imports for seconds before it reads the bundle.
        """
        self._expected = True

    def expect_nothing(self) -> None:
        """Let no request wait any more: what was expected has failed."""
        self._expected = False

    def hold(self, predictor: "Predictor") -> None:
        """Answer with this predictor from now on."""
        collector.settle()
        self._predictor = predictor
        self._told(predictor.versions["model_version"], predictor.versions["rulebook_version"])

    def made(self, folder: Path) -> "Predictor":
        """Return the predictor of a packed model, which does not answer yet. Raises CallError or DataError.

        All that are made here write into one request log: it has a file open, and a limit to keep.
        """
        self.expect()
        try:
            made = self._loaded(folder)
            self._archive(made)
        except BaseException:
            self.expect_nothing()
            raise
        return made

    def _loaded(self, folder: Path) -> "Predictor":
        self._open_log()
        store = self._opened()
        return load(folder, self._rulebook, self._max_interactions, self._log, self._allow_personal, store)

    def _archive(self, made: "Predictor") -> None:
        """Keep bundle and rulebook beside the answers that come of them, before the first of these."""
        if self._store_place is not None:
            made.archive(self._store_place.clock())

    def _open_log(self) -> None:
        from serving.request_log import RequestLog  # noqa: PLC0415  # as in `load`

        if self._log is None and self._log_place is not None:
            self._log = RequestLog(*self._log_place)

    def _opened(self) -> "Store | None":
        """Open the store the first time; a database that does not answer is waited for."""
        place = self._store_place
        if self._store is None and place is not None:
            from serving.live import opening  # noqa: PLC0415  # as in `load`

            self._store = opening.waited_for(lambda: opening.opened(place.url))
        return self._store

    def start(self, folder: Path) -> threading.Thread:
        """Load in the background; the thread may be joined. From now on requests wait for it."""
        self.expect()
        thread = threading.Thread(target=self.load, args=(folder,), name="load", daemon=True)
        thread.start()
        return thread

    def load(self, folder: Path) -> None:
        """Load now, however long the database is away meanwhile: nobody would begin again. What is wrong is logged."""
        self.expect()
        try:
            made = self._loaded(folder)
            if self._store_place is not None:
                from serving.live import opening  # noqa: PLC0415  # as in `load` above

                opening.waited_for(lambda: self._archive(made))
            self.hold(made)
        except LeadScoringError as error:
            self.expect_nothing()
            _log.error("cannot serve: %s", error)
        except Exception:  # noqa: BLE001  # a thread of its own: nobody else would say it
            self.expect_nothing()
            _log.exception("cannot serve: a fault of lead-scoring itself")
        else:
            _log.info("ready: %s", folder.name)
