"""Commands read the store as they read an export: under a URL that shows no password, with the same rows and the same bits."""

from pathlib import Path

import numpy as np
import pytest
from pyarrow import parquet
from store_cases import load

from features import sharded
from histories import export, origin, sample
from histories.clock import DAY
from histories.contract import Histories, Interaction
from histories.errors import CallError, DataError
from histories.origin import ExportFile, StoreUrl
from histories.store import InteractionRow, LeadRow, Store
from training import fingerprint, run

FAR = 4_000_000_000_000_000


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of a sample of 150 leads."""
    made: Path = tmp_path_factory.mktemp("sample")
    sample.write(made, 150, months=6, seed=3)
    return made


@pytest.fixture(scope="module")
def exported(folder: Path) -> Histories:
    return export.read(folder / "crm.toml", FAR).histories


def test_a_path_is_an_exports_and_a_url_a_stores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEAD_SCORING_STORE", "postgresql://me:geheim@host/db")
    assert origin.parse("deals/crm.toml") == ExportFile(Path("deals/crm.toml"))
    assert origin.parse("deals/crm.toml").folder == Path("deals")
    assert origin.parse("sqlite:///deals.db") == StoreUrl("sqlite:///deals.db")
    assert origin.parse("postgresql://host/db") == StoreUrl("postgresql://host/db")
    assert origin.parse("store://") == StoreUrl("postgresql://me:geheim@host/db")
    assert origin.parse("store://").folder == Path()
    assert origin.of(Path("crm.toml")) == ExportFile(Path("crm.toml"))


def test_a_stores_password_is_in_no_text() -> None:
    store = StoreUrl("postgresql://me:geheim@host/db?password=geheim")
    assert (str(store), repr(store)) == ("postgresql://me:***@host/db", "StoreUrl('postgresql://me:***@host/db')")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "store://",
            (
                "store://: LEAD_SCORING_STORE is not set; set it to the store's URL, sqlite:///PATH or "
                "postgresql://USER@HOST/DATABASE"
            ),
        ),
        (
            "store://crm.db",
            "store:// stands alone: the store is the one that LEAD_SCORING_STORE names; or write its URL in its place",
        ),
    ],
)
def test_a_store_that_nothing_names_is_told(monkeypatch: pytest.MonkeyPatch, text: str, message: str) -> None:
    monkeypatch.delenv("LEAD_SCORING_STORE", raising=False)
    with pytest.raises(CallError) as refusal:
        origin.parse(text)
    assert str(refusal.value) == message


def test_a_store_that_is_not_made_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"^there is no store at .* yet; "):
        StoreUrl(f"sqlite:///{tmp_path}/none.db").histories(FAR)


def test_the_same_rows_have_the_same_fingerprint_from_the_store_as_from_the_export(
    url: str, exported: Histories
) -> None:
    with Store.open(url) as opened:
        load(opened, exported)
    found = StoreUrl(url).histories(exported.exported_at)
    assert fingerprint.of(found) == fingerprint.of(exported)
    assert list(found.attribute_types.items()) == list(exported.attribute_types.items())
    assert list(found.families.patterns.items()) == list(exported.families.patterns.items())
    assert StoreUrl(url).timezone() == exported.timezone


def test_features_are_computed_from_the_store_with_the_bits_that_the_export_gives(
    url: str, folder: Path, exported: Histories, tmp_path: Path
) -> None:
    with Store.open(url) as opened:
        load(opened, exported)
    now = exported.exported_at
    tables = []
    for place, of in (("a.parquet", StoreUrl(url)), ("b.parquet", ExportFile(folder / "crm.toml"))):
        sharded.run(of, now, tmp_path / place, 10**9, now)
        tables.append(parquet.read_table(tmp_path / place).sort_by("lead_id"))
    one, other = tables
    assert one.column_names == other.column_names
    assert one["lead_id"] == other["lead_id"]
    for name in one.column_names[2:]:
        assert np.array_equal(*(np.asarray(table[name], dtype=float).view(np.int64) for table in tables)), name


def test_a_run_of_features_is_not_gone_on_with_when_the_store_knows_more(url: str) -> None:
    before = StoreUrl(url).identity()
    with Store.open(url) as opened:
        opened.add_leads([LeadRow("a", 1)], 1)
    assert StoreUrl(url).identity() != before


def test_the_report_on_a_store_counts_what_it_refused(url: str, tmp_path: Path) -> None:
    with Store.open(url) as opened:
        opened.add_leads([LeadRow("a", 1)], 1)
        calls = [Interaction("i", 2, "call"), Interaction("", 2, "call"), Interaction("i", 3, "call")]
        opened.add_interactions([InteractionRow("a", one) for one in calls], 1)
    _, report = StoreUrl(url).check(100, tmp_path / "quarantine.csv")
    counts = {one.name: (one.rows, one.kept, one.quarantined) for one in report.sources}
    assert counts["leads/store"] == (1, 1, 0)
    assert counts["interactions/store"] == (3, 1, 2)
    written = (tmp_path / "quarantine.csv").read_text(encoding="utf-8").splitlines()
    assert len(written) == 3
    assert sum("interaction_id is missing" in line for line in written) == 1


@pytest.mark.slow
def test_a_training_makes_the_same_bundle_from_the_store_as_from_the_export(url: str, tmp_path: Path) -> None:
    sample.write(tmp_path / "sample", 2_000, months=18, seed=4)
    files = tmp_path / "sample" / "recipe.toml", tmp_path / "sample" / "rulebook.toml"
    of_export = ExportFile(tmp_path / "sample" / "crm.toml")
    given = of_export.histories(FAR)
    with Store.open(url) as opened:
        load(opened, given)
    trained = [
        run.train(of, *files, given.exported_at, tracking_uri=f"sqlite:///{tmp_path}/{number}.db")
        for number, of in enumerate((of_export, StoreUrl(url)))
    ]
    assert trained[0].bundle.version == trained[1].bundle.version


def test_a_store_that_was_told_nothing_for_weeks_says_so_and_an_empty_one_does_not(
    url: str, caplog: pytest.LogCaptureFixture
) -> None:
    origin.parse(url).histories(100 * DAY)
    with Store.open(url) as store:
        store.add_leads([LeadRow("a", 0)], 1)
        store.add_interactions([InteractionRow("a", Interaction("1", 3 * DAY, "call"))], 1)
    origin.parse(url).histories(17 * DAY)
    assert caplog.text == ""
    origin.parse(url).histories(17 * DAY + 1)
    assert caplog.messages == [
        (
            f"{origin.parse(url)}: the newest interaction is of 1970-01-04, 14 days ago; since then it looks as if no lead "
            "had done anything. Bring in what is newer before you learn from it or go by its scores"
        )
    ]
