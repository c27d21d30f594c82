"""Opens the history store for a service: made or migrated where it must be, waited for while it does not answer."""

import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from histories import store
from histories.errors import DataError
from histories.store import Store, StoreUnavailableError
from serving.secret import Secret

_log = logging.getLogger("lead_scoring.store")
_SECONDS = 2.0  # between two tries
_Result = TypeVar("_Result")


def opened(url: Secret) -> Store:
    """Return the store, of this version's shape. Raises CallError, DataError or StoreUnavailableError.

    Workers that start together take turns in making it; whoever comes second finds it made.
    """
    try:
        return Store.open(url.text)
    except StoreUnavailableError:
        raise
    except DataError:
        store.upgrade(url.text)
        return Store.open(url.text)


def absolute(url: Secret) -> Secret:
    """Return the URL as it is read in any folder: workers run in another one than the command that starts them."""
    scheme, separator, path = url.text.partition(":///")
    return Secret(f"{scheme}{separator}{Path(path).absolute()}") if scheme == "sqlite" and path else url


def waited_for(work: Callable[[], _Result]) -> _Result:
    """Return what `work` does as soon as the database answers; the log says once that it does not. Raises as `work`."""
    waits = False
    while True:
        try:
            return work()
        except StoreUnavailableError as error:
            if not waits:
                _log.error("waits for the store: %s", error)
            waits = True
        time.sleep(_SECONDS)
