"""Rulebooks in force: published beside the champion, taken back, and never half."""

import contextlib
from pathlib import Path

import pytest
from mlflow import MlflowClient
from test_training_promote import RULES, artifact, register

from commands import rules as commands
from histories.clock import DAY
from histories.contract import Interaction, LeadHistory, Target
from histories.errors import CallError, DataError
from scoring import rulebook
from scoring.rulebook import Rulebook
from scoring.scorer import Scorer
from training import promote, rulebook_in_force
from training.promote import CHAMPION, Resolved
from training.records import Version
from training.rulebook_in_force import Publication
from training.tracking import RULEBOOK_PATH, Run, Tracker

NOW = 400 * DAY
OWN = rulebook.parse(RULES, "r.toml")
EDIT = rulebook.parse(RULES.replace("points = 5", "points = 7"), "r.toml")
THIRD = rulebook.parse(RULES.replace("points = 5", "points = 9"), "r.toml")
LEAD = LeadHistory("a", DAY, interactions=(Interaction("s:1", DAY, "open"),))


@pytest.fixture
def served(tracker: Tracker, tmp_path: Path) -> Tracker:
    """An MLflow with a champion that was trained beside RULES."""
    register(tracker, tmp_path / "one", 0.1, against="")
    promote.promote(tracker, 1, NOW)
    return tracker


def champion(tracker: Tracker, folder: Path) -> Resolved:
    return promote.resolve(tracker, CHAMPION, folder / "fetched")


def in_force(tracker: Tracker, folder: Path) -> Rulebook:
    return rulebook.read(champion(tracker, folder).rulebook)


def publish(tracker: Tracker, folder: Path, book: Rulebook) -> Publication:
    own = promote.champion_as_trained(tracker, folder / "own").rulebook
    return rulebook_in_force.publish(tracker, book, own, "ann", NOW)


def rollback(tracker: Tracker, folder: Path) -> Publication:
    own = promote.champion_as_trained(tracker, folder / "own").rulebook
    return rulebook_in_force.rollback(tracker, own, "ann", NOW)


def test_until_an_edit_is_published_the_champions_own_rulebook_is_in_force(served: Tracker, tmp_path: Path) -> None:
    assert in_force(served, tmp_path) == OWN


def test_a_published_edit_is_in_force_with_who_when_and_what(served: Tracker, tmp_path: Path) -> None:
    made = publish(served, tmp_path, EDIT)
    assert made == Publication(OWN.version, EDIT.version, ("“Opened”: 5 → 7 points",))
    assert in_force(served, tmp_path) == EDIT
    (run_id,) = served.published()
    run = MlflowClient(served.uri).get_run(run_id)
    told = ("rulebook_version", "rulebook_before", "published_by", "published_at")
    assert [run.data.tags[name] for name in told] == [EDIT.version, OWN.version, "ann", "1971-02-05T00:00:00Z"]
    assert run.info.status == "FINISHED"


def test_points_change_and_probabilities_do_not_although_the_model_has_learnt_from_points(
    served: Tracker, tmp_path: Path
) -> None:
    before = champion(served, tmp_path)
    old = Scorer(before.bundle, rulebook.read(before.rulebook)).score([LEAD], 9 * DAY)[0]
    publish(served, tmp_path, EDIT)
    after = champion(served, tmp_path)
    new = Scorer(after.bundle, rulebook.read(after.rulebook)).score([LEAD], 9 * DAY)[0]
    assert after.bundle.rulebook == OWN
    assert after.bundle.models[Target.CUSTOMER].uses_points
    assert new.probability_customer == old.probability_customer
    assert (old.rule_points, new.rule_points) == (5.0, 7.0)


