"""Where leads stand among the leads: a hash table over the bytes of their ids."""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from features.encoding.texts import Texts, digest, same, spread, texts
from features.kernel.arrays import Ints
from histories.compiled import compiled
from histories.errors import DataError

Places32 = NDArray[np.int32]
# A text of at most this length is told apart by its digest and its length alone.
_EXACT = 16
_BLOCK = 64
_ODD = np.uint64(0x9E3779B97F4A7C15)


class Places:
    """Tells the place of an id among `ids`, which are all different."""

    def __init__(self, ids: pa.ChunkedArray) -> None:
        whole = pa.concat_arrays(
            [chunk.cast(pa.large_string()) for chunk in ids.chunks] or [pa.array([], pa.large_string())]
        )
        self._texts = texts(whole)
        # At most a quarter full: a search that goes on past the first slot waits for memory twice.
        self._table = np.zeros((1 << max(4, int(4 * len(whole)).bit_length()), 4), dtype=np.int64)
        _enter(self._table, self._texts)

    def of(self, ids: pa.Array) -> Places32:
        """Return each id's place, int32; -1 where it is none of them, or null."""
        if pa.types.is_dictionary(ids.type):
            of_distinct = np.append(self.of(ids.dictionary), np.int32(-1))
            found: Places32 = of_distinct[np.asarray(ids.indices.fill_null(len(ids.dictionary)))]
            return found
        found = np.empty(len(ids), dtype=np.int32)
        _find(self._table, self._texts, texts(ids), found)
        if ids.null_count:
            found[np.asarray(ids.is_null())] = -1
        return found

    def of_all(self, ids: pa.Array | pa.ChunkedArray, table: str) -> Places32:
        """Return `of`. Raises DataError where an id is none of them; `table` stands for its rows in the message."""
        chunks = ids.chunks if isinstance(ids, pa.ChunkedArray) else [ids]
        found = np.concatenate([np.empty(0, dtype=np.int32), *map(self.of, chunks)])
        unknown = np.flatnonzero(found < 0)
        if unknown.size:
            raise DataError(
                f"{table}: one is of lead {ids[int(unknown[0])].as_py()!r}, which is not among the leads; "
                "give the lead of every row a row of its own"
            )
        return found


@compiled
def _slot(one: np.uint64, other: np.uint64, length: int, mask: np.uint64) -> np.int64:
    return np.int64(spread(one ^ other * _ODD ^ np.uint64(length)) & mask)


@compiled
def _enter(table: Ints, known: Texts) -> None:
    """Fill the table: an entry is the id's digest, its length, and its place + 1 (0: the slot is free)."""
    mask = np.uint64(table.shape[0] - 1)
    offsets, data = known.offsets, known.data
    for place in range(offsets.size - 1):
        begin, end = int(offsets[place]), int(offsets[place + 1])
        one, other = digest(data, begin, end)
        slot = _slot(one, other, end - begin, mask)
        while table[slot, 3] != 0:
            slot = (slot + 1) & np.int64(mask)
        table[slot, 0], table[slot, 1], table[slot, 2], table[slot, 3] = one, other, end - begin, place + 1


@compiled
def _find(table: Ints, known: Texts, sought: Texts, found: Places32) -> None:
    """Look ids up in blocks: the entries of a block are fetched together, so that they are waited for only once."""
    mask = np.uint64(table.shape[0] - 1)
    last = np.int64(mask)
    # Arrays by names of their own: reached through the tuple, each costs two counts of its references a row.
    known_at, known_data, offsets, data = known.offsets, known.data, sought.offsets, sought.data
    slots, entries, wanted = (
        np.empty(_BLOCK, np.int64),
        np.empty((_BLOCK, 4), np.int64),
        np.empty((_BLOCK, 3), np.int64),
    )
    for first in range(0, found.size, _BLOCK):
        count = min(_BLOCK, found.size - first)
        for i in range(count):
            begin, end = int(offsets[first + i]), int(offsets[first + i + 1])
            one, other = digest(data, begin, end)
            wanted[i, 0], wanted[i, 1], wanted[i, 2] = one, other, end - begin
            slots[i] = _slot(one, other, end - begin, mask)
        # Comparisons stand here and not in a function of their own: it would count references to arrays a row.
        for i in range(count):
            for column in range(4):
                entries[i, column] = table[slots[i], column]
        for i in range(count):
            one, other, length = wanted[i, 0], wanted[i, 1], wanted[i, 2]
            slot, place = slots[i], entries[i, 3] - 1
            like = entries[i, 0] == one and entries[i, 1] == other and entries[i, 2] == length
            while place >= 0 and not (
                like and (length <= _EXACT or same(data, offsets[first + i], known_data, known_at[place], length))
            ):
                slot = (slot + 1) & last
                place = table[slot, 3] - 1
                like = table[slot, 0] == one and table[slot, 1] == other and table[slot, 2] == length
            found[first + i] = place
