"""What each worker of a service says of itself in the deployment folder, and which of them are alive.

A worker is alive as long as it holds the lock on its own file: the system lets go of it however the process ends, and
the lock is seen from other containers on the machine, where a process id would mean another process or none.
"""

import fcntl
import json
import os
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from uuid import uuid4

from histories.whole_file import whole_file

_LOCK, _SAYS = ".lock", ".json"


@dataclass(frozen=True, slots=True)
class Worker:
    """One process that answers. Times are ISO 8601.

    `tag`: the packed model that it answers with `since` then, None while there is none; with its versions. `prepared`:
    the order that it has loaded beside. `refused`: the order that it could not load, and `why`.
    """

    pid: int
    machine: str = "unknown"
    address: str = "unknown"
    started_at: str = ""
    tag: str | None = None
    since: str | None = None
    model_version: str | None = None
    rulebook_version: str | None = None
    prepared: str | None = None
    refused: str | None = None
    why: str | None = None

    @property
    def name(self) -> str:
        """How a message speaks of it."""
        return f"worker {self.pid} of {self.address} on {self.machine}"


class Presence:
    """One process among the workers, until it ends."""

    def __init__(self, folder: Path, worker: Worker) -> None:
        """Appear. Raises OSError or CallError where the folder cannot be written to."""
        self._says = folder / f"{worker.pid}-{uuid4().hex[:8]}{_SAYS}"
        self.say(worker)
        lock = self._says.with_suffix(_LOCK)
        unseen = lock.with_name(f".{lock.name}")
        self._lock = os.open(unseen, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o644)
        try:
            # Locked before it can be seen: whoever looks for dead workers would take a free lock for one.
            fcntl.flock(self._lock, fcntl.LOCK_EX)
            unseen.rename(lock)
        except OSError:  # a file system without locks: it is tried again, and must not leave something each time
            unseen.unlink(missing_ok=True)
            self.leave()
            raise

    def say(self, worker: Worker) -> None:
        """Replace what was said. Raises CallError where the folder cannot be written to."""
        with whole_file(self._says) as unfinished:
            unfinished.write_text(json.dumps(asdict(worker), indent=1), encoding="utf-8")

    def leave(self) -> None:
        """Disappear at once, instead of when the process ends."""
        os.close(self._lock)
        for path in (self._says.with_suffix(_LOCK), self._says):
            path.unlink(missing_ok=True)


def live(folder: Path) -> tuple[Worker, ...]:
    """Return what the living say, in the order in which they started."""
    found = [_said(lock.with_suffix(_SAYS)) for lock in folder.glob(f"*{_LOCK}") if _held(lock)]
    return tuple(sorted((one for one in found if one is not None), key=lambda one: (one.started_at, one.pid)))


def forget_dead(folder: Path) -> None:
    """Remove what the dead have left."""
    for lock in folder.glob(f"*{_LOCK}"):
        if not _held(lock):
            for path in (lock, lock.with_suffix(_SAYS)):
                path.unlink(missing_ok=True)


def _held(lock: Path) -> bool:
    """Whether somebody holds the lock. Lookers share theirs, so that none takes another for a worker."""
    try:
        file = os.open(lock, os.O_RDONLY)
    except FileNotFoundError:  # removed meanwhile
        return False
    except OSError:  # another user's: it may live, and nobody may remove what it says
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    else:
        return False
    finally:
        os.close(file)


def _said(path: Path) -> Worker | None:
    """What a worker says, in words that this version knows; None where it has just left."""
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        return Worker(**{one.name: said[one.name] for one in fields(Worker) if one.name in said})
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError):
        return Worker(int(path.name.partition("-")[0]))
