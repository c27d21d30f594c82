"""`lead-scoring replay`, `verify` and `history`: what they print, and with which exit status they end."""

import importlib
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa
from command_here import fails

import lead_scoring
from histories import clock, select
from histories import store as stores
from histories.contract import LeadHistory
from histories.store import Store
from histories.store.database.schema import SCORES
from histories.store.kept import answers
from scoring import rulebook as rulebooks
from scoring.rulebook import Rulebook
from serving.predictor import Predictor

for room in ("scoring", "serving"):
    sys.path.append(str(Path(__file__).parents[1] / room))
small_bundle = importlib.import_module("small_bundle")
from serving_stored import answer, asked, fill  # noqa: E402  # of another room's tests

AS_OF: int = small_bundle.AS_OF


@pytest.fixture(scope="module")
def lead() -> LeadHistory:
    return next(one for one in select.each(small_bundle.histories()) if one.created_at <= AS_OF - 20 * clock.DAY)


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lead: LeadHistory) -> Store:
    """A store with five answers for a lead, one a day, the last with another rulebook, and a what-if."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LEAD_SCORING_STORE", "sqlite:///store.db")
    stores.upgrade("sqlite:///store.db")
    opened = Store.open("sqlite:///store.db")
    fill(opened, [lead])
    book = small_bundle.book()
    for rulebook, days in ((book, range(4, 0, -1)), (edited(), range(1))):
        predictor = Predictor(small_bundle.bundle(), rulebook, 10_000, store=opened)
        predictor.archive(1)
        for day in days:
            answer(predictor, asked(lead.lead_id, AS_OF - day * clock.DAY), AS_OF - day * clock.DAY)
    answer(predictor, asked(lead.lead_id, AS_OF, attributes={"employees": 5}), AS_OF)
    return opened


def edited() -> Rulebook:
    return rulebooks.parse(small_bundle.book().source.replace("points = 25", "points = 24"), "edited")


def ran(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[str, int]:
    """What is on stdout, and the exit status."""
    monkeypatch.setattr("sys.argv", ["lead-scoring", *words])
    status = 0
    try:
        lead_scoring.main()
    except SystemExit as ended:
        status = int(ended.code or 0)
    found = capsys.readouterr()
    assert found.err == ""
    return found.out, status


def spoil(store: Store, score_id: int) -> None:
    statement = sa.update(SCORES).where(SCORES.c.score_id == score_id).values(grade="Z")
    store.database.written(lambda connection: connection.execute(statement))


def test_replay_shows_the_newest_answer_by_then_beside_itself(
    store: Store, lead: LeadHistory, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    third = answers.scores_of(store, lead.lead_id)[2]
    at = clock.iso(AS_OF - 2 * clock.DAY + 5)
    said, status = ran(monkeypatch, capsys, "replay", "--lead", lead.lead_id, "--at", at)
    lines = [" ".join(line.split()) for line in said.splitlines()]
    moment = clock.iso(AS_OF - 2 * clock.DAY)
    assert lines[:3] == [
        f"Answer 3 for lead {lead.lead_id}, given at {moment}",
        f"as of {moment}, from the store at watermark {store.watermark()}",
        f"bundle {third.bundle_version}, rulebook {third.rulebook_version}",
    ]
    assert f"probability_customer {third.probability_customer!r} {third.probability_customer!r}" in lines
    assert (lines[-1], status) == ("The same to the last bit.", 0)
    assert max(map(len, said.splitlines())) <= 80
    spoil(store, 3)
    said, status = ran(monkeypatch, capsys, "replay", "--lead", lead.lead_id, "--at", at)
    assert f"grade Z {third.grade} differs" in " ".join(said.split())
    assert (said.splitlines()[-1], status) == ("1 field differs.", 1)


def test_verify_counts_what_differs_and_ends_with_1(
    store: Store, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = "verify", "--count", "4", "--seed", "7"
    assert ran(monkeypatch, capsys, *words) == ("4 of 6 answers made again (seed 7): none differs.\n", 0)
    drawn = answers.random_scores(store, 4, 7)[0]
    spoil(store, drawn.score_id or 0)
    said, status = ran(monkeypatch, capsys, *words)
    assert said.splitlines()[0] == "4 of 6 answers made again (seed 7): 1 differs."
    assert [line.split() for line in said.splitlines()[1:]] == [
        ["field", "answers"],
        ["grade", "1"],
        ["answer", "field", "as", "given", "made", "again"],
        [str(drawn.score_id), "grade", "Z", str(drawn.grade)],
    ]
    assert status == 1


def test_history_draws_both_scores_lists_answers_and_leaves_what_ifs_out(
    store: Store, lead: LeadHistory, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    store.close()
    said, status = ran(monkeypatch, capsys, "history", lead.lead_id)
    lines = said.splitlines()
    assert status == 0
    assert [line.strip() for line in (lines[0], lines[7])] == ["score (0 to 100, by the model)", "rule points"]
    assert lines[14].strip() == "▿"
    assert len(lines[14]) == 7 + 64  # the last column: where another rulebook answered
    assert "5 answers, by the moment that they speak of" in lines
    assert lines[-1] == "▿ another rulebook; 1 what-if is left out"
    assert max(map(len, lines)) <= 80


@pytest.mark.parametrize("suffix", ["png", "svg"])
def test_history_writes_a_picture_that_is_the_same_each_time(
    store: Store,
    lead: LeadHistory,
    suffix: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    store.close()
    for name in ("one", "two"):
        said, status = ran(monkeypatch, capsys, "history", lead.lead_id, "-o", f"{name}.{suffix}")
        assert (said.splitlines()[-1], status) == (f"Picture: {name}.{suffix}", 0)
    one, two = (Path(f"{name}.{suffix}").read_bytes() for name in ("one", "two"))
    assert one == two
    assert one.startswith(b"\x89PNG" if suffix == "png" else b"<?xml")


@pytest.mark.usefixtures("store")
def test_what_cannot_be_shown_is_said_in_one_line(
    lead: LeadHistory, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    first = clock.iso(AS_OF - 4 * clock.DAY)
    before = "2026-01-01T00:00:00Z"
    for words, status, message in (
        (["replay", "--lead", "X"], 1, "no answer is kept for lead 'X': it was never asked for, or it was forgotten"),
        (["history", "X"], 1, "no answer is kept for lead 'X'"),
        (["history", lead.lead_id, "-o", "h.pdf"], 2, "h.pdf: is neither .png nor .svg; name the picture so"),
        (
            ["replay", "--lead", lead.lead_id, "--at", before],
            1,
            f"no answer for lead {lead.lead_id!r} was given by {before}; the first was given at {first}",
        ),
    ):
        assert fails(monkeypatch, capsys, *words) == (status, "", f"error: {message}\n")
    monkeypatch.delenv("LEAD_SCORING_STORE")
    message = "error: no store is named; set LEAD_SCORING_STORE or say --store URL\n"
    assert fails(monkeypatch, capsys, "verify") == (2, "", message)
