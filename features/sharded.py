"""Features of an export of any size on one machine: shard by shard, some at once, into one file."""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import parquet

from features import catalogue as catalogues
from features import parts, table, unfinished
from features.catalogue import Catalogue
from features.census import EMPTY, Census, census
from features.own.features import OwnFeature
from features.snapshots import SNAPSHOTS, checked, refuse_impossible, refuse_impossible_cutoff, refuse_unknown
from features.unfinished import Folder
from histories import export, sharding, shards
from histories import origin as origins
from histories.errors import CallError, DataError
from histories.machine import cores
from histories.origin import Origin
from histories.quarantine import SourceCount
from histories.shards import Shards

Progress = Callable[[str, int, int], None]

# Runs `work(number)` for each number, several at once, and yields what it says, in any order. `work` is a module's
# function, or a partial of one with texts and numbers, so that other machines can be sent it.
Each = Callable[[Callable[[int], str], Sequence[int]], Iterator[str]]
_POSITIONED = SNAPSHOTS.append(pa.field("position", pa.int64()))
# A snapshot while its shard is worked on: its lead, cutoff and position, and what sorting them takes.
_SNAPSHOT_BYTES = 150
# So many bytes of a shard's rows are computed and written at a time.
_SLICE_BYTES = 32_000_000


@dataclass(frozen=True)
class Finished:
    """What a run has made: rows of features of the catalogue, from so many shards; `sources` as in export.Export."""

    rows: int
    catalogue: Catalogue
    shards: int
    sources: tuple[SourceCount, ...]


@dataclass(frozen=True)
class Job:
    """What whoever computes a shard is told: the run's folder, the catalogue, how many threads. Texts and numbers alone."""

    folder: str
    catalogue: str
    catalogue_hash: str
    threads: int = 1
    batch_bytes: int = parts.BATCH_BYTES


def on_threads(work: Callable[[int], str], numbers: Sequence[int]) -> Iterator[str]:
    """Do the work on this machine: as many shards at once as its memory was shared among."""
    with ThreadPoolExecutor(sharding.at_once(cores())) as pool:
        try:
            for one in as_completed([pool.submit(work, number) for number in numbers]):
                yield one.result()
        finally:
            pool.shutdown(cancel_futures=True)


