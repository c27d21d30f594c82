"""Which bundle serves: aliases of registered versions, each checked against its hash before it is trusted."""

import logging
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from histories.clock import date, iso, parse
from histories.errors import DataError
from scoring import bundle as bundles
from scoring import rulebook as rulebooks
from scoring.bundle import Bundle
from training.fingerprint import folder_sha256
from training.gate import Decision, Lost, Verdict, may_serve
from training.records import Version
from training.rulebook_in_force import published
from training.tracking import BUNDLE_PATH, RULEBOOK_PATH, Tracker

CHAMPION = "champion"
CHALLENGER = "challenger"
BUNDLE_VERSION = "bundle_version"
BUNDLE_SHA256 = "bundle_sha256"
RULEBOOK_VERSION = "rulebook_version"
VERDICT = "verdict"
VERDICT_SENTENCE = "verdict_sentence"
VERDICT_CHAMPION = "verdict_champion"
PROMOTED_AT = "promoted_at"
ROLLED_BACK_AT = "rolled_back_at"
ROLLED_BACK_VERSION = "rolled_back_version"  # of a run and its version: the one of the same content that was
_REMEMBERED = 50
_log = logging.getLogger(__name__)


class UnreadableError(DataError):
    """A registered version that nobody can serve: its files are not those that were registered, or of another format."""

    def __init__(self, version: int, why: str) -> None:
        """Name the version, and say what is wrong with it and what to do."""
        super().__init__(f"version {version}: {why}")
        self.version = version


@dataclass(frozen=True, eq=False)
class Resolved:
    """A registered bundle on disk, its hash checked: `folder` holds what `bundle` was read from.

    `rulebook`: the file with the rules in force where the champion was asked for, else those that it was trained beside.
    """

    version: Version
    folder: Path
    bundle: Bundle
    rulebook: Path


@dataclass(frozen=True, slots=True)
class Change:
    """Who served before (None: nobody) and who serves now: numbers of registered versions."""

    before: int | None
    now: int


@dataclass(frozen=True, slots=True)
class TakenBack:
    """The version `number` was rolled back, `at` UTC microseconds, and nobody promoted its content since."""

    number: int
    at: int


def resolve(tracker: Tracker, which: str | int, into: Path) -> Resolved:
    """Copy the bundle of an alias or a version number into a folder below `into`, and check its hash.

    Raises DataError where there is no such version or its files are gone, UnreadableError where they are not those
    that were registered, or where the bundle is one that this program does not read.
    """
    version = tracker.version(which) if isinstance(which, int) else _aliased(tracker, which)
    into.mkdir(parents=True, exist_ok=True)
    folder = tracker.download(version, BUNDLE_PATH, into)
    expected = version.tags.get(BUNDLE_SHA256)
    if folder_sha256(folder) != expected:
        raise UnreadableError(
            version.number,
            "its files in MLflow have changed since it was registered (their hash is "
            f"{folder_sha256(folder)[:12]}, registered was {str(expected)[:12]}); promote another version, or train again",
        )
    rulebook = tracker.download(version, RULEBOOK_PATH, into)
    if rulebooks.read(rulebook).version != version.tags.get(RULEBOOK_VERSION):
        raise UnreadableError(
            version.number,
            f"its {RULEBOOK_PATH} in MLflow has changed since it was registered; promote another version, or train again",
        )
    try:
        bundle = bundles.read(folder)
    except DataError as error:  # the copy's place, which is gone soon, tells nobody anything
        raise UnreadableError(version.number, str(error).removeprefix(f"{folder}: ")) from None
    in_force = published(tracker, into) if which == CHAMPION else None
    return Resolved(version, folder, bundle, in_force or rulebook)


def champion(tracker: Tracker, into: Path) -> Resolved | None:
    """Return the champion as `champion_as_trained` does, or None where there is none yet."""
    return None if tracker.alias(CHAMPION) is None else champion_as_trained(tracker, into)


def rival(tracker: Tracker, into: Path) -> Resolved | Lost | None:
    """Return the champion that a new bundle is held against, or None where there is none yet.

    One that can no longer be read stops no training: a new bundle is the way out of that.
    """
    try:
        return champion(tracker, into)
    except UnreadableError as error:
        _log.warning("the champion is not compared: %s", error)
        return Lost(error.version)


def still_serves(tracker: Tracker, beside: Resolved | Lost | None) -> bool:
    """Tell whether nobody else became champion since `rival` returned `beside`."""
    before = beside.version.number if isinstance(beside, Resolved) else None if beside is None else beside.version
    serving = tracker.alias(CHAMPION)
    return before == (None if serving is None else serving.number)


def champion_as_trained(tracker: Tracker, into: Path) -> Resolved:
    """Return the champion with the rulebook that it was trained beside, whatever was published since."""
    return resolve(tracker, _aliased(tracker, CHAMPION).number, into)


def taken_back(tracker: Tracker, bundle_version: str) -> TakenBack | None:
    """Return the registered version of this very content that was rolled back last.

    None where none was, or where one of that content was promoted after it: then somebody wanted it back.
    """
    equal = [one for one in tracker.versions() if one.tags.get(BUNDLE_VERSION) == bundle_version]
    back = [TakenBack(one.number, parse(one.tags[ROLLED_BACK_AT])) for one in equal if ROLLED_BACK_AT in one.tags]
    last = max(back, key=lambda one: one.at, default=None)
    promoted = [parse(one.tags[PROMOTED_AT]) for one in equal if PROMOTED_AT in one.tags]
    return None if last is None or max(promoted, default=last.at) > last.at else last


