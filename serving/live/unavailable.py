"""A database that does not answer, as a client hears of it."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from histories.store import StoreUnavailableError
from serving.wire.errors import Problem, RequestError

_log = logging.getLogger("lead_scoring.store")


@contextmanager
def told() -> Iterator[None]:
    """Raise RequestError (503, to be sent again) in place of StoreUnavailableError. The log says what the database did."""
    try:
        yield
    except StoreUnavailableError as error:
        _log.error("%s", error)
        message = "the history store does not answer; send the request again in a few seconds, nothing counts twice"
        raise RequestError(Problem.STORE_UNAVAILABLE, message, headers=(("retry-after", "2"),)) from None
