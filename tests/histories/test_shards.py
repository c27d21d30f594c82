"""An export in shards: what is in them, what is refused, and how much memory there is."""

import random
import re
import resource
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from histories import clock, export, machine, sharding, shards
from histories.contract import INTERACTIONS, Histories
from histories.errors import CallError, DataError
from histories.machine import GB, MB

NOW = clock.parse("2030-01-01")
CONFIG = """exported_at = 2020-12-31
max_bad_share = 1
[leads]
file = "leads.csv"
lead_id = "id"
created_at = "created"
account_id = "account"
[leads.attributes]
size = "number"
[[interactions]]
file = "calls.csv"
interaction_id = "no"
lead_id = "lead"
occurred_at = "at"
received_at = "got"
kind = "{kind}"
[[interactions]]
file = "none.csv"
lead_id = "lead"
occurred_at = "at"
kind = "call"
[[attributes]]
file = "sizes.csv"
lead_id = "lead"
name = "size"
value = "size"
known_at = "at"
[[outcomes]]
file = "deals.csv"
lead_id = "lead"
stage = "{stage}"
reached_at = "at"
[outcomes.map]
won = "customer"
open = ""
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """40 leads of 8 accounts or none, a tenth of their calls twice, some rows bad, a source without rows."""
    draw = random.Random(3)  # noqa: S311 - a seeded example, no secret
    leads = [
        f"{n},2020-01-{1 + n % 28:02},{draw.choice(['', *'abcdefgh'])},{draw.choice(['7', 'x', ''])}" for n in range(40)
    ]
    calls = [
        f"{n},{draw.randint(0, 42)},2020-0{draw.randint(2, 9)}-01,{draw.choice(['', '2020-10-01'])},{draw.choice(['call', 'mail'])}"
        for n in range(300)
    ]
    calls += [one.replace("2020-10-01", "2020-09-30") for one in calls[:30]] + ["300,1,soon,,call"]
    files = {
        "leads": ["id,created,account,size", *leads, leads[0]],
        "calls": ["no,lead,at,got,kind", *calls],
        "none": ["lead,at"],
        "sizes": ["lead,size,at", *(f"{draw.randint(0, 39)},{draw.randint(1, 3)},2020-05-01" for _ in range(50))],
        "deals": [
            "lead,stage,at",
            *(f"{draw.randint(0, 39)},{draw.choice(['won', 'open'])},2020-06-01" for _ in range(50)),
        ],
    }
    for name, rows in files.items():
        (tmp_path / f"{name}.csv").write_text("\n".join(rows) + "\n")
    (tmp_path / "crm.toml").write_text(CONFIG)
    return tmp_path / "crm.toml"


def _sorted(table: pa.Table) -> list[str]:
    return sorted(map(repr, table.to_pylist()))


def _tables(histories: Histories) -> tuple[pa.Table, ...]:
    return histories.leads, histories.attributes, histories.interactions, histories.outcomes


@pytest.mark.parametrize("count", [1, 2, 5])
def test_shards_hold_together_what_the_export_holds(
    config: Path, count: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sharding, "count", lambda *_: count)
    whole = export.read(config, NOW)
    written = shards.write(config, NOW, tmp_path / "shards", GB)
    assert shards.opened(tmp_path / "shards") == written
    assert written.count == count
    found = [replace(shards.shard(written, n), histories=shards.read(written, n)) for n in range(count)]
    for tables, expected in zip(
        zip(*(_tables(one.histories) for one in found), strict=True), _tables(whole.histories), strict=True
    ):
        assert _sorted(pa.concat_tables(tables)) == _sorted(expected)
        assert all(one.schema == expected.schema for one in tables)
    removed = {one.name: sum(shard.duplicates.get(one.name, 0) for shard in found) for one in whole.sources}
    assert removed == {one.name: one.duplicates for one in whole.sources}
    assert export.less_duplicates(written.sources, removed) == whole.sources
    one = found[0].histories
    assert (one.exported_at, one.timezone, one.families) == (clock.parse("2020-12-31"), "UTC", whole.histories.families)


def test_an_account_s_leads_stand_in_one_shard(config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sharding, "count", lambda *_: 4)
    written = shards.write(config, NOW, tmp_path / "shards", GB)
    accounts = [set(shards.read(written, number).leads["account_id"].drop_null().to_pylist()) for number in range(4)]
    assert sum(map(len, accounts)) == len(set().union(*accounts)) == 8


def test_rows_are_split_by_their_leads_and_lost_ones_named(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sharding, "count", lambda *_: 3)
    written = shards.write(config, NOW, tmp_path / "shards", GB)
    rows = pa.table({"lead_id": ["7", "zoe", "8", "7", "yann"], "number": [0, 1, 2, 3, 4]})
    lost = shards.split(written, rows, tmp_path / "rows", GB)
    assert lost.to_pylist() == [1, 4]
    for number in range(3):
        there = shards.rows_of(tmp_path / "rows", number, rows.schema)
        ids = shards.read(written, number).leads["lead_id"]
        expected = rows.filter(pc.is_in(rows["lead_id"], value_set=ids.combine_chunks()))
        assert _sorted(there) == _sorted(expected)


def test_a_lost_line_and_too_many_bad_rows_are_refused_as_in_memory(config: Path, tmp_path: Path) -> None:
    with config.with_name("calls.csv").open("a") as file:
        file.write('301,"1,2020-02-01,,call\n' + "".join(f"{n},1,2020-02-01,,call\n" for n in range(302, 3000)))
    with pytest.raises(DataError) as in_memory:
        export.read(config, NOW)
    with pytest.raises(DataError) as in_shards:
        shards.write(config, NOW, tmp_path / "shards", GB)
    assert str(in_shards.value) == str(in_memory.value)
    config.with_name("calls.csv").write_text("no,lead,at,got,kind\n1,1,soon,,call\n")
    config.write_text(CONFIG.replace("max_bad_share = 1", "max_bad_share = 0.5"))
    with pytest.raises(DataError, match=r"^interactions/calls: 1 of 1 rows are bad, more than max_bad_share = 0.5"):
        shards.write(config, NOW, tmp_path / "shards", GB)


def test_a_folder_without_shards_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=rf"^{re.escape(str(tmp_path))}: holds no shards of an export \(.*\); write"):
        shards.opened(tmp_path)


def test_a_place_that_cannot_be_written_to_is_named(config: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CallError, match=rf"^{re.escape(str(tmp_path / 'file' / 'shards'))}: cannot be written \("):
        shards.write(config, NOW, tmp_path / "file" / "shards", GB)


def test_files_of_shards_have_the_contract_s_columns(config: Path, tmp_path: Path) -> None:
    written = shards.write(config, NOW, tmp_path / "shards", GB)
    (file,) = (written.folder / "interactions" / "shard=0").glob("*.parquet")
    read = pa.parquet.read_table(file, partitioning=None)
    assert read.select(INTERACTIONS.names).cast(INTERACTIONS).num_rows == read.num_rows
    assert sorted(one.name for one in written.folder.iterdir()) == [
        "attributes",
        "interactions",
        "leads",
        "outcomes",
        "shards.json",
    ]


@pytest.mark.parametrize(
    ("text", "size"), [("4GB", 4 * GB), ("512MB", 512 * MB), (" 1.5 GiB ", 1_610_612_736), ("2tb", 2000 * GB)]
)
def test_sizes_of_memory_are_read(text: str, size: int) -> None:
    assert machine.parse(text, 3000 * GB) == size


@pytest.mark.parametrize("text", ["4", "lots", "GB", "-1GB", "4G", "4 GB RAM", ""])
def test_what_is_no_size_of_memory_is_refused(text: str) -> None:
    message = f"{text!r} is not a size of memory; write a number with MB, GB, MiB or GiB, such as 4GB or 512MB"
    with pytest.raises(CallError, match=f"^{re.escape(message)}$"):
        machine.parse(text)


def test_too_little_memory_is_refused() -> None:
    with pytest.raises(CallError, match=r"^'10MB' is too little memory; write at least 512MB$"):
        machine.parse("10MB")


def test_more_memory_than_there_is_is_refused() -> None:
    message = "'99999999TB' is more memory than there is; this process may use 8 GB here"
    with pytest.raises(CallError, match=f"^{re.escape(message)}$"):
        machine.parse("99999999TB", 8 * GB)


def test_the_limit_of_open_files_is_raised_as_far_as_it_goes() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (200, hard))
        assert machine.open_files(100) == 200
        assert machine.open_files(300) == 300
        assert hard == resource.RLIM_INFINITY or machine.open_files(hard + 1) == hard
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.parametrize(
    ("own", "file", "text", "expected"),
    [
        ("0::/app/worker\n", "app/memory.max", "1000000000\n", GB),
        ("0::/app/worker\n", "app/worker/memory.max", "max\n", None),
        ("0::/\n", "memory.max", "2000000000\n", 2 * GB),
        ("4:cpu,memory:/docker/1\n1:name=x:/\n", "memory/docker/1/memory.limit_in_bytes", "1000000000\n", GB),
        ("4:memory:/docker/1\n", "memory/memory.limit_in_bytes", "9223372036854771712\n", None),
    ],
)
def test_a_container_s_limit_counts_where_there_is_one(
    own: str, file: str, text: str, expected: int | None, tmp_path: Path
) -> None:
    """Of version 2 and 1, in the process's own group or one above it; None: the machine's memory."""
    (tmp_path / "own").write_text(own)
    place = tmp_path / "groups" / file
    place.parent.mkdir(parents=True)
    place.write_text(text)
    found = machine.memory(tmp_path / "groups", tmp_path / "own")
    assert found == (expected or machine.memory(tmp_path, tmp_path / "nothing"))


def test_shards_grow_in_number_with_the_rows_and_shrink_with_memory() -> None:
    """100 million interactions of 300 bytes on two cores within 4 GB: 30 shards of 1 GB."""
    assert sharding.count(100_000_000 * sharding.INTERACTION_BYTES, 4 * GB, 2) == 30
    assert sharding.count(100_000_000 * sharding.INTERACTION_BYTES, 8 * GB, 2) == 15
    assert sharding.count(0, 4 * GB, 2) == 1
    assert sharding.count(1_000_000 * sharding.INTERACTION_BYTES, 512 * MB, 2) == 6  # the program takes 400 MB of it
