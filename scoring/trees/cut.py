"""A tree cut into groups of leaves that hang on few splits, and the rest: the leaves that lie too deep for a group."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from scoring.trees.tree import Tree


class Step(NamedTuple):
    """One turn on the way to a leaf. `share`: how many of the node's training rows took it."""

    node: int
    left: bool
    share: float


@dataclass(frozen=True, slots=True)
class Leaf:
    """A leaf and the way to it from the root."""

    value: float
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """Leaves whose ways ask no more than `nodes`."""

    nodes: tuple[int, ...]
    leaves: tuple[Leaf, ...]


def leaves(tree: Tree) -> Iterator[Leaf]:
    """Yield the leaves, those first that have most of their way in common with their neighbours: depth first."""
    waiting: list[tuple[int, tuple[Step, ...]]] = [(0, ())] if tree.splits else []
    while waiting:
        node, steps = waiting.pop()
        if node < 0:
            yield Leaf(tree.leaf_values[~node], steps)
            continue
        for child, left in ((tree.right[node], False), (tree.left[node], True)):
            waiting.append((child, (*steps, Step(node, left, tree.count(child) / tree.counts[node]))))


def groups(found: Sequence[Leaf], most: int) -> tuple[tuple[Group, ...], tuple[Leaf, ...]]:
    """Return groups of at most `most` nodes each, filled one after the other, and the leaves that no group can hold."""
    made: list[Group] = []
    nodes: dict[int, None] = {}
    held: list[Leaf] = []
    for leaf in found:
        way = [step.node for step in leaf.steps]
        if len(way) > most:
            continue
        if len(nodes.keys() | way) > most:
            made.append(Group(tuple(nodes), tuple(held)))
            nodes, held = {}, []
        nodes.update(dict.fromkeys(way))
        held.append(leaf)
    if held:
        made.append(Group(tuple(nodes), tuple(held)))
    return tuple(made), tuple(leaf for leaf in found if len(leaf.steps) > most)
