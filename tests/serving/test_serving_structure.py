"""A body of too many values is refused before it is parsed, and what stands in texts is not counted."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.wire import structure
from serving.wire.errors import RequestError

MOST = structure.MOST_MARKS
REFUSED = "the body has more than 1,500,000 brackets and commas; send fewer leads at a time"
TREES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


def values(tree: object) -> int:
    """How many values a tree has but the first, and its containers: each has a bracket or a comma to itself."""
    if not isinstance(tree, list | dict):
        return 0
    inner = list(tree.values()) if isinstance(tree, dict) else tree
    return 1 + max(len(inner) - 1, 0) + sum(values(one) for one in inner)


@pytest.mark.parametrize("piece", [b"[],", b'{"a":0},', b"0,"])
def test_a_body_of_so_many_small_values_is_refused(piece: bytes) -> None:
    marks = piece.count(b",") + piece.count(b"[") + piece.count(b"{")
    structure.refuse(b"[" + piece * ((MOST - 1) // marks))
    with pytest.raises(RequestError, match=f"^{REFUSED}$"):
        structure.refuse(b"[" + piece * (MOST // marks + 1))


def test_values_that_stand_within_each_other_are_counted_too() -> None:
    with pytest.raises(RequestError):
        structure.refuse(b"[" * (MOST + 1))


def test_what_stands_in_texts_is_not_counted() -> None:
    structure.refuse(json.dumps({"lead_id": "[{," * MOST, 'quote"\\': "\\"}).encode())


@given(TREES)
def test_the_count_is_that_of_the_values(tree: object) -> None:
    assert structure.marks(json.dumps(tree).encode()) == values(tree)


@given(st.binary(max_size=200))
def test_bytes_that_are_no_json_are_let_through(body: bytes) -> None:
    structure.refuse(body)
