"""The keys in force: the file is looked at with every request, so that what changes in it counts from the next on."""

import logging
from collections.abc import Mapping
from pathlib import Path

from histories.errors import DataError
from serving.http import keys
from serving.http.keys import Key
from serving.wire.errors import Problem, RequestError

_log = logging.getLogger("lead_scoring.keys")
_NO_KEY = (
    "no key: only this machine is answered; `lead-scoring keys add` makes the first one, in the file that "
    "LEAD_SCORING_KEYS names"
)


class Keyring:
    """What the file says now. `path` None: there is none, and there are no keys."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._keys: Mapping[str, Key] = {}
        self._version: tuple[int, ...] | None = None  # of the file that the keys are from; None: there never was one
        self._trouble: str | None = None
        self._told: str | None = None

    def keys(self) -> Mapping[str, Key]:
        """Return every key of the file by its id, revoked and expired ones too; none where there never was one.

        Raises RequestError (503) as long as the file is damaged, cannot be read or has gone, and where it lists no key
        and had some before: a door that lost its list stays shut. The log says so once, not with every request.
        """
        self._look()
        if self._trouble is not None:
            self._tell(logging.ERROR, self._trouble)
            raise RequestError(
                Problem.KEYS_UNREADABLE,
                "the service cannot read its keys and answers nobody until it can; its log says why",
                headers=(("retry-after", "30"),),
            )
        if self._keys:
            self._tell(logging.INFO, f"{len(self._keys)} keys: {self._path}")
        else:
            self._tell(logging.WARNING, _NO_KEY)
        return self._keys

    def _look(self) -> None:
        """Read the file where it is another than before. After a failure it is read each time, until it is good."""
        if self._path is None:
            return
        try:
            version = _version(self._path)
            if version == self._version and self._trouble is None:
                return
            if version is None:
                self._trouble = f"{self._path}: the keys have gone; put the file back"
                return
            self._take(keys.read(self._path))
            self._version = version
        except DataError as error:
            self._trouble = str(error)

    def _take(self, found: tuple[Key, ...]) -> None:
        if self._keys and not found:
            self._trouble = f"{self._path}: lists no key any more; put the file back, or start without keys anew"
            return
        self._keys, self._trouble = {one.id: one for one in found}, None

    def _tell(self, level: int, text: str) -> None:
        if text != self._told:
            _log.log(level, text)
            self._told = text


def _version(path: Path) -> tuple[int, ...] | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise DataError(f"{path}: the keys cannot be read ({error.strerror}); let the service's user read it") from None
    return found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino, found.st_dev
