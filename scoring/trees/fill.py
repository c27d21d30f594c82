"""Fills the cells: what the leaves of a group give each column, for every answer that its splits can have.

Path-dependent TreeSHAP (Lundberg and others, "Consistent individualized feature attribution for tree ensembles",
2018) as an integral. On the way to a leaf of value v let each column k have z_k, the product of the shares of training
rows that took its turns, and o_k, 1 where the row takes all of them and otherwise 0. The leaf gives column j

    v * (o_j - z_j) * integral over t from 0 to 1 of the product over k != j of (t * o_k + (1 - t) * z_k)

for t^s * (1 - t)^(m - 1 - s) integrates to Shapley's weight s! * (m - 1 - s)! / m!. The product has degree m - 1, so
that Gauss and Legendre's rule with m / 2 points gives it exactly. Every term is positive: nothing cancels. (Yu, Bifet,
Read and Xu, "Linear TreeShap", 2022, have the polynomial; Wettenstein, Mitchell and Yu, "Quadrature-TreeSHAP", 2026, the
rule.)
"""

import numpy as np

from histories.compiled import compiled, inlined
from scoring.trees.arrays import Cells, Elements, Floats, Rule


@compiled
def fill_cells(cells: Cells, elements: Elements, rule: Rule) -> None:
    """Fill in the cells' values. The rule has to be exact for the longest way."""
    groups = cells.groups
    most = 1
    for leaf in range(len(elements.values)):
        most = max(most, elements.leaves[leaf + 1] - elements.leaves[leaf])
    factors = np.empty((len(rule.points), most))
    for group in range(len(groups) - 1):
        columns = groups[group + 1, 1] - groups[group, 1]
        for cell in range(1 << (groups[group + 1, 0] - groups[group, 0])):
            start = groups[group, 2] + cell * columns
            for leaf in range(elements.groups[group], elements.groups[group + 1]):
                _add_leaf(cells.values, start, cell, leaf, elements, rule, factors)


@inlined
def _add_leaf(
    values: Floats, start: int, cell: int, leaf: int, elements: Elements, rule: Rule, factors: Floats
) -> None:
    """Add what a leaf gives each column on its way to the values of a cell, which begin at `start`."""
    bits, shares = elements.bits, elements.shares
    begin, end = elements.leaves[leaf], elements.leaves[leaf + 1]
    for point in range(len(rule.points)):
        for at in range(begin, end):
            taken = (cell & bits[at, 0]) == bits[at, 1]
            factors[point, at - begin] = shares[at] + rule.points[point] * (taken - shares[at])
    for at in range(begin, end):
        total = 0.0
        for point in range(len(rule.points)):
            product = rule.weights[point]
            for other in range(begin, end):
                if other != at:
                    product *= factors[point, other - begin]
            total += product
        taken = (cell & bits[at, 0]) == bits[at, 1]
        values[start + bits[at, 2]] += elements.values[leaf] * (taken - shares[at]) * total
