"""Scores of a board that is too large for one machine: a worker scores its shard as one machine scores a board."""

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import ipc

from features.cluster import Progress, each
from histories import shards as sharded
from histories.shards import Shards
from histories.whole_file import whole_file
from scoring import bundle as bundles
from scoring import rulebook as rulebooks
from scoring.scorer import Scorer
from serving import batch

if TYPE_CHECKING:  # features.cluster says what to do where Spark is not installed
    from pyspark.sql import SparkSession

_BATCH_ROWS = 1_024
_TABLE_ROWS = 65_536


@dataclass(frozen=True)
class Board:
    """What a worker is told: where the shards and the bundle lie, and what to ask them. Texts and numbers alone."""

    folder: str
    bundle: str
    rulebook: str
    parts: str
    as_of: int
    reasons: int


def score(
    spark: "SparkSession",
    shards: Shards,
    scorer: Scorer,
    as_of: int,
    reasons: int,
    path: Path,
    progress: Progress | None = None,
) -> int:
    """Write an answer for each lead that is open at `as_of` (UTC microseconds); return how many there are.

    The file is that of `batch.write` of `Scorer.score_board` over all shards together: the same rows in the same
    order, the same numbers to the last bit. The bundle goes to the workers as its folder of texts, beside the shards.
    Raises CallError where the path ends in neither .parquet nor .csv, and DataError where the cluster fails.
    """
    batch.refuse_other_suffixes(path)
    with _scratch(shards.folder) as scratch:
        bundles.write(scorer.bundle, scratch / "bundle")
        board = Board(
            folder=str(shards.folder.absolute()),
            bundle=str((scratch / "bundle").absolute()),
            rulebook=scorer.rulebook.source,
            parts=str(scratch.absolute()),
            as_of=as_of,
            reasons=reasons,
        )
        numbers = range(shards.count)
        counts = list(each(spark, shards.folder, progress)(partial(score_shard, board), numbers))
        batch.write_tables(_in_order([_part(scratch, number) for number in numbers]), path)
    return sum(int(count) for count in counts)


def score_shard(board: Board, number: int) -> str:
    """On a worker: write the answers for one shard's open leads as a part, by lead_id; return how many, as text."""
    histories = sharded.read(sharded.opened(Path(board.folder)), number)
    answers = _scorer(board.bundle, board.rulebook).score_board(histories, board.as_of, board.reasons)
    rows = batch.table(answers, board.as_of).sort_by("lead_id")
    options = ipc.IpcWriteOptions(compression="lz4")
    with (
        whole_file(_part(Path(board.parts), number)) as unfinished,
        ipc.new_file(unfinished, batch.SCHEMA, options=options) as part,
    ):
        part.write_table(rows, max_chunksize=_BATCH_ROWS)
    return str(len(answers))


@lru_cache(maxsize=1)
def _scorer(bundle: str, rulebook: str) -> Scorer:
    """A worker's process takes one shard after another, and reads the bundle once."""
    return Scorer(bundles.read(Path(bundle)), rulebooks.parse(rulebook, "rulebook.toml"))


def _part(folder: Path, number: int) -> Path:
    return folder / f"scores-{number}.arrow"


@contextmanager
def _scratch(shared: Path) -> Iterator[Path]:
    """A folder that the workers see, because they see the shards; gone afterwards."""
    folder = shared / f"scores.{os.getpid()}"
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _in_order(parts: Sequence[Path]) -> Iterator[pa.Table]:
    """Yield the rows of all parts by lead_id, in tables of a good size for a file."""
    gathered: list[pa.Table] = []
    for rows in _merged([_batches(path) for path in parts]):
        gathered.append(rows)
        if sum(one.num_rows for one in gathered) >= _TABLE_ROWS:
            yield pa.concat_tables(gathered).combine_chunks()
            gathered = []
    if gathered:
        yield pa.concat_tables(gathered).combine_chunks()


def _merged(rests: Sequence[Iterator[pa.Table]]) -> Iterator[pa.Table]:
    """Merge sorted batches: of each part no more than one is in memory."""
    heads = [next(rest, None) for rest in rests]
    while ends := [head["lead_id"][-1].as_py() for head in heads if head is not None]:
        # What is still to come of a part lies after its head, so that up to the first end nothing is missing.
        bound, due = min(ends), []
        for place, head in enumerate(heads):
            if head is not None:
                count = pc.sum(pc.less_equal(head["lead_id"], bound)).as_py()
                due.append(head.slice(0, count))
                heads[place] = head.slice(count) if count < head.num_rows else next(rests[place], None)
        yield pa.concat_tables(due).sort_by("lead_id")


def _batches(path: Path) -> Iterator[pa.Table]:
    with pa.memory_map(str(path)) as file, ipc.open_file(file) as part:
        for place in range(part.num_record_batches):
            batch_rows = pa.Table.from_batches([part.get_batch(place)])
            if batch_rows.num_rows:
                yield batch_rows
