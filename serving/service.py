"""The BentoML service: the packed bundle, the settings, and the door that answers every request.

BentoML gives the store, the build, the processes and their supervision. Importing this module reads the environment:
BentoML's workers do it, nothing else should.
"""

import os
import platform
import sys
import time
from pathlib import Path

import bentoml

from histories import clock
from serving import settings as environment
from serving.deploy.deployment import Deployment, Order
from serving.deploy.follower import Follower
from serving.deploy.workers import Worker
from serving.engine import Engine, LogPlace, StorePlace
from serving.http import logs, no_http
from serving.http.door import Door
from serving.http.metrics import Metrics
from serving.live import background, webhook
from serving.specs import openapi
from serving.wire import personal

SETTINGS = environment.read(os.environ)
LOG = LogPlace(SETTINGS.request_log, SETTINGS.request_log_bytes) if SETTINGS.request_log else None
RECEIVER = webhook.receiver(SETTINGS)
METRICS = Metrics(multiprocess="PROMETHEUS_MULTIPROC_DIR" in os.environ)


def _now() -> int:
    return time.time_ns() // 1000


ENGINE = Engine(
    SETTINGS.rulebook,
    SETTINGS.max_interactions,
    LOG,
    personal.allowed(SETTINGS.allow_personal),
    METRICS.model,
    StorePlace(SETTINGS.store, _now) if SETTINGS.store else None,
)
logs.configure(sys.stderr)
no_http.answer_in_the_envelope()


@bentoml.service(
    name="lead_scoring",
    workers=SETTINGS.workers,
    # The door has the request's time limit. BentoML's own answers outside the envelope, so it comes later.
    traffic={"timeout": SETTINGS.timeout_seconds + 30},
    # BentoML labels its metrics and its access log with the raw path: series without bound, and what clients sent.
    metrics={"enabled": False},
    logging={"access": {"enabled": False}},
    # Its spans have the raw path too, and four for each request take longer than the door does.
    tracing={"excluded_urls": [".*"]},
    http={"host": SETTINGS.host, "port": SETTINGS.port},
)
class LeadScoring:
    """Answers what a CRM asks about its leads. Paths, errors and probes: serving/http/door.py."""

    model = bentoml.models.BentoModel(SETTINGS.model)

    def __init__(self) -> None:
        """Load in the background: probes answer from now on, `/readyz` says yes when it is done."""
        packed = self._packed()
        if SETTINGS.store:
            background.start(ENGINE, RECEIVER, METRICS.store, _now)
        if SETTINGS.deployment is None:
            ENGINE.start(Path(packed.path))
            return
        started = clock.iso(_now())
        worker = Worker(os.getpid(), platform.node(), f"{SETTINGS.host}:{SETTINGS.port}", started)
        began = Order(str(packed.tag), started)
        Follower(ENGINE, Deployment(SETTINGS.deployment), began, Path(packed.path), worker, _now).start()

    def _packed(self) -> bentoml.Model:
        """The packed model: within a bento the very one it was built with.

        BentoML itself would take `latest` from the store once more, and serve another model under the bento's name.
        """
        bento = LeadScoring.bento  # type: ignore[attr-defined]  # mypy takes the decorated class for the class
        if bento is None:
            return bentoml.models.get(self.model.tag)
        (packed,) = bento.info.all_models
        return bentoml.models.get(packed.tag)


LeadScoring.add_asgi_middleware(  # type: ignore[attr-defined]  # mypy takes the decorated class for the class
    Door,
    engine=ENGINE,
    settings=SETTINGS,
    metrics=METRICS,
    clock=_now,
    docs=openapi.docs,
)
