"""`lead-scoring today store://` as a whole: the list on the page, in the file and in the store, by lot and not."""

import contextlib
import csv
import importlib
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest

import lead_scoring
from histories import clock, select
from histories import store as stores
from histories.store import Store
from histories.store.crossing import deliveries
from histories.store.facts.definitions import Definitions, define
from histories.store.kept import answers
from histories.store.kept.given import handed_over
from scoring import bundle as bundles
from serving.board.exploring import propensities
from training import fingerprint, promote
from training.tracking import BUNDLE_PATH, RULEBOOK_PATH, open_tracker

for room in ("scoring", "serving"):
    sys.path.append(str(Path(__file__).parents[1] / room))
small_bundle = importlib.import_module("small_bundle")
from serving_stored import fill  # noqa: E402  # of another room's tests

AS_OF: int = small_bundle.AS_OF
RECIPE = """
[targets.sql]
horizon_days = 30
[targets.customer]
horizon_days = 90
"""
CALLS = 20
WORDS = "today", "store://", "--calls", str(CALLS), "--explore", "0.05"


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a store of simulated leads, a champion in MLflow and a recipe; no test changes it."""
    folder = tmp_path_factory.mktemp("prepared")
    (folder / "recipe.toml").write_text(RECIPE, encoding="utf-8")
    url = f"sqlite:///{folder}/store.db"
    stores.upgrade(url)
    with Store.open(url) as opened:
        histories = small_bundle.histories()
        define(opened, Definitions(histories.timezone, histories.families, histories.attribute_types), 1)
        fill(opened, select.each(histories))
        opened.database.maintained("pragma wal_checkpoint(truncate)")  # the file alone is copied
    tracker, book = open_tracker(f"sqlite:///{folder}/mlflow.db"), small_bundle.book()
    with tempfile.TemporaryDirectory() as scratch, tracker.run("train", "train") as run:
        place = Path(scratch) / BUNDLE_PATH
        bundles.write(small_bundle.bundle(), place)
        run.folder(place, BUNDLE_PATH)
        run.text(book.source, RULEBOOK_PATH)
        tags = {
            promote.BUNDLE_SHA256: fingerprint.folder_sha256(place),
            promote.RULEBOOK_VERSION: book.version,
            promote.BUNDLE_VERSION: small_bundle.bundle().version,
        }
        version = tracker.register(run, tags)
    promote.crown(tracker, version, AS_OF)
    return folder


@pytest.fixture
def store(prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """A store of the test's own, which LEAD_SCORING_STORE names, on the day of the calls."""
    shutil.copy(prepared / "store.db", tmp_path / "store.db")
    shutil.copy(prepared / "recipe.toml", tmp_path / "recipe.toml")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LEAD_SCORING_REQUEST_LOG", raising=False)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{prepared}/mlflow.db")
    monkeypatch.setenv("LEAD_SCORING_STORE", "sqlite:///store.db")
    at(monkeypatch, AS_OF)
    with Store.open("sqlite:///store.db") as opened:
        yield opened


def at(monkeypatch: pytest.MonkeyPatch, moment: int) -> None:
    """Let the commands begin at a moment."""
    for room in ("options", "today"):
        monkeypatch.setattr(f"commands.{room}.now", lambda: moment)


def said(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: str) -> list[str]:
    """The lines on stdout of a run that ends well."""
    monkeypatch.setattr("sys.argv", ["lead-scoring", *words])
    with contextlib.suppress(SystemExit):
        lead_scoring.main()
    found = capsys.readouterr()
    assert found.err == ""
    return found.out.splitlines()


