"""The deployment folder: which packed model services answer with, and what must lie there for it.

current             the tag in force and since when; absent: each service answers with what it was started with
candidate           the tag that workers load beside it, as long as a deploy goes on
models/             the packed models, each in a folder that is named by its version
deployments.jsonl   what was put in force, by whom, and what it changed (serving/deploy/deployment_log.py)
workers/            what each live worker says of itself (serving/deploy/workers.py)
"""

import contextlib
import fcntl
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from histories.errors import CallError, DataError
from histories.whole_file import unwritten, whole_file
from serving import interrupt
from serving.engine import BUNDLE, RULEBOOK

VARIABLE = "LEAD_SCORING_DEPLOYMENT"
DEFAULT = Path(".lead-scoring") / "deployment"
_ORDER = re.compile(r"(?P<tag>lead_scoring:[0-9a-z._-]+) (?P<at>\S+)\n")
_LONGEST_ORDER = 1_000


@dataclass(frozen=True, slots=True)
class Order:
    """A packed model's tag, and when it was asked for (ISO 8601): the same model asked for again is another order."""

    tag: str
    at: str

    def __str__(self) -> str:
        return f"{self.tag} {self.at}"


@dataclass(frozen=True, slots=True)
class Deployment:
    """A deployment folder; it is made by whoever first writes into it."""

    folder: Path

    @property
    def workers(self) -> Path:
        """Where workers say what they do."""
        return self.folder / "workers"

    @property
    def log(self) -> Path:
        """Where deployments are written down."""
        return self.folder / "deployments.jsonl"

    def current(self) -> Order | None:
        """Return what is in force, or None where nothing was deployed yet. Raises DataError for a damaged file."""
        return _read(self.folder / "current")

    def candidate(self) -> Order | None:
        """Return what workers shall load beside it, or None. Raises DataError for a damaged file."""
        return _read(self.folder / "candidate")

    def put_in_force(self, order: Order | None) -> None:
        """Let services answer with it from now on; None: with what each was started with."""
        _write(self.folder / "current", order)

    @contextlib.contextmanager
    def proposed(self, order: Order) -> Iterator[None]:
        """Let workers load a model for as long as the block runs, without answering with it."""
        try:
            _write(self.folder / "candidate", order)
            yield
        finally:
            with interrupt.held_off():
                self.propose_nothing()

    def propose_nothing(self) -> None:
        """Let workers drop what they have loaded beside: also what a deploy that was killed has left proposed."""
        _write(self.folder / "candidate", None)

    def model(self, tag: str) -> Path:
        """Return the folder of a packed model. Raises DataError where it is not there."""
        folder = self._model(tag)
        if not folder.is_dir():
            raise DataError(f"{folder}: does not exist; `lead-scoring deploy` puts the champion there")
        return folder

    def keep(self, tag: str, packed: Path) -> None:
        """Copy a packed model's folder here, which appears whole or not at all; one that is there stays as it is.

        Raises CallError where the place cannot be written to.
        """
        folder = self._model(tag)
        if folder.is_dir():
            return
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(prefix=".", dir=folder.parent) as scratch:
                unfinished = Path(scratch) / "model"
                unfinished.mkdir()
                shutil.copytree(packed / BUNDLE, unfinished / BUNDLE)
                shutil.copyfile(packed / RULEBOOK, unfinished / RULEBOOK)
                unfinished.rename(folder)
        except OSError as error:
            if not folder.is_dir():  # else another worker was faster with the same
                raise unwritten(folder, error) from None

    def forget_models(self, kept: set[str]) -> None:
        """Remove the packed models of other tags than these."""
        folders = {self._model(tag) for tag in kept}
        for folder in (self.folder / "models").glob("*"):
            if folder not in folders:
                shutil.rmtree(folder, ignore_errors=True)

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Keep other deploys out for as long as the block runs. Raises DataError where one is at work."""
        place = self.folder / "deploy.lock"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            lock = os.open(place, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise unwritten(place, error) from None
        try:
            _lock(lock, self.folder)
            yield
        finally:
            os.close(lock)

    def _model(self, tag: str) -> Path:
        return self.folder / "models" / tag.partition(":")[2]


def named(environment: Mapping[str, str]) -> Deployment:
    """Return the folder that the environment names, else `.lead-scoring/deployment` in the working folder.

    Raises CallError where the place is a file.
    """
    folder = Path(environment.get(VARIABLE, "").strip() or DEFAULT).absolute()
    if folder.exists() and not folder.is_dir():
        raise CallError(f"{VARIABLE}: {folder}: is a file; name a folder")
    return Deployment(folder)


def _lock(file: int, folder: Path) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # the system lets go of it, however this process ends
    except BlockingIOError:
        raise DataError(f"{folder}: another deploy is at work there; try again when it has ended") from None
    except OSError as error:
        message = f"{folder}: cannot be locked ({error.strerror}); put it on a file system that has locks"
        raise CallError(message) from None


def _read(path: Path) -> Order | None:
    try:
        with path.open(encoding="utf-8") as file:
            text = file.read(_LONGEST_ORDER)
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: cannot be read ({error}); `lead-scoring deploy` writes it anew") from None
    found = _ORDER.fullmatch(text)
    if found is None:
        raise DataError(f"{path}: does not hold a tag and a time; `lead-scoring deploy` writes it anew")
    return Order(found["tag"], found["at"])


def _write(path: Path, order: Order | None) -> None:
    if order is None:
        path.unlink(missing_ok=True)
        return
    with whole_file(path) as unfinished:
        unfinished.write_text(f"{order}\n", encoding="utf-8")
