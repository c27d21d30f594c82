"""Finished trials of a search, kept in a file until the run has ended, so that a killed run goes on from them."""

import json
import logging
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import pyarrow as pa

from histories.contract import Target
from histories.errors import CallError
from histories.whole_file import whole_file
from training.settings import Settings

TABLE = "trials.json"
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Trial:
    """Settings that were tried on the windows inside training.

    `losses`: log loss over the windows so far, nats a snapshot, after each of them, oldest first; where the trial was
    `pruned`, the newer windows are missing. `seconds`: how long it took.
    """

    settings: Settings
    losses: tuple[float, ...]
    pruned: bool
    seconds: float


class Journal:
    """The trials of one search in their order. `path` None: they are not kept beyond the process."""

    def __init__(self, path: Path | None) -> None:
        """Take up the trials that an earlier process has finished."""
        self._path = path
        self.trials: tuple[Trial, ...] = () if path is None else _read(path)

    def add(self, trial: Trial) -> None:
        """Keep one more. A place that cannot be written to is named in the log, and stops nothing."""
        self.trials += (trial,)
        if self._path is None:
            return
        try:
            _write(self._path, self.trials)
        except CallError as error:
            _log.warning(
                "finished trials are not kept, and a training that is killed starts its search over: %s", error
            )
            self._path = None


def table(tried: Mapping[Target, Sequence[Trial]]) -> pa.Table:
    """Return one row a trial: target, trial (from 1), LightGBM's settings, what came of it.

    `log_loss`: over the windows that the trial saw, `windows` of them; `pruned`: it was given up before the newest.
    """
    return pa.Table.from_pylist(
        [
            {
                "target": target.value,
                "trial": number,
                **asdict(one.settings),
                "log_loss": one.losses[-1],
                "windows": len(one.losses),
                "pruned": one.pruned,
                "seconds": one.seconds,
            }
            for target, trials in tried.items()
            for number, one in enumerate(trials, 1)
        ]
    )


@contextmanager
def told(folder: Path, *interrupts: type[BaseException]) -> Iterator[None]:
    """Say in the log, where the block is broken off by one of `interrupts`, that the trials kept in a folder are not lost."""
    try:
        yield
    except interrupts:
        if finished := sum(len(_read(path)) for path in folder.glob("*.jsonl")):
            are = "1 finished trial is" if finished == 1 else f"{finished} finished trials are"
            _log.warning("%s kept in %s: the same command goes on from there", are, folder)
        raise


def forget(folder: Path) -> None:
    """Remove the trials kept in a folder, once their run has ended well."""
    shutil.rmtree(folder, ignore_errors=True)


def _write(path: Path, trials: Sequence[Trial]) -> None:
    with whole_file(path) as unfinished:
        unfinished.write_text("".join(json.dumps(asdict(one)) + "\n" for one in trials))


def _read(path: Path) -> tuple[Trial, ...]:
    try:
        return tuple(_trial(line) for line in path.read_text().splitlines())
    except (FileNotFoundError, NotADirectoryError):
        return ()
    except (OSError, ValueError, KeyError, TypeError) as error:
        _log.warning("%s: holds no trials that can be read (%r); the search starts over", path, error)
        return ()


def _trial(line: str) -> Trial:
    kept = json.loads(line)
    return Trial(Settings(**kept["settings"]), tuple(kept["losses"]), kept["pruned"], kept["seconds"])