def test_edits_are_taken_back_one_by_one_down_to_the_champions_own(served: Tracker, tmp_path: Path) -> None:
    publish(served, tmp_path, EDIT)
    publish(served, tmp_path, THIRD)
    assert rollback(served, tmp_path) == Publication(THIRD.version, EDIT.version, ())
    assert in_force(served, tmp_path) == EDIT
    assert rollback(served, tmp_path) == Publication(EDIT.version, OWN.version, ())
    assert in_force(served, tmp_path) == OWN
    with pytest.raises(DataError) as raised:
        rollback(served, tmp_path)
    assert str(raised.value) == (
        f"nothing to go back to: the rulebook in force, version {OWN.version}, is the champion's own"
    )


def test_what_is_in_force_is_not_published_again(served: Tracker, tmp_path: Path) -> None:
    with pytest.raises(DataError) as raised:
        publish(served, tmp_path, OWN)
    assert str(raised.value) == f"rulebook 'r', version {OWN.version}: is in force already; nothing was published"
    assert served.published() == ()


def test_an_edit_stays_in_force_when_another_version_becomes_champion(served: Tracker, tmp_path: Path) -> None:
    publish(served, tmp_path, EDIT)
    register(served, tmp_path / "two", 0.2, against="1")
    promote.promote(served, 2, NOW)
    assert champion(served, tmp_path).version.number == 2
    assert in_force(served, tmp_path) == EDIT
    assert rulebook.read(promote.resolve(served, 2, tmp_path / "number").rulebook) == OWN


@pytest.mark.parametrize("step", ["text", "tags", "describe", "set_published"])
def test_a_publication_that_is_killed_leaves_the_old_one_in_force(
    step: str, served: Tracker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(served, tmp_path, EDIT)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Tracker if step == "set_published" else Run, step, killed)
        with contextlib.suppress(KeyboardInterrupt):
            publish(served, tmp_path, THIRD)
    assert in_force(served, tmp_path) == EDIT
    publish(served, tmp_path, THIRD)
    assert in_force(served, tmp_path) == THIRD


def kept(tracker: Tracker, run_id: str) -> Path:
    """Where MLflow keeps the rulebook that a run published."""
    return artifact(tracker, Version(1, run_id, (), {}), RULEBOOK_PATH)


@pytest.mark.parametrize("content", [THIRD.source, "name = ", None], ids=["another", "no TOML", "gone"])
def test_a_published_file_that_has_changed_is_refused_and_can_be_rolled_back(
    content: str | None, served: Tracker, tmp_path: Path
) -> None:
    publish(served, tmp_path, EDIT)
    (run_id,) = served.published()
    if content is None:
        kept(served, run_id).unlink()
    else:
        kept(served, run_id).write_text(content)
    with pytest.raises(DataError) as raised:
        in_force(served, tmp_path)
    assert str(raised.value) == (
        f"the published rulebook of run {run_id} is gone from MLflow or has changed since; publish it again from a "
        "file, or go back with `lead-scoring rules publish --rollback`: to the last one that can be read, at the "
        "farthest to the champion's own"
    )
    assert rollback(served, tmp_path) == Publication(EDIT.version, OWN.version, ())
    assert in_force(served, tmp_path) == OWN


def test_a_rollback_goes_past_what_is_lost_and_names_it(served: Tracker, tmp_path: Path) -> None:
    for book in (EDIT, THIRD, OWN, THIRD):
        publish(served, tmp_path, book)
    first, second, third, fourth = served.published()
    for run_id in (second, third, fourth):
        kept(served, run_id).unlink()
    assert rollback(served, tmp_path) == Publication(THIRD.version, EDIT.version, (), (third, second))
    assert served.published() == (first,)
    assert in_force(served, tmp_path) == EDIT


def test_where_all_is_lost_the_champions_own_rulebook_is_in_force_again(served: Tracker, tmp_path: Path) -> None:
    publish(served, tmp_path, EDIT)
    publish(served, tmp_path, THIRD)
    first, second = served.published()
    for run_id in (first, second):
        kept(served, run_id).unlink()
    assert rollback(served, tmp_path) == Publication(THIRD.version, OWN.version, (), (first,))
    assert in_force(served, tmp_path) == OWN


