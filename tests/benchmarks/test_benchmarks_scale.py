"""The benchmarks at scale, walked from the first step to the page on a size that takes seconds."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from benchmarks.scale import agreement, asked, contender_ours, events, workload
from benchmarks.scale.events import Files, Size
from histories.contract import INTERACTIONS, LEADS

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    folder: Path = tmp_path_factory.mktemp("events")
    events.write(folder, Size(20_000, 1_000), seed=1)
    return Files(folder)


def test_the_catalogue_has_at_least_300_features() -> None:
    assert len(workload.catalogue().features) >= 300


def test_peers_are_asked_for_columns_that_the_catalogue_has() -> None:
    columns = asked.columns(workload.catalogue())
    assert len(set(columns)) == len(columns) == 334
    assert set(columns) <= set(workload.catalogue().names)


def test_interactions_come_in_the_order_of_time_with_the_contracts_schema(files: Files) -> None:
    interactions, leads = pq.read_table(files.interactions), pq.read_table(files.leads)
    assert interactions.schema == INTERACTIONS
    assert leads.schema == LEADS
    assert interactions.num_rows == 20_000
    assert (np.diff(interactions["occurred_at"].to_numpy()) >= 0).all()
    assert len(set(interactions["interaction_id"].to_pylist())) == 20_000


def test_a_seed_gives_the_same_events_again_and_another_seed_gives_others(files: Files, tmp_path: Path) -> None:
    events.write(tmp_path, Size(20_000, 1_000), seed=1)
    first, again = pq.read_table(files.interactions), pq.read_table(Files(tmp_path).interactions)
    assert again.equals(first)
    events.write(tmp_path, Size(20_000, 1_000), seed=2)
    assert not pq.read_table(Files(tmp_path).interactions).equals(first)


def test_no_peer_agrees_by_a_wrong_count_or_a_sum_beside_the_allowance(files: Files, tmp_path: Path) -> None:
    contender_ours.to_file(files, tmp_path / "ours.parquet")
    table = pq.read_table(tmp_path / "ours.parquet")
    peer = table.append_column("row", [np.arange(table.num_rows)])
    columns = ("call_count_30d", "call_decayed_30d")
    for name, factor, wrong in (
        ("call_count_30d", 2.0, "call_count_30d: "),
        ("call_decayed_30d", 1.0 + 1e-8, "call_decayed_30d: "),
    ):
        changed = peer.set_column(peer.column_names.index(name), name, [table[name].to_numpy() * factor])
        pq.write_table(changed, tmp_path / "peer.parquet")
        with pytest.raises(ValueError, match=re.escape(wrong)):
            agreement.compare(tmp_path / "ours.parquet", tmp_path / "peer.parquet", columns)
    pq.write_table(peer, tmp_path / "peer.parquet")
    assert agreement.compare(tmp_path / "ours.parquet", tmp_path / "peer.parquet", columns).furthest == 0.0


@pytest.mark.slow
@pytest.mark.timeout(900)  # each contender is a process of its own, and the first of ours may have to compile
def test_a_tiny_run_measures_everything_and_writes_page_and_chart(tmp_path: Path) -> None:
    """Its peer featuretools is left out: its environment comes over the network."""
    pytest.importorskip("polars", reason="polars is in the group `peers`; `uv sync --group peers` installs it")
    page = tmp_path / "benchmarks.md"
    command = [sys.executable, "-m", "benchmarks.scale", "--size", "tiny", "--page", page, "--scratch", tmp_path]
    subprocess.run([*map(str, command), "--leave-out", "featuretools"], cwd=ROOT, check=True, timeout=890)
    text = page.read_text(encoding="utf-8")
    assert len(re.findall(r"\| (?:met|\*\*not met\*\*) \|", text)) == 13
    assert "Each of the 7 queries gave our numbers, on all 1,000 rows and 334 columns: counts exactly" in text
    assert "](benchmarks.svg)" in text
    assert (tmp_path / "benchmarks.svg").read_text(encoding="utf-8").startswith("<?xml")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["benchmarks.md", "benchmarks.svg"]


def test_a_run_that_fails_writes_neither_page_nor_chart(tmp_path: Path) -> None:
    page = tmp_path / "benchmarks.md"
    command = [sys.executable, "-m", "benchmarks.scale", "--size", "tiny", "--page", page, "--scratch", tmp_path / "no"]
    ran = subprocess.run([*map(str, command)], cwd=ROOT, check=False, capture_output=True)
    assert ran.returncode != 0
    assert list(tmp_path.iterdir()) == []
