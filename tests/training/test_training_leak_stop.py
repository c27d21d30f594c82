"""A training whose export tells the answer is stopped before it learns, unless somebody answers for the field."""

import csv
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from mlflow import MlflowClient
from mlflow.entities import Run
from small_company import NOW, Company, Trained

from histories.errors import CallError, DataError
from training import run as training
from training.leak_finding import Probe, Verdict
from training.tracking import EXPERIMENT


class Learning(Exception):  # noqa: N818 -- no error: how far the run came
    """The run came to where it would learn."""


@pytest.fixture
def leaking(company: Company, tmp_path: Path) -> Company:
    """The company's export with a column that says who became a customer, mapped in."""
    folder = shutil.copytree(company.folder, tmp_path / "leaking")
    with (folder / "outcomes.csv").open(newline="") as file:
        customers = {row["id"] for row in csv.DictReader(file) if row["stage"] == "customer"}
    with (folder / "leads.csv").open(newline="") as file:
        people = list(csv.DictReader(file))
    with (folder / "leads.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, [*people[0], "deal"])
        writer.writeheader()
        writer.writerows(row | {"deal": "yes" if row["id"] in customers else "no"} for row in people)
    text = (folder / "crm.toml").read_text()
    (folder / "crm.toml").write_text(text.replace('source = "category"', 'source = "category"\ndeal = "category"'))
    return Company(folder)


@dataclass(frozen=True)
class Started:
    """A training that ended before it learnt: what it said, and its run in MLflow."""

    message: str
    run: Run


@pytest.fixture
def start(
    leaking: Company, blank_database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Started]:
    """Start a training with allowed fields; it ends with the error that is expected, at the latest where it would learn."""

    def learn(*_: object, **__: object) -> None:
        raise Learning

    def started(expected: type[Exception], *allowed: str) -> Started:
        monkeypatch.setattr(training, "fit_prepared", learn)
        uri = f"sqlite:///{shutil.copy(blank_database, tmp_path / 'mlflow.db')}"
        files = leaking.crm, leaking.recipe, leaking.rulebook
        with pytest.raises(expected) as caught:
            training.train(*files, NOW, tracking_uri=uri, allow_leaks=allowed)
        client = MlflowClient(uri)
        experiment = client.get_experiment_by_name(EXPERIMENT)
        assert experiment is not None
        (run,) = client.search_runs([experiment.experiment_id])
        return Started(str(caught.value), run)

    return started


def kept(run: Run) -> list[dict[str, object]]:
    uri = run.info.artifact_uri
    assert uri is not None
    content = json.loads((Path(uri.removeprefix("file://")) / "leakage.json").read_text())
    return [dict(zip(content["columns"], row, strict=True)) for row in content["data"]]


def test_a_training_stops_at_a_field_that_tells_the_answer_and_keeps_what_was_found(
    start: Callable[..., Started],
) -> None:
    stopped = start(DataError)
    assert stopped.message.startswith("the leakage audit stops the training: deal would tell the answer\n  deal: ")
    assert stopped.message.endswith("train with --allow-leak deal; that is kept with the run.")
    assert stopped.run.info.status == "FAILED"
    assert {row["field"] for row in kept(stopped.run) if row["verdict"] == "block"} == {"deal"}


def test_an_allowed_field_lets_the_training_learn_and_is_kept_with_the_run(start: Callable[..., Started]) -> None:
    run = start(Learning, "deal").run
    assert run.data.params["allow_leak"] == "deal"
    assert {row["field"] for row in kept(run) if row["allowed"]} == {"deal"}


def test_a_field_that_is_not_there_cannot_be_allowed(start: Callable[..., Started]) -> None:
    message = start(CallError, "deals").message
    assert message.startswith("--allow-leak deals: nothing of that name is looked at; ")
    assert message.endswith("; did you mean 'deal'?")


def test_an_honest_training_keeps_its_audit_and_nobody_is_told_of_leaks(trained: Trained) -> None:
    audit = trained.result.audit
    assert not audit.stops_promotion
    of_fields = {one.verdict for one in audit.findings if one.probe is not Probe.MODEL}
    assert of_fields <= {Verdict.CLEAR, Verdict.NOTE}
    run = MlflowClient(trained.tracker.uri).get_run(trained.result.run_id)
    assert "allow_leak" not in run.data.params
    assert {row["field"] for row in kept(run)} >= {"source", "kind:quote", "kind:open", "lead_age"}
