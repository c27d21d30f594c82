"""A training with a search that is killed: what stays of it, and what the next one makes of that."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from mlflow import MlflowClient
from small_company import NOW, RECIPE, Company

from training.run import TRIALS, train
from training.tracking import open_tracker

SEARCH = RECIPE + "[search]\ntrials = 2\n"


class KilledError(BaseException):
    pass


@pytest.mark.slow
def test_a_killed_training_keeps_its_trials_in_the_working_folder_until_one_has_ended(
    company: Company, blank_database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(blank_database, tmp_path / "mlflow.db")
    uri, recipe = f"sqlite:///{tmp_path / 'mlflow.db'}", company.with_recipe("search.toml", SEARCH)
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")

    def run(progress: Callable[[str, int, int], None]) -> str:
        return train(company.crm, recipe, company.rulebook, NOW, progress, uri).run_id

    def kill(text: str, done: int, total: int) -> None:  # noqa: ARG001
        if text == "settings for customer, trials" and done == 1:
            raise KilledError

    with pytest.raises(KilledError):
        run(kill)
    kept = sorted(TRIALS.rglob("*.jsonl"))
    assert sorted(len(one.read_text().splitlines()) for one in kept) == [1, 2]
    losses = {json.loads(line)["losses"][-1] for one in kept for line in one.read_text().splitlines()}
    done = run(lambda *_: None)
    assert not list(TRIALS.iterdir())
    client = MlflowClient(uri)
    table = json.loads(Path(client.download_artifacts(done, "trials.json")).read_text())
    rows = [dict(zip(table["columns"], row, strict=True)) for row in table["data"]]
    assert [(one["target"], one["trial"]) for one in rows] == [("sql", 1), ("sql", 2), ("customer", 1), ("customer", 2)]
    assert losses <= {one["log_loss"] for one in rows}
    params = client.get_run(done).data.params
    assert (params["sql.trials"], params["customer.trials"], params["search.trials.sql"]) == ("2", "2", "2")
    assert open_tracker(uri).versions()[0].number == 1
