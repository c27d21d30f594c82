"""The interactions of all leads as the kernel's columns, whatever order and text encoding they come in."""

import math
from collections.abc import Sequence
from itertools import accumulate, pairwise
from threading import Lock
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from features.encoding.order import Ints32, by_id, put, settled, shelf
from features.encoding.places import Places
from features.encoding.signature import Signatures
from features.encoding.texts import hashes, texts
from features.encoding.zone import EVER
from features.kernel.arrays import Floats, Ints
from features.threads import ranges, share
from histories.compiled import compiled
from histories.stored import Held, Pieces, Stored

_BATCH = 1 << 17
_DIRECT = 1 << 20
_TEXTS = ("kind", "direction", "channel")
_COLUMNS = ["occurred_at", "received_at", *_TEXTS, "value"]


class Columns(NamedTuple):
    """Interactions by lead, time and id, as in `Encoded`."""

    owners: Ints32  # place of the lead
    occurred: Ints
    received: Ints
    signature: Ints
    value: Floats
    came: Ints  # the row of the table that each was
    suspects: (
        Ints  # rows of the table, ascending, that may share account and id with another: all that do are among them
    )


def columns(source: Pieces, places: Places, accounts: Ints32, signatures: Signatures, threads: int) -> Columns:
    """Return the interactions of all leads; `accounts` numbers each lead's, -1: it shares with nobody.

    Raises DataError where an interaction is of no lead.
    """
    begins = [0, *accumulate(source.sizes)]
    owners, suspects = _owners(source, begins, places, accounts, threads)
    parts = _parts(begins, threads)
    room = shelf(owners, [(begins[first], begins[end]) for first, end in parts], accounts.size, threads)
    combinations = _Combinations(signatures)

    def fill(part: int) -> None:
        for piece in range(*parts[part]):
            at = begins[piece]
            for batch in source.piece(piece, _COLUMNS).to_batches(max_chunksize=_BATCH):
                own = owners[at : at + batch.num_rows]
                put(room.records, room.starts[part], at, own, *_encoded(batch, combinations))
                at += batch.num_rows

    share(fill, range(len(parts)), threads)
    rows, came = settled(room, owners, combinations.signatures(), threads)
    by_id(rows, came, lambda asked: taken(source, asked, ["interaction_id"], threads)["interaction_id"])
    return Columns(
        rows.owners, rows.occurred, rows.received, rows.signature, rows.value.view(np.float64), came, suspects
    )


def _parts(begins: Sequence[int], threads: int) -> list[tuple[int, int]]:
    """Cut pieces into parts of about as many rows, pieces that follow one another together."""
    cuts = np.searchsorted(begins, [begin for begin, _ in ranges(begins[-1], threads)]).tolist()
    return [(first, end) for first, end in pairwise([0, *cuts[1:], len(begins) - 1]) if first < end]


def _encoded(batch: pa.RecordBatch, combinations: "_Combinations") -> tuple[Ints, Ints, Ints32, Ints]:
    """Return time, arrival, code and the bits of the value of each row."""
    return (
        without_nulls(batch["occurred_at"], EVER),
        without_nulls(batch["received_at"], EVER),
        combinations.codes(batch),
        without_nulls(batch["value"], np.nan).view(np.int64),
    )


def pieces_of(interactions: pa.Table | Stored) -> Pieces:
    """Return interactions piece by piece, whether they lie in memory or in files."""
    return interactions if isinstance(interactions, Stored) else Held(interactions, _BATCH)


def taken(source: Pieces, rows: Ints, names: Sequence[str], threads: int) -> pa.Table:
    """Return columns of some rows, in the order of `rows`; only the pieces that they are in are read."""
    bounds = np.concatenate([[0], np.cumsum(source.sizes)])
    piece = np.searchsorted(bounds, rows, side="right") - 1
    order = np.argsort(piece, kind="stable")
    wanted, firsts = np.unique(piece[order], return_index=True)

    def read(place: int, there: Ints) -> pa.Table:
        found = source.piece(place, names).take(pa.array(there - bounds[place]))
        return found.cast(pa.schema([(field.name, _plain(field.type)) for field in found.schema]))

    parts = list(zip(wanted.tolist(), np.split(rows[order], firsts[1:]), strict=True))
    back = np.empty(rows.size, dtype=np.int64)
    back[order] = np.arange(rows.size)
    return pa.concat_tables(share(lambda part: read(*part), parts, threads)).take(pa.array(back))


def _plain(kind: pa.DataType) -> pa.DataType:
    """Return the type of texts as no dictionary, and so wide that no number of them is too many."""
    return kind.value_type if pa.types.is_dictionary(kind) else pa.large_string() if pa.types.is_string(kind) else kind


