"""TreeSHAP values of many rows: blocks of rows side by side, so that the processor does the same to several at once.

`fill.py` says what is computed. `rows.py` does the same for a row at a time, in the same order: to the last bit.
"""

from typing import NamedTuple

import numpy as np

from histories.compiled import compiled, inlined
from scoring.trees.arrays import Cells, Deep, Floats, Ints, Rule, Splits
from scoring.trees.tree import ZERO, Kind

_BLOCK = 32  # rows whose values fit beside a group's cells into the processor's own memory
_NAN_LEFT, _ZERO_LEFT, _CATEGORY = int(Kind.NAN_LEFT), int(Kind.ZERO_LEFT), int(Kind.CATEGORY)


class _Scratch(NamedTuple):
    """What rows have at each step of a tree."""

    taken: Floats  # [steps, rows]: o of the column so far; 1 at the root
    products: Floats  # [steps, points, rows]
    inverse: Floats  # 1 / the column's factor
    sums: Floats  # over the leaves below
    total: Floats  # [rows]


@compiled
def add(out: Floats, matrix: Floats, first: int, last: int, used: Ints, cells: Cells, deep: Deep, rule: Rule) -> None:
    """Add the values of rows first to last to the columns `used` of `out`, block by block.

    A block's rows stand side by side, so that the processor does the same to several at once. What a row gets does not
    depend on the rows beside it: each sum is over groups and steps, in their order.
    """
    size = min(_BLOCK, last - first)
    row = np.empty((len(used), size))
    given = np.empty((len(used), size))
    answers = np.empty(size, dtype=np.int64)
    longest, points = 1, len(rule.points)
    for tree in range(len(deep.trees) - 1):
        longest = max(longest, deep.trees[tree + 1] - deep.trees[tree])
    scratch = _Scratch(
        np.ones((longest, size)),
        np.empty((longest, points, size)),
        np.empty((longest, points, size)),
        np.empty((longest, points, size)),
        np.empty(size),
    )
    for point in range(points):
        scratch.products[0, point] = rule.weights[point]
    for begin in range(first, last, size):
        count = min(size, last - begin)
        for place in range(len(used)):
            for lane in range(count):
                row[place, lane] = matrix[begin + lane, used[place]]
                given[place, lane] = 0.0
        _add_cells(given, row, count, cells, answers)
        _add_deep(given, row, count, deep, rule, answers, scratch)
        for place in range(len(used)):
            for lane in range(count):
                out[begin + lane, used[place]] += given[place, lane]


@inlined
def _answer(answers: Ints, row: Floats, count: int, splits: Splits, split: int, bit: int) -> None:
    """Set a bit of the answers where the row goes left."""
    place, kind, threshold = splits.asked[split, 0], splits.asked[split, 1], splits.thresholds[split]
    if kind <= _NAN_LEFT:
        nan_left = kind == _NAN_LEFT
        for lane in range(count):
            value = row[place, lane]
            left = (value <= threshold) | (nan_left & (value != value))  # noqa: PLR0124
            answers[lane] |= np.int64(left) << bit
    elif kind == _CATEGORY:
        begin, end = splits.asked[split, 2], splits.asked[split, 3]
        for lane in range(count):
            value = row[place, lane]
            # Codes are cut to whole numbers as LightGBM cuts them: -0.5 is 0.
            if (value > -1) & (value < (end - begin) * 32):
                code = np.uint32(value)
                answers[lane] |= (splits.words[begin + (code >> 5)] >> (code & 31) & 1) << bit
    else:
        for lane in range(count):
            value = row[place, lane]
            zero = (value != value) | ((value >= -ZERO) & (value <= ZERO))  # noqa: PLR0124
            left = (zero & (kind == _ZERO_LEFT)) | (~zero & (value <= threshold))
            answers[lane] |= np.int64(left) << bit


@inlined
def _add_cells(given: Floats, row: Floats, count: int, cells: Cells, answers: Ints) -> None:
    groups, columns, values = cells.groups, cells.columns, cells.values
    for group in range(len(groups) - 1):
        split, column, value = groups[group, 0], groups[group, 1], groups[group, 2]
        width = groups[group + 1, 1] - column
        for lane in range(count):
            answers[lane] = 0
        for bit in range(groups[group + 1, 0] - split):
            _answer(answers, row, count, cells.splits, split + bit, bit)
        for lane in range(count):
            answers[lane] = value + answers[lane] * width
        for place in range(width):
            to = columns[column + place]
            for lane in range(count):
                given[to, lane] += values[answers[lane] + place]


@inlined
def _add_deep(given: Floats, row: Floats, count: int, deep: Deep, rule: Rule, answers: Ints, scratch: _Scratch) -> None:
    for tree in range(len(deep.trees) - 1):
        begin, end = deep.trees[tree], deep.trees[tree + 1]
        _down(row, count, begin, end, deep, rule, answers, scratch)
        _up(given, count, begin, end, deep, scratch)


@inlined
def _down(
    row: Floats, count: int, begin: int, end: int, deep: Deep, rule: Rule, answers: Ints, scratch: _Scratch
) -> None:
    """Each step's product of the columns' factors, their inverse, and at leaves the first sums."""
    steps, shares, values = deep.steps, deep.shares, deep.values
    taken, products, inverse, sums = scratch.taken, scratch.products, scratch.inverse, scratch.sums
    for step in range(1, end - begin):
        at = begin + step
        left, parent, former = steps[at, 2], steps[at, 3], steps[at, 4]
        share, value = shares[at], values[at]
        for lane in range(count):
            answers[lane] = 0
        _answer(answers, row, count, deep.splits, steps[at, 1], 0)
        for lane in range(count):
            taken[step, lane] = (1 - (answers[lane] ^ left)) * taken[former, lane]
        for point in range(len(rule.points)):
            here = rule.points[point]
            for lane in range(count):
                factor = share + here * (taken[step, lane] - share)
                product = products[parent, point, lane] * factor
                if former > 0:
                    product *= inverse[former, point, lane]
                products[step, point, lane] = product
                inverse[step, point, lane] = 1 / factor
                sums[step, point, lane] = product * value


@inlined
def _up(given: Floats, count: int, begin: int, end: int, deep: Deep, scratch: _Scratch) -> None:
    """A step's column gets what the leaves below give it, less what they gave the column's former step."""
    steps, shares = deep.steps, deep.shares
    taken, inverse, sums, total = scratch.taken, scratch.inverse, scratch.sums, scratch.total
    for step in range(end - begin - 1, 0, -1):
        at = begin + step
        column, parent, former = steps[at, 0], steps[at, 3], steps[at, 4]
        _sum(total, count, sums, step, inverse, step)
        for lane in range(count):
            given[column, lane] += (taken[step, lane] - shares[at]) * total[lane]
        if former > 0:
            _sum(total, count, sums, step, inverse, former)
            for lane in range(count):
                given[column, lane] -= (taken[former, lane] - shares[begin + former]) * total[lane]
        for point in range(sums.shape[1]):
            for lane in range(count):
                sums[parent, point, lane] += sums[step, point, lane]


@inlined
def _sum(total: Floats, count: int, sums: Floats, step: int, inverse: Floats, of: int) -> None:
    for lane in range(count):
        total[lane] = 0.0
    for point in range(sums.shape[1]):
        for lane in range(count):
            total[lane] += sums[step, point, lane] * inverse[of, point, lane]
