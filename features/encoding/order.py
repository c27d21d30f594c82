"""Interactions in the kernel's order: by lead, then time, then id. A counting sort, with small sorts inside a lead."""

from collections.abc import Callable, Sequence
from itertools import accumulate, pairwise
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from features.encoding.texts import Texts, before, texts
from features.kernel.arrays import Ints
from features.kernel.search import order_of
from features.threads import ranges, share
from histories.compiled import compiled

Ints32 = NDArray[np.int32]
_FEW = 24
_HALF, _LOW = 32, 0xFFFF_FFFF


class Rows(NamedTuple):
    """Interactions by lead, time and id; `value` are the bits of float64."""

    owners: Ints32  # place of the lead
    occurred: Ints
    received: Ints
    signature: Ints
    value: Ints


class Shelf(NamedTuple):
    """Room for the interactions of all leads, a record each: time, arrival, code and row, value."""

    records: Ints  # [rows, 4]
    bounds: Ints  # [leads + 1]: where the records of each lead begin
    starts: list[Ints]  # for each part of the rows: where the next of its rows of each lead goes


@compiled
def rises(times: Ints) -> bool:
    """Tell whether each time is later than the one before it."""
    row = 1
    while row < times.size and times[row - 1] < times[row]:
        row += 1
    return row >= times.size


def shelf(owners: Ints32, parts: Sequence[tuple[int, int]], leads: int, threads: int) -> Shelf:
    """Return room for rows of `owners`, which come in parts [begin, end) that are filled at the same time."""
    counts = share(lambda part: _count(owners, *part, leads), parts, threads)
    bounds = np.concatenate([[0], np.cumsum(sum(counts, np.zeros(leads, dtype=np.int64)))])
    starts = list(accumulate(counts[:-1], np.add, initial=bounds[:-1].copy()))[: len(parts)]
    return Shelf(np.empty((owners.size, 4), dtype=np.int64), bounds, starts)


def settled(shelf: Shelf, owners: Ints32, signatures: Ints, threads: int) -> tuple[Rows, Ints]:
    """Return rows by lead and time, those of one time as they came, and for each the row that it was.

    `signatures` are those of the codes. `owners` become the rows' own: a column of hundreds of millions is not held
    twice.
    """
    size = owners.size
    rows = Rows(owners, *(np.empty(size, dtype=np.int64) for _ in range(4)))
    came = np.empty(size, dtype=np.int64)
    leads = shelf.bounds.size - 1
    cuts = np.searchsorted(shelf.bounds, [begin for begin, _ in ranges(size, threads)]).tolist()
    parts = list(pairwise([0, *cuts[1:], leads]))
    share(lambda part: _settle(shelf.records, shelf.bounds, *part, signatures, rows, came), parts, threads)
    return rows, came


@compiled
def _count(owners: Ints32, begin: int, end: int, leads: int) -> Ints:
    counts = np.zeros(leads, dtype=np.int64)
    for row in range(begin, end):
        counts[owners[row]] += 1
    return counts


@compiled
def put(
    records: Ints, starts: Ints, first: int, owners: Ints32, occurred: Ints, received: Ints, codes: Ints32, value: Ints
) -> None:
    """Write rows, the first of which is row `first`, to where their leads' stand: memory is waited for once a row."""
    for place in range(owners.size):
        owner = owners[place]
        at = starts[owner]
        starts[owner] = at + 1
        records[at, 0] = occurred[place]
        records[at, 1] = received[place]
        records[at, 2] = np.int64(codes[place]) << _HALF | first + place
        records[at, 3] = value[place]


@compiled
def _settle(records: Ints, bounds: Ints, first: int, end: int, signatures: Ints, rows: Rows, came: Ints) -> None:
    """Sort the records of leads [first, end) by time, and write them as columns."""
    # By names of their own: reached through the tuple, each array costs two counts of its references a row.
    owners, occurred, received, signature, value = rows.owners, rows.occurred, rows.received, rows.signature, rows.value
    for lead in range(first, end):
        begin, until = bounds[lead], bounds[lead + 1]
        _by_time(records, begin, until)
        for at in range(begin, until):
            owners[at] = lead
            occurred[at] = records[at, 0]
            received[at] = records[at, 1]
            signature[at] = signatures[records[at, 2] >> _HALF]
            value[at] = records[at, 3]
            came[at] = records[at, 2] & _LOW


