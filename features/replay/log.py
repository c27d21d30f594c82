"""The log of feature rows that the service writes, read again line by line.

A file begins with the catalogue of its rows, `{"catalogue": hash, "meaning": ..., "content": ...}`; then comes one line
a lead that was scored, `{"request_id", "lead_id", "as_of", "catalogue", "bundle", "row"}`. A row holds the features in
the catalogue's order; null: missing. Numbers read back to the same bits.
"""

import gzip
import json
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np

from features import catalogue as catalogues
from features.catalogue import Catalogue
from features.kernel.arrays import Floats
from histories import clock
from histories.errors import CallError, LeadScoringError

SUFFIX = ".jsonl"
_SUFFIXES = (SUFFIX, f"{SUFFIX}.gz")


@dataclass(frozen=True, eq=False, slots=True)
class Entry:
    """One logged row, float64 [features], NaN where a value is missing. `as_of`: the cutoff, UTC microseconds."""

    request_id: str
    lead_id: str
    as_of: int
    bundle: str
    catalogue: Catalogue
    row: Floats


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A line that gives no row, and why."""

    place: str
    problem: str


def head(catalogue: Catalogue) -> dict[str, str | int]:
    """Return a file's first line."""
    return {"catalogue": catalogue.hash, "meaning": catalogues.MEANING, "content": catalogue.to_json()}


def files(log: Path) -> list[Path]:
    """Return the log's files: the file itself, or those of a folder by name. Raises CallError where there are none."""
    if log.is_file():
        return [log]
    if not log.is_dir():
        raise CallError(f"{log}: there is no such file or folder; name what LEAD_SCORING_REQUEST_LOG named")
    found = sorted(path for path in log.iterdir() if path.name.endswith(_SUFFIXES))
    if not found:
        raise CallError(
            f"{log}: holds no {' or '.join(_SUFFIXES)}; name the folder that LEAD_SCORING_REQUEST_LOG named"
        )
    return found


def read(log: Path) -> Iterator[Entry | Unreadable]:
    """Yield the log's lines in their order, without those that hold catalogues. Raises CallError as `files` does."""
    known: dict[str, Catalogue | str] = {}
    for path in files(log):
        try:
            with _opened(path) as lines:
                for number, line in enumerate(lines, 1):
                    found = _line(line, known)
                    if found is not None:
                        yield Unreadable(f"{path.name}:{number}", found) if isinstance(found, str) else found
        except (OSError, EOFError, zlib.error) as error:
            yield Unreadable(path.name, f"the file cannot be read to its end ({error})")


def _opened(path: Path) -> BinaryIO:
    return cast(BinaryIO, gzip.open(path, "rb")) if path.suffix == ".gz" else path.open("rb")


def _line(line: bytes, known: dict[str, Catalogue | str]) -> Entry | str | None:
    """Return what a line holds, or what is wrong with it; None: a catalogue, which is `known` from now on."""
    try:
        parts = json.loads(line.rstrip(b"\r\n"))
    except (ValueError, RecursionError) as error:
        return _no_json(line, error)
    if not isinstance(parts, dict):
        return "is no JSON object, as the lines of a request log are"
    try:
        if "content" in parts:
            known[str(parts["catalogue"])] = _catalogue(parts)
            return None
        return _entry(parts, known)
    except KeyError as error:
        return f"has no {error.args[0]!r}, as the lines of a request log have"


def _no_json(line: bytes, error: ValueError | RecursionError) -> str:
    if not line.endswith(b"\n"):
        return "ends before it is complete; the file was cut off here"
    if not line.strip():
        return "is empty"
    if isinstance(error, UnicodeDecodeError):
        return "is not UTF-8"
    why = error.msg if isinstance(error, json.JSONDecodeError) else "too deep, or with too large a number"
    return f"is no JSON ({why})"


def _catalogue(parts: Mapping[str, object]) -> Catalogue | str:
    """Return the catalogue, or why its rows cannot be computed again."""
    if parts["meaning"] != catalogues.MEANING:
        return (
            f"was logged by a version whose features mean something else ({parts['meaning']}, here "
            f"{catalogues.MEANING}); replay it with that version"
        )
    try:
        found = Catalogue.from_json(str(parts["content"]))
    except (LeadScoringError, RecursionError):
        return "is of a catalogue that cannot be read; replay it with the version that wrote it"
    if found.hash != parts["catalogue"]:
        return "is of a catalogue that means something else here than it did; replay it with the version that wrote it"
    return found


def _entry(parts: Mapping[str, object], known: Mapping[str, Catalogue | str]) -> Entry | str:
    name = str(parts["catalogue"])
    found = known.get(name, "is of a catalogue that no line before it holds; replay the file from its beginning")
    if isinstance(found, str):
        return found
    try:
        row = np.array(parts["row"], dtype=np.float64)  # None becomes NaN
    except (ValueError, TypeError, OverflowError):
        return "holds something else than numbers in its row"
    try:
        as_of = clock.parse(str(parts["as_of"]))
    except LeadScoringError:
        return "has an as_of that is no time"
    if row.shape != (len(found.names),):
        return f"has {row.size} values, where its catalogue has {len(found.names)}"
    return Entry(
        request_id=str(parts["request_id"]),
        lead_id=str(parts["lead_id"]),
        as_of=as_of,
        bundle=str(parts["bundle"]),
        catalogue=found,
        row=row,
    )
