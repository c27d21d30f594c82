"""The folder of a run that has not ended: what was asked, and what is done of it, so that the run can be gone on with."""

import fcntl
import hashlib
import json
import logging
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path

from features.catalogue import MEANING
from features.own.features import OwnFeature
from histories.errors import CallError
from histories.origin import Origin, of
from histories.whole_file import whole_file

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Asked:
    """What the shards depend on, and what the rows depend on besides; texts by names that a user knows."""

    shards: Mapping[str, str]
    rows: Mapping[str, str]


@dataclass(frozen=True)
class Folder:
    """Where the pieces of a run lie."""

    path: Path

    @property
    def shards(self) -> Path:
        """The export in shards, as `histories.shards` writes it."""
        return self.path / "shards"

    @property
    def snapshots(self) -> Path:
        """The snapshots of each shard with their positions, as `histories.shards.split` writes them."""
        return self.path / "snapshots"

    @property
    def parts(self) -> Path:
        """The finished rows of each shard."""
        return self.path / "parts"

    @property
    def whole(self) -> Path:
        """The output until it is whole."""
        return self.path / "whole.parquet"

    @property
    def asked(self) -> Path:
        """What the run was asked, as JSON."""
        return self.path / "asked.json"

    @property
    def counted(self) -> Path:
        """What the leads of all shards have, counted, as JSON."""
        return self.path / "counted.json"

    def part(self, number: int) -> Path:
        """Where the finished rows of one shard go."""
        return self.parts / f"{number}.arrow"


def beside(output: Path) -> Path:
    """Return the folder of an output that is not finished."""
    return output.with_name(f"{output.name}.unfinished")


@contextmanager
def working(output: Path, asked: Asked, *, resume: bool) -> Iterator[Folder]:
    """Yield the folder of the run that makes `output`; it is gone when the block ends well.

    With `resume` the folder of an earlier run is taken over: its shards where they are of the same, and its rows where
    the same were asked. Without, it is emptied. The log says what was done. Where the block fails before the shards
    are complete nothing is left. Raises CallError where the earlier run's shards are of something else, where another
    run is at work, where the folder is somebody else's, or where a file cannot be read or written.
    """
    folder = Folder(beside(output))
    try:
        _refuse_foreign(folder.path)
        folder.path.mkdir(parents=True, exist_ok=True)
        with (folder.path / "lock").open("w") as lock:
            _lock(lock.fileno(), folder.path)
            _begin(folder, asked, resume=resume)
            try:
                yield folder
            except BaseException:
                if (folder.shards / "shards.json").exists():
                    _log.warning("%s: keeps what is done; --resume goes on from it", folder.path)
                else:
                    _remove(folder.path)
                raise
            _remove(folder.path)
    except OSError as error:
        raise CallError(
            f"{error.filename or folder.path}: cannot be read or written ({error.strerror or error}); make room or "
            "mend that, or name another place"
        ) from None


def _begin(folder: Folder, asked: Asked, *, resume: bool) -> None:
    if folder.asked.exists() and resume:
        _take_over(folder, _read(folder.asked), asked)
    else:
        if folder.asked.exists():
            _log.warning("%s: holds a run that did not end; begun anew, as --resume is not given", folder.path)
        elif resume:
            _log.warning("%s: there is nothing to go on with; begun from the start", folder.path)
        _empty(folder.path)
    # What a killed process was writing; not deeper, where links lead to the user's own files.
    for place in (folder.path, folder.shards, folder.parts):
        for half_written in place.glob(".*"):
            half_written.unlink()
    write_text(folder.asked, json.dumps(asdict(asked), indent=1))


def _take_over(folder: Folder, before: Asked, asked: Asked) -> None:
    other = _differing(before.shards, asked.shards)
    if other:
        raise CallError(
            f"--resume: {folder.path} holds a run of something else; not as they were are {', '.join(other)}. "
            "Call it as it was called, or leave --resume out to begin anew"
        )
    other = _differing(before.rows, asked.rows)
    if other:
        _log.warning(
            "%s: its shards are kept, its rows computed anew; not as they were are %s", folder.path, ", ".join(other)
        )
        shutil.rmtree(folder.parts, ignore_errors=True)


def _read(left: Path) -> Asked:
    try:
        return Asked(**json.loads(left.read_text(encoding="utf-8")))
    except (ValueError, TypeError):
        raise CallError(f"--resume: {left} is damaged; leave --resume out to begin anew") from None


def _differing(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    return [name for name in {**before, **now} if before.get(name) != now.get(name)]


def asked_of(
    config: Path | Origin, snapshots: Path | None, cutoff: int | None, memory: int, own: Sequence[OwnFeature]
) -> Asked:
    """Say what a result depends on, by the names that a user knows; equal texts make equal results."""
    return Asked(
        shards={
            **of(config).identity(),
            "--memory": f"{memory} bytes",
            "lead-scoring": f"{metadata.version('lead-scoring')}, meaning {MEANING}",
        },
        rows={
            "--cutoff": str(cutoff),
            "--snapshots": "None" if snapshots is None else _hash(snapshots.read_bytes()),
            "own features": _hash(repr(tuple(own)).encode()),
        },
    )


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _refuse_foreign(folder: Path) -> None:
    """Refuse a folder with files in it that no run of ours has left; asked.json is the first that one writes."""
    if not folder.is_dir() or (folder / "asked.json").exists():
        return
    if any(one.name != "lock" and not one.name.startswith(".asked.json.") for one in folder.iterdir()):
        raise CallError(f"{folder}: is not empty, and no run has left it; move it away, or name another output")


def _lock(handle: int, folder: Path) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise CallError(f"{folder}: another run is at work there; wait for its end, or name another output") from None


def _remove(folder: Path) -> None:
    _empty(folder)
    shutil.rmtree(folder)


def _empty(folder: Path) -> None:
    """Remove all but the lock; asked.json last, so that the folder stays known as ours until then."""
    for one in sorted(folder.iterdir(), key=lambda one: one.name == "asked.json"):
        if one.is_dir():
            shutil.rmtree(one)
        elif one.name != "lock":
            one.unlink()


def write_text(path: Path, text: str) -> None:
    """Write a text whole or not at all."""
    with whole_file(path) as unfinished:
        unfinished.write_text(text, encoding="utf-8")
