"""A whole training run, from files to a champion in the registry, on a company small enough to count."""

import json
import multiprocessing
import os
import re
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from mlflow import MlflowClient
from mlflow.entities import Run
from rich.console import Console
from small_company import NOW, RECIPE, Company, Trained

from histories import sample
from histories.clock import parse
from histories.contract import Target
from histories.errors import CallError, DataError
from training import report
from training.evaluate import BEST, LOWER_IS_BETTER
from training.gate import Decision
from training.lineup import MODEL, RULES
from training.promote import BUNDLE_SHA256, CHALLENGER, CHAMPION, resolve
from training.run import TrainingResult, train
from training.tracking import open_tracker

METRICS = Path(__file__).parents[2] / "docs" / "metrics.md"
Again = Callable[[Path, Path], TrainingResult]


def run_of(trained: Trained, run_id: str) -> Run:
    return MlflowClient(trained.tracker.uri).get_run(run_id)


def artifacts(trained: Trained, run_id: str, folder: str | None = None) -> set[str]:
    return {one.path for one in MlflowClient(trained.tracker.uri).list_artifacts(run_id, folder)}


def read(trained: Trained, run_id: str, path: str) -> str:
    return Path(MlflowClient(trained.tracker.uri).download_artifacts(run_id, path)).read_text()


def printed(result: TrainingResult) -> str:
    console = Console(width=120, record=True, file=None, quiet=False, force_terminal=False)
    with console.capture() as captured:
        report.render_training(result, console)
    return captured.get()


def test_the_first_training_makes_a_champion_that_resolves_to_its_bundle(trained: Trained, tmp_path: Path) -> None:
    result = trained.result
    assert (result.version, result.alias, result.verdict.decision) == (1, CHAMPION, Decision.CANNOT_TELL)
    found = resolve(trained.tracker, CHAMPION, tmp_path)
    assert found.bundle.version == result.bundle.version
    assert found.rulebook.read_text() == trained.company.rulebook.read_text()


def test_the_parent_keeps_recipe_fingerprint_figures_verdict_and_bundle(trained: Trained) -> None:
    run_id = trained.result.run_id
    assert artifacts(trained, run_id) == {
        "bundle",
        "figures",
        "fingerprint.json",
        "leakage.json",
        "recipe.toml",
        "report.html",
        "rulebook.toml",
        "segments.json",
        "tables",
        "verdict.json",
    }
    assert read(trained, run_id, "recipe.toml") == RECIPE
    assert json.loads(read(trained, run_id, "fingerprint.json"))["leads"] == 1500
    assert json.loads(read(trained, run_id, "verdict.json"))["decision"] == "cannot_tell"
    kept = run_of(trained, run_id)
    assert kept.info.status == "FINISHED"
    assert kept.data.params["customer.horizon_days"] == "30"
    assert kept.data.tags["bundle_version"] == trained.result.bundle.version
    assert "There was no champion" in kept.data.tags["mlflow.note.content"]
    pictures = {
        f"figures/{t}_{n}.png"
        for t in ("sql", "customer")
        for n in (
            "reliability",
            "gains_lift",
            "distributions",
            "quadrants",
            "precision_at_capacity",
            "auc_by_age",
            "importance",
        )
    }
    assert artifacts(trained, run_id, "figures") == pictures


def test_model_and_rules_have_equal_metric_names_datasets_and_tables(trained: Trained) -> None:
    model, rules = (run_of(trained, trained.result.children[name]) for name in (MODEL, RULES))
    assert set(model.data.metrics) == set(rules.data.metrics)
    assert "customer/auc" in model.data.metrics
    digests = [one.inputs.dataset_inputs[0].dataset.digest for one in (model, rules)]
    assert digests[0] == digests[1]
    tables = [json.loads(read(trained, one.info.run_id, "test_snapshots.json")) for one in (model, rules)]
    keys = [[row[:5] for row in table["data"]] for table in tables]
    assert tables[0]["columns"] == tables[1]["columns"]
    assert tables[0]["columns"][:5] == ["target", "lead_id", "cutoff", "age", "label"]
    assert keys[0] == keys[1]
    assert tables[0]["data"] != tables[1]["data"]
    pictures = [artifacts(trained, one.info.run_id, "figures") for one in (model, rules)]
    assert pictures[0] == pictures[1] == {"figures/customer_reliability.png", "figures/sql_reliability.png"}


