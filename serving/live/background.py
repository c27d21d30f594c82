"""What a worker does with the store beside answering: it rescores leads, and delivers webhooks."""

import logging
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from serving.engine import Engine
from serving.live.webhook import Receiver
from serving.wire.errors import RequestError

if TYPE_CHECKING:
    from histories.store import Store

_log = logging.getLogger("lead_scoring.background")
_SECONDS = 0.5


class Listener(Protocol):
    """What hears how both go, for the metrics; rescoring.py and delivery.py say what each means."""

    def rescored(self, leads: int) -> None: ...  # noqa: D102
    def rescoring_behind(self, batches: int) -> None: ...  # noqa: D102
    def webhook(self, outcome: str) -> None: ...  # noqa: D102
    def webhooks_waiting(self, pending: int, oldest_seconds: float) -> None: ...  # noqa: D102


def start(engine: Engine, receiver: Receiver | None, listener: Listener, now: Callable[[], int]) -> None:
    """Begin both in the background, as soon as the engine answers from a store; without a receiver, rescoring alone."""
    threading.Thread(target=_start, args=(engine, receiver, listener, now), name="background", daemon=True).start()


def _start(engine: Engine, receiver: Receiver | None, listener: Listener, now: Callable[[], int]) -> None:
    store = _answering(engine)
    # SQLAlchemy and LightGBM are loaded by now, by the thread that loads the bundle.
    from serving.live.delivery import Delivery, Postman  # noqa: PLC0415
    from serving.live.rescoring import Rescoring  # noqa: PLC0415

    rescoring = Rescoring(store, lambda: engine.predictor.scorer, now, listener, engine.predictor.max_interactions)
    threading.Thread(target=rescoring.run, name="rescoring", daemon=True).start()
    if receiver is not None:
        delivery = Delivery(Postman(store, receiver, now, listener))
        threading.Thread(target=delivery.run, name="webhooks", daemon=True).start()
        _log.info("webhooks go to %s", receiver.label)


def _answering(engine: Engine) -> "Store":
    while True:
        try:
            return engine.predictor.store
        except RequestError:
            time.sleep(_SECONDS)