def _owners(
    source: Pieces, begins: Sequence[int], places: Places, accounts: Ints32, threads: int
) -> tuple[Ints32, Ints]:
    """Return the lead of each row, and the rows that may be shared with another lead."""
    owners = np.empty(begins[-1], dtype=np.int32)
    # Who shares nothing with anybody needs no ids.
    names = ["lead_id", "interaction_id"] if (accounts >= 0).any() else ["lead_id"]

    def fill(piece: int) -> list[tuple[Ints, NDArray[np.uint64]]]:
        found, at = [], begins[piece]
        for batch in source.piece(piece, names).to_batches(max_chunksize=_BATCH):
            own = owners[at : at + batch.num_rows]
            own[:] = places.of_all(batch["lead_id"], "interactions")
            found.append(_marks(batch, accounts[own], at))
            at += batch.num_rows
        return found

    return owners, _repeated([mark for marks in share(fill, range(len(begins) - 1), threads) for mark in marks])


def _marks(batch: pa.RecordBatch, sharing: Ints32, begin: int) -> tuple[Ints, NDArray[np.uint64]]:
    """Return the rows whose leads share with others, and a mark of the account and the id of each."""
    candidates = np.flatnonzero(sharing >= 0)
    marks = np.empty(candidates.size, dtype=np.uint64)
    if candidates.size:
        hashes(texts(batch["interaction_id"]), sharing[candidates], candidates, marks)
    return candidates + begin, marks


def _repeated(parts: list[tuple[Ints, NDArray[np.uint64]]]) -> Ints:
    """Return the rows whose mark another row has too."""
    ascending = np.concatenate([np.empty(0, dtype=np.uint64), *(marks for _, marks in parts)])
    ascending.sort()
    repeated = np.unique(ascending[1:][ascending[1:] == ascending[:-1]])
    if not repeated.size:
        return np.empty(0, dtype=np.int64)
    return np.concatenate([rows[np.isin(marks, repeated)] for rows, marks in parts])


def without_nulls(array: pa.Array | pa.ChunkedArray, value: float) -> NDArray[Any]:
    """Return a column's values, with `value` where there is none. Read-only where it needs no copy."""
    return np.asarray(array.fill_null(value) if array.null_count else array)


def coded(column: pa.ChunkedArray) -> tuple[Ints32, list[str | None]]:
    """Return a column of texts as places in the list of its distinct values, the last of which is None."""
    encoded = column.unify_dictionaries() if pa.types.is_dictionary(column.type) else column.dictionary_encode()
    if not encoded.num_chunks:
        return np.empty(0, dtype=np.int32), [None]
    # Chunks share one dictionary; joining them by hand joins no texts, which may be too many for one array.
    parts = [_codes(chunk) for chunk in encoded.chunks]
    return np.concatenate([codes for codes, _ in parts]), parts[0][1]


class _Combinations:
    """Numbers the combinations of kind, direction and channel as they come: they are few, and encoded once each."""

    def __init__(self, signatures: Signatures) -> None:
        self._signatures = signatures
        self._numbers: dict[tuple[str, str | None, str | None], int] = {}
        self._lock = Lock()

    def signatures(self) -> Ints:
        """Return the signature of each combination, by its number."""
        return np.array([self._signatures.of(*one) for one in self._numbers], dtype=np.int64)

    def codes(self, batch: pa.RecordBatch) -> Ints32:
        """Return the number of each row's combination, int32."""
        (kinds, of_kind), (directions, of_direction), (channels, of_channel) = (_codes(batch[name]) for name in _TEXTS)
        shape = (len(of_kind), len(of_direction), len(of_channel))
        found, places = _combined(kinds, directions, channels, shape)
        with self._lock:
            numbers = [
                self._numbers.setdefault(
                    (of_kind[kind] or "", of_direction[direction], of_channel[channel]), len(self._numbers)
                )
                for kind, direction, channel in zip(*np.unravel_index(found, shape), strict=True)
            ]
        codes: Ints32 = np.array(numbers, dtype=np.int32)[places]
        return codes


def _codes(column: pa.Array) -> tuple[Ints32, list[str | None]]:
    """Return a column as places in the list of its distinct values, the last of which is None."""
    encoded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
    distinct = [*encoded.dictionary.to_pylist(), None]
    codes = np.asarray(without_nulls(encoded.indices, len(distinct) - 1), dtype=np.int32)
    # Arrow's own arrays are read-only: with others among them, the compiler would make another version.
    codes.flags.writeable = False
    return codes, distinct


def _combined(
    kinds: Ints32, directions: Ints32, channels: Ints32, shape: tuple[int, int, int]
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the combinations that occur, as places in an array of `shape`, and for each row its place among them."""
    if math.prod(shape) > _DIRECT:
        return np.unique(np.ravel_multi_index((kinds, directions, channels), shape), return_inverse=True)
    places = np.empty(kinds.size, dtype=np.int32)
    occurs = np.zeros(shape, dtype=np.bool_)
    _combine(kinds, directions, channels, places, occurs)
    found = np.flatnonzero(occurs)
    numbers = np.empty(occurs.size, dtype=np.int32)
    numbers[found] = np.arange(found.size)
    return found, numbers[places]


@compiled
def _combine(kinds: Ints32, directions: Ints32, channels: Ints32, places: Ints32, occurs: NDArray[np.bool_]) -> None:
    _, many_directions, many_channels = occurs.shape
    for row in range(kinds.size):
        places[row] = (kinds[row] * many_directions + directions[row]) * many_channels + channels[row]
        occurs[kinds[row], directions[row], channels[row]] = True
