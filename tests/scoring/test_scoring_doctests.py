"""The examples in the docstrings of this room are true."""

import doctest

import pytest

from scoring import words


@pytest.mark.parametrize("module", [words])
def test_examples_in_docstrings(module):
    result = doctest.testmod(module)
    assert result.attempted > 5
    assert result.failed == 0
