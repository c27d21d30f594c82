"""What known answers stand for: weights counted by hand, and held against truths that the export does not know yet."""

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from histories.assemble import assemble
from histories.clock import DAY
from histories.contract import LeadHistory, Outcome, Stage, Target
from training.censoring import cut_off, weights
from training.recipe import Age
from training.snapshots import Snapshots, draw

HORIZON = 60


def lead(number: int, created: int, won: int | None = None, lost: int | None = None) -> LeadHistory:
    arrivals = ((Stage.CUSTOMER, won), (Stage.LOST, lost))
    outcomes = tuple(Outcome(stage, at * DAY) for stage, at in arrivals if at is not None)
    return LeadHistory(f"{number:05d}", created * DAY, outcomes=outcomes)


def drawn(leads: list[LeadHistory], exported: int, ages: tuple[int, ...] = (1,)) -> Snapshots:
    histories = assemble(leads, exported_at=exported * DAY)
    return draw(histories, Target.CUSTOMER, HORIZON, tuple(Age(f"{age}d", age * DAY) for age in ages))


def known(snapshots: Snapshots) -> np.ndarray:
    return np.flatnonzero(snapshots.answer >= 0)


def weigh(snapshots: Snapshots) -> np.ndarray:
    everybody = np.arange(len(snapshots.answer))
    return weights(snapshots, known(snapshots), everybody, snapshots.exported_at)


def test_an_answer_stands_for_those_that_were_not_followed_as_long() -> None:
    """Three leads, followed for 90, 40 and 10 days, and a fourth, for 20.

    Won on the fifth day: all four were followed that long. Lost on the thirtieth: two of four, so it weighs 2. The one
    that stayed open for its 60 days: one of four, so it weighs 4.
    """
    snapshots = drawn([lead(1, 9), lead(2, 59, lost=90), lead(3, 79), lead(4, 89, won=95)], exported=100)
    assert snapshots.answer.tolist() == [0, 0, -1, 1]
    assert weigh(snapshots) == pytest.approx(np.array([4, 2, 1]) * 3 / 7)


def test_no_answer_stands_for_more_than_twenty() -> None:
    """One of a hundred was followed to the end, the others for a day less than it took."""
    leads = [lead(0, 0)] + [lead(number, 90, won=92) for number in range(1, 100)]
    snapshots = drawn(leads, exported=100)
    found = weigh(snapshots)
    assert found.max() / found.min() == pytest.approx(20)
    everybody = np.arange(len(snapshots.answer))
    assert cut_off(snapshots, known(snapshots), everybody, snapshots.exported_at) == pytest.approx(80 / 199)
    assert cut_off(snapshots, known(snapshots)[:0], everybody, snapshots.exported_at) == 0


def test_each_age_is_followed_in_its_own_way() -> None:
    """Of age 1d all were followed to the end, of age 40d one of two: the answers at 1d all weigh the same."""
    snapshots = drawn([lead(1, 0), lead(2, 39, won=95)], exported=100, ages=(1, 40))
    assert snapshots.answer.tolist() == [0, 0, 1, 1]
    by_age = dict(zip(zip(snapshots.lead.tolist(), snapshots.age.tolist(), strict=True), weigh(snapshots), strict=True))
    assert by_age == pytest.approx({(0, 0): 0.8, (1, 0): 0.8, (0, 1): 1.6, (1, 1): 0.8})


LEADS = st.lists(
    st.tuples(st.integers(0, 100), st.none() | st.integers(0, 200), st.none() | st.integers(0, 200)),
    min_size=1,
    max_size=12,
)


@given(LEADS)
@settings(max_examples=60, deadline=None)
def test_all_weigh_the_same_where_all_are_mature(leads: list[tuple[int, int | None, int | None]]) -> None:
    snapshots = drawn([lead(n, *one) for n, one in enumerate(leads)], exported=100 + 40 + HORIZON, ages=(1, 40))
    assert snapshots.mature.all()
    assert cut_off(snapshots, known(snapshots), known(snapshots), snapshots.exported_at) == 0
    assert weigh(snapshots).tolist() == [1.0] * len(snapshots.answer)


@given(LEADS, st.integers(0, 240))
@settings(max_examples=60, deadline=None)
def test_weights_are_of_mean_one_and_grow_with_the_time_that_an_answer_took(
    leads: list[tuple[int, int | None, int | None]], exported: int
) -> None:
    snapshots = drawn([lead(n, *one) for n, one in enumerate(leads)], exported=exported, ages=(1,))
    rows = known(snapshots)
    found, took = weigh(snapshots), (snapshots.known_at - snapshots.cutoff)[rows]
    assert (found > 0).all()
    assert found.mean() == pytest.approx(1) if len(rows) else not len(found)
    assert (np.diff(found[np.argsort(took, kind="stable")]) >= 0).all()


def company(seed: int, leads: int = 2000) -> Iterator[LeadHistory]:
    """Leads of 100 days whose hazards of a win and of a loss are the same for all, whenever they came."""
    random = np.random.default_rng(seed)
    for_win, for_loss = random.exponential(150, leads), random.exponential(100, leads)
    for number, created in enumerate(np.sort(random.integers(0, 100, leads)).tolist()):
        won, lost = created + 2 + int(for_win[number]), created + 2 + int(for_loss[number])
        yield lead(number, created, won if won < lost else None, lost if lost < won else None)


@pytest.fixture(scope="module")
def errors() -> np.ndarray:
    """What the shares of conversions are off by, relative to the truth [companies, ways].

    The truth is what became of the same leads, in an export of a year later. Ways: weighted answers, all known answers
    alike, open leads as negatives, mature snapshots alone.
    """
    found = []
    for seed in range(24):
        leads = list(company(seed))
        early, late = drawn(leads, exported=102), drawn(leads, exported=500)
        assert 0.5 < 1 - early.mature.mean() < 0.65
        answers = early.answer[known(early)]
        ways = (
            np.average(answers, weights=weigh(early)),
            answers.mean(),
            (early.answer == 1).mean(),
            early.label[early.mature].mean(),
        )
        found.append([one / late.answer[: len(early.answer)].mean() - 1 for one in ways])
    return np.array(found)


def test_weighted_answers_are_right_on_average_where_open_leads_and_early_answers_are_not(errors: np.ndarray) -> None:
    """Half of the horizons run still. Open leads as negatives say too little; all known answers alike too much."""
    weighted, alike, open_is_no, _ = errors.mean(axis=0)
    within = 3 * errors[:, 0].std() / np.sqrt(len(errors))
    assert abs(weighted) < within < 0.06
    assert alike > within
    assert open_is_no < -0.2


def test_the_weighted_answers_stray_less_than_those_of_mature_snapshots_alone(errors: np.ndarray) -> None:
    weighted, _, _, mature = (errors**2).mean(axis=0)
    assert weighted < 0.8 * mature
