"""Which version serves: promotion, rollback, and that no alias ever points at files that have changed."""

import json
import shutil
import urllib.parse
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mlflow import MlflowClient

from features import catalogue
from histories.assemble import assemble
from histories.clock import DAY
from histories.contract import Interaction, LeadHistory, Target
from histories.errors import DataError
from scoring import bundle as bundles
from scoring import rulebook
from scoring.bundle import Bundle, Card, Policy
from scoring.calibration import IDENTITY
from scoring.model import Model, PointsMember
from training import promote
from training.fingerprint import folder_sha256
from training.gate import Decision, Lost
from training.promote import CHALLENGER, CHAMPION
from training.records import Version
from training.tracking import BUNDLE_PATH, RULEBOOK_PATH, Tracker

RULES = 'name = "r"\n[[engagement]]\nrule = "Opened"\nkinds = ["open"]\npoints = 5\n'
NOW = 400 * DAY


def bundle(slope: float) -> Bundle:
    """The points alone: a bundle that needs no training."""
    histories = assemble([LeadHistory("a", DAY, interactions=(Interaction("s:1", DAY, "open"),))], exported_at=9 * DAY)
    columns = catalogue.build(histories, ["a"], until=9 * DAY)
    model = Model(Target.CUSTOMER, 30, (PointsMember(slope, -3.0),), IDENTITY)
    card = Card(9 * DAY, NOW, 1, 1, {Target.CUSTOMER: 1})
    reference = np.array([0.1, 0.2])
    return Bundle(columns, {Target.CUSTOMER: model}, reference, Policy(0.2), card, rulebook.parse(RULES, "r.toml"))


def register(
    tracker: Tracker, folder: Path, slope: float, against: str, verdict: Decision = Decision.PROMOTE
) -> Version:
    """Register a bundle as a training run does."""
    made = bundle(slope)
    bundles.write(made, folder)
    tags = {
        promote.BUNDLE_VERSION: made.version,
        promote.BUNDLE_SHA256: folder_sha256(folder),
        promote.RULEBOOK_VERSION: rulebook.parse(RULES, "r.toml").version,
        promote.VERDICT: verdict.value,
        promote.VERDICT_SENTENCE: "Because.",
        promote.VERDICT_CHAMPION: against,
    }
    with tracker.run("train", "train") as run:
        run.folder(folder, BUNDLE_PATH)
        run.text(RULES, RULEBOOK_PATH)
        return tracker.register(run, tags)


def artifact(tracker: Tracker, version: Version, name: str) -> Path:
    """Where MLflow keeps a file of a version's run."""
    uri = MlflowClient(tracker.uri).get_run(version.run_id).info.artifact_uri
    return Path(urllib.parse.urlparse(uri).path) / name


def serving(tracker: Tracker) -> int | None:
    found = tracker.alias(CHAMPION)
    return None if found is None else found.number


def test_a_promoted_version_comes_back_as_it_was_registered(tracker: Tracker, tmp_path: Path) -> None:
    version = register(tracker, tmp_path / "one", 0.1, against="")
    change = promote.promote(tracker, version.number, NOW)
    assert (change.before, change.now) == (None, 1)
    found = promote.resolve(tracker, CHAMPION, tmp_path / "fetched")
    assert found.bundle.version == bundle(0.1).version
    assert found.folder.is_relative_to(tmp_path / "fetched")
    assert found.rulebook.read_text() == RULES
    assert found.version.tags["promoted_at"] == "1971-02-05T00:00:00Z"


def test_without_a_number_the_challenger_is_promoted_and_is_challenger_no_more(
    tracker: Tracker, tmp_path: Path
) -> None:
    version = register(tracker, tmp_path / "one", 0.1, against="")
    tracker.set_alias(CHALLENGER, version.number)
    promote.promote(tracker, None, NOW)
    assert serving(tracker) == 1
    assert tracker.alias(CHALLENGER) is None
    with pytest.raises(DataError, match=r"registered versions are 1; `lead-scoring promote VERSION` names one$"):
        promote.promote(tracker, None, NOW)


