"""From trees to the arrays that the kernel reads."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate
from typing import NamedTuple

import numpy as np

from scoring.trees import cut, fill
from scoring.trees.arrays import Cells, Deep, Elements, Ints, Rule, Splits
from scoring.trees.cut import Group, Leaf
from scoring.trees.tree import Split, Tree

MOST_NODES = 8  # splits of a group: it has 2 to the power of that many cells
_FLOAT = 8


class Weighed(NamedTuple):
    """A tree of a sum, and by how much its leaves count."""

    tree: Tree
    weight: float


class Tables(NamedTuple):
    """What the TreeSHAP values of a sum of trees are read from."""

    used: Ints  # columns that a tree asks for; all others stand for places among them
    cells: Cells
    deep: Deep
    rule: Rule

    @property
    def bytes(self) -> int:
        """What they hold in memory."""
        arrays = (self.used, *self.cells.splits, *self.cells[1:], *self.deep.splits, *self.deep[1:], *self.rule)
        return sum(array.nbytes for array in arrays)


def make(trees: Sequence[Weighed], most_bytes: int) -> Tables:
    """Return the tables of a sum of trees, cells of at most `most_bytes` among them: each tree may use its part.

    A tree is cut into groups of so few splits that its cells keep to that; what is too deep for a group goes by
    quadrature.
    """
    allowed = most_bytes // max(1, len(trees))
    grouped: list[tuple[Tree, Group, float]] = []
    rest: list[tuple[Tree, tuple[Leaf, ...], float]] = []
    for tree, weight in trees:
        held, deep = _cut(tree, allowed)
        grouped.extend((tree, group, weight) for group in held)
        if deep:
            rest.append((tree, deep, weight))
    longest = max((len(_columns(tree, leaf)) for tree, leaves, _ in rest for leaf in leaves), default=1)
    used = sorted({split.column for tree, _ in trees for split in tree.splits})
    places = {column: place for place, column in enumerate(used)}
    return Tables(np.array(used, dtype=np.int64), _cells(grouped, places), _deep(rest, places), _rule(longest))


def _cut(tree: Tree, allowed: int) -> tuple[tuple[Group, ...], tuple[Leaf, ...]]:
    leaves = tuple(cut.leaves(tree))
    for most in range(MOST_NODES, 0, -1):
        groups, rest = cut.groups(leaves, most)
        if sum(_FLOAT * len(_columns_of(tree, group)) << len(group.nodes) for group in groups) <= allowed:
            return groups, rest
    return (), leaves


def _columns_of(tree: Tree, group: Group) -> tuple[int, ...]:
    return tuple(dict.fromkeys(tree.splits[node].column for node in group.nodes))


def _columns(tree: Tree, leaf: Leaf) -> frozenset[int]:
    return frozenset(tree.splits[step.node].column for step in leaf.steps)


def _splits(asked: Iterable[Split], places: Mapping[int, int]) -> Splits:
    asked = tuple(asked)
    ends = list(accumulate((len(split.words) for split in asked), initial=0))
    rows = [(places[split.column], int(split.kind), ends[at], ends[at + 1]) for at, split in enumerate(asked)]
    return Splits(
        _ints(rows, 4),
        np.array([split.threshold for split in asked], dtype=np.float64),
        np.array([word for split in asked for word in split.words], dtype=np.int64),
    )


def _cells(grouped: Sequence[tuple[Tree, Group, float]], places: Mapping[int, int]) -> Cells:
    """The groups' splits and cells, filled."""
    columns = [_columns_of(tree, group) for tree, group, _ in grouped]
    sizes = [
        (len(group.nodes), len(of), len(of) << len(group.nodes))
        for (_, group, _), of in zip(grouped, columns, strict=True)
    ]
    starts = np.zeros((len(grouped) + 1, 3), dtype=np.int64)
    np.cumsum(_ints(sizes, 3), axis=0, out=starts[1:])
    cells = Cells(
        _splits((tree.splits[node] for tree, group, _ in grouped for node in group.nodes), places),
        starts,
        np.array([places[column] for of in columns for column in of], dtype=np.int64),
        np.zeros(starts[-1, 2]),
    )
    elements = _elements(grouped, columns)
    longest = int(np.max(np.diff(elements.leaves), initial=1))
    fill.fill_cells(cells, elements, _rule(longest))
    return cells


def _elements(grouped: Sequence[tuple[Tree, Group, float]], columns: Sequence[tuple[int, ...]]) -> Elements:
    leaves, values = [0], list[float]()
    bits, shares = list[tuple[int, int, int]](), list[float]()
    for (tree, group, weight), of in zip(grouped, columns, strict=True):
        places = {column: place for place, column in enumerate(of)}
        bit = {node: 1 << at for at, node in enumerate(group.nodes)}
        for leaf in group.leaves:
            found: dict[int, tuple[int, int, float]] = {}
            for step in leaf.steps:
                column = tree.splits[step.node].column
                asked, left, share = found.get(column, (0, 0, 1.0))
                one = bit[step.node]
                found[column] = (asked | one, left | one if step.left else left, share * step.share)
            bits.extend((asked, left, places[column]) for column, (asked, left, _) in found.items())
            shares.extend(share for _, _, share in found.values())
            leaves.append(len(bits))
            values.append(weight * leaf.value)
    groups = list(accumulate((len(group.leaves) for _, group, _ in grouped), initial=0))
    return Elements(
        np.array(leaves, dtype=np.int64),
        np.array(groups, dtype=np.int64),
        np.array(values, dtype=np.float64),
        _ints(bits, 3),
        np.array(shares, dtype=np.float64),
    )


def _deep(rest: Sequence[tuple[Tree, tuple[Leaf, ...], float]], places: Mapping[int, int]) -> Deep:
    """The ways to leaves that lie deep, those that they have in common once."""
    splits: list[Split] = []
    trees, steps = [0], list[tuple[int, int, int, int, int]]()
    shares, values = list[float](), list[float]()
    for tree, leaves, weight in rest:
        known: dict[tuple[int, bool], int] = {}
        asked: dict[int, int] = {}
        steps.append((0, 0, 0, 0, 0))
        shares.append(1.0)
        values.append(0.0)
        for leaf in leaves:
            parent, formers = 0, dict[int, int]()
            for node, left, share in leaf.steps:
                column = tree.splits[node].column
                former = formers.get(column, 0)
                if (node, left) not in known:
                    if node not in asked:
                        asked[node] = len(splits)
                        splits.append(tree.splits[node])
                    known[node, left] = len(known) + 1
                    steps.append((places[column], asked[node], int(left), parent, former))
                    shares.append(share if former == 0 else share * shares[trees[-1] + former])
                    values.append(0.0)
                parent = formers[column] = known[node, left]
            values[trees[-1] + parent] = weight * leaf.value
        trees.append(len(steps))
    return Deep(
        _splits(splits, places),
        np.array(trees, dtype=np.int64),
        _ints(steps, 5),
        np.array(shares, dtype=np.float64),
        np.array(values, dtype=np.float64),
    )


def _rule(columns: int) -> Rule:
    """Gauss and Legendre's rule over 0 to 1 that is exact for ways of so many columns: polynomials of a degree less."""
    points, weights = np.polynomial.legendre.leggauss((columns + 1) // 2)
    return Rule((points + 1) / 2, weights / 2)


def _ints(rows: Sequence[tuple[int, ...]], width: int) -> Ints:
    return np.array(rows, dtype=np.int64).reshape(-1, width)
