"""`lead-scoring why`: what it prints adds up as it is printed, and what it refuses."""

import contextlib
import importlib
import json
import re
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from command_here import fails

import lead_scoring
from histories import store as stores
from histories.clock import DAY
from histories.contract import Attribute, Interaction
from histories.store import AttributeRow, InteractionRow, LeadRow, Store
from scoring import rulebook as rulebooks
from serving.predictor import Predictor

sys.path.append(str(Path(__file__).parents[1] / "scoring"))
small_bundle = importlib.import_module("small_bundle")
AS_OF: int = small_bundle.AS_OF
BETWEEN = ("--from", "2026-04-22", "--to", "2026-05-01")


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """A store with a lead that was answered for twice, ten days and an edit of the rulebook apart."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LEAD_SCORING_STORE", "sqlite:///store.db")
    stores.upgrade("sqlite:///store.db")
    bundle, book = small_bundle.bundle(), small_bundle.book()
    edited = rulebooks.parse(book.source.replace("points = 10\n", "points = 14\n", 1), "rulebook.toml")
    with Store.open("sqlite:///store.db") as opened:
        opened.add_leads([LeadRow("L1", AS_OF - 20 * DAY), LeadRow("L2", AS_OF - DAY)], AS_OF)
        opened.add_attributes([AttributeRow("L1", Attribute("employees", 500.0, AS_OF - 3 * DAY))], AS_OF)
        for name, days in (("a", 15), ("b", 2)):
            visit = Interaction(name, AS_OF - days * DAY, "session:pricing_page")
            opened.add_interactions([InteractionRow("L1", visit)], AS_OF)
        for rules, at in ((book, AS_OF - 10 * DAY), (edited, AS_OF)):
            predictor = Predictor(bundle, rules, 10_000, store=opened)
            predictor.archive(at)
            predictor.predict_one(b'{"lead_id": "L1"}', "r", at)
        yield opened


def said(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: str) -> str:
    monkeypatch.setattr("sys.argv", ["lead-scoring", "why", *words])
    with contextlib.suppress(SystemExit):
        lead_scoring.main()
    found = capsys.readouterr()
    assert found.err == ""
    return found.out


@pytest.mark.usefixtures("store")
def test_printed_parts_lead_from_one_printed_score_to_the_other_on_80_columns(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = said(monkeypatch, capsys, "L1", *BETWEEN)
    assert max(map(len, text.splitlines())) <= 80
    changes = re.split(r"\n\n(?=Points|P\()", text)[1:]
    assert [one.split("  ")[0] for one in changes] == ["Points", "P(sql within 30 days)", "P(customer within 90 days)"]
    for change in changes:
        ends = re.match(r".*?  (-?[\d.]+)%? → (-?[\d.]+)%?  \(([-+]?[\d.]+)\)", change)
        assert ends
        before, after, whole = map(Decimal, ends.groups())
        parts = [Decimal(one) for one in re.findall(r"^ {1,8}([-+]?\d+\.\d\d)  ", change, re.MULTILINE)]
        assert before + sum(parts) == after == before + whole
        for part in re.split(r"\n(?= {1,8}[-+]?\d+\.\d\d  )", change)[1:]:
            odds = re.match(r".*\(([-+]?\d\.\d{3})\)", part)
            told = Decimal(odds[1]) if odds else Decimal(part.split()[0])
            inner = [Decimal(one) for one in re.findall(r"^ {10,}([-+]?\d+\.\d\d\d?)  ", part, re.MULTILINE)]
            assert not inner or sum(inner) == told
    odds = re.findall(r"log-odds, (\S+) → (\S+) \((\S+)\)", text)
    assert len(odds) == 2
    assert all(Decimal(before) + Decimal(change) == Decimal(after) for before, after, change in odds)


@pytest.mark.usefixtures("store")
def test_causes_are_told_in_words(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    text = said(monkeypatch, capsys, "L1", *BETWEEN)
    for line in (
        "from  2026-04-21 00:00:00Z, answered at 2026-04-21 00:00:00Z",
        "New interactions          1 new interaction: 1 pricing page visit",
        "Decay and ageing          10 days passed",
        "What is known of the lead Employees is 500; before: not known",
        "                          “Looked at prices”: 10 → 14 points",
    ):
        assert line in text.splitlines()


@pytest.mark.usefixtures("store")
def test_json_is_what_the_service_answers(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    found = json.loads(said(monkeypatch, capsys, "L1", *BETWEEN, "--json"))
    assert [one["cause"] for one in found["causes"]] == ["interactions", "ageing", "attributes", "rulebook"]
    assert found["points"]["before"] + sum(one["effect"] for one in found["points"]["parts"]) == pytest.approx(
        found["points"]["after"]
    )


@pytest.mark.usefixtures("store")
def test_without_an_answer_of_then_it_is_what_answered_last_that_would_have(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = said(monkeypatch, capsys, "L1", "--from", "2026-04-14", "--to", "2026-04-22")
    assert "from  2026-04-14 00:00:00Z, would have been answered" in text.splitlines()
    assert "to    2026-04-21 00:00:00Z, answered at 2026-04-21 00:00:00Z" in text.splitlines()


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (
            ("L1", "--from", "2026-05-01", "--to", "2026-04-01"),
            2,
            "2026-05-01T00:00:00Z is not before 2026-04-01T00:00:00Z; name the earlier moment first",
        ),
        (("nobody", *BETWEEN), 1, "the store knows no lead 'nobody'"),
        (("L2", *BETWEEN), 1, "lead 'L2' was created at 2026-04-30T00:00:00Z, after 2026-04-22T00:00:00Z"),
        (("L1", "--from", "yesterday"), 2, "'yesterday' is not a time"),
    ],
)
def test_what_cannot_be_compared_is_one_message(
    words: tuple[str, ...],
    status: int,
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    ended = fails(monkeypatch, capsys, "why", *words)
    assert (ended.status, ended.out) == (status, "")
    assert message in ended.err
