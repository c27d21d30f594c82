"""Scores of a board that is too large for one machine: a worker scores its shard as one machine scores a board."""

from pathlib import Path
from typing import TYPE_CHECKING

from features.cluster import Progress, each
from histories.shards import Shards
from scoring.scorer import Scorer
from serving.board import batch, sharded

if TYPE_CHECKING:  # features.cluster says what to do where Spark is not installed
    from pyspark.sql import SparkSession


def score(
    spark: "SparkSession",
    shards: Shards,
    scorer: Scorer,
    as_of: int,
    reasons: int,
    path: Path,
    progress: Progress | None = None,
) -> int:
    """Do what `sharded.score` does, on a cluster; return how many leads there are.

    Raises CallError where the path ends in neither .parquet nor .csv, and DataError where the cluster fails.
    """
    batch.refuse_other_suffixes(path)
    return sharded.score(shards, scorer, as_of, reasons, path, each(spark, shards.folder, progress)).leads
