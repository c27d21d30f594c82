"""Scores and grades from a probability."""

import numpy as np
import pytest

from scoring.policy import Policy, percentile


def test_a_score_is_the_share_below_and_half_of_the_share_that_equals():
    reference = np.array([0.1, 0.2, 0.2, 0.4])
    assert [percentile(p, reference) for p in (0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.9)] == [
        0.0,
        12.5,
        25.0,
        50.0,
        75.0,
        87.5,
        100.0,
    ]
    assert percentile(0.5, np.array([0.1, 0.2, 0.6])) == 66.7


def test_grades_begin_at_their_scores():
    policy = Policy(high_probability=0.5)
    assert [policy.grade(score) for score in (100, 90, 89.9, 70, 69.9, 40, 39.9, 0)] == list("AABBCCDD")


def test_grades_that_do_not_fall_are_refused():
    for grades in ((90.0, 90.0, 40.0), (40.0, 70.0, 90.0), (101.0, 70.0, 40.0), (90.0, 70.0, -1.0)):
        with pytest.raises(ValueError, match="three falling scores between 0 and 100"):
            Policy(high_probability=0.5, grades=grades)
