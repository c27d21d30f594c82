"""The feature rows that answers were made from, one JSON line a lead, for `lead-scoring features --replay`.

Each process appends to files of its own. features/replay/log.py reads what is written here.
"""

import contextlib
import errno
import fcntl
import logging
import os
import re
import threading
from collections.abc import Collection, Iterator
from pathlib import Path
from uuid import uuid4

from pydantic_core import to_json

from features.replay.log import SUFFIX, head
from histories import clock
from histories.errors import CallError
from scoring.bundle import Bundle
from scoring.scorer import Scored

_log = logging.getLogger("lead_scoring.request_log")
_FILES = 8  # the least number of files that the limit is divided among
_OURS = re.compile(rf"requests-\d{{8}}T\d{{6}}Z-\d+-[0-9a-f]{{8}}{re.escape(SUFFIX)}(\.gz)?")


class RequestLog:
    """Writes into `folder`. What request logs have written there is kept under `most_bytes`: the oldest are removed.

    Packed ones (.jsonl.gz) count too. Files of other names are never touched.
    What cannot be written is lost: no request waits or fails for it, and the service's log says how many leads it were.
    """

    def __init__(self, folder: Path, most_bytes: int) -> None:
        self._folder, self._most = folder, most_bytes
        self._lock = threading.Lock()
        self._file = -1
        self._path, self._catalogue, self._size = folder, "", 0
        self._lost, self._failing = 0, False

    @property
    def lost(self) -> int:
        """Leads whose rows could not be written since the process started."""
        return self._lost

    def write(
        self,
        scored: Scored,
        bundle: Bundle,
        request_id: str,
        as_of: int,
        now: int,
        forgotten: Collection[str] = frozenset(),
    ) -> None:
        """Append a line for each lead that was scored, but for those `forgotten` meanwhile.

        `as_of` and `now` (which names a file) are UTC microseconds.
        """
        lines = b"".join(_lines(scored, bundle, request_id, as_of, forgotten))
        if not lines:
            return
        with self._lock:
            try:
                self._append(lines, bundle, now)
            except OSError as error:
                self._close()
                self._lost += len(scored.lead_ids)
                if not self._failing:
                    _log.warning("the request log cannot be written (%s); answers go on without it", error.strerror)
                self._failing = True
            else:
                if self._failing:
                    _log.warning("the request log is written again; leads lost so far: %d", self._lost)
                self._failing = False

    def _append(self, lines: bytes, bundle: Bundle, now: int) -> None:
        if not self._taken() or self._must_begin_another(bundle):
            self._close()
            self._begin(bundle, now)
        try:
            self._write(lines)
        finally:
            fcntl.flock(self._file, fcntl.LOCK_UN)

    def _taken(self) -> bool:
        """Take the file for one write. Not where it is being rewritten (serving/log_removal.py): a line would be lost."""
        if self._file < 0:
            return False
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _must_begin_another(self, bundle: Bundle) -> bool:
        return (
            self._catalogue != bundle.catalogue.hash
            or self._size >= self._most // _FILES
            or os.fstat(self._file).st_nlink == 0  # somebody has removed it, or put another in its place
        )

    def _begin(self, bundle: Bundle, now: int) -> None:
        """Open a file that nobody else has, and write the catalogue into it."""
        self._folder.mkdir(parents=True, exist_ok=True)
        begun = clock.iso(now // clock.SECOND * clock.SECOND).replace("-", "").replace(":", "")
        self._path = self._folder / f"requests-{begun}-{os.getpid()}-{uuid4().hex[:8]}{SUFFIX}"
        # Lead ids are in it: nobody else of this machine reads along.
        self._file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        self._size, self._catalogue = 0, bundle.catalogue.hash
        try:
            self._write(to_json(head(bundle.catalogue)) + b"\n")
        except OSError:
            self._path.unlink()
            raise
        self._remove_oldest()

    def _write(self, lines: bytes) -> None:
        """Append whole lines, or nothing. Raises OSError."""
        written = os.write(self._file, lines)
        if written < len(lines):
            os.ftruncate(self._file, self._size)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self._size += written

    def _close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
        self._file = -1

    def _remove_oldest(self) -> None:
        """Keep the log under the limit, with room for the file that has just begun. Only what is its own is removed."""
        sizes: dict[Path, int] = {}
        for path in sorted(one for one in self._folder.iterdir() if _OURS.fullmatch(one.name)):
            with contextlib.suppress(FileNotFoundError):  # another process removes the same
                sizes[path] = path.stat().st_size
        excess = sum(sizes.values()) - (self._most - self._most // _FILES)
        for path, size in sizes.items():
            if excess > 0 and path != self._path:
                path.unlink(missing_ok=True)
                excess -= size
                _log.info("the request log is longer than %d bytes: its oldest file is removed", self._most)


def check(folder: Path) -> None:
    """Raise CallError where no log could be written in the folder; it is made where there is none."""
    if folder.exists() and not folder.is_dir():
        raise CallError(f"LEAD_SCORING_REQUEST_LOG: {folder}: is a file; name a folder")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CallError(f"LEAD_SCORING_REQUEST_LOG: {folder}: {error.strerror}; name a folder") from None
    if not os.access(folder, os.W_OK | os.X_OK):
        raise CallError(f"LEAD_SCORING_REQUEST_LOG: {folder}: cannot be written to; name another folder")


def _lines(scored: Scored, bundle: Bundle, request_id: str, as_of: int, forgotten: Collection[str]) -> Iterator[bytes]:
    shared = {"as_of": clock.iso(as_of), "catalogue": bundle.catalogue.hash, "bundle": bundle.version}
    for lead_id, row in zip(scored.lead_ids, scored.matrix.tolist(), strict=True):
        if lead_id in forgotten:
            continue
        names = to_json({"request_id": request_id, "lead_id": lead_id, **shared})
        # A row holds numbers alone. JSON has no word for infinity; a number that is too large reads back as it.
        values = to_json(row).replace(b"NaN", b"null").replace(b"Infinity", b"1e999")
        yield b'%b,"row":%b}\n' % (names[:-1], values)
