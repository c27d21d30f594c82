"""One row's raw score is that of `Booster.predict`, to the last bit, on any thread."""

import gc
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import small_bundle

from histories.contract import Target
from scoring.members import BoosterMember
from scoring.raw_scores import RawScores


@pytest.fixture(scope="module")
def member() -> BoosterMember:
    return next(one for one in small_bundle.model(Target.SQL, 30).members if isinstance(one, BoosterMember))


@pytest.fixture(scope="module")
def matrix(member: BoosterMember) -> np.ndarray:
    random = np.random.default_rng(3)
    rows = random.normal(0, 100, (400, len(member.names)))
    rows[random.random(rows.shape) < 0.3] = np.nan
    rows[random.random(rows.shape) < 0.3] = 0.0
    return rows


def test_one_row_has_the_bits_that_it_has_among_others(member: BoosterMember, matrix: np.ndarray):
    scores = RawScores(member.booster)
    alone = np.concatenate([scores.of(row[None, :], 1) for row in matrix])
    assert (alone == np.asarray(member.booster.predict(matrix, raw_score=True))).all()
    assert (alone == scores.of(matrix, 2)).all()
    assert len(set(alone.tolist())) > 10


def test_threads_that_share_it_get_their_own_answers(member: BoosterMember, matrix: np.ndarray):
    scores = RawScores(member.booster)
    expected = scores.of(matrix, 1)
    with ThreadPoolExecutor(8) as pool:
        for _ in range(5):
            found = list(pool.map(lambda row: scores.of(row[None, :], 1)[0], matrix))
            assert (np.array(found) == expected).all()


def test_a_row_of_another_width_is_refused(member: BoosterMember):
    with pytest.raises(ValueError, match=r"^a row of 3 features for a booster of \d+$"):
        RawScores(member.booster).of(np.zeros((1, 3)), 1)


def test_what_it_keeps_goes_with_it_and_leaves_the_booster_usable(member: BoosterMember, matrix: np.ndarray):
    expected = RawScores(member.booster).of(matrix[:1], 1)
    gc.collect()
    assert RawScores(member.booster).of(matrix[:1], 1) == expected
