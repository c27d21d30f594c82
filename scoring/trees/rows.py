"""TreeSHAP values of few rows, one after the other: what `blocks.py` does, in the same order, to the last bit."""

from typing import NamedTuple

import numpy as np

from histories.compiled import compiled, inlined
from scoring.trees.arrays import Cells, Deep, Floats, Ints, Rule, Splits
from scoring.trees.tree import ZERO, Kind

_NAN_LEFT, _ZERO_LEFT, _CATEGORY = int(Kind.NAN_LEFT), int(Kind.ZERO_LEFT), int(Kind.CATEGORY)


class _Scratch(NamedTuple):
    """What a row has at each step of a tree."""

    taken: Floats  # [steps]: o of the column so far; 1 at the root
    products: Floats  # [steps, points]
    inverse: Floats  # 1 / the column's factor
    sums: Floats  # over the leaves below


@compiled
def add(out: Floats, matrix: Floats, first: int, last: int, used: Ints, cells: Cells, deep: Deep, rule: Rule) -> None:
    """Add the values of rows first to last to the columns `used` of `out`."""
    row, given = np.empty(len(used)), np.empty(len(used))
    longest, points = 1, len(rule.points)
    for tree in range(len(deep.trees) - 1):
        longest = max(longest, deep.trees[tree + 1] - deep.trees[tree])
    scratch = _Scratch(
        np.ones(longest), np.empty((longest, points)), np.empty((longest, points)), np.empty((longest, points))
    )
    scratch.products[0] = rule.weights
    for at in range(first, last):
        for place in range(len(used)):
            row[place] = matrix[at, used[place]]
            given[place] = 0.0
        _add_cells(given, row, cells)
        for tree in range(len(deep.trees) - 1):
            _down(row, deep.trees[tree], deep.trees[tree + 1], deep, rule, scratch)
            _up(given, deep.trees[tree], deep.trees[tree + 1], deep, scratch)
        for place in range(len(used)):
            out[at, used[place]] += given[place]


@inlined
def _left(row: Floats, splits: Splits, split: int) -> np.int64:
    """1 where the row goes left, otherwise 0. Without branches where there can be: answers are hard to foretell."""
    value, kind, threshold = row[splits.asked[split, 0]], splits.asked[split, 1], splits.thresholds[split]
    nan = value != value  # noqa: PLR0124
    if kind <= _NAN_LEFT:
        return np.int64((value <= threshold) | (nan & (kind == _NAN_LEFT)))
    if kind == _CATEGORY:
        begin, end = splits.asked[split, 2], splits.asked[split, 3]
        if not (value > -1) & (value < (end - begin) * 32):
            return np.int64(0)
        code = np.uint32(value)
        return np.int64(splits.words[begin + (code >> 5)] >> (code & 31) & 1)
    zero = nan | ((value >= -ZERO) & (value <= ZERO))
    return np.int64((zero & (kind == _ZERO_LEFT)) | (~zero & (value <= threshold)))


@inlined
def _add_cells(given: Floats, row: Floats, cells: Cells) -> None:
    groups, columns, values = cells.groups, cells.columns, cells.values
    for group in range(len(groups) - 1):
        split, column = groups[group, 0], groups[group, 1]
        width = groups[group + 1, 1] - column
        cell = np.int64(0)
        for bit in range(groups[group + 1, 0] - split):
            cell |= _left(row, cells.splits, split + bit) << bit
        start = groups[group, 2] + cell * width
        for place in range(width):
            given[columns[column + place]] += values[start + place]


@inlined
def _down(row: Floats, begin: int, end: int, deep: Deep, rule: Rule, scratch: _Scratch) -> None:
    """Each step's product of the columns' factors, their inverse, and at leaves the first sums."""
    taken, products, inverse, sums = scratch.taken, scratch.products, scratch.inverse, scratch.sums
    for step in range(1, end - begin):
        at = begin + step
        split, left, parent, former = deep.steps[at, 1], deep.steps[at, 2], deep.steps[at, 3], deep.steps[at, 4]
        share, value = deep.shares[at], deep.values[at]
        taken[step] = (1 - (_left(row, deep.splits, split) ^ left)) * taken[former]
        way = taken[step] - share
        for point in range(len(rule.points)):
            factor = share + rule.points[point] * way
            inverse[step, point] = 1 / factor
            products[step, point] = products[parent, point] * factor
        if former > 0:
            for point in range(len(rule.points)):
                products[step, point] *= inverse[former, point]
        for point in range(len(rule.points)):
            sums[step, point] = products[step, point] * value


@inlined
def _up(given: Floats, begin: int, end: int, deep: Deep, scratch: _Scratch) -> None:
    """A step's column gets what the leaves below give it, less what they gave the column's former step."""
    taken, inverse, sums = scratch.taken, scratch.inverse, scratch.sums
    for step in range(end - begin - 1, 0, -1):
        at = begin + step
        column, parent, former = deep.steps[at, 0], deep.steps[at, 3], deep.steps[at, 4]
        total = 0.0
        for point in range(sums.shape[1]):
            total += sums[step, point] * inverse[step, point]
        given[column] += (taken[step] - deep.shares[at]) * total
        if former > 0:
            total = 0.0
            for point in range(sums.shape[1]):
                total += sums[step, point] * inverse[former, point]
            given[column] -= (taken[former] - deep.shares[begin + former]) * total
        for point in range(sums.shape[1]):
            sums[parent, point] += sums[step, point]