def test_without_any_version_it_says_what_to_do(tracker: Tracker) -> None:
    with pytest.raises(DataError) as raised:
        promote.promote(tracker, None, NOW)
    assert str(raised.value) == (
        f"there is no challenger in {tracker.uri}; registered versions are none; run `lead-scoring train` first"
    )
    assert promote.champion(tracker, Path("unused")) is None


def test_what_the_gate_refused_is_not_promoted(tracker: Tracker, tmp_path: Path) -> None:
    register(tracker, tmp_path / "one", 0.1, against="", verdict=Decision.KEEP)
    with pytest.raises(DataError, match=r"^version 1: the gate says no. Because.$"):
        promote.promote(tracker, 1, NOW)
    assert serving(tracker) is None


def test_a_verdict_against_another_champion_does_not_count(tracker: Tracker, tmp_path: Path) -> None:
    for number, slope in enumerate((0.1, 0.2, 0.3)):
        register(tracker, tmp_path / str(number), slope, against="" if number == 0 else "1")
    promote.promote(tracker, 1, NOW)
    promote.promote(tracker, 2, NOW)
    with pytest.raises(DataError) as raised:
        promote.promote(tracker, 3, NOW)
    assert str(raised.value) == (
        "version 3: was judged against version 1, but now version 2 is champion; train again, "
        "so that both are measured on the same snapshots"
    )


def test_rollback_goes_back_one_step_at_a_time(tracker: Tracker, tmp_path: Path) -> None:
    for number, slope in enumerate((0.1, 0.2, 0.3)):
        register(tracker, tmp_path / str(number), slope, against=str(number) if number else "")
        promote.promote(tracker, number + 1, NOW)
    assert serving(tracker) == 3
    first = promote.rollback(tracker, NOW)
    assert (first.before, first.now, serving(tracker)) == (3, 2, 2)
    promote.rollback(tracker, NOW)
    assert serving(tracker) == 1
    with pytest.raises(DataError) as raised:
        promote.rollback(tracker, NOW)
    assert str(raised.value) == (
        "nothing to go back to: version 1 is the first; `lead-scoring promote VERSION` names another"
    )


def test_changed_files_are_neither_promoted_nor_resolved_nor_gone_back_to(tracker: Tracker, tmp_path: Path) -> None:
    first = register(tracker, tmp_path / "one", 0.1, against="")
    promote.promote(tracker, 1, NOW)
    register(tracker, tmp_path / "two", 0.2, against="1")
    promote.promote(tracker, 2, NOW)
    card = artifact(tracker, first, "bundle/card.json")
    card.write_text(card.read_text().replace("1", "2"))
    changed = "^version 1: its files in MLflow have changed since it was registered"
    with pytest.raises(DataError, match=changed):
        promote.rollback(tracker, NOW)
    assert serving(tracker) == 2
    with pytest.raises(DataError, match=changed):
        promote.resolve(tracker, 1, tmp_path / "fetched")
    tracker.tag_version(1, {promote.VERDICT_CHAMPION: "2"})
    with pytest.raises(DataError, match=changed):
        promote.promote(tracker, 1, NOW)
    assert serving(tracker) == 2


def test_a_changed_rulebook_is_noticed(tracker: Tracker, tmp_path: Path) -> None:
    version = register(tracker, tmp_path / "one", 0.1, against="")
    artifact(tracker, version, RULEBOOK_PATH).write_text(RULES.replace("5", "6"))
    with pytest.raises(DataError, match=r"^version 1: its rulebook\.toml in MLflow has changed"):
        promote.resolve(tracker, 1, tmp_path / "fetched")


def test_a_bundle_that_is_gone_is_named(tracker: Tracker, tmp_path: Path) -> None:
    version = register(tracker, tmp_path / "one", 0.1, against="")
    for file in artifact(tracker, version, BUNDLE_PATH).iterdir():
        file.unlink()
    artifact(tracker, version, BUNDLE_PATH).rmdir()
    with pytest.raises(DataError, match=r"^version 1: its bundle is gone from run"):
        promote.resolve(tracker, 1, tmp_path / "fetched")


