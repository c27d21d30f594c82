"""An export is loaded once, however often and however far; what is read back has its features bit for bit."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from store_cases import same

from features import table
from features.catalogue import Catalogue
from histories import clock, export, loading, sample, shards, store
from histories.contract import Attribute, AttributeType, Histories, Interaction
from histories.loading import Loaded
from histories.machine import GB
from histories.store import AttributeRow, Store

NOW = clock.parse("2026-06-01")
ROOT = Path(__file__).parents[2]


def load(opened: Store, config: Path, folder: Path) -> Loaded:
    made = shards.write(config, NOW, folder / "shards", GB)
    return loading.load(made, opened, NOW, lambda *_: None)


def counts(loaded: Loaded) -> dict[str, tuple[int, int, int]]:
    return {name: (one.added, one.there, one.refused) for name, one in loaded.tables.items()}


def features_equal(one: Histories, other: Histories) -> bool:
    catalogue = Catalogue(
        tuple(sorted(set(other.interactions["kind"].to_pylist()))[:40]), other.families, (), other.timezone
    )
    cutoffs = pa.array([other.exported_at] * other.leads.num_rows, pa.int64())
    snapshots = pa.table({"lead_id": other.leads["lead_id"], "cutoff": cutoffs})
    made = [table.compute(of, snapshots, catalogue, threads=1).matrix.view(np.uint64) for of in (one, other)]
    return np.array_equal(*made)


@pytest.fixture(scope="module")
def sampled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sample")
    sample.write(folder, 150, months=6, seed=3)
    return folder / "crm.toml"


def test_a_loaded_export_is_read_as_the_export_and_loaded_again_adds_nothing(
    opened: Store, sampled: Path, tmp_path: Path
) -> None:
    wanted = export.read(sampled, NOW).histories
    loaded = load(opened, sampled, tmp_path)
    assert counts(loaded)["interactions"] == (wanted.interactions.num_rows, 0, 0)
    found = store.histories(opened, wanted.exported_at)
    assert same(found, wanted)
    assert (found.timezone, found.families) == (wanted.timezone, wanted.families)
    assert features_equal(found, wanted)
    again = load(opened, sampled, tmp_path)
    assert all((added, refused) == (0, 0) for added, _, refused in counts(again).values())
    assert counts(again)["attributes"][1] == wanted.attributes.num_rows
    assert same(store.histories(opened, wanted.exported_at), wanted)


def write(folder: Path, leads: str, touches: str, more: str = "") -> Path:
    (folder / "leads.csv").write_text(leads, encoding="utf-8")
    (folder / "touches.csv").write_text(touches, encoding="utf-8")
    config = f"""
exported_at = 2026-03-01T00:00:00Z
{more}
[leads]
file = "leads.csv"
lead_id = "id"
created_at = "created"
[leads.attributes]
industry = "category"

