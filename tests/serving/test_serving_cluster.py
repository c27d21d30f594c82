"""A board scored on a cluster: the file of the local score, row by row and bit by bit."""

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import csv, parquet
from serving_export import write as write_export

from features import java
from histories import export, sharding, shards
from histories.clock import DAY
from histories.errors import CallError
from histories.machine import GB
from scoring.bundle import Bundle
from scoring.rulebook import Rulebook
from scoring.scorer import Scorer
from serving.board import batch, sharded

pytest.importorskip("pyspark", reason="Spark is not installed (uv sync --extra cluster)")

from pyspark.sql import SparkSession

from features.cluster import session
from serving.board import cluster

sys.path.append(str(Path(__file__).parents[1] / "scoring"))
small_bundle = importlib.import_module("small_bundle")


@pytest.fixture(scope="session")
def spark() -> Iterator[SparkSession]:
    try:
        java.refuse_without_java()
    except CallError as error:
        pytest.skip(str(error))
    with session("local[2]") as running:
        yield running


@pytest.fixture(scope="session")
def config(as_of: int, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("board") / "export"
    return write_export(small_bundle.leads(), folder, as_of + 80 * DAY, small_bundle.FAMILIES)


def test_the_file_is_that_of_the_local_score(
    spark: SparkSession, config: Path, bundle: Bundle, rulebook: Rulebook, as_of: int, tmp_path: Path
) -> None:
    scorer, now = Scorer(bundle, rulebook), as_of + 100 * DAY
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sharding, "count", lambda *_: 4)
        in_shards = shards.write(config, now, tmp_path / "shards", GB)
    before = sorted(path.name for path in in_shards.folder.iterdir())
    answers = scorer.score_board(export.read(config, now).histories, as_of, 3)
    assert len(answers) > 100
    for name, read in [("s.parquet", parquet.read_table), ("s.csv", csv.read_csv)]:
        batch.write(answers, as_of, tmp_path / "local" / name)
        assert cluster.score(spark, in_shards, scorer, as_of, 3, tmp_path / name) == len(answers)
        # Arrow's own comparison takes numbers that differ in the last bit for different.
        assert read(tmp_path / name).equals(read(tmp_path / "local" / name))
    assert sorted(path.name for path in in_shards.folder.iterdir()) == before


def test_a_name_that_is_neither_parquet_nor_csv_is_refused_before_any_work(
    spark: SparkSession, bundle: Bundle, rulebook: Rulebook, as_of: int, tmp_path: Path
) -> None:
    nowhere = shards.Shards(tmp_path, 1, 0, "UTC", small_bundle.FAMILIES, {}, ())
    with pytest.raises(CallError, match=r"scores are written as \.parquet or \.csv; name the file so$"):
        cluster.score(spark, nowhere, Scorer(bundle, rulebook), as_of, 3, tmp_path / "s.xlsx")


@settings(max_examples=60, deadline=None)
@given(ids=st.sets(st.text(max_size=3), max_size=40), parts=st.integers(1, 4), rows=st.integers(1, 5), data=st.data())
def test_sorted_batches_of_parts_become_one_sorted_board(
    ids: set[str], parts: int, rows: int, data: st.DataObject
) -> None:
    part_of = {one: data.draw(st.integers(0, parts - 1)) for one in sorted(ids)}
    streams = [_batches(sorted(one for one in ids if part_of[one] == part), rows) for part in range(parts)]
    merged = [one for found in sharded._merged(streams) for one in found["lead_id"].to_pylist()]
    assert merged == sorted(ids)


def _batches(ids: list[str], rows: int) -> Iterator[pa.Table]:
    for begin in range(0, len(ids), rows):
        yield pa.table({"lead_id": pa.array(ids[begin : begin + rows], pa.string())})
