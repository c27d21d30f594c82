"""The folder of a run that has not ended: what was asked, and what is done of it, so that the run can be gone on with."""

import fcntl
import hashlib
import json
import logging
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from features.catalogue import MEANING
from features.own.features import OwnFeature
from histories import crm, machine, toml_file
from histories.errors import CallError
from histories.whole_file import whole_file

_log = logging.getLogger(__name__)
_QUOTED = re.compile(r"'([^']+)'|\"([^\"]+)\"")


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
    def counted(self) -> Path:
        """What the leads of all shards have, counted, as JSON."""
        return self.path / "counted.json"

    def part(self, number: int) -> Path:
        """Where the finished rows of one shard go."""
        return self.path / "parts" / f"{number}.arrow"


def beside(output: Path) -> Path:
    """Return the folder of an output that is not finished."""
    return output.with_name(f"{output.name}.unfinished")


@contextmanager
def working(output: Path, asked: Mapping[str, str], *, resume: bool) -> Iterator[Folder]:
    """Yield the folder of the run that makes `output`; it is gone when the block ends well.

    `asked` names what the result depends on. With `resume` the folder of an earlier run is taken over; without, it is
    emptied, and the log says so. Where the block fails before the shards are complete nothing is left. Raises
    CallError where the earlier run was asked something else, where another run is at work, or where there is no room.
    """
    folder = Folder(beside(output))
    left = folder.path / "asked.json"
    try:
        folder.path.mkdir(parents=True, exist_ok=True)
        with (folder.path / "lock").open("w") as lock:
            _lock(lock.fileno(), folder.path)
            if left.exists() and resume:
                _refuse_other(left, asked)
            elif left.exists():
                _log.warning("%s: holds a run that did not end; begun anew, as --resume is not given", folder.path)
            if not (left.exists() and resume):
                _empty(folder.path)
                write_text(left, json.dumps(asked, indent=1))
            try:
                yield folder
            except BaseException:
                if not (folder.shards / "shards.json").exists():
                    shutil.rmtree(folder.path, ignore_errors=True)
                raise
            shutil.rmtree(folder.path)
    except OSError as error:
        raise CallError(
            f"{folder.path}: cannot be written ({error.strerror or error}); make room, or name another place"
        ) from None


def asked_of(
    config_path: Path, snapshots: Path | None, cutoff: int | None, memory: int, own: Sequence[OwnFeature]
) -> dict[str, str]:
    """Say what a result depends on, by the names that a user knows; equal texts make equal results."""
    config = crm.read(config_path)
    sources = [config.leads.source, *(one.source for one in config.interactions)]
    sources += [one.source for one in config.attributes]
    sources += [one.source for one in config.outcomes]
    files = sorted({path for source in sources for path in _files(source)})
    return {
        config_path.name: _hash(toml_file.read_text(config_path).encode()),
        **{str(path): f"{path.stat().st_size} bytes of {path.stat().st_mtime_ns}" for path in files},
        "--cutoff": str(cutoff),
        "--snapshots": "None" if snapshots is None else _hash(snapshots.read_bytes()),
        "--memory": f"{memory} bytes, {machine.cores()} cores",
        "own features": _hash(repr(tuple(own)).encode()),
        "lead-scoring": f"{metadata.version('lead-scoring')}, meaning {MEANING}",
    }


def _files(source: crm.Source) -> list[Path]:
    """The file of a source, or those that its query seems to name."""
    if source.file is not None:
        return [source.file] if source.file.is_file() else []
    quoted = (source.folder / (one[0] or one[1]) for one in _QUOTED.findall(source.query or ""))
    return [path for path in quoted if _is_file(path)]


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _refuse_other(left: Path, asked: Mapping[str, str]) -> None:
    try:
        before = json.loads(left.read_text(encoding="utf-8"))
    except ValueError:
        before = {}
    other = [name for name in {**before, **asked} if before.get(name) != asked.get(name)]
    if other:
        raise CallError(
            f"--resume: {left.parent} holds a run of something else; not as they were are {', '.join(other)}. "
            "Call it as it was called, or leave --resume out to begin anew"
        )


def _lock(handle: int, folder: Path) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise CallError(f"{folder}: another run is at work there; wait for its end, or name another output") from None


def _empty(folder: Path) -> None:
    for one in folder.iterdir():
        if one.is_dir():
            shutil.rmtree(one)
        elif one.name != "lock":
            one.unlink()


def write_text(path: Path, text: str) -> None:
    """Write a text whole or not at all."""
    with whole_file(path) as unfinished:
        unfinished.write_text(text, encoding="utf-8")
