"""Takes what request logs hold of a lead out of their files, while the service goes on writing."""

import fcntl
import gzip
import json
import os
import re
import shutil
import zlib
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from pydantic_core import to_json

from features.replay.log import SUFFIX
from histories.whole_file import whole_file

_PACKED = f"{SUFFIX}.gz"
_UNFINISHED = re.compile(rf"\..+{re.escape(SUFFIX)}(\.gz)?\.\d+")


@dataclass(frozen=True, slots=True)
class Removed:
    """How many lines went, from how many files. `unreadable`: packed files that are damaged, left as they are."""

    lines: int
    files: int
    unreadable: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class _Named:
    """The leads, and how the JSON of a line writes them."""

    lead_ids: frozenset[str]
    written: tuple[bytes, ...]

    def by(self, line: bytes) -> bool:
        """Tell whether a line is one of the leads'; one that is cut off is where it names one of them at all."""
        if not any(one in line for one in self.written):
            return False
        try:
            parts = json.loads(line)
        except (ValueError, RecursionError):
            return True
        return isinstance(parts, dict) and parts.get("lead_id") in self.lead_ids


def remove(folder: Path, lead_ids: Collection[str]) -> Removed:
    """Rewrite each file of a request log that has lines of these leads, whole, without them; others are not touched.

    Files are those that replay reads (`.jsonl`, `.jsonl.gz`), under whatever name. A running service begins another
    file where one is being rewritten, so that none of its lines is lost; another removal in the folder waits until this one
    has ended. Raises CallError where a file cannot be written.
    """
    if not folder.is_dir():
        return Removed(0, 0, ())
    with _alone(folder):
        return _removed(folder, lead_ids)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Wait for other removals: each replaces files that the other reads, and clears its unfinished ones away."""
    place = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(place, fcntl.LOCK_EX)
        yield
    finally:
        os.close(place)


def _removed(folder: Path, lead_ids: Collection[str]) -> Removed:
    named = _Named(frozenset(lead_ids), tuple({form for one in lead_ids for form in (to_json(one), _ascii(one))}))
    counts: list[int] = []
    unreadable: list[Path] = []
    for path in sorted(folder.iterdir()):
        if _UNFINISHED.fullmatch(path.name):  # of a removal that was killed: it holds other leads' lines
            path.unlink(missing_ok=True)
        if path.name.endswith((SUFFIX, _PACKED)):
            try:
                counts.append(_rewritten(path, named))
            except FileNotFoundError:  # the service has removed its oldest
                continue
            except (EOFError, zlib.error, gzip.BadGzipFile):
                unreadable.append(path)
    return Removed(sum(counts), sum(count > 0 for count in counts), tuple(unreadable))


def _ascii(lead_id: str) -> bytes:
    return json.dumps(lead_id).encode()


def _rewritten(path: Path, named: _Named) -> int:
    with path.open("rb") as file, _lines(path, file) as lines:
        if not sum(map(named.by, lines)):  # to the end of the file: what is damaged there is left as it is
            return 0
        fcntl.flock(file, fcntl.LOCK_EX)  # until it is closed: the service writes no line into what is replaced
        lines.seek(0)
        removed = 0
        with whole_file(path) as unfinished:
            with unfinished.open("wb") as target, _packing(path, target) as into:
                for line in lines:
                    if named.by(line):
                        removed += 1
                    else:
                        into.write(line)
            _made_durable(unfinished, path)
        return removed


def _lines(path: Path, file: BinaryIO) -> BinaryIO:
    return cast(BinaryIO, gzip.open(file, "rb")) if path.suffix == ".gz" else file


def _packing(path: Path, file: BinaryIO) -> BinaryIO:
    return cast(BinaryIO, gzip.GzipFile("", "wb", fileobj=file, mtime=0)) if path.suffix == ".gz" else file


def _made_durable(written: Path, source: Path) -> None:
    shutil.copymode(source, written)
    with written.open("rb") as file:
        os.fsync(file.fileno())
