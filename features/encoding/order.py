"""Interactions in the kernel's order: by lead, then time, then id. A counting sort, with small sorts inside a lead."""

from collections.abc import Callable
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
_TAKEN = 1 << 22


class Unordered(NamedTuple):
    """Interactions as they came; `value` are the bits of float64."""

    owners: Ints32  # place of the lead
    occurred: Ints
    received: Ints
    codes: Ints32
    value: Ints


def unordered(size: int) -> Unordered:
    """Return room for so many rows."""
    return Unordered(
        np.empty(size, dtype=np.int32),
        np.empty(size, dtype=np.int64),
        np.empty(size, dtype=np.int64),
        np.empty(size, dtype=np.int32),
        np.empty(size, dtype=np.int64),
    )


@compiled
def ascends(owners: Ints32, occurred: Ints) -> bool:
    """Tell whether rows ascend by lead and time."""
    for row in range(1, owners.size):
        if owners[row] < owners[row - 1] or (owners[row] == owners[row - 1] and occurred[row] < occurred[row - 1]):
            return False
    return True


@compiled
def rises(times: Ints) -> bool:
    """Tell whether each time is later than the one before it."""
    row = 1
    while row < times.size and times[row - 1] < times[row]:
        row += 1
    return row >= times.size


def ordered(rows: Unordered, leads: int, threads: int) -> tuple[Unordered, Ints]:
    """Return rows by lead and time, those of one time as they came, and for each the row that it was.

    What is given is overwritten: a column of hundreds of millions is not held twice.
    """
    parts = ranges(rows.owners.size, threads)
    counts = share(lambda part: _count(rows.owners, *part, leads), parts, threads)
    totals = np.sum(counts, axis=0, dtype=np.int64)
    bounds = np.concatenate([[0], np.cumsum(totals)])
    starts = bounds[:-1] + np.cumsum([np.zeros(leads, dtype=np.int64), *counts[:-1]], axis=0)
    records = np.empty((rows.owners.size, 4), dtype=np.int64)
    share(lambda part: _scatter(rows, *part[1], starts[part[0]], records), list(enumerate(parts)), threads)
    came = np.empty(rows.owners.size, dtype=np.int64)
    lead_bounds = np.searchsorted(bounds, [begin for begin, _ in parts] + [rows.owners.size])
    lead_bounds[0], lead_bounds[-1] = 0, leads
    pairs = list(zip(lead_bounds[:-1].tolist(), lead_bounds[1:].tolist(), strict=True))
    share(lambda part: _settle(records, bounds, *part, rows, came), pairs, threads)
    return rows, came


@compiled
def _count(owners: Ints32, begin: int, end: int, leads: int) -> Ints:
    counts = np.zeros(leads, dtype=np.int64)
    for row in range(begin, end):
        counts[owners[row]] += 1
    return counts


@compiled
def _scatter(rows: Unordered, begin: int, end: int, starts: Ints, records: Ints) -> None:
    """Write each row as one record of half a cache line to where its lead's stand: memory is waited for once a row."""
    # By names of their own: reached through the tuple, each array costs two counts of its references a row.
    owners, occurred, received, codes, value = rows.owners, rows.occurred, rows.received, rows.codes, rows.value
    for row in range(begin, end):
        owner = owners[row]
        at = starts[owner]
        starts[owner] = at + 1
        records[at, 0] = occurred[row]
        records[at, 1] = received[row]
        records[at, 2] = np.int64(codes[row]) << _HALF | row
        records[at, 3] = value[row]


@compiled
def _settle(records: Ints, bounds: Ints, first: int, end: int, rows: Unordered, came: Ints) -> None:
    """Sort the records of leads [first, end) by time, and write them as columns."""
    owners, occurred, received, codes, value = rows.owners, rows.occurred, rows.received, rows.codes, rows.value
    for lead in range(first, end):
        begin, until = bounds[lead], bounds[lead + 1]
        _by_time(records, begin, until)
        for at in range(begin, until):
            owners[at] = lead
            occurred[at] = records[at, 0]
            received[at] = records[at, 1]
            codes[at] = records[at, 2] >> _HALF
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


def by_id(rows: Unordered, came: Ints | None, ids: Callable[[Ints], pa.ChunkedArray]) -> Ints | None:
    """Put rows of one lead and time into the order of their ids, in place; return for each the row that it was.

    `rows` ascend by lead and time; `came` says where each was, None: where it is. `ids` gives those of rows as they
    came, and is asked only where times tie.
    """
    tied = _tied(rows.owners, rows.occurred)
    if not tied.size:
        return came
    found = texts(ids(tied if came is None else came[tied]).combine_chunks())
    if _ids_ascend(rows, tied, found):
        return came
    came = np.arange(rows.owners.size) if came is None else came
    _arrange(rows, came, tied, found)
    return came


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
def _end_of_group(rows: Unordered, tied: Ints, start: int) -> int:
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
def _ids_ascend(rows: Unordered, tied: Ints, ids: Texts) -> bool:
    for place in range(1, tied.size):
        one, other = tied[place - 1], tied[place]
        together = rows.owners[one] == rows.owners[other] and rows.occurred[one] == rows.occurred[other]
        if together and before(ids.offsets, ids.data, place, place - 1):
            return False
    return True


@compiled
def _arrange(rows: Unordered, came: Ints, tied: Ints, ids: Texts) -> None:
    start = 0
    while start < tied.size:
        end = _end_of_group(rows, tied, start)
        order = _sorted(np.arange(start, end), ids)
        first = tied[start]
        after = first + order.size
        moved = first + order - start
        rows.received[first:after] = rows.received[moved]
        rows.codes[first:after] = rows.codes[moved]
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