[[interactions]]
file = "touches.csv"
interaction_id = "touch"
lead_id = "id"
occurred_at = "at"
kind = "{{kind}}"
"""
    (folder / "crm.toml").write_text(config, encoding="utf-8")
    return folder / "crm.toml"


LEADS = "id,created,industry\nA,2026-01-01T00:00:00Z,bank\nB,2026-01-02T00:00:00Z,\n"
TOUCHES = (
    "touch,id,at,kind\n1,A,2026-02-01T00:00:00Z,call\n1,B,2026-02-01T00:00:00Z,mail\n2,A,2026-02-01T00:00:00Z,reply\n"
)


def test_one_id_with_several_leads_is_an_interaction_of_each(opened: Store, tmp_path: Path) -> None:
    config = write(tmp_path, LEADS, TOUCHES)
    assert counts(load(opened, config, tmp_path))["interactions"] == (3, 0, 0)
    at = clock.parse("2026-02-01")
    assert store.lead(opened, "A").interactions == (
        Interaction("touches:A:1", at, "call"),
        Interaction("touches:A:2", at, "reply"),
    )
    assert store.lead(opened, "B").interactions == (Interaction("touches:B:1", at, "mail"),)
    wanted = export.read(config, NOW).histories
    assert features_equal(store.histories(opened, wanted.exported_at), wanted)


def test_ids_are_named_by_their_source_where_no_two_leads_share_one(opened: Store, tmp_path: Path) -> None:
    load(opened, write(tmp_path, LEADS, "touch,id,at,kind\n7,A,2026-02-01T00:00:00Z,call\n"), tmp_path)
    assert [one.interaction_id for one in store.lead(opened, "A").interactions] == ["touches:7"]


def test_what_changed_since_the_last_export_is_known_from_the_new_one_on(opened: Store, tmp_path: Path) -> None:
    load(opened, write(tmp_path, LEADS, TOUCHES), tmp_path)
    changed = write(tmp_path, LEADS.replace("bank", "farm"), TOUCHES)
    changed.write_text(changed.read_text(encoding="utf-8").replace("2026-03-01", "2026-04-01"), encoding="utf-8")
    assert counts(load(opened, changed, tmp_path))["attributes"] == (1, 0, 0)
    assert counts(load(opened, changed, tmp_path))["attributes"] == (0, 1, 0)
    found = [(one.value, one.known_at) for one in store.lead(opened, "A").attributes]
    assert found == [("bank", None), ("farm", clock.parse("2026-04-01"))]


def test_what_contradicts_the_store_is_refused_and_counted_by_its_reason(opened: Store, tmp_path: Path) -> None:
    load(opened, write(tmp_path, LEADS, TOUCHES), tmp_path)
    other = write(tmp_path, LEADS.replace("2026-01-01", "2026-01-05"), TOUCHES.replace("call", "visit"))
    loaded = load(opened, other, tmp_path)
    assert counts(loaded)["leads"] == (0, 1, 1)
    assert counts(loaded)["interactions"] == (0, 2, 1)
    assert loaded.reasons == {
        "another row has this lead_id; it differs in created_at": 1,
        "another row has this interaction_id; it differs in kind": 1,
    }
    assert len(opened.quarantined()) == 2


def test_values_of_another_type_than_the_stores_are_refused_one_by_one_and_all_else_is_loaded(
    opened: Store, tmp_path: Path
) -> None:
    opened.add_attributes([AttributeRow("A", Attribute("industry", "bank", 1))], 1)
    config = write(tmp_path, LEADS.replace("bank", "7").replace("00Z,\n", "00Z,8\n"), TOUCHES)
    config.write_text(config.read_text(encoding="utf-8").replace('"category"', '"number"'), encoding="utf-8")
    loaded = load(opened, config, tmp_path)
    assert (loaded.retyped, loaded.kept) == ((), {"industry": AttributeType.CATEGORY})
    assert counts(loaded) == {
        "leads": (2, 0, 0),
        "attributes": (0, 0, 2),
        "interactions": (3, 0, 0),
        "outcomes": (0, 0, 0),
    }
    assert loaded.reasons == {"industry: value is not a category": 2}
    assert [(one.source, one.reason) for one in opened.quarantined()] == [("attributes", "value is not a category")] * 2
    assert store.histories(opened, NOW).attribute_types == {"industry": AttributeType.CATEGORY}
    assert counts(load(opened, config, tmp_path))["attributes"] == (0, 0, 2)
    assert len(opened.quarantined()) == 2


def test_texts_that_came_before_an_export_that_declares_numbers_become_numbers(opened: Store, tmp_path: Path) -> None:
    opened.add_attributes([AttributeRow("A", Attribute("industry", "7", 1))], 1)
    config = write(tmp_path, LEADS.replace("bank", "7").replace("00Z,\n", "00Z,8\n"), TOUCHES)
    config.write_text(config.read_text(encoding="utf-8").replace('"category"', '"number"'), encoding="utf-8")
    loaded = load(opened, config, tmp_path)
    assert (loaded.retyped, loaded.kept, loaded.reasons) == (("industry",), {}, {})
    assert counts(loaded)["attributes"] == (1, 1, 0)
    found = {one: [each.value for each in store.lead(opened, one).attributes] for one in ("A", "B")}
    assert found == {"A": [7.0], "B": [8.0]}


def test_a_load_that_was_killed_goes_on_where_it_stood(url: str, sampled: Path, tmp_path: Path) -> None:
    words = [sys.executable, "lead_scoring.py", "ingest", str(sampled), "--store", url, "--memory", "1GB"]
    with Store.open(url) as opened:
        process = subprocess.Popen(words, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while opened.watermark() < 3 and process.poll() is None:  # its declarations and the first batches
            time.sleep(0.005)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        loaded = load(opened, sampled, tmp_path)
        wanted = export.read(sampled, NOW).histories
        assert same(store.histories(opened, wanted.exported_at), wanted)
        assert counts(loaded)["leads"] == (0, 150, 0)
        assert sum(refused for _, _, refused in counts(loaded).values()) == 0


@pytest.mark.real_data
@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", ["olist", pytest.param("bpic2012", marks=pytest.mark.slow)])
def test_features_of_a_real_export_are_those_of_the_store_bit_for_bit(
    name: str, opened: Store, real_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEAD_SCORING_REAL_DATA", str(real_data))
    config = ROOT / "examples" / name / "crm.toml"
    wanted = export.read(config, NOW).histories
    assert counts(load(opened, config, tmp_path))["interactions"] == (wanted.interactions.num_rows, 0, 0)
    assert features_equal(store.histories(opened, wanted.exported_at), wanted)