def test_the_logged_figures_follow_from_the_logged_table(trained: Trained) -> None:
    """Log loss worked out again from the table's rounded probabilities."""
    child = trained.result.children[MODEL]
    rows = [row for row in json.loads(read(trained, child, "test_snapshots.json"))["data"] if row[0] == "customer"]
    label, probability = (np.array([row[column] for row in rows]) for column in (4, 5))
    loss = -np.mean(np.where(label == 1, np.log(probability), np.log(1 - probability)))
    logged = run_of(trained, child).data.metrics
    assert logged["customer/log_loss"] == pytest.approx(loss, abs=1e-4)
    assert logged["customer/snapshots"] == len(rows)
    assert logged["customer/prevalence"] == pytest.approx(label.mean())


def documented() -> dict[str, str]:
    """Each metric of docs/metrics.md and which way it says is better."""
    rows = re.findall(r"^\| `([^`]+)` \| [^|]+ \| ([^|]+) \|", METRICS.read_text(), re.MULTILINE)
    return {name: better.strip() for name, better in rows}


MONEY = {f"{name}_at_capacity" for name in ("realised_value", "expected_value", "net_benefit")}


def test_every_metric_is_documented_and_every_documented_one_is_logged(trained: Trained) -> None:
    """The recipe names a deal's value, which is that of a customer: for sql nothing is worth anything."""
    known = {name: better for name, better in documented().items() if not name.startswith("<")}
    of = {"customer": set(known), "sql": set(known) - MONEY}
    logged = {f"{target}/{name}" for target, names in of.items() for name in names}
    for child in (MODEL, RULES):
        assert set(run_of(trained, trained.result.children[child]).data.metrics) == logged
    differences = {
        f"{target}/{name}_difference{end}"
        for target, names in of.items()
        for name in names
        if known[name] != "–"
        for end in ("", "_low", "_high")
    }
    assert set(run_of(trained, trained.result.run_id).data.metrics) == differences


def test_the_documented_direction_is_the_one_that_the_report_goes_by() -> None:
    known = documented()
    assert {name for name, better in known.items() if better == "lower"} == LOWER_IS_BETTER
    assert {name: float(known[name]) for name in BEST} == BEST


def test_the_same_data_and_recipe_make_the_same_bundle_and_no_new_version(
    trained_copy: Trained, train_again: Again
) -> None:
    again = train_again(trained_copy.company.recipe, trained_copy.database)
    assert again.bundle.version == trained_copy.result.bundle.version
    assert again.fingerprint == trained_copy.result.fingerprint
    assert (again.version, again.alias, again.verdict.decision) == (1, CHAMPION, Decision.SAME)
    assert [one.number for one in trained_copy.tracker.versions()] == [1]


def test_a_challenger_is_measured_beside_the_champion_on_the_same_snapshots(
    trained_copy: Trained, train_again: Again
) -> None:
    recipe = trained_copy.company.with_recipe("other_seed.toml", RECIPE.replace("seed = 1", "seed = 2"))
    result = train_again(recipe, trained_copy.database)
    lineup = result.lineups[0]
    assert list(lineup.contenders) == ["model", "rules", "champion"]
    before = trained_copy.result.lineups[0].contenders["model"].figures
    assert lineup.contenders["champion"].figures == before
    mine, theirs = (lineup.contenders[name].figures.measures.log_loss for name in ("model", "champion"))
    assert lineup.differences["champion"]["log_loss"].value == pytest.approx(mine - theirs)
    promoted = result.verdict.decision is Decision.PROMOTE
    assert result.alias == (CHAMPION if promoted else CHALLENGER)
    serving = trained_copy.tracker.alias(CHAMPION)
    assert serving is not None
    assert serving.number == (2 if promoted else 1)
    assert set(result.children) == {"model", "rules", "champion"}
    logged = run_of(trained_copy, result.run_id).data.metrics
    assert logged["customer/log_loss_difference_to_champion"] == pytest.approx(mine - theirs)
    assert "customer/auc_difference_to_champion_low" in logged


