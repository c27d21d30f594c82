"""An export in shards: what is in them, what is refused, and how much memory there is."""

import re
import resource
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from untidy_export import CONFIG, EXPORTED, NOW, into, write_export

from histories import export, machine, sharding, shards
from histories.contract import INTERACTIONS, Histories
from histories.errors import CallError, DataError
from histories.machine import GB, MB


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return write_export(tmp_path, 3, 40, 300)


def _sorted(table: pa.Table) -> list[str]:
    return sorted(map(repr, table.to_pylist()))


def _tables(histories: Histories) -> tuple[pa.Table, ...]:
    return histories.leads, histories.attributes, histories.interactions, histories.outcomes


@pytest.mark.parametrize("count", [1, 2, 5])
def test_shards_hold_together_what_the_export_holds(
    config: Path, count: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    into(count, monkeypatch)
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
    assert (one.exported_at, one.timezone, one.families) == (EXPORTED, "Europe/Amsterdam", whole.histories.families)


def test_an_account_s_leads_stand_in_one_shard(config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    into(4, monkeypatch)
    written = shards.write(config, NOW, tmp_path / "shards", GB)
    accounts = [set(shards.read(written, number).leads["account_id"].drop_null().to_pylist()) for number in range(4)]
    assert sum(map(len, accounts)) == len(set().union(*accounts)) == 3


def test_rows_are_split_by_their_leads_and_lost_ones_named(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    into(3, monkeypatch)
    written = shards.write(config, NOW, tmp_path / "shards", GB)
    rows = pa.table({"lead_id": ["lead 7", "zoe", "lead 8", "lead 7", "yann"], "number": [0, 1, 2, 3, 4]})
    lost = shards.split(written, rows, tmp_path / "rows", GB)
    assert lost.to_pylist() == [1, 4]
    for number in range(3):
        there = shards.rows_of(tmp_path / "rows", number, rows.schema)
        ids = shards.read(written, number).leads["lead_id"]
        expected = rows.filter(pc.is_in(rows["lead_id"], value_set=ids.combine_chunks()))
        assert _sorted(there) == _sorted(expected)


def test_a_lost_line_and_too_many_bad_rows_are_refused_as_in_memory(config: Path, tmp_path: Path) -> None:
    with config.with_name("mails.csv").open("a") as file:
        rest = ",2020-02-01,,call,,,\n"
        file.write(f'x301,"lead 1{rest}' + "".join(f"x{n},lead 1{rest}" for n in range(302, 3000)))
    with pytest.raises(DataError) as in_memory:
        export.read(config, NOW)
    with pytest.raises(DataError) as in_shards:
        shards.write(config, NOW, tmp_path / "shards", GB)
    assert str(in_shards.value) == str(in_memory.value)
    config.with_name("mails.csv").write_text("no,lead,at,got,kind,via,by,worth\n1,lead 1,soon,,call,,,\n")
    config.write_text(CONFIG.replace("max_bad_share = 1", "max_bad_share = 0.6"))
    with pytest.raises(DataError, match=r"^interactions/mails: 1 of 1 rows are bad, more than max_bad_share = 0.6"):
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
    files = list((written.folder / "interactions" / "shard=0").glob("*.parquet"))
    read = [pa.parquet.read_table(file, partitioning=None) for file in files]
    assert sum(one.select(INTERACTIONS.names).cast(INTERACTIONS).num_rows for one in read) > 500
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
