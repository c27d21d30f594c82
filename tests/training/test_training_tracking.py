"""Runs, tables and the registry, in a real MLflow database."""

import json
import os
import re
import sqlite3
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from urllib.parse import parse_qs

import pyarrow as pa
import pytest
from mlflow import MlflowClient

from histories.errors import DataError
from training.pages import served
from training.records import Dataset
from training.tracking import Tracker, open_tracker
from training.tracking_place import absolute, compare_place, label, signed_in

ROWS = pa.table({"lead_id": ["a", "b"], "label": [1, 0], "probability": [0.5, None]})
DATASET = Dataset("test snapshots", "0123456789abcdef", "crm.toml", {"lead_id": "string"}, {"leads": 2})


def client(tracker: Tracker) -> MlflowClient:
    return MlflowClient(tracker.uri)


def test_what_a_run_is_given_is_kept(tracker: Tracker, tmp_path: Path) -> None:
    (tmp_path / "bundle").mkdir()
    (tmp_path / "bundle" / "card.json").write_text("{}")
    with tracker.run("train", "train") as run:
        run.params({f"setting_{number}": number for number in range(150)})
        run.metrics({"customer/auc": 0.75})
        run.text("seed = 1", "recipe.toml")
        run.folder(tmp_path / "bundle", "bundle")
        run.describe("**better**")
    kept = client(tracker).get_run(run.run_id)
    assert kept.info.status == "FINISHED"
    assert len(kept.data.params) == 150
    assert kept.data.metrics == {"customer/auc": 0.75}
    assert kept.data.tags["mlflow.note.content"] == "**better**"
    assert {file.path for file in client(tracker).list_artifacts(run.run_id)} == {"bundle", "recipe.toml"}


def test_children_share_dataset_and_table_so_that_mlflow_lines_them_up(tracker: Tracker) -> None:
    with tracker.run("train", "train") as run:
        for name in ("model", "rules"):
            with run.child(name) as child:
                child.dataset(DATASET, "test")
                child.table(ROWS, "test_snapshots.json")
    ids = tracker.children(run.run_id)
    runs = [client(tracker).get_run(one) for one in ids]
    assert [one.info.run_name for one in runs] == ["model", "rules"]
    datasets = {
        (one.inputs.dataset_inputs[0].dataset.name, one.inputs.dataset_inputs[0].dataset.digest) for one in runs
    }
    assert datasets == {("test snapshots", "0123456789abcdef")}
    assert all("test_snapshots.json" in one.data.tags["mlflow.loggedArtifacts"] for one in runs)


