"""Features on a cluster: Spark on two cores of this machine, one session for all tests, and the local table beside it."""

import importlib
import os
import re
import socket
import sys
import threading
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from feature_files import matrix_of, write_snapshots
from feature_histories import CATALOGUE, same_bits
from feature_own import OWN
from pyarrow import parquet
from untidy_export import NOW, into, write_export

from features import catalogue, java, sharded, table
from features.own.features import OwnFeature
from features.snapshots import checked
from histories import export, sample
from histories.clock import DAY
from histories.errors import CallError, DataError
from histories.machine import GB

pytest.importorskip("pyspark", reason="Spark is not installed (uv sync --extra cluster)")

from pyspark.sql import SparkSession

from features import cluster


@pytest.fixture(scope="session")
def spark() -> Iterator[SparkSession]:
    try:
        java.refuse_without_java()
    except CallError as error:
        pytest.skip(str(error))
    with cluster.session("local[2]") as running:
        yield running


def over(spark: SparkSession, folder: Path, shards: Sequence[int], task: cluster.Task) -> list[str]:
    return list(cluster.each(spark, folder)(task, shards))


def test_every_shard_is_done_once_and_its_result_comes_in_their_order(spark: SparkSession, tmp_path: Path) -> None:
    assert over(spark, tmp_path, [5, 1, 30], hex) == ["0x5", "0x1", "0x1e"]
    assert list(tmp_path.iterdir()) == []


def test_no_shards_are_no_work(spark: SparkSession, tmp_path: Path) -> None:
    assert over(spark, tmp_path, [], hex) == []


def test_progress_rises_and_ends_with_all_shards(spark: SparkSession, tmp_path: Path) -> None:
    heard: list[tuple[int, int]] = []
    list(cluster.each(spark, tmp_path, lambda done, total: heard.append((done, total)))(hex, [1, 2, 3]))
    assert heard[-1] == (3, 3)
    assert heard == sorted(heard)


def test_a_worker_s_message_for_the_user_arrives_as_it_was_written(spark: SparkSession, tmp_path: Path) -> None:
    def refuse(number: int) -> str:
        raise DataError(f"shard {number}: is damaged\ncopy it again")

    with pytest.raises(DataError, match=r"^--cluster: shard 7: is damaged\ncopy it again$"):
        over(spark, tmp_path, [7], refuse)


def test_another_error_of_a_worker_is_one_line(spark: SparkSession, tmp_path: Path) -> None:
    message = "--cluster: the work stopped; ValueError: chr() arg not in range(0x110000)"
    with pytest.raises(DataError, match=f"^{re.escape(message)}$"):
        over(spark, tmp_path, [-1], chr)


def test_a_worker_that_is_killed_is_said_to_lack_memory(spark: SparkSession, tmp_path: Path) -> None:
    message = (
        "--cluster: the work stopped; a worker's Python was killed, mostly for want of memory; make smaller shards, "
        "or give executors more memory beside Java's (spark.executor.memoryOverhead)"
    )
    with pytest.raises(DataError, match=f"^{re.escape(message)}$"):
        over(spark, tmp_path, [9], os._exit)


def test_workers_that_lack_our_program_are_told_to_install_it(spark: SparkSession, tmp_path: Path) -> None:
    message = (
        "--cluster: the work stopped; a worker has no module 'lead_scoring_of_old'; install lead-scoring there in this "
        "version, or name a Python that has it in PYSPARK_PYTHON"
    )
    with pytest.raises(DataError, match=f"^{re.escape(message)}$"):
        over(spark, tmp_path, [1], lambda _: importlib.import_module("lead_scoring_of_old").__name__)


def test_a_folder_that_a_worker_does_not_see_is_named(tmp_path: Path) -> None:
    """The mark that this machine has put into the folder is not there: it is another machine's folder of that name."""
    asked = pa.RecordBatch.from_pydict({"id": pa.array([1])})
    (answer,) = cluster._on_worker(hex, (7, 8), str(tmp_path / ".seen-1"), [asked])
    problem = (
        f"{tmp_path} is not on worker {socket.gethostname()} what it is here; write to a folder that all workers see "
        "under the same path"
    )
    assert answer.to_pylist() == [{"result": None, "problem": problem}]


def test_a_worker_computes_with_one_thread_and_with_our_python(spark: SparkSession, tmp_path: Path) -> None:
    def settings_there(_: int) -> str:
        return f"{os.environ['OMP_NUM_THREADS']} {os.environ['NUMBA_NUM_THREADS']} {sys.prefix}"

    assert over(spark, tmp_path, [1, 2], settings_there) == [f"1 1 {sys.prefix}"] * 2
    assert spark.conf.get("spark.sql.session.timeZone") == "UTC"


