"""What the kernels read: splits, cells and deep steps as plain arrays."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


class Splits(NamedTuple):
    """What is asked of a row."""

    asked: Ints  # [splits, 4]: column, kind, where its words begin and end
    thresholds: Floats  # [splits]
    words: Ints  # 32 codes each


class Cells(NamedTuple):
    """Groups of leaves. A group's cell is the number that its splits' answers make as bits."""

    splits: Splits
    groups: Ints  # [groups + 1, 3]: where its splits, its columns and its values begin
    columns: Ints
    values: Floats  # group by group, cell by cell: one for each of the group's columns


class Elements(NamedTuple):
    """The leaves of all groups, and each column on their ways."""

    leaves: Ints  # [leaves + 1]: where its elements begin
    groups: Ints  # [groups + 1]: where its leaves begin
    values: Floats  # [leaves]
    bits: Ints  # [elements, 3]: the splits of the column, those of them that must say left, the place of the column
    shares: Floats  # [elements]


class Deep(NamedTuple):
    """Trees of what lies too deep for a group. Parents come before their children; the root is none of the steps."""

    splits: Splits
    trees: Ints  # [trees + 1]: where its steps begin
    steps: Ints  # [steps, 5]: column, split, 1 where left is its way, parent, former step of the column (-1: none)
    shares: Floats  # [steps]: z of the column so far
    values: Floats  # [steps]: of the leaf that it leads to, otherwise 0


class Rule(NamedTuple):
    """A rule that integrates over 0 to 1."""

    points: Floats
    weights: Floats
