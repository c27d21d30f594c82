"""`lead-scoring rules ...` as it is called: files in, results on stdout, one message where something is wrong."""

import csv
import re
from pathlib import Path

import pyarrow.compute as pc
import pytest
from command_here import fails
from pyarrow import parquet

import lead_scoring
from histories import sample as simulation

RULES = """name = "sample"
[[engagement]]
rule = "Looked at prices"
kinds = ["session:pricing_page"]
points = 8
[stages]
mql = { points = 8 }
"""
MISTYPED = """[[engagement]]
rule = "Looked at a demo"
kinds = ["sesion:demo"]
points = 3
"""


def call(monkeypatch: pytest.MonkeyPatch, *words: str) -> None:
    """Run the command in process."""
    monkeypatch.setattr("sys.argv", ["lead-scoring", *words])
    lead_scoring.app(standalone_mode=False)


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small sample export."""
    folder = tmp_path_factory.mktemp("rules") / "sample"
    simulation.write(folder, 300, 18, 1)
    return folder


def csv_lead(sample: Path) -> str:
    """A lead of the sample."""
    with (sample / "contacts.csv").open(newline="") as file:
        return next(csv.DictReader(file))["contact_id"]


def test_backtest_prints_every_rule_and_the_whole_before_it_says_that_deals_are_too_few_for_a_draft(
    sample: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    new, draft = tmp_path / "new.toml", tmp_path / "draft.toml"
    new.write_text(RULES + MISTYPED)
    old, crm = sample / "rulebook.toml", sample / "crm.toml"
    words = ["rules", "backtest", str(new), "--crm", str(crm), "--against", str(old), "--draft", str(draft)]
    said = fails(monkeypatch, capsys, *words)
    assert "Nothing in the export meets rule 'Looked at a demo'." in said.out
    assert "Customer within 90 days, rule by rule" in said.out
    assert "SQL within 30 days, rule by rule" in said.out
    assert "Looked at prices" in said.out
    assert "The whole" in said.out
    assert "Leads a week" in said.out
    assert said.status == 1
    assert "error: too few deals for a draft: " in said.err
    assert not draft.exists()


def test_backtest_refuses_what_the_export_does_not_have(
    sample: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    new = tmp_path / "new.toml"
    new.write_text(RULES.replace('kinds = ["session:pricing_page"]', 'family = "intend"'))
    status, _, said = fails(monkeypatch, capsys, "rules", "backtest", str(new), "--crm", str(sample / "crm.toml"))
    assert status == 2
    assert "error: new.toml, line 4, [engagement #1] family: 'intend' is not declared; declared are" in said
    assert "did you mean 'intent'?" in said


def test_preview_shows_both_ledgers_and_their_sums(
    sample: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    new, old = tmp_path / "new.toml", tmp_path / "old.toml"
    new.write_text(RULES + MISTYPED)
    old.write_text(RULES.replace("points = 8\n", "points = 6\n", 1))
    visits = parquet.read_table(sample / "web_sessions.parquet")
    visited = visits.filter(pc.equal(visits["page_type"], "pricing_page"))
    lead = visited["contact_id"].drop_null()[0].as_py()
    call(monkeypatch, "rules", "preview", lead, str(new), "--crm", str(sample / "crm.toml"), "--against", str(old))
    silent, *said = capsys.readouterr().out.splitlines()
    assert silent == "Nothing in the export meets rule 'Looked at a demo'."
    assert said[0].startswith(f"{lead} at 20")
    (points,) = [line.split() for line in said if line.split()[:1] == ["Points"]]
    before, after, change = (float(one) for one in points[1:])
    assert before > 0
    assert (after, change) == pytest.approx((before / 6 * 8, before / 6 * 2))
    assert any(
        line.split() == ["Stage", "lead" if before < 8 else "mql", "mql", "changes" if before < 8 else "same"]
        for line in said
    )


def test_a_lead_that_came_after_the_moment_is_refused(
    sample: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    book, crm = str(sample / "rulebook.toml"), str(sample / "crm.toml")
    lead = csv_lead(sample)
    words = ["rules", "preview", lead, book, "--crm", crm, "--against", book, "--as-of", "2020-01-01"]
    status, _, said = fails(monkeypatch, capsys, *words)
    assert status == 2
    assert re.search(rf"error: --as-of: {lead} was created at 20\S+Z, not before 2020-01-01T00:00:00Z", said)


def test_publish_wants_a_rulebook_or_rollback_and_a_champion(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    message = "error: rules publish: name a rulebook, or give --rollback, and only one of the two\n"
    assert fails(monkeypatch, capsys, "rules", "publish") == (2, "", message)
    assert fails(monkeypatch, capsys, "rules", "publish", "r.toml", "--rollback") == (2, "", message)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'mlflow.db'}")
    (tmp_path / "r.toml").write_text(RULES)
    status, _, said = fails(monkeypatch, capsys, "rules", "publish", str(tmp_path / "r.toml"))
    assert status == 1
    assert said.startswith("error: there is no champion in sqlite:///")


def test_a_draft_does_not_overwrite_what_is_tested(
    sample: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    book, crm = str(sample / "rulebook.toml"), str(sample / "crm.toml")
    status, _, said = fails(monkeypatch, capsys, "rules", "backtest", book, "--crm", crm, "--draft", book)
    assert (status, said) == (2, f"error: --draft: {book} is a rulebook that is tested here; name another file\n")


def test_a_draft_overwrites_no_file_that_is_no_draft(
    sample: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    book, crm = sample / "rulebook.toml", sample / "crm.toml"
    before = crm.read_bytes()
    status, _, said = fails(monkeypatch, capsys, "rules", "backtest", str(book), "--crm", str(crm), "--draft", str(crm))
    assert (status, said) == (2, f"error: --draft: {crm} exists and is no draft; name a new file\n")
    assert crm.read_bytes() == before
