"""TreeSHAP values are those of the definition, and LightGBM's own; a row's are its own to the last bit."""

from collections.abc import Sequence
from itertools import combinations
from math import comb, inf, nan

import lightgbm as lgb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.trees import tree
from scoring.trees.shap import TreeShap
from scoring.trees.tables import Weighed, make
from scoring.trees.tree import Kind, Split, Tree

COLUMNS, CODES = 6, 5  # of the columns, the last one holds codes


def values(shap: TreeShap, matrix: np.ndarray, threads: int = 1) -> np.ndarray:
    out = np.zeros(matrix.shape)
    shap.add(out, matrix, threads)
    return out


def of(*trees: Tree, most_bytes: int = 2**24) -> TreeShap:
    return TreeShap([Weighed(one, 1.0) for one in trees], most_bytes)


def test_a_tree_of_one_split_gives_its_column_the_way_from_the_mean():
    """Three rows of four went left, to 10; one went right, to 2: 8 on average."""
    stump = Tree((Split(1, Kind.NAN_RIGHT, 0.5),), (-1,), (-2,), (4,), (3, 1), (10.0, 2.0))
    shap = of(stump)
    assert shap.expected == 8.0
    assert values(shap, np.array([[9.0, 0.0], [9.0, 1.0], [9.0, nan]])).tolist() == [[0, 2], [0, -6], [0, -6]]


def test_two_columns_that_act_together_share_alike():
    """1 where both are above 0, with half of the rows on each side of each split: a mean of 1/4, and 3/8 for each."""
    both = Tree(
        (Split(0, Kind.NAN_RIGHT, 0.0), Split(1, Kind.NAN_RIGHT, 0.0)), (-1, -2), (1, -3), (4, 2), (2, 1, 1), (0, 0, 1)
    )
    rows = np.array([[1.0, 1.0], [1.0, 0.0], [0.0, 0.0]])
    expected = [[0.375, 0.375], [0.125, -0.375], [-0.125, -0.125]]
    np.testing.assert_allclose(values(of(both), rows), expected, rtol=0, atol=1e-15)


def test_a_tree_of_one_leaf_moves_the_mean_alone():
    shap = of(Tree((), (), (), (), (0,), (0.25,)))
    assert shap.expected == 0.25
    assert values(shap, np.ones((2, 3))).tolist() == [[0, 0, 0], [0, 0, 0]]


# The definition: Shapley's values of the mean over the ways that a row could take if only some columns were known.


def reached(one: Tree, row: Sequence[float], known: frozenset[int], node: int = 0) -> float:
    if node < 0:
        return one.leaf_values[~node]
    split, left, right = one.splits[node], one.left[node], one.right[node]
    if split.column in known:
        return reached(one, row, known, left if goes_left(split, row[split.column]) else right)
    ways = (one.count(child) * reached(one, row, known, child) for child in (left, right))
    return sum(ways) / one.counts[node]


