"""TreeSHAP values of a sum of boosters, row by row: the same as LightGBM's `pred_contrib`, from tables made once."""

import math
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from scoring.trees import blocks, rows, tables
from scoring.trees.arrays import Floats
from scoring.trees.tables import Weighed

MOST_BYTES = 16_777_216
_FEW = 4  # rows that are sooner done one after the other than side by side
_PIECE = 1024  # rows that a thread takes at a time


class TreeShap:
    """Path-dependent TreeSHAP values of a sum of trees.

    A row's values are the same bits alone, among others, and on any number of threads: what is added up for a row
    is added in the order of the tables. `expected`: the mean over the training rows, to which a row's values add its
    way to the trees' sum. Its cells take at most `most_bytes`.
    """

    def __init__(self, trees: Iterable[Weighed], most_bytes: int = MOST_BYTES) -> None:
        found = tuple(trees)
        self.expected = math.fsum(one.weight * one.tree.expected for one in found)
        self._tables = tables.make(found, most_bytes)

    @property
    def bytes(self) -> int:
        """What the tables hold in memory."""
        return self._tables.bytes

    def add(self, out: Floats, matrix: Floats, threads: int) -> None:
        """Add each row's values to its features' columns of `out`, [n, features or more].

        `matrix`: [n, features], float64 in C order, NaN where missing.
        """
        matrix = np.require(matrix, np.float64, ("C", "W"))  # one that cannot be written to would be compiled for anew
        pieces = range(0, len(matrix), _PIECE)
        if threads == 1 or len(pieces) == 1:
            self._add(out, matrix, 0, len(matrix))
            return
        with ThreadPoolExecutor(threads) as pool:
            for done in [pool.submit(self._add, out, matrix, first, first + _PIECE) for first in pieces]:
                done.result()

    def _add(self, out: Floats, matrix: Floats, first: int, last: int) -> None:
        made, last = self._tables, min(last, len(matrix))
        add = rows.add if last - first < _FEW else blocks.add
        add(out, matrix, first, last, made.used, made.cells, made.deep, made.rule)
