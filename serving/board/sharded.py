"""Scores of a board of any size: shard by shard, each as one machine scores a whole board, into one file."""

import json
import os
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import ipc

from features.sharded import Each, on_threads
from histories import select
from histories import shards as sharded
from histories.shards import Shards
from histories.whole_file import whole_file
from scoring import bundle as bundles
from scoring import rulebook as rulebooks
from scoring.answer import Answer, NextAction
from scoring.scorer import Scorer
from scoring.scores import Scores
from serving.board import batch, call_list

_BATCH_ROWS = 1_024
_TABLE_ROWS = 65_536
_SHOWN = 10


@dataclass(frozen=True)
class Board:
    """What whoever scores a shard is told: where shards and bundle lie, and what to ask. Texts and numbers alone."""

    folder: str
    bundle: str
    rulebook: str
    parts: str
    as_of: int
    reasons: int
    threads: int = 1


@dataclass(frozen=True)
class Written:
    """How many leads were scored, what is to be done with them, and the likeliest to become customers: shard, lead_id."""

    leads: int
    actions: Counter[NextAction]
    strongest: tuple[tuple[int, str], ...]


def score(
    shards: Shards, scorer: Scorer, as_of: int, reasons: int, path: Path, each: Each = on_threads, threads: int = 1
) -> Written:
    """Write an answer for each lead that is open at `as_of` (UTC microseconds), sorted by lead_id.

    The rows are those of `Scorer.score_board` over all shards together, with the same numbers to the last bit; of a
    shard, no more than some thousands are in memory at once. `each` says who works on the shards, each with so many `threads`; the bundle goes to
    them as its folder of texts, beside the shards. Raises CallError where the path ends in neither .parquet nor .csv.
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
            threads=threads,
        )
        numbers = range(shards.count)
        found = [json.loads(one) for one in each(partial(score_shard, board), numbers)]
        batch.write_tables(_in_order([_part(scratch, number) for number in numbers]), path)
    return _written(found)


def strongest(shards: Shards, scorer: Scorer, as_of: int, reasons: int, written: Written) -> list[Answer]:
    """Return the answers of the likeliest leads, with reasons; only their shards are read."""
    answers = []
    for number in sorted({number for number, _ in written.strongest}):
        histories = sharded.read(shards, number)
        leads = [select.lead(histories, lead_id) for there, lead_id in written.strongest if there == number]
        answers += scorer.score(leads, as_of, reasons)
    return call_list.strongest(answers, len(answers))


def score_shard(board: Board, number: int) -> str:
    """Write the answers for one shard's open leads as a part, which ascends by lead_id as the shard's leads do.

    Returns as JSON what `Written` tells of them.
    """
    histories = sharded.read(sharded.opened(Path(board.folder)), number)
    scorer = _scorer(board.bundle, board.rulebook, board.threads)
    leads, actions, likeliest = 0, Counter[str](), list[tuple[float, str]]()
    options = ipc.IpcWriteOptions(compression="lz4")
    with (
        whole_file(_part(Path(board.parts), number)) as unfinished,
        ipc.new_file(unfinished, batch.SCHEMA, options=options) as part,
    ):
        for scores in scorer.boards(histories, board.as_of, board.reasons):
            part.write_table(batch.columns(scores, board.as_of), max_chunksize=_BATCH_ROWS)
            leads += len(scores.lead_ids)
            actions.update(scores.actions)
            likeliest = sorted([*likeliest, *_callable(scores)])[:_SHOWN]
    return json.dumps([number, leads, actions, likeliest])


@lru_cache(maxsize=1)
def _scorer(bundle: str, rulebook: str, threads: int) -> Scorer:
    """A worker's process takes one shard after another, and reads the bundle once."""
    return Scorer(bundles.read(Path(bundle)), rulebooks.parse(rulebook, "rulebook.toml"), threads)


def _callable(scores: Scores) -> list[tuple[float, str]]:
    """Return the likeliest customers that may be called, strongest first, as the call list would have them."""
    idle = (NextAction.SUPPRESS, NextAction.NONE)
    pairs = zip(np.nan_to_num(scores.customer).tolist(), scores.lead_ids, scores.actions, strict=True)
    return sorted((-chance, lead_id) for chance, lead_id, action in pairs if action not in idle)[:_SHOWN]


def _written(found: Iterable[tuple[int, int, dict[str, int], list[tuple[float, str]]]]) -> Written:
    leads, actions, likeliest = 0, Counter[NextAction](), list[tuple[float, str, int]]()
    for number, count, of_shard, strong in found:
        leads += count
        actions.update({NextAction(name): many for name, many in of_shard.items()})
        likeliest += [(chance, lead_id, number) for chance, lead_id in strong]
    return Written(leads, actions, tuple((number, lead_id) for _, lead_id, number in sorted(likeliest)[:_SHOWN]))


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