def run(  # noqa: PLR0913 - what a command may say, each word by its name
    config: Path | Origin,
    wanted: int | Path,
    output: Path,
    memory: int,
    now: int,
    *,
    own: tuple[OwnFeature, ...] = (),
    resume: bool = False,
    progress: Progress | None = None,
    each: Each = on_threads,
) -> Finished:
    """Write the features of the export that `config` describes, or of a store, to `output` (.parquet), within `memory` (bytes).

    `wanted` is a cutoff (UTC microseconds) at which every lead created by then has one row, or the Parquet file of
    snapshots, whose order the rows keep. The rows have the bits of `table.compute` on `export.read`'s histories, with
    the catalogue of all leads. `now` is the command's start. What is done already lies in a folder beside `output`,
    and `resume` goes on from it. `progress` hears what is done, how many of how many (0: nobody knows). `each` says
    who works on the shards; the folder must be seen by them. Raises CallError and DataError
    as `export.read`, `snapshots.checked` and `unfinished.working` do.
    """
    tell = progress or _silent
    given = None if isinstance(wanted, int) else read_snapshots(wanted)
    _refuse_cutoffs(wanted, given, now, "now")
    snapshots, cutoff = (wanted, None) if isinstance(wanted, Path) else (None, wanted)
    if output.is_dir():
        raise CallError(f"{output}: is a folder; name a file in it")
    asked = unfinished.asked_of(config, snapshots, cutoff, memory, own)
    with unfinished.working(output, asked, resume=resume) as folder:
        whole = _shards(folder, origins.of(config), now, memory, given, tell)
        _refuse_cutoffs(wanted, given, whole.exported_at, "the export was taken")
        rows = given if given is not None else _created(whole, cutoff or 0, memory)
        _split(folder, whole, rows, memory)
        chosen, counts = _catalogue(folder, whole, own, tell, each)
        # Where there are fewer shards than cores, several threads work on one.
        threads, batch = max(1, cores() // whole.count), min(parts.BATCH_BYTES, memory // 8 // whole.count)
        job = Job(str(folder.path), chosen.to_json(), chosen.hash, threads, batch)
        _compute(folder, whole, job, rows.num_rows, tell, each)
        made = [folder.part(number) for number in range(whole.count)]
        written = partial(tell, "Writing")
        parts.merge(made, rows, chosen.names, folder.whole, memory, lambda done: written(done, rows.num_rows))
        folder.whole.replace(output)
    return Finished(rows.num_rows, chosen, whole.count, counts)


def read_snapshots(path: Path) -> pa.Table:
    """Read lead_id and cutoff from Parquet. Raises CallError where there is none, DataError as `checked` does."""
    if not path.is_file():
        raise CallError(f"{path}: there is no such file; name a Parquet file with lead_id and cutoff")
    try:
        names = set(parquet.read_schema(path).names) & set(SNAPSHOTS.names)
        return checked(parquet.read_table(path, columns=sorted(names)), path.name)
    except (OSError, pa.ArrowInvalid) as error:
        raise CallError(f"{path}: cannot be read as Parquet ({str(error).splitlines()[0]})") from None


def compute_shard(job: Job, number: int) -> int:
    """Compute one shard's rows and write its part, on this machine or a worker that sees the folder; return how many.

    Raises DataError where this program is not the one that asks.
    """
    catalogue = Catalogue.from_json(job.catalogue)
    if catalogue.hash != job.catalogue_hash:
        raise DataError(
            "a worker has another version of lead-scoring, whose features mean something else; install there what is "
            "installed here"
        )
    folder = Folder(Path(job.folder))
    rows = shards.rows_of(folder.snapshots, number, _POSITIONED).sort_by("position")
    whole = shards.opened(folder.shards)
    at_a_time = parts.rows_of(_SLICE_BYTES, len(catalogue.names))
    slices = table.computed(shards.shard(whole, number).histories, rows, catalogue, at_a_time, threads=job.threads)
    positions = np.asarray(rows["position"].combine_chunks())
    parts.write(folder.part(number), positions, slices, catalogue.names, job.batch_bytes)
    return len(positions)


def count_shard(folder: str, number: int) -> str:
    """Return, as JSON, the census of all leads of one of the shards in `folder`, and its duplicates by source."""
    whole = shards.opened(Path(folder))
    shard = shards.shard(whole, number)
    counted = census(shard.histories, shard.histories.leads["lead_id"], whole.exported_at)
    return json.dumps([counted.to_json(), shard.duplicates])


def _silent(text: str, done: int, total: int) -> None:
    """Tell nobody."""


def _shards(folder: Folder, origin: Origin, now: int, memory: int, given: pa.Table | None, tell: Progress) -> Shards:
    if (folder.shards / "shards.json").exists():
        whole = shards.opened(folder.shards)
        sharding.refuse_too_many_files(whole.count)
        return whole
    beside = 0 if given is None else given.num_rows * _SNAPSHOT_BYTES
    return origin.shards(now, folder.shards, memory, beside=beside, progress=tell)


def _refuse_cutoffs(wanted: int | Path, given: pa.Table | None, latest: int, when: str) -> None:
    if isinstance(wanted, int):
        refuse_impossible_cutoff(wanted, latest, when)
    elif given is not None:
        refuse_impossible(given, latest, when)


def _created(whole: Shards, cutoff: int, memory: int) -> pa.Table:
    leads = shards.created(whole, cutoff, memory)
    return pa.table([leads["lead_id"], pa.repeat(cutoff, leads.num_rows)], schema=SNAPSHOTS)


def _split(folder: Folder, whole: Shards, rows: pa.Table, memory: int) -> None:
    positioned = rows.append_column("position", pa.array(np.arange(rows.num_rows)))
    refuse_unknown(rows, np.asarray(shards.split(whole, positioned, folder.snapshots, memory)))


def _catalogue(
    folder: Folder, whole: Shards, own: tuple[OwnFeature, ...], tell: Progress, each: Each
) -> tuple[Catalogue, tuple[SourceCount, ...]]:
    """Count all shards; the catalogue and the counts of duplicates follow."""
    found = _counted(folder)
    if found is None:
        total, duplicates = EMPTY, Counter[str]()
        for done, text in enumerate(each(partial(count_shard, str(folder.shards)), range(whole.count)), 1):
            counted, removed = json.loads(text)
            total += Census.from_json(counted)
            duplicates.update(removed)
            tell("Counting", done, whole.count)
        unfinished.write_text(folder.counted, json.dumps([total.to_json(), duplicates]))
        found = total, duplicates
    chosen = catalogues.of_census(
        found[0],
        families=whole.families,
        attribute_types=whole.attribute_types,
        timezone=whole.timezone,
        own=own,
    )
    return chosen, export.less_duplicates(whole.sources, found[1])


def _counted(folder: Folder) -> tuple[Census, Mapping[str, int]] | None:
    """What an earlier run has counted; None where there is nothing, or nothing that can be read."""
    try:
        counted, removed = json.loads(folder.counted.read_text(encoding="utf-8"))
        return Census.from_json(counted), {name: int(rows) for name, rows in removed.items()}
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None


def _compute(folder: Folder, whole: Shards, job: Job, total: int, tell: Progress, each: Each) -> None:
    rows_in = {number: parts.rows_in(folder.part(number)) for number in range(whole.count)}
    finished = {number: rows for number, rows in rows_in.items() if rows is not None}
    done = sum(finished.values())
    tell("Computing features", done, total)
    for rows in each(partial(_rows_of_shard, job), [one for one in range(whole.count) if one not in finished]):
        done += int(rows)
        tell("Computing features", done, total)


def _rows_of_shard(job: Job, number: int) -> str:
    return str(compute_shard(job, number))
