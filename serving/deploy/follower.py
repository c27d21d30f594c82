"""A worker that follows a deployment folder: it loads what is proposed, and answers with what is in force."""

import logging
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from histories import clock
from histories.errors import LeadScoringError
from serving.deploy.deployment import Deployment, Order
from serving.deploy.workers import Presence, Worker
from serving.engine import Engine

if TYPE_CHECKING:
    from serving.predictor import Predictor

_log = logging.getLogger("lead_scoring.deployment")
SECONDS = 0.5  # between two looks at the folder
_AGAIN = 60 * clock.SECOND  # until what could not be loaded is tried once more: a full disk or memory may have passed


class Follower:
    """Makes `engine` answer with what `deployment` says, and says there what it does.

    `began`: the packed model that the service was started with, which answers as long as nothing was deployed, and
    `packed` its folder. `now` gives UTC microseconds. What cannot be loaded is refused and said; what answers goes
    on. It is tried again a minute later, and when it is ordered again. As long as the worker cannot be seen in the
    folder it goes on with what it answers with: nobody could tell whether a change had reached it.
    """

    def __init__(
        self,
        engine: Engine,
        deployment: Deployment,
        began: Order,
        packed: Path,
        worker: Worker,
        now: Callable[[], int],
    ) -> None:
        self._engine, self._deployment, self._began, self._packed = engine, deployment, began, packed
        self._worker, self._now = worker, now
        self._prepared: tuple[Order, Predictor] | None = None
        self._presence: Presence | None = None
        self._refused: dict[str, int] = {}  # orders, and when
        self._told: Worker | None = None
        self._complaint = ""

    def start(self) -> threading.Thread:
        """Follow in the background, for as long as the process lives. From now on requests wait for what answers."""
        self._engine.expect()
        thread = threading.Thread(target=self._run, name="deployment", daemon=True)
        thread.start()
        return thread

    def _run(self) -> None:
        wait = threading.Event()
        while True:
            self.look()
            wait.wait(SECONDS)

    def look(self) -> None:
        """Look at the folder once, and do what it says. Raises nothing: whatever is wrong there, what answers goes on."""
        problem = ""
        for step in (self._appear, self._follow, self._tell):
            try:
                step()
            except (LeadScoringError, OSError) as error:
                problem = problem or str(error)
        if problem:
            self._engine.expect_nothing()
        if problem not in {"", self._complaint}:  # said once, not twice a second
            _log.error("the deployment folder: %s", problem)
        self._complaint = problem

    def _appear(self) -> None:
        if self._presence is None:
            self._deployment.workers.mkdir(parents=True, exist_ok=True)
            # A rollback may lead back to it, and the next deploy is held against it.
            self._deployment.keep(self._began.tag, self._packed)
            self._presence = Presence(self._deployment.workers, self._worker)

    def _follow(self) -> None:
        if self._presence is None and self._worker.tag is not None:
            return
        wanted, candidate = self._deployment.current() or self._began, self._deployment.candidate()
        self._answer_with(wanted)
        self._prepare(candidate)

    def _tell(self) -> None:
        if self._presence is not None and self._told != self._worker:
            self._presence.say(self._worker)
            self._told = self._worker

    def _answer_with(self, order: Order) -> None:
        if self._worker.tag == order.tag or self._refuses(order):
            return
        prepared, self._prepared = self._prepared, None
        made = prepared[1] if prepared and prepared[0].tag == order.tag else self._made(order)
        if made is None:
            return
        self._engine.hold(made)
        _log.info("answers with %s", order.tag)
        self._worker = replace(
            self._worker,
            tag=order.tag,
            since=clock.iso(self._now()),
            model_version=made.versions["model_version"],
            rulebook_version=made.versions["rulebook_version"],
            prepared=None,
            refused=None,
            why=None,
        )

    def _prepare(self, order: Order | None) -> None:
        if order is None:
            self._prepared = None  # its memory is free again
            self._worker = replace(self._worker, prepared=None)
            return
        if str(order) == self._worker.prepared or self._refuses(order):
            return
        if order.tag != self._worker.tag:
            made = self._made(order)
            if made is None:
                return
            self._prepared = (order, made)
        self._worker = replace(self._worker, prepared=str(order), refused=None, why=None)

    def _made(self, order: Order) -> "Predictor | None":
        try:
            return self._engine.made(self._folder(order.tag))
        except LeadScoringError as error:
            why = str(error)
        except Exception as error:  # noqa: BLE001  # memory, a disk: what answers now goes on, and the deploy hears of it
            why = f"{type(error).__name__}: {error}"
        self._engine.expect_nothing()
        _log.error("refuses %s: %s", order.tag, why)
        self._refused[str(order)] = self._now()
        self._worker = replace(self._worker, refused=str(order), why=why)
        return None

    def _refuses(self, order: Order) -> bool:
        """Whether it could not be loaded a moment ago: trying twice a second would keep the machine busy."""
        refused_at = self._refused.get(str(order))
        return refused_at is not None and self._now() - refused_at < _AGAIN

    def _folder(self, tag: str) -> Path:
        return self._packed if tag == self._began.tag else self._deployment.model(tag)