def test_a_champion_that_saw_the_test_is_not_compared(trained_copy: Trained, train_again: Again) -> None:
    earlier = trained_copy.company.with_recipe("earlier.toml", RECIPE + "[split]\ntest_from = 2024-11-15\n")
    result = train_again(earlier, trained_copy.database)
    assert result.verdict.decision is Decision.CANNOT_TELL
    assert "it knew answers of the test" in result.verdict.sentence
    assert list(result.lineups[0].contenders) == ["model", "rules"]
    assert (result.version, result.alias) == (2, CHALLENGER)
    serving = trained_copy.tracker.alias(CHAMPION)
    assert serving is not None
    assert serving.number == 1


def test_a_champion_that_answers_within_other_days_is_no_rival(trained_copy: Trained, train_again: Again) -> None:
    """Its probabilities are of another question: held to these labels it would lose, whatever it is worth."""
    shorter = trained_copy.company.with_recipe("shorter.toml", RECIPE.replace("horizon_days = 30", "horizon_days = 21"))
    result = train_again(shorter, trained_copy.database)
    assert all(list(lineup.contenders) == ["model", "rules"] for lineup in result.lineups)
    assert not [
        check for check in result.verdict.checks if check.name.endswith("_against_champion") and not check.passed
    ]
    loud = "Not compared for customer: the champion answers within 30 days, this bundle within 21."
    assert loud in result.verdict.sentence
    assert loud in run_of(trained_copy, result.run_id).data.tags["not_compared"]


def test_a_champion_that_cannot_be_read_stops_nothing_and_a_verdict_holds_only_while_the_same_one_serves(
    trained_copy: Trained,
) -> None:
    company, tracker = trained_copy.company, trained_copy.tracker
    tracker.tag_version(1, {BUNDLE_SHA256: "0" * 64})

    def meanwhile(text: str, done: int, total: int) -> None:  # noqa: ARG001
        if text == "writing to MLflow":  # the verdict is given
            tracker.remove_alias(CHAMPION)

    result = train(company.crm, company.recipe, company.rulebook, NOW, meanwhile, f"sqlite:///{trained_copy.database}")
    assert "The champion, version 1, can no longer be read" in result.verdict.sentence
    assert (result.verdict.serves, result.version, result.alias) == (True, 2, CHALLENGER)
    assert tracker.alias(CHAMPION) is None


def test_a_run_that_fails_leaves_the_registry_alone(trained_copy: Trained, train_again: Again) -> None:
    nobody = trained_copy.company.with_recipe("nobody.toml", RECIPE + "[split]\ntest_from = 2024-01-02\n")
    with pytest.raises(DataError, match="snapshots to train on"):
        train_again(nobody, trained_copy.database)
    client = MlflowClient(trained_copy.tracker.uri)
    statuses = [
        one.info.status
        for one in client.search_runs([run_of(trained_copy, trained_copy.result.run_id).info.experiment_id])
    ]
    assert statuses.count("FAILED") == 1
    assert [one.number for one in trained_copy.tracker.versions()] == [1]


def _train_and_wait(company: Company, database: Path) -> None:
    def progress(text: str, done: int, total: int) -> None:  # noqa: ARG001
        if text != "reading the export":  # the run is open
            (database.parent / "fitting").touch()
            time.sleep(60)

    train(company.crm, company.recipe, company.rulebook, NOW, progress, f"sqlite:///{database}")


