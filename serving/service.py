"""The BentoML service: the packed bundle, the settings, and the door that answers every request.

BentoML gives the store, the build, the processes and their supervision. Importing this module reads the environment:
BentoML's workers do it, nothing else should.
"""

import os
import sys
import time
from pathlib import Path

import bentoml

from serving import logs
from serving import settings as environment
from serving.door import Door
from serving.engine import Engine, LogPlace
from serving.metrics import Metrics

SETTINGS = environment.read(os.environ)
LOG = LogPlace(SETTINGS.request_log, SETTINGS.request_log_bytes) if SETTINGS.request_log else None
ENGINE = Engine(SETTINGS.rulebook, SETTINGS.max_interactions, LOG)
logs.configure(sys.stderr)


def _now() -> int:
    return time.time_ns() // 1000


@bentoml.service(
    name="lead_scoring",
    workers=SETTINGS.workers,
    # The door has the request's time limit. BentoML's own answers outside the envelope, so it comes later.
    traffic={"timeout": SETTINGS.timeout_seconds + 30},
    # BentoML labels its metrics and its access log with the raw path: series without bound, and what clients sent.
    metrics={"enabled": False},
    logging={"access": {"enabled": False}},
    http={"host": SETTINGS.host, "port": SETTINGS.port},
)
class LeadScoring:
    """Answers what a CRM asks about its leads. Paths, errors and probes: serving/door.py."""

    model = bentoml.models.BentoModel(SETTINGS.model)

    def __init__(self) -> None:
        """Load in the background: probes answer from now on, `/readyz` says yes when it is done."""
        ENGINE.start(self._folder())

    def _folder(self) -> Path:
        """The packed model's folder: within a bento the very one it was built with.

        BentoML itself would take `latest` from the store once more, and serve another model under the bento's name.
        """
        bento = LeadScoring.bento  # type: ignore[attr-defined]  # mypy takes the decorated class for the class
        if bento is None:
            return Path(self.model.path)
        (packed,) = bento.info.all_models
        return Path(bentoml.models.get(packed.tag).path)


LeadScoring.add_asgi_middleware(  # type: ignore[attr-defined]  # mypy takes the decorated class for the class
    Door,
    engine=ENGINE,
    settings=SETTINGS,
    metrics=Metrics(multiprocess="PROMETHEUS_MULTIPROC_DIR" in os.environ),
    clock=_now,
)
