"""The rulebook in force: the champion's own, until an edit is published beside it, without training and without a bundle.

An edit is a run of its own in MLflow, with the file, who published it, when, and what it changes. Which edits are in
force is one tag of the registered model, written last and in one step: a publication that was killed has changed
nothing. It stands whichever version is champion, so that a training does not take a marketer's edit back.
"""

import tempfile
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from histories.clock import iso
from histories.errors import CallError, DataError
from scoring import firings, names
from scoring import rulebook as rulebooks
from scoring.bundle import Bundle
from scoring.matcher import Matcher
from scoring.rulebook import Rulebook
from scoring.rulebook_changes import changes
from training.tracking import RULEBOOK_PATH, Tracker

VERSION = "rulebook_version"
_CHANGES_PATH = "changes.txt"
_REMEMBERED = 50


@dataclass(frozen=True, slots=True)
class Publication:
    """Versions of the rulebooks in force `before` and `now`, and what differs, a sentence each.

    `before` is "unknown" where MLflow no longer says. `skipped`: runs of publications that could not be gone back to.
    """

    before: str
    now: str
    changes: tuple[str, ...]
    skipped: tuple[str, ...] = ()


def published(tracker: Tracker, into: Path) -> Path | None:
    """Copy the edit that is in force into the folder `into`; None where the champion's own rulebook is.

    Raises DataError where MLflow no longer has the file that was published.
    """
    runs = tracker.published()
    if not runs:
        return None
    path = _file(tracker, runs[-1], into)
    if path is None:
        raise DataError(
            f"the published rulebook of run {runs[-1]} is gone from MLflow or has changed since; publish it again "
            "from a file, or go back with `lead-scoring rules publish --rollback`: to the last one that can be "
            "read, at the farthest to the champion's own"
        )
    return path


def publish(tracker: Tracker, book: Rulebook, own: Path, by: str, now: int) -> Publication:
    """Put a rulebook in force. `own`: the champion's; `by`: who does it; `now`: UTC microseconds.

    The one in force need not be readable. Raises DataError where `book` is in force already.
    """
    runs = tracker.published()
    with tempfile.TemporaryDirectory() as scratch:
        path = _file(tracker, runs[-1], Path(scratch)) if runs else own
        current = None if path is None else rulebooks.read(path)
    if current is not None and book.version == current.version:
        raise DataError(f"rulebook {book.name!r}, version {book.version}: is in force already; nothing was published")
    made = _edited(current, book, _version(tracker, runs[-1]) if runs else "")
    with tracker.run(f"rulebook {book.name}", "rules publish") as run:
        run.text(book.source, RULEBOOK_PATH)
        run.text("\n".join(made.changes) + "\n", _CHANGES_PATH)
        run.tags(_tags(made.before, made.now, by, now))
        run.describe(
            "\n".join([f"Rulebook {book.name}, published by {by}.", "", *(f"- {one}" for one in made.changes)])
        )
    tracker.set_published([*tracker.published(), run.run_id][-_REMEMBERED:])
    return made


def _edited(current: Rulebook | None, book: Rulebook, lost: str) -> Publication:
    """Say what a publication changes; `lost`: the version in force where its file cannot be read."""
    if current is None:
        said = f"version {lost} is gone from MLflow or has changed since: what differs from it cannot be told"
        return Publication(lost, book.version, (said,))
    return Publication(current.version, book.version, changes(current, book))


def rollback(tracker: Tracker, own: Path, by: str, now: int) -> Publication:
    """Put the rulebook before the last edit in force again; before the first edit it was `own`, the champion's.

    A publication that cannot be read is gone past, and forgotten. Raises DataError where nothing was published.
    """
    runs = tracker.published()
    if not runs:
        version = rulebooks.read(own).version
        raise DataError(f"nothing to go back to: the rulebook in force, version {version}, is the champion's own")
    kept, skipped, target = list(runs[:-1]), list[str](), rulebooks.read(own)
    with tempfile.TemporaryDirectory() as scratch:
        while kept:
            path = _file(tracker, kept[-1], Path(scratch))
            if path is not None:
                target = rulebooks.read(path)
                break
            skipped.append(kept.pop())
    before = _version(tracker, runs[-1])
    with tracker.run(f"rulebook {target.name}", "rules publish --rollback") as run:
        run.text(target.source, RULEBOOK_PATH)
        run.tags(_tags(before, target.version, by, now))
        run.describe(f"Back to rulebook {target.name}, by {by}.")
    tracker.set_published(kept)
    return Publication(before, target.version, (), tuple(skipped))


def _version(tracker: Tracker, run_id: str) -> str:
    return tracker.run_tags(run_id).get(VERSION, "unknown")


def _tags(before: str, after: str, by: str, now: int) -> dict[str, str]:
    return {VERSION: after, "rulebook_before": before, "published_by": by, "published_at": iso(now)}


def check(book: Rulebook, bundle: Bundle, name: str, exported: Collection[str] = ()) -> None:
    """Raise CallError where a rulebook gives no points, or asks for what can never be met.

    That is a family that the bundle does not know, and an attribute that neither the bundle nor the export has.
    `name` stands for the file; `exported`: the export's attributes, where there is one to check against.
    """
    if not any(firings.rule_points(book)):
        raise CallError(
            f"{name}: has no rules, so that every lead would have 0 points; write [[engagement]] or [[fit]]"
        )
    families = bundle.catalogue.families
    try:
        names.check(book, families, Matcher(book, families).attributes, name)
    except CallError as error:
        raise CallError(f"{error}; so says the champion's bundle: a new family needs a training first") from None
    try:
        names.check(book, families, {*exported, *(one.name for one in bundle.catalogue.attributes)}, name)
    except CallError as error:
        raise CallError(
            f"{error}; so says the champion's bundle: where the export has it, name that with --crm"
        ) from None


def _file(tracker: Tracker, run_id: str, into: Path) -> Path | None:
    """Copy what a run published; None where MLflow no longer has it, or has something else."""
    folder = into / run_id
    folder.mkdir(parents=True, exist_ok=True)
    path = tracker.fetch(run_id, RULEBOOK_PATH, folder)
    try:
        return path if path and rulebooks.read(path).version == tracker.run_tags(run_id).get(VERSION) else None
    except CallError:  # what is there now is no rulebook
        return None