def goes_left(split: Split, value: float) -> bool:
    if split.kind is Kind.CATEGORY:
        whole = int(value) if np.isfinite(value) else -1
        return 0 <= whole < 32 * len(split.words) and bool(split.words[whole // 32] >> whole % 32 & 1)
    if np.isnan(value):
        return split.kind in {Kind.NAN_LEFT, Kind.ZERO_LEFT}
    if split.kind in {Kind.ZERO_LEFT, Kind.ZERO_RIGHT} and value == 0:
        return split.kind is Kind.ZERO_LEFT
    return value <= split.threshold


def shapley(one: Tree, row: Sequence[float]) -> list[float]:
    columns = range(len(row))
    found = []
    for column in columns:
        others = [other for other in columns if other != column]
        found.append(
            sum(
                (reached(one, row, known | {column}) - reached(one, row, known))
                / (len(row) * comb(len(others), len(known)))
                for size in range(len(row))
                for known in map(frozenset, combinations(others, size))
            )
        )
    return found


@st.composite
def trees(draw: st.DrawFn) -> Tree:
    """A tree of up to 12 leaves, any of its leaves divided again and again, so that columns come twice on a way."""
    splits: list[Split] = []
    children: list[list[int]] = []
    counts = [draw(st.integers(16, 60))]
    parents: list[tuple[int, int] | None] = [None]
    for _ in range(draw(st.integers(1, 11))):
        able = [leaf for leaf, count in enumerate(counts) if count > 1]
        if not able:
            break
        leaf = able[draw(st.integers(0, 3)) % len(able) - 1]
        above, count = parents[leaf], draw(st.integers(1, counts[leaf] - 1))
        if above is not None:
            children[above[0]][above[1]] = len(splits)
        children.append([~leaf, ~len(counts)])
        parents[leaf] = (len(splits), 0)
        parents.append((len(splits), 1))
        counts.append(counts[leaf] - count)
        counts[leaf] = count
        kind = draw(st.sampled_from(Kind))
        words = (draw(st.integers(0, 31)),) if kind is Kind.CATEGORY else ()
        splits.append(Split(draw(st.integers(0, 3)), kind, draw(st.sampled_from([-1.0, 0.5, 2.0])), words))
    left, right = tuple(two[0] for two in children), tuple(two[1] for two in children)
    inner = [0] * len(splits)
    for node in reversed(range(len(splits))):
        below = (left[node], right[node])
        inner[node] = sum(inner[child] if child >= 0 else counts[~child] for child in below)
    leaves = tuple(draw(st.floats(-2, 2)) for _ in counts)
    return Tree(tuple(splits), left, right, tuple(inner), tuple(counts), leaves)


VALUES = st.sampled_from([nan, -2.0, -0.5, 0.0, 1.0, 2.0, 3.0, 4.7, 31.0, 32.0, 1e12, inf, -inf])


@settings(max_examples=60, deadline=None)
@given(trees(), st.lists(st.tuples(*[VALUES] * 4), min_size=1, max_size=6), st.sampled_from([0, 400, 2**24]))
def test_values_are_those_of_the_definition_from_cells_and_by_quadrature(one, rows, most_bytes):
    shap = of(one, most_bytes=most_bytes)
    found = values(shap, np.array(rows))
    np.testing.assert_allclose(found, [shapley(one, row) for row in rows], rtol=0, atol=1e-12)
    sums = [reached(one, row, frozenset(range(4))) for row in rows]
    np.testing.assert_allclose(found.sum(axis=1) + shap.expected, sums, rtol=0, atol=1e-12)


# LightGBM's own.


def world(seed: int, rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Counts, numbers with gaps, codes; what the answer hangs on is some of each."""
    rng = np.random.default_rng(seed)
    matrix = np.floor(rng.lognormal(0, 1, (rows, COLUMNS)))
    matrix[:, 1] = rng.normal(size=rows)
    matrix[rng.random(matrix.shape) < 0.2] = nan
    matrix[:, -1] = rng.integers(0, CODES, rows)
    known = np.nan_to_num(matrix)
    chance = 1 / (1 + np.exp(2 - known[:, 0] * known[:, 1] - np.isin(known[:, -1], (1, 3))))
    return matrix, (rng.random(rows) < chance).astype(int)


def unseen(seed: int, rows: int) -> np.ndarray:
    """Rows with what training never saw: codes without a category, infinities, numbers between 0 and its edge."""
    matrix, _ = world(seed, rows)
    odd = np.array([nan, inf, -inf, 0.0, -0.5, -1.0, -3.0, 4.9, 77.0, 3e9, 1e-36, -1e-36, 1e-34])
    strange = np.random.default_rng(seed + 1).random(matrix.shape) < 0.15
    matrix[strange] = np.resize(odd, np.count_nonzero(strange))
    return matrix


def booster(seed: int, rounds: int, **parameters: object) -> lgb.Booster:
    matrix, labels = world(seed, 400)
    given = {"objective": "binary", "verbosity": -1, "num_threads": 1, "seed": seed, "deterministic": True}
    given |= {"force_col_wise": True, "min_data_in_leaf": 2, "min_data_per_group": 5, "cat_smooth": 1.0}
    weights = np.random.default_rng(seed).random(400) + 0.5
    data = lgb.Dataset(matrix, labels, weight=weights, categorical_feature=[COLUMNS - 1])
    return lgb.train(given | parameters, data, num_boost_round=rounds)


def of_booster(one: lgb.Booster, most_bytes: int = 2**24) -> TreeShap:
    return of(*tree.read(one.model_to_string()), most_bytes=most_bytes)


@settings(max_examples=30, deadline=None)
@given(
    st.integers(0, 999),
    st.integers(1, 8),
    st.integers(2, 25),
    st.sampled_from(
        [{}, {"use_missing": False}, {"zero_as_missing": True}, {"bagging_fraction": 0.6, "bagging_freq": 1}]
    ),
    st.sampled_from([0, 20_000, 2**24]),
)
def test_values_are_lightgbms_own_and_add_up_to_the_raw_score(seed, rounds, leaves, missing, most_bytes):
    one, rows = booster(seed, rounds, num_leaves=leaves, **missing), unseen(seed, 40)
    shap = of_booster(one, most_bytes)
    expected = one.predict(rows, pred_contrib=True)
    found = values(shap, rows)
    np.testing.assert_allclose(found, expected[:, :-1], rtol=0, atol=1e-9)
    np.testing.assert_allclose(shap.expected, expected[:, -1], rtol=0, atol=1e-9)
    np.testing.assert_allclose(found.sum(axis=1) + shap.expected, one.predict(rows, raw_score=True), rtol=0, atol=1e-9)


def test_a_deep_tree_of_many_leaves_has_lightgbms_values():
    """63 leaves on some twenty levels: cells for what lies high, quadrature below."""
    one, rows = booster(5, 4, num_leaves=63), unseen(5, 50)
    found = make([Weighed(each, 1.0) for each in tree.read(one.model_to_string())], 2**24)
    assert len(found.cells.groups) > 4
    assert len(found.deep.steps) > 40
    np.testing.assert_allclose(values(of_booster(one), rows), one.predict(rows, pred_contrib=True)[:, :-1], atol=1e-9)


@pytest.mark.parametrize("most_bytes", [0, 2**24])
def test_a_row_has_the_same_bits_alone_among_others_and_on_any_number_of_threads(most_bytes):
    shap, rows = of_booster(booster(3, 6, num_leaves=20), most_bytes), unseen(3, 2500)
    together = values(shap, rows)
    for threads in (2, 3, 8):
        assert values(shap, rows, threads).tobytes() == together.tobytes()
    for first, last in ((0, 1), (1, 3), (40, 44), (500, 2500), (2499, 2500), (7, 7)):
        assert values(shap, rows[first:last].copy()).tobytes() == together[first:last].tobytes()
    frozen = rows[:50].copy()
    frozen.flags.writeable = False
    assert values(shap, frozen).tobytes() == together[:50].tobytes()


def test_values_are_added_to_what_is_there_and_a_sum_is_weighed():
    one, rows = tree.read(booster(1, 3).model_to_string()), unseen(1, 9)
    half, whole = TreeShap([Weighed(each, 0.5) for each in (*one, *one)]), of(*one)
    out = np.ones((9, COLUMNS + 2))
    half.add(out, rows, 1)
    np.testing.assert_allclose(out[:, :-2] - 1, values(whole, rows), rtol=0, atol=1e-12)
    assert out[:, -2:].tolist() == [[1.0, 1.0]] * 9
    assert half.expected == pytest.approx(whole.expected)


def test_cells_keep_to_the_memory_that_they_may_take():
    found = [Weighed(each, 1.0) for each in tree.read(booster(2, 6, num_leaves=31).model_to_string())]
    for most_bytes in (0, 5_000, 50_000, 2**24):
        assert make(found, most_bytes).cells.values.nbytes <= most_bytes
    assert make(found, 0).deep.steps.shape[0] > make(found, 2**24).deep.steps.shape[0]


def test_what_has_no_such_values_is_refused():
    text = booster(1, 2, num_leaves=4).model_to_string()
    assert len(tree.read(text)) == 2
    with pytest.raises(ValueError, match=r"^not a LightGBM model: its text names no num_tree_per_iteration$"):
        tree.read("tree")
    with pytest.raises(ValueError, match=r"^no TreeSHAP values of linear trees; train without linear_tree$"):
        tree.read(text.replace("is_linear=0", "is_linear=1"))
    message = r"^no TreeSHAP values of a booster with several trees a round, or with their average$"
    for other in (text.replace("iteration=1", "iteration=3"), text.replace("\nTree=0", "\naverage_output\nTree=0")):
        with pytest.raises(ValueError, match=message):
            tree.read(other)
    with pytest.raises(ValueError, match=r"^a tree of the LightGBM model lacks 'leaf_count'$"):
        tree.read(text.replace("leaf_count=", "leaf_counts="))
    empty = text.replace("leaf_count=", "leaf_count=0 ")
    with pytest.raises(ValueError, match=r"^no TreeSHAP values of a tree with a node that no training row came to$"):
        tree.read(empty)
