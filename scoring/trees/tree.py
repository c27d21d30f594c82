"""A booster's trees as values, read from LightGBM's text."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

# LightGBM's kZeroThreshold, a 32-bit float: what lies within it is taken for 0 (include/LightGBM/meta.h).
ZERO = 1.0000000180025095e-35
_CATEGORICAL, _DEFAULT_LEFT = 1, 2
_NO_MISSING, _ZERO_MISSING = 0, 1
_WORD = 32


class Kind(IntEnum):
    """How a split treats its value. A number goes left where it is at most the threshold."""

    NAN_RIGHT = 0
    NAN_LEFT = 1
    ZERO_RIGHT = 2  # 0 is missing, as NaN is, and missing goes right
    ZERO_LEFT = 3
    CATEGORY = 4  # left where the code is one of the split's; what is no code goes right


class Split(NamedTuple):
    """What an inner node asks of a row. `words`: the codes that go left, as bits of 32-bit words."""

    column: int
    kind: Kind
    threshold: float
    words: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Tree:
    """A tree. Node 0 is the root; a child below 0 is the leaf ~child. A tree of one leaf has no inner nodes.

    `counts` and `leaf_counts`: the training rows that came through, by which TreeSHAP weighs ways that a row does not
    take.
    """

    splits: tuple[Split, ...]
    left: tuple[int, ...]
    right: tuple[int, ...]
    counts: tuple[int, ...]
    leaf_counts: tuple[int, ...]
    leaf_values: tuple[float, ...]

    @property
    def expected(self) -> float:
        """The mean over the training rows."""
        if len(self.leaf_values) == 1:
            return self.leaf_values[0]
        rows = zip(self.leaf_counts, self.leaf_values, strict=True)
        return math.fsum(count / self.counts[0] * value for count, value in rows)

    def count(self, child: int) -> int:
        """Return the training rows of a node or, below 0, of a leaf."""
        return self.counts[child] if child >= 0 else self.leaf_counts[~child]


def read(text: str) -> tuple[Tree, ...]:
    """Return the trees of a booster that gives one number a row.

    Raises ValueError where the text is none of LightGBM's, or holds what TreeSHAP values are not made of here: linear
    trees, several trees a round, an average of trees, a node that no training row came to.
    """
    head, *blocks = text.partition("\nend of trees")[0].split("\nTree=")
    keys = dict(_pairs(head))
    if "num_tree_per_iteration" not in keys:
        raise ValueError("not a LightGBM model: its text names no num_tree_per_iteration")
    if keys["num_tree_per_iteration"] != "1" or "\naverage_output" in head:
        raise ValueError("no TreeSHAP values of a booster with several trees a round, or with their average")
    try:
        return tuple(_tree(dict(_pairs(block))) for block in blocks)
    except (KeyError, IndexError) as error:
        raise ValueError(f"a tree of the LightGBM model lacks {error}") from None


def _pairs(block: str) -> Iterator[tuple[str, str]]:
    for line in block.split("\n"):
        key, equals, value = line.partition("=")
        if equals:
            yield key, value


def _tree(keys: Mapping[str, str]) -> Tree:
    if keys.get("is_linear", "0") != "0":
        raise ValueError("no TreeSHAP values of linear trees; train without linear_tree")
    values = tuple(float(one) for one in keys["leaf_value"].split())
    if len(values) == 1:
        return Tree((), (), (), (), (0,), values)
    counts, leaf_counts = _whole(keys["internal_count"]), _whole(keys["leaf_count"])
    if min(counts) < 1 or min(leaf_counts) < 1:
        raise ValueError("no TreeSHAP values of a tree with a node that no training row came to")
    return Tree(
        splits=tuple(_splits(keys)),
        left=_whole(keys["left_child"]),
        right=_whole(keys["right_child"]),
        counts=counts,
        leaf_counts=leaf_counts,
        leaf_values=values,
    )


def _splits(keys: Mapping[str, str]) -> Iterator[Split]:
    thresholds = [float(one) for one in keys["threshold"].split()]
    borders, words = _whole(keys.get("cat_boundaries", "0")), _whole(keys.get("cat_threshold", ""))
    columns, decisions = _whole(keys["split_feature"]), _whole(keys["decision_type"])
    for column, decision, threshold in zip(columns, decisions, thresholds, strict=True):
        if decision & _CATEGORICAL:
            number = int(threshold)
            yield Split(column, Kind.CATEGORY, 0.0, words[borders[number] : borders[number + 1]])
        else:
            at = _beside_zero(threshold)
            yield Split(column, _kind(decision >> 2 & 3, bool(decision & _DEFAULT_LEFT), at), at)


def _kind(missing: int, default_left: bool, threshold: float) -> Kind:
    if missing == _ZERO_MISSING:
        return Kind.ZERO_LEFT if default_left else Kind.ZERO_RIGHT
    left = threshold >= 0 if missing == _NO_MISSING else default_left  # where none was missing, NaN counts as 0
    return Kind.NAN_LEFT if left else Kind.NAN_RIGHT


def _beside_zero(threshold: float) -> float:
    """A threshold moved to the edge of what LightGBM takes for 0 before it compares: the same rows go left."""
    if abs(threshold) > ZERO:
        return threshold
    return ZERO if threshold >= 0 else math.nextafter(-ZERO, -math.inf)


def _whole(text: str) -> tuple[int, ...]:
    return tuple(int(one) for one in text.split())
