"""The rulebook in force: the champion's own, until an edit is published beside it, without training and without a bundle.

An edit is a run of its own in MLflow, with the file, who published it, when, and what it changes. Which edits are in
force is one tag of the registered model, written last and in one step: a publication that was killed has changed
nothing. It stands whichever version is champion, so that a training does not take a marketer's edit back.
"""

import tempfile
from dataclasses import dataclass
from pathlib import Path

from histories.clock import iso
from histories.errors import CallError, DataError
from scoring import names
from scoring import rulebook as rulebooks
from scoring.bundle import Bundle
from scoring.rulebook import Rulebook
from scoring.rulebook_changes import changes
from scoring.tally import Matcher
from training.tracking import RULEBOOK_PATH, Tracker

VERSION = "rulebook_version"
_CHANGES_PATH = "changes.txt"
_REMEMBERED = 50


@dataclass(frozen=True, slots=True)
class Publication:
    """Versions of the rulebooks in force `before` and `now`, and what differs, a sentence each."""

    before: str
    now: str
    changes: tuple[str, ...]


def published(tracker: Tracker, into: Path) -> Path | None:
    """Copy the edit that is in force into the folder `into`; None where the champion's own rulebook is.

    Raises DataError where MLflow no longer has the file that was published.
    """
    runs = tracker.published()
    return _file(tracker, runs[-1], into / "in_force") if runs else None


def publish(tracker: Tracker, book: Rulebook, current: Rulebook, by: str, now: int) -> Publication:
    """Put a rulebook in force in the place of `current`. `by`: who does it; `now`: UTC microseconds.

    Raises DataError where it is in force already.
    """
    if book.version == current.version:
        raise DataError(f"rulebook {book.name!r}, version {book.version}: is in force already; nothing was published")
    made = Publication(current.version, book.version, changes(current, book))
    with tracker.run(f"rulebook {book.name}", "rules publish") as run:
        run.text(book.source, RULEBOOK_PATH)
        run.text("\n".join(made.changes) + "\n", _CHANGES_PATH)
        run.tags(_tags(made.before, made.now, by, now))
        run.describe(
            "\n".join([f"Rulebook {book.name}, published by {by}.", "", *(f"- {one}" for one in made.changes)])
        )
    tracker.set_published([*tracker.published(), run.run_id][-_REMEMBERED:])
    return made


def rollback(tracker: Tracker, own: Path, by: str, now: int) -> Publication:
    """Put the rulebook before the last edit in force again; before the first edit it was `own`, the champion's.

    Raises DataError where nothing was published, or where the file to go back to is gone.
    """
    runs = tracker.published()
    if not runs:
        version = rulebooks.read(own).version
        raise DataError(f"nothing to go back to: the rulebook in force, version {version}, is the champion's own")
    with tempfile.TemporaryDirectory() as scratch:
        path = _file(tracker, runs[-2], Path(scratch)) if len(runs) > 1 else own
        target = rulebooks.read(path)
    before = tracker.run_tags(runs[-1]).get(VERSION, "unknown")
    with tracker.run(f"rulebook {target.name}", "rules publish --rollback") as run:
        run.text(target.source, RULEBOOK_PATH)
        run.tags(_tags(before, target.version, by, now))
        run.describe(f"Back to rulebook {target.name}, by {by}.")
    tracker.set_published(runs[:-1])
    return Publication(before, target.version, ())


def _tags(before: str, after: str, by: str, now: int) -> dict[str, str]:
    return {VERSION: after, "rulebook_before": before, "published_by": by, "published_at": iso(now)}


def check(book: Rulebook, bundle: Bundle, name: str) -> None:
    """Raise CallError where a rulebook asks for a family that the bundle does not know: it could never be met.

    `name` stands for the file. Attributes are the export's to know: what a bundle was not trained on may still come.
    """
    families = bundle.catalogue.families
    try:
        names.check(book, families, Matcher(book, families).attributes, name)
    except CallError as error:
        raise CallError(f"{error}; so says the champion's bundle: a new family needs a training first") from None


def _file(tracker: Tracker, run_id: str, into: Path) -> Path:
    into.mkdir(parents=True, exist_ok=True)
    path = tracker.fetch(run_id, RULEBOOK_PATH, into)
    if path is None or rulebooks.read(path).version != tracker.run_tags(run_id).get(VERSION):
        raise DataError(
            f"the published rulebook of run {run_id} is gone from MLflow or has changed since; "
            "`lead-scoring rules publish --rollback` goes back to the one before it"
        )
    return path
