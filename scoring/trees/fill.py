"""Fills the cells: what the leaves of a group give each column, for every answer that its tests can have.

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

from histories.compiled import compiled
from scoring.trees.arrays import Cells, Elements, Rule


@compiled
def fill_cells(cells: Cells, elements: Elements, rule: Rule) -> None:
    """Fill in the cells' values. The rule has to be exact for the longest way."""
    points, weights = rule.points, rule.weights
    groups, values = cells.groups, cells.values
    bits, shares = elements.bits, elements.shares
    most = 1
    for leaf in range(len(elements.values)):
        most = max(most, elements.leaves[leaf + 1] - elements.leaves[leaf])
    factors = np.empty((len(points), most))
    for group in range(len(groups) - 1):
        tests, columns = groups[group + 1, 0] - groups[group, 0], groups[group + 1, 1] - groups[group, 1]
        for cell in range(1 << tests):
            start = groups[group, 2] + cell * columns
            for leaf in range(elements.groups[group], elements.groups[group + 1]):
                begin, end = elements.leaves[leaf], elements.leaves[leaf + 1]
                for point in range(len(points)):
                    for element in range(begin, end):
                        taken = cell & bits[element, 0] == bits[element, 1]
                        factors[point, element - begin] = points[point] * taken + (1 - points[point]) * shares[element]
                for element in range(begin, end):
                    total = 0.0
                    for point in range(len(points)):
                        product = weights[point]
                        for other in range(end - begin):
                            if other != element - begin:
                                product *= factors[point, other]
                        total += product
                    taken = cell & bits[element, 0] == bits[element, 1]
                    values[start + bits[element, 2]] += elements.values[leaf] * (taken - shares[element]) * total
