"""`ingest` loads an export and says what became of it; `quarantine` lists what was refused."""

import json
from pathlib import Path

import pytest
from command_here import fails

import lead_scoring
from histories import store
from histories.contract import Attribute
from histories.store import AttributeRow, Store

LEADS = "id,created\nA,2026-01-01T00:00:00Z\nB,2026-01-02T00:00:00Z\n"
TOUCHES = "touch,id,at\n1,A,2026-02-01T00:00:00Z\n2,B,2026-02-02T00:00:00Z\n"
CONFIG = """
exported_at = 2026-03-01T00:00:00Z
[leads]
file = "leads.csv"
lead_id = "id"
created_at = "created"

[[interactions]]
file = "touches.csv"
interaction_id = "touch"
lead_id = "id"
occurred_at = "at"
kind = "call"
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    for name, text in {"leads.csv": LEADS, "touches.csv": TOUCHES, "crm.toml": CONFIG}.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path / "crm.toml"


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/store.db"


def says(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: str) -> str:
    monkeypatch.setattr("sys.argv", ["lead-scoring", *words])
    with pytest.raises(SystemExit) as ended:
        lead_scoring.main()
    assert ended.value.code == 0
    return capsys.readouterr().out


def test_an_export_is_loaded_into_a_store_that_is_made_and_the_table_says_how_much(
    config: Path, url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said = says(monkeypatch, capsys, "ingest", str(config), "--store", url)
    lines = {line.split()[0]: line.split()[1:] for line in said.splitlines() if line.strip()}
    assert lines["leads"] == ["0", "2", "2", "0", "0"]
    assert lines["interactions"] == ["0", "2", "2", "0", "0"]
    assert "The store stands at watermark 3." in said
    assert max(map(len, said.splitlines())) <= 80
    monkeypatch.setenv("LEAD_SCORING_STORE", url)
    again = says(monkeypatch, capsys, "ingest", str(config))
    assert {line.split()[0]: line.split()[1:] for line in again.splitlines() if line.strip()}["leads"] == [
        "0",
        "2",
        "0",
        "2",
        "0",
    ]


def test_without_a_store_the_call_is_wrong(
    config: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("LEAD_SCORING_STORE", raising=False)
    ended = fails(monkeypatch, capsys, "ingest", str(config))
    assert (ended.status, ended.err) == (2, "error: no store is named; set LEAD_SCORING_STORE or say --store URL\n")


def test_more_refusals_than_the_export_allows_end_with_1_and_are_listed(
    config: Path, url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    says(monkeypatch, capsys, "ingest", str(config), "--store", url)
    (config.parent / "leads.csv").write_text(LEADS.replace("2026-01-01", "2026-01-09"), encoding="utf-8")
    ended = fails(monkeypatch, capsys, "ingest", str(config), "--store", url)
    why = "another row has this lead_id; it differs in created_at"
    assert ended.status == 1
    assert f"1 refused: {why}" in ended.out
    assert "leads: the store refused 1 of 2 rows, more than max_bad_share = 0.1 allows" in ended.err
    listed = says(monkeypatch, capsys, "quarantine", "--store", url)
    assert f"leads: {why}" in listed
    assert listed.endswith("1 of 1 refused rows.\n")
    (line,) = says(monkeypatch, capsys, "quarantine", "--store", url, "--json", "--of", "leads").splitlines()
    assert json.loads(line)["row"] == {"lead_id": "A", "created_at": "2026-01-09T00:00:00Z", "account_id": None}
    assert says(monkeypatch, capsys, "quarantine", "--store", url, "--of", "outcomes") == "0 of 0 refused rows.\n"


def test_an_attribute_of_another_type_is_named_with_what_to_do_and_one_that_was_retyped_too(
    config: Path, url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    store.upgrade(url)
    with Store.open(url) as opened:
        came = (("staff", "7"), ("size", "big"))
        opened.add_attributes([AttributeRow("A", Attribute(name, value, 1)) for name, value in came], 1)
    leads = "id,created,staff,size\nA,2026-01-01T00:00:00Z,7,1\nB,2026-01-02T00:00:00Z,8,2\n"
    (config.parent / "leads.csv").write_text(leads, encoding="utf-8")
    types = '[leads.attributes]\nstaff = "number"\nsize = "number"\n\n[[interactions]]'
    config.write_text(CONFIG.replace("[[interactions]]", types), encoding="utf-8")
    ended = fails(monkeypatch, capsys, "ingest", str(config), "--store", url)
    assert ended.status == 1
    assert (
        "staff is a number from now on: every text that the store has of it is one. What was answered before stays as "
        "it was; train anew, as models made before know it as a category.\n"
    ) in ended.out
    assert (
        "size is a category in the store and a number in the export: its values were refused. Declare it as a "
        "category, give it another name, or load into a new store.\n"
    ) in ended.out
    assert "2 refused: size: value is not a category\n" in ended.out
    assert "attributes: the store refused 2 of 4 rows, more than max_bad_share = 0.1 allows" in ended.err
    with Store.open(url) as opened:
        assert {one.name: one.value for one in store.lead(opened, "B").attributes} == {"staff": 8.0}


def test_rows_of_a_forgotten_lead_are_counted_apart_and_are_not_said_to_be_in_quarantine(
    config: Path, url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    says(monkeypatch, capsys, "ingest", str(config), "--store", url)
    says(monkeypatch, capsys, "forget", "A", "--yes", "--store", url)
    said = says(monkeypatch, capsys, "ingest", str(config), "--store", url)
    lines = {line.split()[0]: line.split()[1:] for line in said.splitlines() if line.strip()}
    assert (lines["leads"], lines["interactions"]) == (["0", "2", "0", "1", "0"], ["0", "2", "0", "1", "0"])
    assert "2 are of leads that were forgotten: nothing of them is kept.\n" in said
    assert "quarantine" not in said


def test_an_older_store_is_migrated_first(
    config: Path, url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    store.upgrade(url, "0003")
    says(monkeypatch, capsys, "ingest", str(config), "--store", url)
    with Store.open(url) as opened:
        assert store.lead(opened, "A").interactions[0].interaction_id == "touches:1"