@pytest.mark.parametrize("book", [THIRD, EDIT], ids=["another", "the lost one again"])
def test_a_rulebook_is_published_in_the_place_of_one_that_is_lost(
    book: Rulebook, served: Tracker, tmp_path: Path
) -> None:
    publish(served, tmp_path, EDIT)
    kept(served, served.published()[0]).unlink()
    said = f"version {EDIT.version} is gone from MLflow or has changed since: what differs from it cannot be told"
    assert publish(served, tmp_path, book) == Publication(EDIT.version, book.version, (said,))
    assert in_force(served, tmp_path) == book


def test_the_commands_find_the_way_out_and_say_what_was_skipped(
    served: Tracker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", served.uri)
    publish(served, tmp_path, EDIT)
    publish(served, tmp_path, THIRD)
    first, second = served.published()
    for run_id in (first, second):
        kept(served, run_id).unlink()
    (tmp_path / "r.toml").write_text(EDIT.source)
    commands.publish(tmp_path / "r.toml")
    assert f"- version {THIRD.version} is gone from MLflow or has changed since" in capsys.readouterr().out
    assert in_force(served, tmp_path) == EDIT
    commands.publish(rollback=True)
    said = " ".join(capsys.readouterr().out.split())
    for run_id in (second, first):
        assert f"Skipped: the published rulebook of run {run_id}, gone from MLflow or changed since." in said
    assert f"Rulebook {OWN.version} is in force; before it was {EDIT.version}." in said
    assert in_force(served, tmp_path) == OWN


def test_a_training_finds_the_champion_although_the_published_rulebook_is_lost(served: Tracker, tmp_path: Path) -> None:
    publish(served, tmp_path, EDIT)
    kept(served, served.published()[0]).unlink()
    found = promote.champion(served, tmp_path / "training")
    assert found is not None
    assert rulebook.read(found.rulebook) == OWN


def test_a_family_that_the_bundle_does_not_know_is_refused(served: Tracker, tmp_path: Path) -> None:
    book = rulebook.parse(RULES.replace('kinds = ["open"]', 'family = "intent"'), "r.toml")
    with pytest.raises(CallError) as raised:
        rulebook_in_force.check(book, champion(served, tmp_path).bundle, "r.toml")
    assert str(raised.value) == (
        "r.toml, line 4, [engagement #1] family: 'intent' is not declared; declared are none; "
        "so says the champion's bundle: a new family needs a training first"
    )


def test_an_attribute_that_neither_bundle_nor_export_has_is_refused(served: Tracker, tmp_path: Path) -> None:
    text = RULES + '[[fit]]\nrule = "Fair"\nattribute = "source"\nin = ["fair"]\npoints = 5\n'
    book, bundle = rulebook.parse(text, "r.toml"), champion(served, tmp_path).bundle
    rulebook_in_force.check(book, bundle, "r.toml", ["source"])
    with pytest.raises(CallError) as raised:
        rulebook_in_force.check(book, bundle, "r.toml", ["sourcy"])
    assert str(raised.value) == (
        "r.toml, line 8, [fit #1] attribute: 'source' is not declared; declared are sourcy; did you mean 'sourcy'?; "
        "so says the champion's bundle: where the export has it, name that with --crm"
    )


@pytest.mark.parametrize("more", ["", '[qualification]\nneed = { kinds = ["open"] }\npoints_each = 0\n'])
def test_a_rulebook_that_gives_no_points_is_refused(more: str, served: Tracker, tmp_path: Path) -> None:
    with pytest.raises(CallError) as raised:
        rulebook_in_force.check(
            rulebook.parse(f'name = "r"\n{more}', "r.toml"), champion(served, tmp_path).bundle, "r.toml"
        )
    assert str(raised.value) == (
        "r.toml: has no rules, so that every lead would have 0 points; write [[engagement]] or [[fit]]"
    )