@compiled
def _by_time(records: Ints, begin: int, end: int) -> None:
    """Sort by time, those of one time as they stand."""
    if end - begin <= _FEW:
        _insert(records, begin, end)
        return
    for at in range(begin + 1, end):
        if records[at, 0] < records[at - 1, 0]:
            _merge(records, begin, end)
            return


@compiled
def _merge(records: Ints, begin: int, end: int) -> None:
    of = np.copy(records[begin:end])
    order = order_of(of[:, 0].copy())
    for at in range(order.size):
        for field in range(4):
            records[begin + at, field] = of[order[at], field]


@compiled
def _insert(records: Ints, begin: int, end: int) -> None:
    for start in range(begin + 1, end):
        at = start
        while at > begin and records[at, 0] < records[at - 1, 0]:
            for field in range(4):
                records[at, field], records[at - 1, field] = records[at - 1, field], records[at, field]
            at -= 1


def by_id(rows: Rows, came: Ints, ids: Callable[[Ints], pa.ChunkedArray]) -> None:
    """Put rows of one lead and time into the order of their ids, in place.

    `rows` ascend by lead and time; `came` says where each was. `ids` gives those of rows as they came, and is asked
    only where times tie.
    """
    tied = _tied(rows.owners, rows.occurred)
    if tied.size:
        found = texts(ids(came[tied]).combine_chunks())
        if not _ids_ascend(rows, tied, found):
            _arrange(rows, came, tied, found)


@compiled
def _tied(owners: Ints32, occurred: Ints) -> Ints:
    """Return the rows that share lead and time with the row before or after them."""
    count = 0
    for counting in (True, False):
        if not counting:
            found = np.empty(count, dtype=np.int64)
            count = 0
        open_ = False
        for row in range(1, owners.size):
            if owners[row] != owners[row - 1] or occurred[row] != occurred[row - 1]:
                open_ = False
                continue
            if not counting:
                if not open_:
                    found[count] = row - 1
                found[count + (not open_)] = row
            count += 1 + (not open_)
            open_ = True
    return found


@compiled
def _end_of_group(rows: Rows, tied: Ints, start: int) -> int:
    """Return where, among `tied`, the rows end that share lead and time with the one at `start`."""
    end = start + 1
    while (
        end < tied.size
        and rows.owners[tied[end]] == rows.owners[tied[start]]
        and rows.occurred[tied[end]] == rows.occurred[tied[start]]
    ):
        end += 1
    return end


@compiled
def _ids_ascend(rows: Rows, tied: Ints, ids: Texts) -> bool:
    for place in range(1, tied.size):
        one, other = tied[place - 1], tied[place]
        together = rows.owners[one] == rows.owners[other] and rows.occurred[one] == rows.occurred[other]
        if together and before(ids.offsets, ids.data, place, place - 1):
            return False
    return True


@compiled
def _arrange(rows: Rows, came: Ints, tied: Ints, ids: Texts) -> None:
    start = 0
    while start < tied.size:
        end = _end_of_group(rows, tied, start)
        order = _sorted(np.arange(start, end), ids)
        first = tied[start]
        after = first + order.size
        moved = first + order - start
        rows.received[first:after] = rows.received[moved]
        rows.signature[first:after] = rows.signature[moved]
        rows.value[first:after] = rows.value[moved]
        came[first:after] = came[moved]
        start = end


@compiled
def _sorted(order: Ints, ids: Texts) -> Ints:
    """Sort places of ids by id: a merge sort, since a bulk import may give thousands of rows one time."""
    other = np.empty_like(order)
    width = 1
    while width < order.size:
        for first in range(0, order.size, 2 * width):
            middle, end = min(first + width, order.size), min(first + 2 * width, order.size)
            left, right = first, middle
            for at in range(first, end):
                if left < middle and (right == end or not before(ids.offsets, ids.data, order[right], order[left])):
                    other[at] = order[left]
                    left += 1
                else:
                    other[at] = order[right]
                    right += 1
        order, other = other, order
        width *= 2
    return order
