"""A run over shards: the same rows as in memory, whatever the shards; what a stopped run leaves, and how it goes on."""

import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from feature_files import matrix_of, write_snapshots
from feature_histories import same_bits
from feature_own import OWN
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from untidy_export import CONFIG, CUTOFF, EXPORTED, NOW, into, write_export

from features import catalogue, parts, sharded, table, unfinished
from features.snapshots import SNAPSHOTS
from histories import export, machine, sharding
from histories.errors import CallError, DataError, LeadScoringError
from histories.machine import GB


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
        f"--resume: {folder} holds a run of something else; not as they were are {tmp_path / 'deals.csv'}, "
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
        unfinished.working(output, unfinished.Asked({}, {}), resume=False),
        pytest.raises(CallError, match=f"^{re.escape(message)}$"),
    ):
        sharded.run(config, CUTOFF, output, GB, NOW)


def test_snapshots_of_leads_that_the_export_does_not_have_are_named(tmp_path: Path) -> None:
    config = write_export(tmp_path, 1, 3, 9)
    write_snapshots(tmp_path / "s.parquet", ["lead 1", "zoe"], 1, 9)
    with pytest.raises(DataError, match=r"^snapshots: \d are of leads that the export does not have, such as 'zoe'"):
        sharded.run(config, tmp_path / "s.parquet", tmp_path / "f.parquet", GB, NOW)


@pytest.mark.parametrize(
    ("place", "problem"), [("folder", "is a folder"), ("file/f.parquet", "cannot be read or written (")]
)
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