def test_a_run_that_is_asked_to_end_is_marked_failed_and_registers_nothing(
    company: Company, blank_database: Path, tmp_path: Path
) -> None:
    database = tmp_path / "mlflow.db"
    shutil.copy(blank_database, database)
    process = multiprocessing.get_context("spawn").Process(target=_train_and_wait, args=(company, database))
    process.start()
    until = time.monotonic() + 120
    while not (tmp_path / "fitting").exists() and time.monotonic() < until:
        time.sleep(0.1)
    assert process.pid is not None
    os.kill(process.pid, signal.SIGTERM)
    process.join(30)
    assert process.exitcode == -signal.SIGTERM
    tracker = open_tracker(f"sqlite:///{database}")
    client = MlflowClient(tracker.uri)
    experiment = client.get_experiment_by_name("lead-scoring")
    assert experiment is not None
    assert [one.info.status for one in client.search_runs([experiment.experiment_id])] == ["FAILED"]
    assert tracker.versions() == []


def test_wrong_files_are_told_before_anything_is_written(company: Company, tmp_path: Path) -> None:
    recipe = company.with_recipe("wrong.toml", "[targets.customer]\nhorizon = 3\n")
    with pytest.raises(CallError, match="horizon_days"):
        train(company.crm, recipe, company.rulebook, NOW, tracking_uri=f"sqlite:///{tmp_path / 'mlflow.db'}")
    assert list(tmp_path.iterdir()) == []


def test_a_rulebook_that_speaks_of_what_the_export_has_not_is_refused(company: Company, tmp_path: Path) -> None:
    """A misspelt attribute would never give its points, and nobody would know."""
    rules = tmp_path / "wrong.toml"
    rules.write_text('name = "r"\n[[fit]]\nrule = "Big"\nattribute = "nowhere"\nmissing = true\npoints = 5\n')
    with pytest.raises(CallError, match=r"^wrong\.toml, line 4, \[fit #1\] attribute: 'nowhere' is not declared"):
        train(company.crm, company.recipe, rules, NOW, tracking_uri=f"sqlite:///{tmp_path / 'mlflow.db'}")


def test_the_report_tells_model_from_rules_and_where_to_see_them(trained: Trained) -> None:
    text = printed(trained.result)
    assert "Customer within 30 days" in text
    assert "The model predicts better than the rules (log loss -" in text
    assert "In the bundle: the model." in text
    assert "There was no champion: this bundle becomes the first." in text
    assert f"mlflow ui --backend-store-uri {trained.tracker.uri}" in text.replace("\n", "")
    lines = [line for line in text.splitlines() if line.startswith("log loss")]
    assert all(line.rstrip().endswith("  model") for line in lines)
    assert text.index("Customer within") < text.index("SQL within")


def test_a_sample_with_few_deals_is_answered_by_its_points(blank_database: Path, tmp_path: Path) -> None:
    """A year of a small company: too few customers to learn from, which the run says."""
    folder = tmp_path / "export"
    sample.write(folder, leads=600, months=12, seed=3)
    shutil.copy(blank_database, tmp_path / "mlflow.db")
    files = folder / "crm.toml", folder / "recipe.toml", folder / "rulebook.toml"
    result = train(*files, parse("2026-06-01"), tracking_uri=f"sqlite:///{tmp_path / 'mlflow.db'}")
    customer = result.lineups[0]
    assert customer.target is Target.CUSTOMER
    assert list(customer.contenders) == ["rules"]
    assert customer.chosen == RULES
    text = printed(result)
    assert "No model could be learnt: the rules' points, brought to probabilities, answer." in text
    assert "In the bundle: the rules' points, brought to probabilities." in text
    assert "below 50 a difference can be luck" in text
    assert result.alias == CHAMPION
