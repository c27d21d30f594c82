"""The path that a user walks, with the real command in a folder of its own: demo, then each command on what it left."""

import re
import signal
import time
from pathlib import Path

import pandas as pd
import psutil
import pyarrow as pa
import pytest
from command_walk import answer, run, serving
from pyarrow import parquet

from histories import clock, export, select
from serving.wire.example import curl_example

LEADS = 3_000


@pytest.fixture(scope="module")
def walked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which `demo --no-serve` has run."""
    folder = tmp_path_factory.mktemp("walked")
    done = run(folder, "demo", "--no-serve", "--leads", str(LEADS))
    assert done.returncode == 0, done.stderr
    (folder / "demo.txt").write_text(done.stdout, encoding="utf-8")
    return folder


def test_the_demo_ends_with_both_scores_and_reasons_for_the_strongest_leads(walked: Path) -> None:
    said = (walked / "demo.txt").read_text(encoding="utf-8")
    assert re.search(r"^lead +customer +SQL +score +points +stage +next action$", said, re.MULTILINE)
    assert re.search(r"^C\d+ +\d+\.\d% .* (hand to sales|engage|nurture)", said, re.MULTILINE)
    assert re.search(r"^   • .+ points", said, re.MULTILINE)
    assert "mlflow ui --backend-store-uri" in said


def test_check_and_train_look_for_leaks_and_find_none_in_the_sample(walked: Path) -> None:
    said = (walked / "demo.txt").read_text(encoding="utf-8")
    assert len(re.findall(r"^Leakage audit: none of \d+ fields tells the answer by itself\.$", said, re.MULTILINE)) == 2


def test_score_writes_a_row_for_every_open_lead_and_is_the_same_again(walked: Path) -> None:
    first = pd.read_parquet(walked / "demo" / "scores.parquet")
    done = run(walked, "score", "demo/crm.toml", "-o", "again.csv")
    assert done.returncode == 0, done.stderr
    again = pd.read_csv(walked / "again.csv")
    assert len(first) > LEADS / 2
    assert set(first["status"]) == {"scored"}
    assert first["lead_id"].tolist() == again["lead_id"].tolist()
    assert first["probability_customer"].tolist() == again["probability_customer"].tolist()
    assert first["probability_customer"].between(0, 1).all()


def test_features_of_a_file_of_snapshots_come_in_its_order(walked: Path) -> None:
    leads = pd.read_parquet(walked / "demo" / "scores.parquet")["lead_id"].head(3).tolist()[::-1]
    wanted = pa.table({"lead_id": leads, "cutoff": pa.array(pd.to_datetime(["2025-12-01"] * 3), pa.timestamp("us"))})
    parquet.write_table(wanted, walked / "wanted.parquet")
    done = run(walked, "features", "demo/crm.toml", "-o", "f.parquet", "--snapshots", "wanted.parquet")
    assert done.returncode == 0, done.stderr
    found = pd.read_parquet(walked / "f.parquet")
    assert found["lead_id"].tolist() == leads
    assert found.columns[:2].tolist() == ["lead_id", "cutoff"]
    assert len(found.columns) >= 302


def test_compare_holds_the_champion_against_the_rules(walked: Path) -> None:
    done = run(walked, "compare", "demo/crm.toml")
    assert done.returncode == 0, done.stderr
    assert "rules" in done.stdout
    assert "AUC" in done.stdout


def test_capacity_says_where_the_champion_answers_with_points(walked: Path) -> None:
    """So few deals teach no model: the column `model` holds the points, which the reader must know."""
    done = run(walked, "capacity", "demo/crm.toml", "--per-week", "30")
    assert done.returncode == 0, done.stderr
    assert "30 calls a week, customer within 90 days" in done.stdout
    assert "The champion's model for customer is its own rulebook's points, brought to probabilities." in done.stdout


def test_the_only_version_is_the_champion_and_there_is_nothing_to_go_back_to(walked: Path) -> None:
    again = run(walked, "promote", "1")
    back = run(walked, "promote", "--rollback")
    assert (again.returncode, again.stderr) == (1, "error: version 1: is the champion already\n")
    assert back.returncode == 1
    assert back.stderr.startswith("error: nothing to go back to: version 1 is the first;")


def test_the_samples_rulebook_can_be_used_with_its_export(walked: Path) -> None:
    done = run(walked, "rules", "check", "demo/rulebook.toml", "--crm", "demo/crm.toml")
    assert done.returncode == 0, done.stderr
    assert re.match(
        r"rulebook.toml can be used: \d+ engagement rules, \d+ fit rules, version [0-9a-f]{12}", done.stdout
    )


def test_serve_answers_a_curl_with_the_same_scores_as_the_batch(walked: Path) -> None:
    histories = export.read(walked / "demo" / "crm.toml", time.time_ns() // 1000).histories
    strongest = pd.read_parquet(walked / "demo" / "scores.parquet").nlargest(1, "probability_customer").iloc[0]
    history, as_of = select.lead(histories, strongest["lead_id"]), clock.parse(strongest["as_of"])
    with serving(walked, 38_217) as (process, url):
        found = answer(curl_example(url, walked / "ask.json", history, as_of))
        for field in ("lead_id", "probability_customer", "rule_points", "next_action"):
            assert found[field] == strongest[field]
        workers = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
        assert [one for one in workers if one.is_running() and one.status() != psutil.STATUS_ZOMBIE] == []
