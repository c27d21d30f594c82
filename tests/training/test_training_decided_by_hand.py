"""What people decided by hand: a rollback holds, and where another rulebook was published, a training says so."""

import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest
from mlflow import MlflowClient
from small_company import NOW as TODAY
from small_company import RULES as HABIT
from small_company import Company, Trained
from test_training_promote import NOW, bundle, changed, register, serving

import lead_scoring
from histories.clock import DAY
from histories.errors import DataError
from scoring import rulebook
from training import compare, other_rules, promote, report, rulebook_in_force, run
from training.gate import Decision, Verdict
from training.other_rules import InForce
from training.promote import CHALLENGER, CHAMPION, TakenBack
from training.tracking import Tracker, open_tracker

EDIT = rulebook.parse(HABIT.replace("points = 10\n[stages]", "points = 12\n[stages]"), "edit.toml")


def take_back_the_second(tracker: Tracker, tmp_path: Path) -> str:
    """Version 2 replaced version 1 and was rolled back on 1971-02-06; the version of its content is returned."""
    register(tracker, tmp_path / "one", 0.1, against="")
    register(tracker, tmp_path / "two", 0.2, against="1")
    promote.promote(tracker, 1, NOW)
    promote.promote(tracker, 2, NOW)
    promote.rollback(tracker, NOW + DAY)
    return bundle(0.2).version


def test_what_was_rolled_back_is_registered_again_as_the_challenger_and_promoted_by_hand_alone(
    tracker: Tracker, tmp_path: Path
) -> None:
    content = take_back_the_second(tracker, tmp_path)
    assert promote.taken_back(tracker, content) == TakenBack(2, NOW + DAY)
    beside = promote.rival(tracker, tmp_path / "first")
    again = register(tracker, tmp_path / "again", 0.2, against="1")
    assert promote.settle(tracker, again, True, beside, NOW + 2 * DAY) == CHALLENGER
    challenger = tracker.alias(CHALLENGER)
    assert (serving(tracker), challenger.number if challenger else None) == (1, 3)
    promote.promote(tracker, None, NOW + 3 * DAY)
    assert serving(tracker) == 3


def test_other_content_than_what_was_rolled_back_takes_over(tracker: Tracker, tmp_path: Path) -> None:
    take_back_the_second(tracker, tmp_path)
    beside = promote.rival(tracker, tmp_path / "first")
    other = register(tracker, tmp_path / "other", 0.3, against="1")
    assert promote.taken_back(tracker, bundle(0.3).version) is None
    assert promote.settle(tracker, other, True, beside, NOW + 2 * DAY) == CHAMPION
    assert serving(tracker) == 3


@pytest.mark.parametrize("number", [2, 3])
def test_a_rollback_counts_until_its_content_is_promoted_again_under_whatever_number(
    tracker: Tracker, tmp_path: Path, number: int
) -> None:
    content = take_back_the_second(tracker, tmp_path)
    register(tracker, tmp_path / "again", 0.2, against="1")
    promote.promote(tracker, number, NOW + 2 * DAY)
    assert promote.taken_back(tracker, content) is None
    promote.rollback(tracker, NOW + 3 * DAY)
    assert promote.taken_back(tracker, content) == TakenBack(number, NOW + 3 * DAY)


def test_the_verdict_says_that_its_content_was_rolled_back_and_what_brings_it_back() -> None:
    left = "Not compared for sql: the champion answers within 30 days, this bundle within 60."
    could = Verdict(Decision.PROMOTE, 6, (), f"This bundle takes over from version 6. {left}", (left,))
    said = promote.heeding(could, TakenBack(7, NOW))
    assert said.sentence == (
        "By its figures this bundle may serve, but version 7 with the same content was rolled back on 1971-02-05, and so "
        "it becomes the challenger; `lead-scoring promote` brings it back. Not compared for sql: the champion answers "
        "within 30 days, this bundle within 60."
    )
    assert said.decision is Decision.PROMOTE


def test_a_verdict_that_lets_nobody_serve_says_its_own_reason() -> None:
    kept = Verdict(Decision.KEEP, 6, (), "Version 6 stays champion.")
    assert promote.heeding(kept, TakenBack(7, NOW)) is kept
    assert promote.heeding(kept, None) is kept


def test_a_challenger_whose_files_changed_while_they_were_written_gets_no_alias(
    tracker: Tracker, tmp_path: Path
) -> None:
    version = register(tracker, tmp_path / "one", 0.1, against="", verdict=Decision.KEEP)
    changed(tracker, version)
    with pytest.raises(DataError, match=r"^version 1: its files in MLflow have changed since it was registered"):
        promote.settle(tracker, version, False, None, NOW)
    assert tracker.alias(CHALLENGER) is None


def test_a_verdict_given_against_no_champion_holds_beside_one_that_can_no_longer_be_read(
    tracker: Tracker, tmp_path: Path
) -> None:
    first = register(tracker, tmp_path / "one", 0.1, against="")
    register(tracker, tmp_path / "two", 0.2, against="")
    promote.promote(tracker, 1, NOW)
    with pytest.raises(DataError, match=r"^version 2: was judged against no champion, but now version 1 is champion"):
        promote.promote(tracker, 2, NOW)
    changed(tracker, first)
    promote.promote(tracker, 2, NOW)
    assert serving(tracker) == 2