@pytest.mark.parametrize("killed_before_the_alias_moved", [True, False])
def test_a_promotion_that_was_cut_short_leaves_a_way_back(
    tracker: Tracker, tmp_path: Path, killed_before_the_alias_moved: bool
) -> None:
    """The list of champions is written first; only the alias says who serves."""
    for number, slope in enumerate((0.1, 0.2, 0.3)):
        register(tracker, tmp_path / str(number), slope, against=str(number) if number else "")
    promote.promote(tracker, 1, NOW)
    promote.promote(tracker, 2, NOW)
    tracker.set_champions([1, 2, 3])
    if not killed_before_the_alias_moved:
        tracker.set_alias(CHAMPION, 3)
    promote.rollback(tracker, NOW)
    assert serving(tracker) == (1 if killed_before_the_alias_moved else 2)


class Memory:
    """Aliases and the list of champions without files: enough for promote's bookkeeping."""

    uri = "memory"

    def __init__(self) -> None:
        self.champion: int | None = None
        self.past: list[int] = []

    def alias(self, name: str) -> Version | None:
        if name != CHAMPION or self.champion is None:
            return None
        return Version(self.champion, "", (), {})

    def set_alias(self, name: str, number: int) -> None:
        assert name == CHAMPION
        self.champion = number

    def champions(self) -> tuple[int, ...]:
        return tuple(self.past)

    def set_champions(self, numbers: list[int]) -> None:
        self.past = list(numbers)

    def tag_version(self, number: int, tags: dict[str, str]) -> None:
        pass


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.none() | st.integers(1, 4), max_size=12))
def test_rollbacks_undo_promotions_like_a_stack(monkeypatch: pytest.MonkeyPatch, steps: list[int | None]) -> None:
    """None rolls back, a number promotes."""
    monkeypatch.setattr(promote, "resolve", lambda *_: None)
    memory, expected = Memory(), list[int]()
    for step in steps:
        if step is None and len(expected) >= 2:
            promote.rollback(memory, NOW)  # type: ignore[arg-type]
            expected.pop()
        elif step is not None and expected[-1:] != [step]:
            promote.crown(memory, Version(step, "", (), {}), NOW)  # type: ignore[arg-type]
            expected.append(step)
        assert memory.champion == (expected[-1] if expected else None)


def of_the_format_before(tracker: Tracker, version: Version) -> None:
    """As another version of the program wrote and registered it."""
    manifest = artifact(tracker, version, "bundle/manifest.json")
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "format": 1}))
    tracker.tag_version(version.number, {promote.BUNDLE_SHA256: folder_sha256(manifest.parent)})


def changed(tracker: Tracker, version: Version) -> None:
    card = artifact(tracker, version, "bundle/card.json")
    card.write_text(card.read_text().replace("1", "2"))


@pytest.mark.parametrize("spoil", [of_the_format_before, changed])
def test_a_champion_that_can_no_longer_be_read_stops_no_training(
    tracker: Tracker, tmp_path: Path, spoil: Callable[[Tracker, Version], None]
) -> None:
    version = register(tracker, tmp_path / "one", 0.1, against="")
    promote.promote(tracker, 1, NOW)
    assert isinstance(promote.rival(tracker, tmp_path / "sound"), promote.Resolved)
    spoil(tracker, version)
    assert promote.rival(tracker, tmp_path / "spoilt") == Lost(1)


def test_a_champion_whose_files_are_out_of_reach_is_not_given_up(tracker: Tracker, tmp_path: Path) -> None:
    version = register(tracker, tmp_path / "one", 0.1, against="")
    promote.promote(tracker, 1, NOW)
    shutil.rmtree(artifact(tracker, version, "bundle"))
    with pytest.raises(DataError, match=r"^version 1: its bundle is gone"):
        promote.rival(tracker, tmp_path / "fetched")


def test_who_was_held_against_no_longer_serves_once_another_was_promoted(tracker: Tracker, tmp_path: Path) -> None:
    nobody = promote.rival(tracker, tmp_path / "nobody")
    assert promote.still_serves(tracker, nobody)
    for number, slope in enumerate((0.1, 0.2)):
        register(tracker, tmp_path / str(number), slope, against="1" if number else "")
    promote.promote(tracker, 1, NOW)
    first = promote.rival(tracker, tmp_path / "first")
    assert promote.still_serves(tracker, first)
    assert promote.still_serves(tracker, Lost(1))
    promote.promote(tracker, 2, NOW)
    assert not any(promote.still_serves(tracker, one) for one in (nobody, first, Lost(1)))