def test_mlflows_own_reader_reads_the_table(tracker: Tracker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", tracker.uri)
    with tracker.run("train", "train") as run:
        run.table(ROWS, "test_snapshots.json")
    path = client(tracker).download_artifacts(run.run_id, "test_snapshots.json")
    assert json.loads(Path(path).read_text()) == {
        "columns": ["lead_id", "label", "probability"],
        "data": [["a", 1, 0.5], ["b", 0, None]],
    }
    read = client(tracker).load_table(run.experiment_id, "test_snapshots.json", run_ids=[run.run_id])
    assert read["lead_id"].tolist() == ["a", "b"]


@pytest.mark.parametrize("error", [ValueError("broken"), KeyboardInterrupt()])
def test_a_run_that_raises_is_marked_failed_with_its_child(tracker: Tracker, error: BaseException) -> None:
    with pytest.raises(type(error)), tracker.run("train", "train") as run, run.child("model"):
        raise error
    runs = [client(tracker).get_run(one) for one in (run.run_id, *tracker.children(run.run_id))]
    assert [one.info.status for one in runs] == ["FAILED", "FAILED"]


def test_a_run_whose_process_was_killed_is_marked_failed_by_the_next(tracker: Tracker) -> None:
    """SIGKILL leaves no time to say anything."""
    killed = f"""
import os, signal
from training.tracking import open_tracker
with open_tracker({tracker.uri!r}).run("train", "train") as run, run.child("model"):
    os.kill(os.getpid(), signal.SIGKILL)
"""
    subprocess.run([sys.executable, "-c", killed], check=False, timeout=120)
    experiment = client(tracker).get_experiment_by_name("lead-scoring")
    assert experiment is not None
    statuses = {one.info.status for one in client(tracker).search_runs([experiment.experiment_id])}
    assert statuses == {"RUNNING"}
    with tracker.run("compare", "compare"):
        pass
    found = {one.info.run_name: one.info.status for one in client(tracker).search_runs([experiment.experiment_id])}
    assert found == {"train": "FAILED", "model": "FAILED", "compare": "FINISHED"}


def test_a_run_of_a_process_that_lives_is_left_alone(tracker: Tracker) -> None:
    with tracker.run("train", "train") as first, tracker.run("compare", "compare"):
        assert client(tracker).get_run(first.run_id).info.status == "RUNNING"


def test_the_compare_link_names_the_runs(tracker: Tracker) -> None:
    place = tracker.compare_place(["one", "two"])
    assert place.command == f"mlflow ui --backend-store-uri {tracker.uri}"
    page, _, query = place.url.partition("?")
    assert page == "http://127.0.0.1:5000/#/compare-runs"
    assert json.loads(parse_qs(query)["runs"][0]) == ["one", "two"]


def test_a_database_in_the_working_folder_is_named_by_its_whole_path(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    assert absolute("sqlite:///mlflow.db") == f"sqlite:///{tmp_path}/mlflow.db"
    assert absolute("http://127.0.0.1:5000") == "http://127.0.0.1:5000"


def test_artifacts_lie_beside_the_database(tracker: Tracker, blank_database: Path) -> None:
    experiment = client(tracker).get_experiment_by_name("lead-scoring")
    assert experiment is not None
    assert experiment.artifact_location == (blank_database.parent / "mlartifacts").as_uri()


def test_making_a_database_says_nothing_and_reports_nothing(tmp_path: Path) -> None:
    code = "import os; from training.tracking import open_tracker; open_tracker(); print(os.environ['DO_NOT_TRACK'])"
    place = {"MLFLOW_TRACKING_URI": f"sqlite:///{tmp_path / 'new.db'}"}
    done = subprocess.run(
        [sys.executable, "-W", "error::DeprecationWarning:training", "-c", code],
        env={**os.environ, **place},
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    assert done.stdout == "true\n"
    assert done.stderr == ""
    assert (tmp_path / "new.db").exists()


@pytest.mark.parametrize(
    "uri", ["sqlite:///{}/folder", "sqlite:///{}/file/mlflow.db", "postgresql://nobody@127.0.0.1/x"]
)
def test_a_place_for_no_database_is_refused_at_once(uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder, a path through a file, a server that is not there. MLflow would try again for minutes."""
    monkeypatch.setattr(time, "sleep", lambda _: pytest.fail("it waited"))
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    place = uri.format(tmp_path)
    with pytest.raises(DataError, match=f"^MLflow at {re.escape(label(place))}: cannot be opened \\("):
        open_tracker(place)


@pytest.mark.parametrize(
    ("uri", "shown"),
    [
        ("postgresql://reader:sesame@127.0.0.1:1/runs?password=sesame", "postgresql://***@127.0.0.1:1/runs"),
        ("postgresql://reader:ses/ame@127.0.0.1:1/runs", "postgresql://***@127.0.0.1:1/runs"),
        ("postgresql://reader:sesame@sesame@127.0.0.1:1/runs", "postgresql://***@127.0.0.1:1/runs"),
        ("postgresql://reader:sesame@127.0.0.1:port/runs?password=sesame", "postgresql://***@127.0.0.1:port/runs"),
        ("nothing://reader:sesame@127.0.0.1/runs", "nothing://***@127.0.0.1/runs"),
        ("http://reader:sesame@sesame@127.0.0.1:1", "http://127.0.0.1:1"),
    ],
)
def test_no_message_holds_a_password(uri: str, shown: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "")
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with pytest.raises(DataError, match=f"^MLflow at {re.escape(shown)}: cannot be opened \\(") as raised:
        open_tracker(uri)
    assert "ses" not in str(raised.value)


def test_a_server_is_told_who_signs_in_and_its_uri_no_more_tells_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "")
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "")
    assert signed_in("https://reader:w%2Frd@x@host:5000/mlflow") == "https://host:5000/mlflow"
    told = [os.environ[f"MLFLOW_TRACKING_{name}"] for name in ("USERNAME", "PASSWORD")]
    assert told == ["reader", "w/rd@x"]
    assert signed_in("https://host:5000/a:b@c") == "https://host:5000/a:b@c"
    assert [os.environ[f"MLFLOW_TRACKING_{name}"] for name in ("USERNAME", "PASSWORD")] == told


def test_no_process_is_started_with_a_password_in_its_arguments(monkeypatch: pytest.MonkeyPatch) -> None:
    place = compare_place("postgresql://reader:word@host/runs", "1", ["one"])
    assert place.command == 'MLFLOW_BACKEND_STORE_URI="$MLFLOW_TRACKING_URI" mlflow ui'
    started: list[list[str]] = []

    def start(command: list[str], **_: object) -> None:
        started.append(command)
        raise KeyboardInterrupt

    monkeypatch.setattr(subprocess, "Popen", start)
    with pytest.raises(KeyboardInterrupt), served("postgresql://reader:word@host/runs", place):
        pass
    assert "word" not in " ".join(started[0])


def test_what_is_no_database_is_named_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "mlflow.db").write_text("this is no database, but long enough to be mistaken for one" * 20)
    with pytest.raises(DataError) as raised:
        open_tracker(f"sqlite:///{tmp_path / 'mlflow.db'}")
    assert str(raised.value).startswith(f"MLflow at sqlite:///{tmp_path}/mlflow.db: cannot be opened (")
    assert "set MLFLOW_TRACKING_URI to a database such as sqlite:///mlflow.db" in str(raised.value)
    with pytest.raises(sqlite3.DatabaseError):
        sqlite3.connect(tmp_path / "mlflow.db").execute("select 1 from runs")


def test_an_unknown_version_is_told_with_those_there_are(tracker: Tracker) -> None:
    with pytest.raises(DataError) as raised:
        tracker.version(4)
    assert str(raised.value) == (
        f"version 4: is not registered in {tracker.uri}; registered are none; run `lead-scoring train` first"
    )


def test_mlflows_pages_are_served_while_somebody_looks(tracker: Tracker) -> None:
    with tracker.run("train", "train") as run:
        pass
    with served(tracker.uri, tracker.compare_place([run.run_id])) as link:
        base = link.partition("/#/")[0]
        with urllib.request.urlopen(base, timeout=30) as answer:  # noqa: S310 -- our own address
            assert "<title>MLflow</title>" in answer.read().decode()
        assert link.startswith("http://127.0.0.1:")
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(base, timeout=5)  # noqa: S310 -- our own address
