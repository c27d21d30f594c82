"""A run over shards: the same rows as in memory, whatever the shards; what a stopped run leaves, and how it goes on."""

import random
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from feature_histories import same_bits
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from features import catalogue, parts, sharded, table, unfinished
from features.snapshots import SNAPSHOTS
from histories import clock, export, sharding
from histories.clock import DAY
from histories.errors import CallError, DataError
from histories.machine import GB

NOW = clock.parse("2030-01-01")
CUTOFF = clock.parse("2020-06-01")
CONFIG = """timezone = "Europe/Amsterdam"
exported_at = 2020-12-31
max_bad_share = 1
[leads]
file = "leads.csv"
lead_id = "id"
created_at = "created"
account_id = "account"
[leads.attributes]
industry = "category"
size = "number"
[[interactions]]
file = "mails.csv"
interaction_id = "no"
lead_id = "lead"
occurred_at = "at"
received_at = "got"
kind = "{kind}"
channel = "{via}"
direction = "{by}"
value = "worth"
[[interactions]]
file = "mails.csv"
name = "again"
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
[families]
intent = ["pricing"]
two_way = ["reply"]
"""


def write_export(folder: Path, seed: int, leads: int, events: int) -> Path:
    """Write an export with accounts, duplicates, meetings that leads share, late arrivals and rows that are bad."""
    draw = random.Random(seed)  # noqa: S311 - a seeded example, no secret

    def day(first: int, last: int) -> str:
        return clock.iso(CUTOFF + draw.randint(first, last) * DAY // 2 + draw.randint(-1, 1))

    ids = [f"lead {n}" for n in range(leads)]
    folder.mkdir(exist_ok=True)
    rows = [["id", "created", "account", "industry", "size"]]
    rows += [
        [
            one,
            day(-300, 10),
            draw.choice(["", "acme", "solo", "trio"]),
            draw.choice(["bank", "farm", ""]),
            draw.choice(["3", "many", ""]),
        ]
        for one in [*ids, *ids[:1]]
    ]
    _csv(folder / "leads.csv", rows)
    mails = [
        [
            f"m{draw.randint(0, events)}",
            draw.choice([*ids, "nobody"]),
            day(-200, 20),
            draw.choice(["", "", day(-100, 40)]),
            draw.choice(["mail", "reply", "pricing", "odd"]),
            draw.choice(["", "web", "email"]),
            draw.choice(["", "inbound", "outbound"]),
            draw.choice(["", "1.5", "-2", "much"]),
        ]
        for _ in range(events)
    ]
    shared = [[*one[:1], draw.choice(ids), *one[2:]] for one in mails[: events // 4]]
    _csv(
        folder / "mails.csv",
        [["no", "lead", "at", "got", "kind", "via", "by", "worth"], *mails, *mails[: events // 5], *shared],
    )
    _csv(
        folder / "sizes.csv",
        [["lead", "size", "at"], *([draw.choice(ids), draw.choice(["9", ""]), day(-200, 10)] for _ in range(leads))],
    )
    _csv(
        folder / "deals.csv",
        [
            ["lead", "stage", "at"],
            *([draw.choice(ids), draw.choice(["mql", "sql", "lost", "customer"]), day(-100, 50)] for _ in range(leads)),
        ],
    )
    (folder / "crm.toml").write_text(CONFIG)
    return folder / "crm.toml"


def _csv(path: Path, rows: list[list[str]]) -> None:
    path.write_text("".join(",".join(row) + "\n" for row in rows))


def write_snapshots(path: Path, ids: list[str], seed: int, count: int) -> pa.Table:
    draw = random.Random(seed)  # noqa: S311 - a seeded example, no secret
    cutoffs = [CUTOFF - draw.randint(-5, 90) * DAY for _ in range(count)]
    rows = pa.table({"lead_id": draw.choices(ids, k=count), "cutoff": cutoffs}, schema=SNAPSHOTS)
    pq.write_table(rows, path)
    return rows


def matrix_of(path: Path) -> np.ndarray:
    read = pq.read_table(path)
    return np.ascontiguousarray(np.column_stack([read[name].to_numpy() for name in read.column_names[2:]]))


def into(shards: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Small exports would make one shard always."""
    monkeypatch.setattr(sharding, "count", lambda *_: shards)


# The export is drawn from a seed, so there is nothing to shrink.
@settings(max_examples=20, deadline=None, phases=(Phase.explicit, Phase.generate))
@given(
    seed=st.integers(0, 1000),
    leads=st.integers(1, 12),
    events=st.integers(0, 120),
    shards=st.integers(1, 7),
    count=st.integers(0, 40),
)
def test_rows_have_the_bits_of_those_in_memory_for_any_number_of_shards(
    tmp_path_factory: pytest.TempPathFactory, seed: int, leads: int, events: int, shards: int, count: int
) -> None:
    """Accounts, shared meetings, duplicates, late arrivals, bad rows; 1 to 7 shards, so that some are empty."""
    folder = tmp_path_factory.mktemp("export")
    config = write_export(folder, seed, leads, events)
    read = export.read(config, NOW)
    ids = read.histories.leads["lead_id"].to_pylist()
    wanted = write_snapshots(folder / "s.parquet", ids, seed, count)
    columns = catalogue.build(read.histories, ids, until=read.histories.exported_at)
    expected = table.compute(read.histories, wanted, columns)
    with pytest.MonkeyPatch.context() as patch:
        into(shards, patch)
        made = sharded.run(config, folder / "s.parquet", folder / "f.parquet", GB, NOW)
    assert (made.rows, made.shards, made.sources) == (count, shards, read.sources)
    assert made.catalogue == columns
    found = pq.read_table(folder / "f.parquet")
    assert found.column_names == ["lead_id", "cutoff", *columns.names]
    assert found.select(["lead_id", "cutoff"]).equals(wanted)
    assert same_bits(matrix_of(folder / "f.parquet"), expected.matrix)
    assert sorted(one.name for one in folder.iterdir() if one.suffix == ".parquet") == ["f.parquet", "s.parquet"]


def test_a_cutoff_gives_one_row_for_each_lead_created_by_then(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    into(3, monkeypatch)
    config = write_export(tmp_path, 5, 12, 60)
    leads = export.read(config, NOW).histories.leads.to_pylist()
    cutoff = sorted(lead["created_at"] for lead in leads)[7]
    made = sharded.run(config, cutoff, tmp_path / "f.parquet", GB, NOW)
    found = pq.read_table(tmp_path / "f.parquet")
    assert found["lead_id"].to_pylist() == sorted(lead["lead_id"] for lead in leads if lead["created_at"] <= cutoff)
    assert set(found["cutoff"].to_pylist()) == {cutoff}
    assert made.rows == 8


class StoppedError(Exception):
    """What stands for a kill."""


def stopped_after(parts_done: int, config: Path, output: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run until so many parts are written, one after the other, and leave things as they are."""
    write, written = parts.write, []

    def one(*arguments: Any) -> None:
        if len(written) == parts_done:
            raise StoppedError
        write(*arguments)
        written.append(1)

    with monkeypatch.context() as patch:
        patch.setattr(parts, "write", one)
        patch.setattr(sharding, "at_once", lambda _: 1)
        with pytest.raises(StoppedError):
            sharded.run(config, CUTOFF, output, GB, NOW)


@pytest.mark.parametrize("done", [0, 1, 3])
def test_a_stopped_run_leaves_no_output_and_goes_on_to_the_very_same_bytes(
    done: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    into(4, monkeypatch)
    config = write_export(tmp_path, 9, 20, 120)
    sharded.run(config, CUTOFF, tmp_path / "whole.parquet", GB, NOW)
    output = tmp_path / "f.parquet"
    stopped_after(done, config, output, monkeypatch)
    assert not output.exists()
    computed: list[int] = []
    compute = sharded.compute_shard
    monkeypatch.setattr(sharded, "compute_shard", lambda job, number: computed.append(number) or compute(job, number))
    monkeypatch.setattr(sharded.shards, "write", None)
    sharded.run(config, CUTOFF, output, GB, NOW, resume=True)
    assert len(computed) == 4 - done
    assert output.read_bytes() == (tmp_path / "whole.parquet").read_bytes()
    assert not unfinished.beside(output).exists()


def test_a_run_that_is_killed_leaves_nothing_under_the_final_name_and_can_be_gone_on_with(tmp_path: Path) -> None:
    """A process of its own, killed with SIGKILL as it computes."""
    config = write_export(tmp_path, 9, 20, 120)
    output = tmp_path / "f.parquet"
    program = (
        "import os, signal, sys; from pathlib import Path; from features import parts, sharded\n"
        "parts.write = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        f"sharded.run(Path({str(config)!r}), {CUTOFF}, Path({str(output)!r}), {GB}, {NOW})\n"
    )
    ended = subprocess.run([sys.executable, "-c", program], check=False, capture_output=True)
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    assert not output.exists()
    assert (unfinished.beside(output) / "shards" / "shards.json").exists()
    sharded.run(config, CUTOFF, output, GB, NOW, resume=True)
    sharded.run(config, CUTOFF, tmp_path / "whole.parquet", GB, NOW)
    assert output.read_bytes() == (tmp_path / "whole.parquet").read_bytes()
    assert not [one for one in tmp_path.iterdir() if "unfinished" in one.name]


def test_a_run_of_something_else_is_not_gone_on_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = write_export(tmp_path, 9, 20, 120)
    output = tmp_path / "f.parquet"
    stopped_after(0, config, output, monkeypatch)
    folder = unfinished.beside(output)
    (tmp_path / "deals.csv").write_text("lead,stage,at\n")
    message = (
        f"--resume: {folder} holds a run of something else; not as they were are {tmp_path / 'deals.csv'}, --cutoff, "
        "--memory. Call it as it was called, or leave --resume out to begin anew"
    )
    with pytest.raises(CallError, match=f"^{re.escape(message)}$"):
        sharded.run(config, CUTOFF + 1, output, 2 * GB, NOW, resume=True)
    assert (folder / "shards" / "shards.json").exists()


def test_a_new_run_over_a_leftover_begins_anew_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    config = write_export(tmp_path, 9, 20, 120)
    output = tmp_path / "f.parquet"
    stopped_after(0, config, output, monkeypatch)
    caplog.clear()
    assert sharded.run(config, CUTOFF + 1, output, GB, NOW).rows
    message = f"{unfinished.beside(output)}: holds a run that did not end; begun anew, as --resume is not given"
    assert caplog.messages[0] == message
    assert not unfinished.beside(output).exists()


def test_what_is_refused_before_shards_are_complete_leaves_nothing(tmp_path: Path) -> None:
    config = write_export(tmp_path, 9, 20, 120)
    config.write_text(CONFIG.replace("max_bad_share = 1", "max_bad_share = 0"))
    with pytest.raises(DataError, match=r"^leads/leads: \d+ of 21 rows are bad, more than max_bad_share = 0 allows \("):
        sharded.run(config, CUTOFF, tmp_path / "f.parquet", GB, NOW)
    assert not unfinished.beside(tmp_path / "f.parquet").exists()


def test_two_runs_do_not_write_one_output(tmp_path: Path) -> None:
    output = tmp_path / "f.parquet"
    config = write_export(tmp_path, 1, 3, 9)
    message = f"{unfinished.beside(output)}: another run is at work there; wait for its end, or name another output"
    with (
        unfinished.working(output, {}, resume=False),
        pytest.raises(CallError, match=f"^{re.escape(message)}$"),
    ):
        sharded.run(config, CUTOFF, output, GB, NOW)


def test_snapshots_of_leads_that_the_export_does_not_have_are_named(tmp_path: Path) -> None:
    config = write_export(tmp_path, 1, 3, 9)
    write_snapshots(tmp_path / "s.parquet", ["lead 1", "zoe"], 1, 9)
    with pytest.raises(DataError, match=r"^snapshots: \d are of leads that the export does not have, such as 'zoe'"):
        sharded.run(config, tmp_path / "s.parquet", tmp_path / "f.parquet", GB, NOW)


@pytest.mark.parametrize(("place", "problem"), [("folder", "is a folder"), ("file/f.parquet", "cannot be written (")])
def test_a_place_that_cannot_be_written_to_is_one_message(place: str, problem: str, tmp_path: Path) -> None:
    config = write_export(tmp_path / "export", 1, 3, 9)
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    with pytest.raises(CallError, match=re.escape(problem)):
        sharded.run(config, CUTOFF, tmp_path / place, GB, NOW)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["export", "file", "folder"]


def test_progress_hears_of_every_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    into(3, monkeypatch)
    config = write_export(tmp_path, 9, 20, 120)
    heard: list[tuple[str, int, int]] = []
    made = sharded.run(config, CUTOFF, tmp_path / "f.parquet", GB, NOW, progress=lambda *one: heard.append(one))
    computed = [(done, total) for text, done, total in heard if text == "Computing features"]
    assert computed[0] == (0, made.rows)
    assert computed[-1] == (made.rows, made.rows)
    assert heard[-1] == ("Writing", made.rows, made.rows)
    assert sum(text == "Counting" for text, *_ in heard) == 3
