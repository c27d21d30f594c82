"""The champion beside the rules, on snapshots that its training never saw."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from markupsafe import escape
from mlflow import MlflowClient
from rich.console import Console
from small_company import NOW, RECIPE, RULES, Trained

from histories.contract import Target
from histories.errors import DataError
from training import html_report, report
from training.compare import Comparison, compare
from training.tracking import Tracker

GOOD_RULES = RULES.replace("open", "quote").replace("Opened a mail", "Asked for a quote")


@dataclass(frozen=True)
class Compared:
    """A comparison and the training that it follows."""

    trained: Trained
    found: Comparison


def compared(trained: Trained, recipe: Path | None = None, rulebook: Path | None = None) -> Comparison:
    company = trained.company
    files = recipe or company.recipe, rulebook or company.rulebook
    return compare(company.crm, *files, NOW, tracking_uri=trained.tracker.uri)


@pytest.fixture(scope="module")
def once(trained: Trained, tmp_path_factory: pytest.TempPathFactory) -> Compared:
    """One comparison, for tests that only look."""
    database = tmp_path_factory.mktemp("compared") / "mlflow.db"
    shutil.copy(trained.database, database)
    copy = Trained(trained.company, database, trained.result)
    return Compared(copy, compared(copy))


def test_on_the_same_export_it_finds_what_the_training_found(once: Compared) -> None:
    found = once.found
    assert found.version == 1
    assert found.since == once.trained.result.fitted.test_start
    for mine, theirs in zip(found.lineups, once.trained.result.lineups, strict=True):
        assert mine.rows.select(["lead_id", "cutoff", "label"]).equals(
            theirs.rows.select(["lead_id", "cutoff", "label"])
        )
        for name in ("model", "rules"):
            np.testing.assert_array_equal(mine.contenders[name].probability, theirs.contenders[name].probability)
            assert mine.contenders[name].figures == theirs.contenders[name].figures
        assert mine.differences == theirs.differences
    assert found.sentence.startswith("Customer within 30 days: the model predicts better than the rules (log loss -")


def test_no_snapshot_is_older_than_the_end_of_the_training(once: Compared) -> None:
    found = once.found
    for lineup in found.lineups:
        assert min(lineup.rows["cutoff"].to_pylist()) >= found.since


def test_its_runs_carry_the_names_of_the_trainings(once: Compared) -> None:
    found = once.found
    client = MlflowClient(once.trained.tracker.uri)
    for name in ("model", "rules"):
        mine, theirs = (client.get_run(one.children[name]) for one in (found, once.trained.result))
        assert set(mine.data.metrics) == set(theirs.data.metrics)
        assert mine.inputs.dataset_inputs[0].dataset.digest == theirs.inputs.dataset_inputs[0].dataset.digest
    assert client.get_run(found.run_id).data.tags["champion_version"] == "1"


def test_it_keeps_a_report_that_begins_with_its_finding(once: Compared) -> None:
    path = MlflowClient(once.trained.tracker.uri).download_artifacts(once.found.run_id, html_report.PATH)
    page = Path(path).read_text(encoding="utf-8")
    for line in once.found.sentence.splitlines():
        assert f"<p>{escape(line)}</p>" in page
    assert once.found.bundle.version in page


def test_the_rules_are_those_that_it_is_given(once: Compared, trained_copy: Trained, tmp_path: Path) -> None:
    """Points for what matters tell more than points for opened mails."""
    (tmp_path / "good.toml").write_text(GOOD_RULES)
    good = compared(trained_copy, rulebook=tmp_path / "good.toml").lineups[0].contenders
    bad = once.found.lineups[0].contenders
    assert good["rules"].figures.measures.auc > bad["rules"].figures.measures.auc + 0.1
    assert good["model"].figures == bad["model"].figures


def test_without_a_champion_it_says_what_to_do(trained: Trained, tracker: Tracker) -> None:
    with pytest.raises(DataError) as raised:
        compare(trained.company.crm, trained.company.recipe, trained.company.rulebook, NOW, tracking_uri=tracker.uri)
    assert str(raised.value) == (
        f"there is no champion in {tracker.uri}; registered versions are none; run `lead-scoring train` first"
    )


def test_where_nothing_newer_is_mature_it_says_so(trained_copy: Trained) -> None:
    """The same export, taken ten days after the training's end: no month has passed since."""
    crm = trained_copy.company.crm
    early = crm.with_name("early.toml")
    text = crm.read_text().replace("2025-05-01T00:00:00Z", "2025-01-10T00:00:00Z")
    early.write_text("max_bad_share = 1\n" + text)
    files = trained_copy.company.recipe, trained_copy.company.rulebook
    with pytest.raises(DataError, match=r"was trained on what happened until 2024-12-31, and no later snapshot"):
        compare(early, *files, NOW, tracking_uri=trained_copy.tracker.uri)


def test_the_report_ends_with_a_sentence_for_each_target(once: Compared) -> None:
    found = once.found
    console = Console(width=160)
    with console.capture() as captured:
        report.render_comparison(found, console)
    text = captured.get()
    assert "champion: version 1" in text
    assert "Customer within 30 days: the model predicts better than the rules" in text
    assert "SQL within 30 days: the model predicts better than the rules" in text
    assert found.place.url in text


def test_the_recipe_may_ask_at_other_ages(trained_copy: Trained) -> None:
    recipe = trained_copy.company.with_recipe("older.toml", RECIPE.replace('["1d", "7d"]', '["3d"]'))
    found = compared(trained_copy, recipe=recipe)
    assert set(found.lineups[0].rows["age"].to_pylist()) == {"3d"}


def test_the_rules_say_what_the_points_say_and_within_equal_days_do_not_contradict_themselves(trained: Trained) -> None:
    """They are not cut to P(sql) as a model's answer is: that is no part of the rulebook, and here would change nothing."""
    results = trained.result.fitted.results
    rules = results[Target.CUSTOMER].lineup.contenders["rules"]
    hundredths = np.rint(rules.score * 100).astype(np.int64)
    nothing = np.zeros((len(hundredths), 0))
    customer, sql = (
        results[target].points.probabilities(nothing, hundredths) for target in (Target.CUSTOMER, Target.SQL)
    )
    np.testing.assert_array_equal(rules.probability, customer)
    assert results[Target.CUSTOMER].horizon_days == results[Target.SQL].horizon_days
    assert (customer <= sql).all()
