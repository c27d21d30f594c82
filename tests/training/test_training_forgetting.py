"""What MLflow keeps of a lead is gone from the tables and reports of a real training, and nothing else is."""

import html
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pyarrow as pa
import pytest
from mlflow import MlflowClient
from small_company import Trained

from training import forgetting
from training.forgetting import Removed
from training.tracking import Tracker, open_tracker

HOSTILE = 'Zoë "x" & <b>'


def silent(done: int, total: int) -> None:
    """Tell nobody."""


def bytes_under(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


@pytest.fixture
def own(tracker: Tracker, tmp_path: Path) -> Tracker:
    """An MLflow whose files lie in the test's folder too."""
    with closing(sqlite3.connect(tmp_path / "mlflow.db")) as database:
        database.execute("update experiments set artifact_location = ?", [(tmp_path / "mlartifacts").as_uri()])
        database.commit()
    return tracker


def texts_of(trained: Trained) -> dict[str, str]:
    """Every table and report of a real training by its path, those of the run and of the model's."""
    tracker = open_tracker(f"sqlite:///{trained.database}")
    run_ids = trained.result.run_id, tracker.children(trained.result.run_id)[0]
    places = [(one, path) for one in run_ids for path in tracker.files(one, (".json", ".html"))]
    return {path: _read(tracker, run_id, path) for run_id, path in places}


def test_a_real_training_holds_nothing_of_a_disputed_lead_any_more(
    trained: Trained, own: Tracker, tmp_path: Path
) -> None:
    tracker, texts = own, texts_of(trained)
    first = texts["report.html"].partition(">Lead</th>")[2].partition("<tbody>")[2]
    lead = first.partition('<td class="words">')[2].partition("</td>")[0]
    with tracker.run("train", "train") as run:
        for path, text in texts.items():
            run.text(text, path)
    assert f'"{lead}"'.encode() in bytes_under(tmp_path)
    held = {path: text for path, text in texts.items() if f'"{lead}"' in text or f">{lead}<" in text}
    assert set(held) == {"report.html", "test_snapshots.json"}
    rows = [row for row in json.loads(texts["test_snapshots.json"])["data"] if lead in row]
    listed = texts["report.html"].count(f">{lead}<")

    assert forgetting.forget(tracker, [lead], silent) == Removed(len(rows) + listed, 2)
    left = bytes_under(tmp_path)
    assert f'"{lead}"'.encode() not in left
    assert f">{lead}<".encode() not in left
    after = {path: _read(tracker, run.run_id, path) for path in texts}
    assert {path for path in texts if after[path] != texts[path]} == set(held)
    kept, before = json.loads(after["test_snapshots.json"]), json.loads(texts["test_snapshots.json"])
    assert kept["data"] == [row for row in before["data"] if row[1] != lead]
    assert kept["columns"] == before["columns"]
    assert after["report.html"].count("<tr") == texts["report.html"].count("<tr") - listed
    assert forgetting.forget(tracker, [lead], silent) == Removed(0, 0)


def _read(tracker: Tracker, run_id: str, path: str) -> str:
    return Path(MlflowClient(tracker.uri).download_artifacts(run_id, path)).read_text(encoding="utf-8")


def test_runs_below_others_and_runs_that_were_deleted_are_looked_through(tracker: Tracker) -> None:
    rows = pa.table({"target": ["sql", "sql"], "lead_id": [HOSTILE, "b"], "probability": [0.5, None]})
    with tracker.run("train", "train") as run, run.child("model") as child:
        child.table(rows, "deep/in/it.json")
        child.text(json.dumps([HOSTILE]), "other.json")  # in no column of leads: not the lead's row
    MlflowClient(tracker.uri).delete_run(child.run_id)
    assert forgetting.forget(tracker, [HOSTILE], silent) == Removed(1, 1)
    assert json.loads(_read(tracker, child.run_id, "deep/in/it.json")) == {
        "columns": ["target", "lead_id", "probability"],
        "data": [["sql", "b", None]],
    }


def test_more_runs_than_a_page_of_mlflow_are_all_seen(tracker: Tracker, monkeypatch: pytest.MonkeyPatch) -> None:
    search = MlflowClient.search_runs
    monkeypatch.setattr(MlflowClient, "search_runs", lambda *given, **named: search(*given, **named, max_results=2))
    ids = set()
    for _ in range(5):
        with tracker.run("compare", "compare") as run:
            ids.add(run.run_id)
    assert set(tracker.runs()) == ids


def test_of_a_report_the_rows_of_leads_go_and_a_group_of_the_same_name_stays() -> None:
    leads = f'<table>\n  <thead><tr><th scope="col" class="words">Lead</th></tr></thead>\n  <tbody>\n  <tr class="marked"><td class="words">{html.escape(HOSTILE)}</td><td>12</td></tr>\n  <tr><td class="words">12</td><td>1</td></tr>\n  </tbody>\n</table>\n'
    groups = leads.replace(">Lead<", ">Who<")
    without, rows = forgetting.report(groups + leads, [HOSTILE])
    assert rows == 1
    assert without.startswith(groups)
    assert without.count(html.escape(HOSTILE)) == 1
    assert forgetting.report(leads, ["1"]) == (leads, 0)
    assert forgetting.report(leads, ["12", HOSTILE])[1] == 2


def test_a_text_that_is_no_table_stays_as_it_is() -> None:
    for text in ('{"lead_id": "a"}', '["a"]', '{"columns": ["lead"], "data": [["a"]]}'):
        assert forgetting.table(text, ["a"]) == (text, 0)