@pytest.mark.parametrize("damaged", ["parts/1.arrow", "parts/2.arrow", "counted.json"])
def test_what_is_damaged_of_the_work_is_done_again(
    damaged: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cut in half; what a killed writer leaves under names of its own, and DuckDB's, goes too."""
    into(4, monkeypatch)
    config = write_export(tmp_path, 9, 20, 120)
    sharded.run(config, CUTOFF, tmp_path / "whole.parquet", GB, NOW)
    output = tmp_path / "f.parquet"
    stopped_after(3, config, output, monkeypatch)
    folder = unfinished.beside(output)
    _halve(folder / damaged)
    (folder / "parts" / ".3.arrow.77").touch()
    (folder / "shards" / "scratch").mkdir()
    (folder / "shards" / "scratch" / "staged.duckdb").write_text("half")
    monkeypatch.setattr(sharded.shards, "write", None)
    sharded.run(config, CUTOFF, output, GB, NOW, resume=True)
    assert output.read_bytes() == (tmp_path / "whole.parquet").read_bytes()


def _halve(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


@pytest.mark.parametrize(
    ("damaged", "message"),
    [
        ("asked.json", r"^--resume: .*asked\.json is damaged; leave --resume out to begin anew$"),
        ("shards/shards.json", r"shards\.json is damaged \(.*\); leave --resume out to begin anew$"),
        ("shards/interactions/shard=0/*", r"shards: shard 0 is damaged \(.*\); leave --resume out to begin anew$"),
        ("shards/outcomes/shard=0/*", r"shards: shard 0 is damaged \(.*\); leave --resume out to begin anew$"),
    ],
)
def test_damaged_shards_are_named(damaged: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = write_export(tmp_path, 9, 20, 120)
    output = tmp_path / "f.parquet"
    stopped_after(0, config, output, monkeypatch)
    _halve(next(unfinished.beside(output).glob(damaged)))
    with pytest.raises(LeadScoringError, match=message):
        sharded.run(config, CUTOFF, output, GB, NOW, resume=True)


def test_after_unknown_leads_are_mended_the_shards_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    config = write_export(tmp_path, 1, 3, 9)
    wanted, output = tmp_path / "s.parquet", tmp_path / "f.parquet"
    folder = unfinished.beside(output)
    write_snapshots(wanted, ["lead 1", "zoe"], 1, 9)
    with pytest.raises(DataError, match=r"^snapshots: "):
        sharded.run(config, wanted, output, GB, NOW)
    assert caplog.messages[-1] == f"{folder}: keeps what is done; --resume goes on from it"
    rows = write_snapshots(wanted, ["lead 1"], 1, 9)
    monkeypatch.setattr(sharded.shards, "write", None)
    sharded.run(config, wanted, output, GB, NOW, resume=True)
    message = f"{folder}: its shards are kept, its rows computed anew; not as they were are --snapshots"
    assert caplog.messages[-1] == message
    assert pq.read_table(output, columns=["lead_id", "cutoff"]).equals(rows)


def test_other_own_features_keep_the_shards_and_leave_no_old_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    into(4, monkeypatch)
    config = write_export(tmp_path, 9, 20, 120)
    output = tmp_path / "f.parquet"
    stopped_after(3, config, output, monkeypatch)
    sharded.run(config, CUTOFF, tmp_path / "whole.parquet", GB, NOW, own=OWN[:2])
    monkeypatch.setattr(sharded.shards, "write", None)
    sharded.run(config, CUTOFF, output, GB, NOW, own=OWN[:2], resume=True)
    assert output.read_bytes() == (tmp_path / "whole.parquet").read_bytes()


def test_there_may_be_nothing_to_go_on_with(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    config = write_export(tmp_path, 1, 3, 9)
    sharded.run(config, CUTOFF, tmp_path / "f.parquet", GB, NOW, resume=True)
    folder = unfinished.beside(tmp_path / "f.parquet")
    assert caplog.messages[0] == f"{folder}: there is nothing to go on with; begun from the start"


def test_a_folder_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    config = write_export(tmp_path, 1, 3, 9)
    folder = unfinished.beside(tmp_path / "f.parquet")
    folder.mkdir()
    (folder / "thesis.txt").write_text("years of work")
    message = f"{folder}: is not empty, and no run has left it; move it away, or name another output"
    with pytest.raises(CallError, match=f"^{re.escape(message)}$"):
        sharded.run(config, CUTOFF, tmp_path / "f.parquet", GB, NOW)
    assert [one.name for one in folder.iterdir()] == ["thesis.txt"]


def test_a_run_stopped_as_it_writes_leaves_nothing_beside_its_folder(tmp_path: Path) -> None:
    config = write_export(tmp_path / "export", 9, 20, 120)

    def stop(text: str, *_: int) -> None:
        if text == "Writing":
            assert sorted(one.name for one in tmp_path.iterdir()) == ["export", "f.parquet.unfinished"]
            raise StoppedError

    with pytest.raises(StoppedError):
        sharded.run(config, CUTOFF, tmp_path / "f.parquet", GB, NOW, progress=stop)
    sharded.run(config, CUTOFF, tmp_path / "f.parquet", GB, NOW, resume=True)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["export", "f.parquet"]


def test_files_that_a_query_names_by_a_pattern_are_watched(tmp_path: Path) -> None:
    config = write_export(tmp_path, 9, 20, 120)
    config.write_text(CONFIG.replace('file = "deals.csv"', """query = "select * from 'deal*.csv'\""""))
    before = unfinished.asked_of(config, None, CUTOFF, GB, ()).shards
    assert str(tmp_path / "deals.csv") in before
    (tmp_path / "deals2.csv").write_text("lead,stage,at\n")
    assert set(unfinished.asked_of(config, None, CUTOFF, GB, ()).shards) - set(before) == {str(tmp_path / "deals2.csv")}


@pytest.mark.parametrize("cutoff", [-1, CUTOFF // 1000, EXPORTED + 1, 2**63 - 1])
def test_cutoffs_of_which_nothing_can_be_known_are_refused(cutoff: int, tmp_path: Path) -> None:
    """Before 1970, in milliseconds, a moment after the export, and no time at all."""
    config = write_export(tmp_path, 1, 3, 9)
    rows = pa.table({"lead_id": ["lead 1", "lead 2"], "cutoff": [CUTOFF, cutoff]}, schema=SNAPSHOTS)
    pq.write_table(rows, tmp_path / "s.parquet")
    message = r"^snapshots: 1 of 2 cutoffs are before 1971 or after .*, such as that of 'lead 2', .*; are they micros"
    with pytest.raises(DataError, match=message):
        sharded.run(config, tmp_path / "s.parquet", tmp_path / "f.parquet", GB, NOW)
    with pytest.raises(CallError, match=r"^--cutoff: .* is before 1971 or after .*, 20.*; name a time between, or "):
        sharded.run(config, cutoff, tmp_path / "f.parquet", GB, NOW)


def test_more_shards_than_files_may_be_open_are_refused_before_reading(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    into(2000, monkeypatch)
    monkeypatch.setattr(machine, "open_files", lambda _: 1024)
    message = (
        "2,000 shards need 2,100 open files, and 1,024 are allowed; allow more memory (--memory), which makes fewer "
        "shards, or more files (`ulimit -n`)"
    )
    with pytest.raises(CallError, match=f"^{re.escape(message)}$"):
        sharded.run(write_export(tmp_path, 1, 3, 9), CUTOFF, tmp_path / "f.parquet", GB, NOW)
    assert not unfinished.beside(tmp_path / "f.parquet").exists()