def rows_of_file() -> list[dict[str, str]]:
    with Path("calls-2026-05-01.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def handovers(store: Store) -> pa.Table:
    return handed_over(store, AS_OF, AS_OF + clock.DAY)


def by_lot(table: pa.Table) -> list[str]:
    return [row["lead_id"] for row in table.to_pylist() if row["explored"]]


def test_the_list_says_who_is_called_who_by_lot_and_why_and_the_store_holds_the_same(
    store: Store, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = said(monkeypatch, capsys, *WORDS)
    kept, table = rows_of_file(), handovers(store)
    called, (drawn,) = [row["lead_id"] for row in kept], by_lot(table)
    assert table["lead_id"].to_pylist() == called
    assert len(set(table["list_id"].to_pylist())) == 1
    assert [row["by_lot"] for row in kept] == ["true" if one == drawn else "false" for one in called]
    assert [float(row["propensity"]) for row in kept] == table["propensity"].to_pylist()
    text = " ".join(line.strip() for line in lines)
    assert re.match(
        r"20 calls for 2026-05-01T00:00:00Z of \d+ open leads: 19 that a call brings most from, the best first, "
        r"and 1 by lot \(◆\)  lead ",
        text,
    )
    numbered = [line.split()[1] for line in lines if re.match(r" ?\d+  L\d{4} ", line)]
    assert numbered == called
    mark = "   ◆ by lot: to be called like the others, whatever its score"
    (place,) = [number for number, line in enumerate(lines) if line.rstrip() == mark]
    assert lines[place - 1].split()[1] == drawn
    assert "worth: – where the recipe names no deal_value" in text
    assert "What comes of leads that no score has chosen tells what the scores are worth." in text
    assert lines[-2:] == [
        "20 calls: calls-2026-05-01.csv",
        "Written down in sqlite:///store.db: these calls, 1 of them by lot, and how likely each lead was to be called.",
    ]


def test_the_propensities_are_those_of_one_call_in_twenty_by_lot(
    store: Store, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The 19 best are always called; the twentieth where it or one of them is drawn; anybody else where it is drawn."""
    lines = said(monkeypatch, capsys, *WORDS)
    text = " ".join(line.strip() for line in lines)
    found = re.search(r"Not on the list: (\d+) worth a call when there is time, 0 worth less than", text)
    assert found
    leads = CALLS + int(found[1])
    chances = {1.0: 19, CALLS / leads: 1, 1 / leads: leads - CALLS}
    assert sum(chance * count for chance, count in chances.items()) == pytest.approx(CALLS)
    assert propensities(leads, leads, CALLS, 0.05).tolist() == pytest.approx(
        [chance for chance, count in chances.items() for _ in range(count)]
    )
    rows = handovers(store).to_pylist()
    assert sorted(row["propensity"] for row in rows) == pytest.approx([1 / leads, *[1.0] * 19])
    assert [row["propensity"] for row in rows if row["explored"]] == pytest.approx([1 / leads])


def test_the_list_s_answers_are_kept_can_be_made_again_and_cross_no_lines(
    store: Store, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said(monkeypatch, capsys, *WORDS)
    for row in handovers(store).to_pylist():
        (kept,) = answers.scores_of(store, row["lead_id"])
        assert (kept.score_id, kept.as_of, kept.watermark) == (row["score_id"], AS_OF, store.watermark())
    assert said(monkeypatch, capsys, "verify", "--seed", "1") == ["20 of 20 answers made again (seed 1): none differs."]
    with store.database.reading() as connection:
        assert deliveries.waiting(connection).pending == 0


def test_a_second_list_of_the_day_hands_the_same_leads_over_and_the_same_list_is_written_down_once(
    store: Store, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said(monkeypatch, capsys, *WORDS)
    first = handovers(store)
    said(monkeypatch, capsys, *WORDS)
    assert handovers(store).to_pylist() == first.to_pylist()
    assert answers.count(store) == CALLS
    at(monkeypatch, AS_OF + 3 * clock.HOUR)
    said(monkeypatch, capsys, *WORDS)
    second = handovers(store).slice(CALLS)
    assert by_lot(second) == by_lot(first)
    assert len(set(handovers(store)["list_id"].to_pylist())) == 2
    at(monkeypatch, AS_OF + clock.DAY)
    said(monkeypatch, capsys, *WORDS)
    assert by_lot(handovers(store).slice(2 * CALLS)) != by_lot(first)


def test_who_objected_and_who_is_forgotten_is_on_no_list(
    store: Store, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said(monkeypatch, capsys, *WORDS)
    objecting, forgotten = (row["lead_id"] for row in rows_of_file()[:2])
    said(monkeypatch, capsys, "suppress", objecting)
    said(monkeypatch, capsys, "forget", forgotten, "--yes")
    at(monkeypatch, AS_OF + clock.HOUR)
    lines = said(monkeypatch, capsys, *WORDS)
    assert not {objecting, forgotten} & {row["lead_id"] for row in rows_of_file()}
    assert not [line for line in lines if objecting in line or forgotten in line]
    rows = handovers(store).to_pylist()
    assert [row["as_of"] for row in rows if row["lead_id"] in {objecting, forgotten}] == [AS_OF]
    assert sum(row["as_of"] > AS_OF for row in rows) == CALLS


def test_a_share_by_lot_needs_a_store(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], store: Store
) -> None:
    del store
    Path("crm.toml").write_text('[leads]\nfile = "l.csv"\nlead_id = "id"\ncreated_at = "at"\n', encoding="utf-8")
    monkeypatch.setattr("sys.argv", ["lead-scoring", "today", "crm.toml", "--explore", "0.05"])
    with pytest.raises(SystemExit) as ended:
        lead_scoring.main()
    assert ended.value.code == 2
    assert " ".join(capsys.readouterr().err.split()).endswith("name the store (store://), or say --explore 0")
