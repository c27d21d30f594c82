"""`lead-scoring rules ...` as it is called: files in, results on stdout, one message where something is wrong."""

from pathlib import Path

import pytest

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


def call(monkeypatch: pytest.MonkeyPatch, *words: str) -> None:
    """Run the command in process."""
    monkeypatch.setattr("sys.argv", ["lead-scoring", *words])
    lead_scoring.app(standalone_mode=False)


def fails(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    """Run the command to its end; return its status and what it said on stderr."""
    monkeypatch.setattr("sys.argv", ["lead-scoring", *words])
    with pytest.raises(SystemExit) as ended:
        lead_scoring.main()
    assert isinstance(ended.value.code, int)
    return ended.value.code, capsys.readouterr().err


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small sample export."""
    folder = tmp_path_factory.mktemp("rules") / "sample"
    simulation.write(folder, 1000, 24, 1)
    return folder


def test_backtest_prints_every_rule_and_the_whole(
    sample: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    new = tmp_path / "new.toml"
    new.write_text(RULES)
    old, crm = sample / "rulebook.toml", sample / "crm.toml"
    call(monkeypatch, "rules", "backtest", str(new), "--crm", str(crm), "--against", str(old))
    said = capsys.readouterr().out
    assert "Customer within 90 days, rule by rule" in said
    assert "SQL within 30 days, rule by rule" in said
    assert "Looked at prices" in said
    assert "Leads a week" in said


def test_backtest_refuses_what_the_export_does_not_have(
    sample: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    new = tmp_path / "new.toml"
    new.write_text(RULES.replace('kinds = ["session:pricing_page"]', 'family = "intend"'))
    status, said = fails(monkeypatch, capsys, "rules", "backtest", str(new), "--crm", str(sample / "crm.toml"))
    assert status == 2
    assert "error: new.toml, line 4, [engagement #1] family: 'intend' is not declared; declared are" in said
    assert "did you mean 'intent'?" in said
