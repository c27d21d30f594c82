"""`lead-scoring merge`, `suppress` and `forget`: what they print, what they refuse, and that nothing is left of a person."""

import contextlib
import gzip
import io
import json
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest
from command_here import fails

import lead_scoring
from histories import store as stores
from histories.store import Store
from histories.store.database.schema import (
    ATTRIBUTES,
    CROSSINGS,
    HANDOVERS,
    LEADS,
    OUTCOMES,
    QUARANTINE,
    SCORES,
    STANDINGS,
    SUPPRESSIONS,
)

sys.path.append(str(Path(__file__).parents[1] / "store"))
from people_cases import COLLEAGUE, OTHER, PERSON, VALUE, fill, naming

REFUSED = "What comes of this lead from now on is refused."
NO_MLFLOW = "MLflow (there is none at sqlite:///{folder}/mlflow.db; MLFLOW_TRACKING_URI names another)"


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """The store that LEAD_SCORING_STORE names, in an empty working folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LEAD_SCORING_REQUEST_LOG", raising=False)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.setenv("LEAD_SCORING_STORE", "sqlite:///store.db")
    stores.upgrade("sqlite:///store.db")
    with Store.open("sqlite:///store.db") as opened:
        fill(opened)
        yield opened


def said(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """What is on stdout after a run that ends well."""
    monkeypatch.setattr("sys.argv", ["lead-scoring", *words])
    with contextlib.suppress(SystemExit):
        lead_scoring.main()
    found = capsys.readouterr()
    assert found.err == ""
    return found.out


@pytest.mark.usefixtures("store")
def test_an_objection_and_its_end_are_told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    lines = [said(monkeypatch, capsys, "suppress", OTHER, *lift) for lift in ([], [], ["--lift"], ["--lift"])]
    assert lines == [
        f"{OTHER} is suppressed from now on.\n",
        f"{OTHER} was suppressed already.\n",
        f"{OTHER} is scored again from now on.\n",
        f"{OTHER} was not suppressed.\n",
    ]


@pytest.mark.usefixtures("store")
def test_an_objection_of_a_lead_that_nobody_knows_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = [said(monkeypatch, capsys, "suppress", "lead-typo", *lift) for lift in ([], [], ["--lift"])]
    assert lines == [
        "lead-typo is suppressed from now on. The store knows no such lead yet; it holds when one comes.\n",
        "lead-typo was suppressed already. The store knows no such lead yet; it holds when one comes.\n",
        "lead-typo is scored again from now on. The store knows no such lead.\n",
    ]


@pytest.mark.usefixtures("store")
def test_two_leads_become_one_once(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    words = "merge", OTHER, "--into", COLLEAGUE, "--known-at", "2026-01-31T10:00:00Z"
    assert said(monkeypatch, capsys, *words) == f"{OTHER} goes on as {COLLEAGUE}, as of 2026-01-31T10:00:00Z.\n"
    assert said(monkeypatch, capsys, *words) == f"{OTHER} was merged into {COLLEAGUE} already.\n"
    ended = fails(monkeypatch, capsys, "merge", COLLEAGUE, "--into", "nobody")
    assert ended == (1, "", "error: nobody: the store knows no such lead; send the lead first\n")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("forget", PERSON), "forget removes a person for good, and asks first; without a terminal, say --yes"),
        (("merge", OTHER, "--into", PERSON, "--known-at", "2999-01-01"), "--known-at: 2999-01-01 lies before 1970 or after now"),
        (("suppress", OTHER, "--store", ""), "no store is named; set LEAD_SCORING_STORE or say --store URL"),
    ],
)  # fmt: skip
def test_a_call_that_is_wrong_says_what_to_do_and_changes_nothing(
    store: Store,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    message: str,
) -> None:
    before = store.watermark()
    ended = fails(monkeypatch, capsys, *words)
    assert (ended.status, ended.out) == (2, "")
    assert message in ended.err
    assert store.watermark() == before


def line(lead_id: str) -> bytes:
    return json.dumps({"request_id": "r", "lead_id": lead_id, "row": [1.0]}, ensure_ascii=False).encode() + b"\n"


def test_forgetting_tells_counts_and_no_values_and_the_second_time_nothing(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LEAD_SCORING_REQUEST_LOG", "log")
    (tmp_path / "log").mkdir()
    (tmp_path / "log" / "a.jsonl").write_bytes(line(OTHER) + line(PERSON) * 2)
    (tmp_path / "log" / "b.jsonl.gz").write_bytes(gzip.compress(line(PERSON)))
    out = said(monkeypatch, capsys, "forget", PERSON, "--yes")
    rows = [one.split() for one in out.splitlines()]
    assert rows[0] == ["removed", "from", "what", "rows"]
    assert rows[1] == ["request", "log", "lines", "3"]
    assert rows[2] == ["store", "interactions", "1"]
    assert rows[3:-3] == [
        [one.name, "1"]
        for one in (ATTRIBUTES, OUTCOMES, LEADS, SUPPRESSIONS, SCORES, STANDINGS, CROSSINGS, HANDOVERS, QUARANTINE)
    ]
    assert out.splitlines()[-3:] == [
        "Answers for others of its account that were made from what it did, and cannot be replayed: 1",
        REFUSED,
        f"Not looked in: {NO_MLFLOW.format(folder=tmp_path)}.",
    ]
    assert PERSON not in out
    assert VALUE not in out
    assert not (tmp_path / "mlflow.db").exists()
    monkeypatch.delenv("LEAD_SCORING_REQUEST_LOG")
    again = said(monkeypatch, capsys, "forget", PERSON, "--yes")
    assert again == (
        "Nothing was known of this lead. What comes of it from now on is refused.\n"
        f"Not looked in: request logs (--request-log names their folder); {NO_MLFLOW.format(folder=tmp_path)}.\n"
    )
    assert naming(store, PERSON, VALUE) == {}


def test_what_cannot_be_done_is_told_at_the_end_and_the_next_run_finds_every_id_of_the_person(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LEAD_SCORING_REQUEST_LOG", "log")
    said(monkeypatch, capsys, "merge", OTHER, "--into", PERSON)
    (tmp_path / "log").mkdir()
    damaged = tmp_path / "log" / "a.jsonl.gz"
    damaged.write_bytes(gzip.compress(line(OTHER) * 99)[:-9])
    ended = fails(monkeypatch, capsys, "forget", PERSON, "--yes")
    assert ended.status == 1
    assert ended.err == (
        "error: log/a.jsonl.gz is damaged, and may name the lead: mend or delete it. The rest is done; run the "
        "command again when that is mended\n"
    )
    assert naming(store, PERSON, OTHER, VALUE) == {"merges": 1}
    damaged.write_bytes(gzip.compress(line(OTHER) * 99))
    out = said(monkeypatch, capsys, "forget", PERSON, "--yes")
    assert [one.split() for one in out.splitlines()][1:-2] == [
        ["request", "log", "lines", "99"],
        ["store", "merges", "1"],
    ]
    assert naming(store, PERSON, OTHER, VALUE) == {}


@pytest.mark.parametrize(("answer", "left"), [("n\n", 1), ("y\n", 0)])
def test_on_a_terminal_it_asks_first_and_removes_nothing_after_a_no(
    store: Store, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], answer: str, left: int
) -> None:
    asked = asks(monkeypatch, capsys, PERSON, answer)
    assert "Remove this lead for good from sqlite:///store.db, request logs and MLflow? [y/N]" in asked
    assert naming(store, PERSON).get("leads", 0) == left
    assert ("Nothing was removed." in asked) == bool(left)


def test_of_a_lead_that_nobody_knows_it_asks_otherwise_until_it_is_forgotten(
    store: Store, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = store.watermark()
    unknown = (
        "sqlite:///store.db knows nothing of this lead. Look for it in request logs and MLflow, and refuse for good "
        "whatever comes of it? [y/N]"
    )
    assert unknown in asks(monkeypatch, capsys, "lead-71", "n\n")
    assert store.watermark() == before
    assert unknown in asks(monkeypatch, capsys, "lead-71", "y\n")
    assert "Remove this lead for good" in asks(monkeypatch, capsys, "lead-71", "n\n")


def asks(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], lead_id: str, answer: str) -> str:
    """What `forget` says on a terminal where this is answered."""
    typed = io.StringIO(answer)
    monkeypatch.setattr(typed, "isatty", lambda: True)
    monkeypatch.setattr("sys.stdin", typed)
    monkeypatch.setattr("sys.argv", ["lead-scoring", "forget", lead_id])
    with contextlib.suppress(SystemExit):
        lead_scoring.main()
    return capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.usefixtures("store")
def test_no_byte_of_the_person_is_left_in_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Store, request log, MLflow's database and files, all in one folder."""
    from training.tracking import open_tracker  # noqa: PLC0415  # seconds, for this test alone

    monkeypatch.setenv("LEAD_SCORING_REQUEST_LOG", str(tmp_path / "log"))
    (tmp_path / "log").mkdir()
    (tmp_path / "log" / "a.jsonl").write_bytes(line(PERSON) + line(OTHER))
    with open_tracker().run("train", "train") as run:
        run.table(pa.table({"lead_id": [PERSON, OTHER], "label": [1, 0]}), "test_snapshots.json")
        head = '<table>\n<thead><tr><th scope="col">Lead</th></tr></thead>'
        run.text(f"{head}<tr><td>{PERSON}</td></tr><tr><td>{OTHER}</td></tr></table>", "report.html")
    words = [PERSON.encode(), json.dumps(PERSON)[1:-1].encode(), VALUE.encode()]

    def held() -> set[str]:
        files = [path for path in tmp_path.rglob("*") if path.is_file()]
        return {path.name for path in files if any(word in path.read_bytes() for word in words)}

    assert {"test_snapshots.json", "report.html", "a.jsonl"} <= held()
    assert "store.db" in held() or "store.db-wal" in held()
    out = said(monkeypatch, capsys, "forget", PERSON, "--yes")
    assert ["MLflow", "rows", "of", "tables", "and", "reports", "2"] in [one.split() for one in out.splitlines()]
    assert held() == set()
    with contextlib.closing(sqlite3.connect("store.db")) as database:
        assert database.execute("pragma integrity_check").fetchall() == [("ok",)]