def heeding(verdict: Verdict, back: TakenBack | None) -> Verdict:
    """Let the verdict say that its bundle does not serve, where a version of the same content was rolled back.

    The decision stays what the figures came to: by it `promote` brings the bundle back.
    """
    if back is None or not verdict.serves:
        return verdict
    sentence = (
        f"By its figures this bundle may serve, but version {back.number} with the same content was rolled back on "
        f"{date(back.at)}, and so it becomes the challenger; `lead-scoring promote` brings it back."
    )
    nobody = ("Until then nothing serves.",) if verdict.champion is None else ()
    return replace(verdict, sentence=" ".join((sentence, *nobody, *verdict.uncompared)))


def settle(tracker: Tracker, version: Version, serves: bool, beside: Resolved | Lost | None, now: int) -> str:
    """Point an alias at a version that was just registered, its files hashed again, and return which.

    `serves`: whether its verdict, given beside `beside`, lets it. Where somebody else serves by now, it is no verdict
    on that one; and what people rolled back, people bring back. `now` in UTC microseconds.
    """
    wanted = serves and taken_back(tracker, version.tags[BUNDLE_VERSION]) is None
    if wanted and still_serves(tracker, beside):
        crown(tracker, version, now)
        return CHAMPION
    if wanted:
        _log.warning(
            "version %d is the challenger: another champion came while it was trained; train again", version.number
        )
    _intact(tracker, version.number)
    tracker.set_alias(CHALLENGER, version.number)
    return CHALLENGER


def promote(tracker: Tracker, number: int | None, now: int) -> Change:
    """Make a version the champion, if the gate let it; None: the challenger. `now` in UTC microseconds.

    Raises DataError where the gate's verdict was against it, or was given against another champion.
    """
    version = _aliased(tracker, CHALLENGER) if number is None else tracker.version(number)
    _allowed(tracker, version, tracker.alias(CHAMPION))
    return crown(tracker, version, now)


def crown(tracker: Tracker, version: Version, now: int) -> Change:
    """Make a version champion whose verdict is known to allow it: check its hash, then move the alias in one step."""
    _intact(tracker, version.number)
    past = _past(tracker)
    tracker.tag_version(version.number, {PROMOTED_AT: iso(now)})
    tracker.set_champions([*past, version.number][-_REMEMBERED:])
    tracker.set_alias(CHAMPION, version.number)
    challenger = tracker.alias(CHALLENGER)
    if challenger is not None and challenger.number == version.number:
        tracker.remove_alias(CHALLENGER)
    return Change(past[-1] if past else None, version.number)


def rollback(tracker: Tracker, now: int) -> Change:
    """Let the champion before this one serve again. `now` in UTC microseconds.

    Raises DataError where there was none before, or where its files are not those that were registered.
    """
    past = _past(tracker)
    if len(past) < 2:
        serving = f"version {past[0]} is the first" if past else "there is no champion"
        raise DataError(f"nothing to go back to: {serving}; `lead-scoring promote VERSION` names another")
    before, target = past[-1], past[-2]
    _intact(tracker, target)
    tracker.set_alias(CHAMPION, target)
    tracker.set_champions(past[:-1])
    tracker.tag_version(before, {ROLLED_BACK_AT: iso(now)})
    return Change(before, target)


def _intact(tracker: Tracker, number: int) -> None:
    """Raise DataError where a version's files are not those that were registered."""
    with tempfile.TemporaryDirectory() as scratch:
        resolve(tracker, number, Path(scratch))


def _aliased(tracker: Tracker, alias: str) -> Version:
    version = tracker.alias(alias)
    if version is None:
        known = ", ".join(str(one.number) for one in tracker.versions())
        hint = "; `lead-scoring promote VERSION` names one" if alias == CHALLENGER else ""
        found = f"{known}{hint}" if known else "none; run `lead-scoring train` first"
        raise DataError(f"there is no {alias} in {tracker.label}; registered versions are {found}")
    return version


def _allowed(tracker: Tracker, version: Version, serving: Version | None) -> None:
    """Refuse what the gate refused, and what it judged beside a champion that no longer serves."""
    if serving is not None and serving.number == version.number:
        raise DataError(f"version {version.number}: is the champion already")
    judged = version.tags.get(VERDICT_CHAMPION, "")
    verdict = version.tags.get(VERDICT)
    if verdict is None or not may_serve(Decision(verdict), int(judged) if judged else None):
        raise DataError(
            f"version {version.number}: the gate says no. {version.tags.get(VERDICT_SENTENCE, 'It was never judged.')}"
        )
    current = "" if serving is None else str(serving.number)
    if judged != current and (judged or not _lost(tracker)):
        against = f"version {judged}" if judged else "no champion"
        beside = f"version {current} is" if current else "there is none"
        raise DataError(
            f"version {version.number}: was judged against {against}, but now {beside} champion; train again, "
            f"so that both are measured on the same snapshots"
        )


def _lost(tracker: Tracker) -> bool:
    """Tell whether the champion can no longer be read, and so counts as none."""
    with tempfile.TemporaryDirectory() as scratch:
        return isinstance(rival(tracker, Path(scratch)), Lost)


def _past(tracker: Tracker) -> list[int]:
    """The champions so far, the one that serves last. The alias is the truth: what was written after it is cut off."""
    serving, past = tracker.alias(CHAMPION), list(tracker.champions())
    if serving is None:
        return []
    if serving.number not in past:
        return [*past, serving.number]
    return past[: len(past) - past[::-1].index(serving.number)]
