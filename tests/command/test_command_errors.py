"""Whatever is wrong ends in one message on stderr that says what to do, with status 1 or 2, never a traceback."""

from pathlib import Path

import pytest
from command_here import fails

import lead_scoring

CASES = [
    (
        ("check", "nowhere.toml"),
        2,
        "error: nowhere.toml: cannot be read (No such file or directory); name an existing TOML file\n",
    ),
    (
        ("train", "nowhere.toml"),
        2,
        "error: nowhere.toml: does not exist; name the file that describes the export\n",
    ),
    (
        ("features", "crm.toml", "-o", "f.parquet"),
        2,
        "error: features: give one of --cutoff, --snapshots, --describe and --replay, and only one\n",
    ),
    (
        ("features", "crm.toml", "-o", "f.parquet", "--cutoff", "soon"),
        2,
        "error: 'soon' is not a time; write one like 2026-01-31 or 2026-01-31T09:30:00Z\n",
    ),
    (
        ("features", "crm.toml", "-o", "f.parquet", "--cutoff", ""),
        2,
        "error: '' is not a time; write one like 2026-01-31 or 2026-01-31T09:30:00Z\n",
    ),
    (
        ("features", "crm.toml", "-o", "f.parquet", "--cutoff", "9999-12-31"),
        2,
        "error: --cutoff: 9999-12-31 lies before 1970 or after now, ",
    ),
    (
        ("score", "crm.toml", "-o", "s.csv", "--as-of", "1969-12-31"),
        2,
        "error: --as-of: 1969-12-31 lies before 1970 or after now, ",
    ),
    (
        ("features", "crm.toml", "-o", "f.csv", "--cutoff", "2026-01-01"),
        2,
        "error: --output: f.csv; features are written as .parquet, name a file so\n",
    ),
    (
        ("features", "crm.toml", "-o", "f.parquet", "--snapshots", "nowhere.parquet"),
        2,
        "error: nowhere.parquet: there is no such file; name a Parquet file with lead_id and cutoff\n",
    ),
    (
        ("check", "crm.toml", "--quarantine", "."),
        2,
        "error: quarantine file '.': its name must end in .csv or .parquet\n",
    ),
    (
        ("check", "dated.toml", "--quarantine", "crm.toml/q.csv"),
        2,
        "error: crm.toml/q.csv: cannot be written (File exists); name another place\n",
    ),
    (
        ("check", "dated.toml", "--quarantine", "folder.csv"),
        2,
        "error: folder.csv: is a folder; name a file in it\n",
    ),
    (
        ("sample", "crm.toml/sub", "--leads", "100"),
        2,
        "error: crm.toml/sub: Not a directory\n",
    ),
    (
        ("promote", "3", "--rollback"),
        2,
        "error: promote: --rollback goes to the champion before this one; leave the version out\n",
    ),
    (
        ("rules", "check", "rulebook.toml"),
        2,
        "error: rulebook.toml, line 2, [engagement #1] pionts: is not a known key",
    ),
]


@pytest.mark.parametrize(
    ("words", "status", "message"), CASES, ids=lambda value: " ".join(value) if isinstance(value, tuple) else ""
)
def test_what_a_user_can_mend_is_one_message_and_a_status(
    words: tuple[str, ...],
    status: int,
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "crm.toml").write_text(
        '[leads]\nfile = "leads.csv"\nlead_id = "id"\ncreated_at = "at"\n', encoding="utf-8"
    )
    (tmp_path / "dated.toml").write_text(f"exported_at = 2026-02-01\n{(tmp_path / 'crm.toml').read_text()}")
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "leads.csv").write_text("id,at\nA,2026-01-01\n", encoding="utf-8")
    (tmp_path / "rulebook.toml").write_text('[[engagement]]\npionts = 3\nrule = "x"\n', encoding="utf-8")
    ended = fails(monkeypatch, capsys, *words)
    assert (ended.status, ended.out) == (status, "")
    assert ended.err.startswith(message)
    assert ended.err.count("\n") == 1


def test_a_fault_of_our_own_is_one_message_too_and_a_traceback_only_when_asked_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken() -> None:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr(lead_scoring, "app", broken)
    status, out, said = fails(monkeypatch, capsys, "check")
    assert (status, out) == (3, "")
    assert said.splitlines()[0] == "error: a fault of lead-scoring itself, ZeroDivisionError: division by zero"
    monkeypatch.setenv("LEAD_SCORING_TRACEBACK", "1")
    with pytest.raises(ZeroDivisionError):
        lead_scoring.main()