@pytest.fixture(scope="module")
def again(trained: Trained, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """The company trained a second time, after a rulebook was published, its first version rolled back, and the champion lost.

    Without a champion the bundle could serve: the small company's figures alone never promote one.
    """
    folder = tmp_path_factory.mktemp("again")
    database = Path(shutil.copy(trained.database, folder / "mlflow.db"))
    tracker, company = open_tracker(f"sqlite:///{database}"), trained.company
    rulebook_in_force.publish(tracker, EDIT, company.rulebook, "ann", TODAY)
    register(tracker, folder / "other", 0.1, against="1")
    promote.promote(tracker, 2, TODAY)
    promote.crown(tracker, tracker.version(1), TODAY + DAY)
    promote.rollback(tracker, TODAY + 2 * DAY)
    tracker.tag_version(2, {promote.BUNDLE_SHA256: "0" * 64})
    result = run.train(company.crm, company.recipe, company.rulebook, TODAY, tracking_uri=tracker.uri)
    return Trained(company, database, result)


@pytest.fixture
def warned(again: Trained, monkeypatch: pytest.MonkeyPatch) -> str:
    """The warning that is due after a run that went by the company's own rulebook; MLflow is that of `again`."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", again.tracker.uri)
    file, published = again.company.rulebook, again.tracker.published()[-1]
    return (
        f'warning: "the rules" above are {file}, version {rulebook.read(file).version}; leads are scored with the rulebook '
        f"in force, version {EDIT.version}, published by ann on 2025-06-01. To go by that one, name its file with "
        f"--rulebook (rulebook.toml of run {published} in MLflow); `lead-scoring rules publish {file}` puts this one in "
        "force.\n"
    )


def call(monkeypatch: pytest.MonkeyPatch, *words: str) -> None:
    """Run the command in process."""
    monkeypatch.setattr("sys.argv", ["lead-scoring", *words])
    lead_scoring.app(standalone_mode=False)


def test_a_training_does_not_crown_again_what_was_rolled_back(again: Trained, tmp_path: Path) -> None:
    result = again.result
    said = (
        "By its figures this bundle may serve, but version 1 with the same content was rolled back on 2025-06-03, and so it "
        "becomes the challenger; `lead-scoring promote` brings it back. Until then nothing serves."
    )
    assert (result.version, result.alias, result.verdict.sentence) == (3, CHALLENGER, said)
    assert serving(again.tracker) == 2
    tags = MlflowClient(again.tracker.uri).get_run(result.run_id).data.tags
    kept = again.tracker.version(3).tags
    assert tags["rolled_back_version"] == kept["rolled_back_version"] == "1"
    assert said in tags["mlflow.note.content"]
    assert kept["verdict_sentence"] == said
    mine = open_tracker(f"sqlite:///{shutil.copy(again.database, tmp_path / 'mlflow.db')}")
    promote.promote(mine, None, TODAY + 3 * DAY)
    assert serving(mine) == 3


def test_a_run_that_goes_by_other_rules_than_those_in_force_is_tagged(trained: Trained, again: Trained) -> None:
    tagged = MlflowClient(again.tracker.uri).get_run(again.result.run_id).data.tags
    assert tagged["rulebook_in_force"] == EDIT.version
    assert tagged["rulebook_version"] == rulebook.read(again.company.rulebook).version
    before = MlflowClient(trained.tracker.uri).get_run(trained.result.run_id).data.tags
    assert "rulebook_in_force" not in before


def test_train_warns_that_its_rules_are_not_those_in_force(
    again: Trained, warned: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(run, "train", lambda *_, **__: again.result)
    call(monkeypatch, "train", str(again.company.crm))
    assert capsys.readouterr().err == warned


def test_compare_warns_that_its_rules_are_not_those_in_force(
    again: Trained, warned: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    went_by = SimpleNamespace(rulebook_version=again.result.rulebook_version)
    monkeypatch.setattr(compare, "compare", lambda *_: went_by)
    monkeypatch.setattr(report, "render_comparison", lambda *_: None)
    call(monkeypatch, "compare", str(again.company.crm))
    assert capsys.readouterr().err == warned


@pytest.mark.parametrize("published", [False, True])
def test_nobody_is_warned_who_goes_by_the_rules_in_force_or_where_none_were_published(
    tracker: Tracker,
    company: Company,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    published: bool,
) -> None:
    register(tracker, tmp_path / "one", 0.1, against="")
    if published:
        rulebook_in_force.publish(tracker, EDIT, company.rulebook, "ann", TODAY)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", tracker.uri)
    monkeypatch.setattr(compare, "compare", lambda *_: SimpleNamespace(rulebook_version=EDIT.version))
    monkeypatch.setattr(report, "render_comparison", lambda *_: None)
    call(monkeypatch, "compare", str(company.crm))
    assert capsys.readouterr() == ("", "")


def test_a_publication_whose_run_is_gone_is_in_force_all_the_same(tracker: Tracker, tmp_path: Path) -> None:
    register(tracker, tmp_path / "one", 0.1, against="")
    tracker.set_published(["0" * 32])
    assert other_rules.other(tracker, EDIT.version) == InForce("unknown", "unknown", "unknown", "0" * 32)


def test_a_published_rulebook_that_was_taken_back_is_no_longer_in_force(
    tracker: Tracker, company: Company, tmp_path: Path
) -> None:
    register(tracker, tmp_path / "one", 0.1, against="")
    rulebook_in_force.publish(tracker, EDIT, company.rulebook, "ann", TODAY)
    assert other_rules.other(tracker, "another") == InForce(EDIT.version, "ann", "2025-06-01", tracker.published()[-1])
    rulebook_in_force.rollback(tracker, company.rulebook, "ann", TODAY)
    assert other_rules.other(tracker, "another") is None