def test_a_session_that_runs_already_is_used_and_left_running(spark: SparkSession, tmp_path: Path) -> None:
    with cluster.session("spark://nobody:1") as other:
        assert other.sparkContext is spark.sparkContext
    assert over(spark, tmp_path, [31], hex) == ["0x1f"]


class Idle:
    """Stands for a session on a cluster whose workers are all busy with the work of others."""

    def __init__(self, polls: int) -> None:
        self.sparkContext, self.polls, self.ended = self, polls, threading.Event()

    def statusTracker(self) -> "Idle":  # noqa: N802  # Spark's name
        return self

    def getActiveStageIds(self) -> list[int]:  # noqa: N802
        self.polls -= 1
        if not self.polls:
            self.ended.set()
        return []

    def getStageInfo(self, stage: int) -> None:  # noqa: N802
        raise AssertionError(f"there is no stage {stage}")


def test_idle_workers_are_spoken_of_once(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr(cluster, "_POLL_SECONDS", 0.015625)
    monkeypatch.setattr(cluster, "_IDLE_SECONDS", 0.0625)
    idle = Idle(polls=12)
    cluster._watch(idle, 3, print, idle.ended)
    assert [one.getMessage() for one in caplog.records] == [
        "no worker of the cluster has begun within 0 seconds; are there any, with cores and memory to spare?"
    ]


@pytest.mark.parametrize(("seed", "leads", "events", "shards"), [(1, 12, 120, 3), (2, 40, 900, 4), (3, 3, 0, 2)])
def test_a_cluster_s_file_has_the_bits_of_the_table_of_all_leads(
    seed: int, leads: int, events: int, shards: int, spark: SparkSession, tmp_path: Path
) -> None:
    """Accounts, shared meetings, duplicates, late arrivals, own features; some shards are empty; any order of snapshots."""
    config = write_export(tmp_path / "export", seed, leads, events)
    ids = export.read(config, NOW).histories.leads["lead_id"].to_pylist()
    write_snapshots(tmp_path / "s.parquet", ids, seed, 3 * leads)
    agrees(spark, config, tmp_path, shards, OWN[:4])


def test_the_sample_has_the_same_rows_on_a_cluster(spark: SparkSession, tmp_path: Path) -> None:
    sample.write(tmp_path / "export", leads=300, months=12, seed=1)
    histories = export.read(tmp_path / "export" / "crm.toml", NOW).histories
    leads = histories.leads
    moments = pc.min_element_wise(pc.add(leads["created_at"], 30 * DAY), histories.exported_at)
    parquet.write_table(pa.table({"lead_id": leads["lead_id"], "cutoff": moments}), tmp_path / "s.parquet")
    agrees(spark, tmp_path / "export" / "crm.toml", tmp_path, 2, ())


def agrees(spark: SparkSession, config: Path, folder: Path, shards: int, own: tuple[OwnFeature, ...]) -> None:
    """Ask for s.parquet on the cluster, and of the histories in memory."""
    histories = export.read(config, NOW).histories
    columns = catalogue.build(histories, histories.leads["lead_id"].to_pylist(), until=histories.exported_at, own=own)
    wanted = checked(parquet.read_table(folder / "s.parquet"), "s.parquet")
    # First, so that the workers find the kernel compiled.
    expected = table.compute(histories, wanted, columns).matrix
    with pytest.MonkeyPatch.context() as patch:
        into(shards, patch)
        made = sharded.run(
            config, folder / "s.parquet", folder / "f.parquet", GB, NOW, own=own, each=cluster.each(spark, folder)
        )
    assert (made.rows, made.shards, made.catalogue) == (wanted.num_rows, shards, columns)
    assert parquet.read_table(folder / "f.parquet", columns=["lead_id", "cutoff"]).equals(wanted)
    assert same_bits(matrix_of(folder / "f.parquet"), expected)
    assert sorted(one.name for one in folder.iterdir()) == ["export", "f.parquet", "s.parquet"]


def test_a_worker_of_another_version_is_refused(spark: SparkSession, tmp_path: Path) -> None:
    job = sharded.Job(str(tmp_path), CATALOGUE.to_json(), "of another version")
    message = (
        "--cluster: a worker has another version of lead-scoring, whose features mean something else; install there "
        "what is installed here"
    )
    with pytest.raises(DataError, match=f"^{re.escape(message)}$"):
        over(spark, tmp_path, [0], partial(sharded.compute_shard, job))
