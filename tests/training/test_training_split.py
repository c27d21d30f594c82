"""The split: theorems over generated leads, and the border counted by hand."""

import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from histories.assemble import assemble
from histories.clock import DAY
from histories.contract import Interaction, LeadHistory, Outcome, Stage, Target
from histories.errors import DataError
from training import recipe
from training.recipe import Age
from training.snapshots import draw, subset
from training.split import border_of, everything, split, split_at

AGES = (Age("0h", 0), Age("7d", 7 * DAY), Age("60d", 60 * DAY))


def lead(number, created, won=None, account=None):
    outcomes = () if won is None else (Outcome(Stage.CUSTOMER, won * DAY),)
    return LeadHistory(f"{number:04d}", created * DAY, account, outcomes=outcomes)


def drawn(leads, exported=400, horizon=30, ages=AGES):
    return draw(assemble(leads, exported_at=exported * DAY), Target.CUSTOMER, horizon, ages)


def company(seed, leads=1500, days=360, accounts=None):
    """One lead after the other; a third convert within 60 days."""
    random = np.random.default_rng(seed)
    for number in range(leads):
        created = int(random.integers(days))
        won = created + int(random.integers(1, 60)) if random.random() < 0.33 else None
        yield lead(number, created, won, None if accounts is None else str(random.integers(accounts)))


@given(
    st.integers(0, 10_000),
    st.integers(100, 330),
    st.integers(1, 90),
    st.sampled_from([None, 300]),
    st.sampled_from([0.0, 0.5, 0.9]),
)
@settings(max_examples=60, deadline=None)
def test_no_border_is_crossed(seed, border, horizon, accounts, kept):
    """No answer of the older side was known after a border, and no lead or account stands on both sides of one."""
    snapshots = drawn(company(seed, 300, accounts=accounts), horizon=horizon)
    try:
        parts = split(snapshots, border * DAY, kept)
    except DataError:
        return
    borders = [(parts.train, parts.test, border * DAY)] + [(f.train, f.validation, f.start) for f in parts.folds]
    for older, newer, moment in borders:
        assert (snapshots.known_at[older] <= moment).all()
        assert (snapshots.cutoff[newer] >= moment).all()
        assert not np.intersect1d(snapshots.group[older], snapshots.group[newer]).size
        assert (snapshots.answer[older] >= 0).all()
        assert (snapshots.label[newer] >= 0).all()
    for one, moment in [(parts, border * DAY)] + [(fold, fold.start) for fold in parts.folds]:
        assert len(one.weights) == len(one.train)
        assert one.mature.tolist() == one.train[snapshots.known_from[one.train] <= moment].tolist()
    for fold in parts.folds:
        assert np.isin(fold.validation, parts.mature).all()
        assert np.isin(fold.train, parts.train).all()
    counted = len(parts.train) + len(parts.test) + parts.purged + parts.straddling + parts.immature
    assert counted == len(snapshots.label)


def test_the_border_by_hand():
    """Horizon 30 days. What is asked on day 171 is known on day 201, just in time; on day 172 only if it came early."""
    leads = [lead(1, 100, won=120), lead(2, 170), lead(3, 171), lead(4, 171, won=180), lead(5, 200), lead(6, 371)]
    parts = split(drawn(leads, ages=(Age("1d", DAY),)), 201 * DAY, kept=0.5)
    assert (parts.train.tolist(), parts.mature.tolist(), parts.test.tolist()) == ([0, 1, 3], [0, 1], [4])
    assert (parts.purged, parts.straddling, parts.immature) == (1, 0, 1)


def by_id(snapshots, rows):
    return set(np.array(snapshots.table["lead_id"].to_pylist())[rows])


def test_a_straddling_lead_belongs_to_the_test_where_none_is_kept_and_its_price_is_told():
    """Lead 2 is 60 days old on day 201: its two older snapshots do not train. Lead 1's end before."""
    leads = [lead(1, 100, won=120), lead(2, 141), lead(3, 50)]
    parts = split(drawn(leads), 201 * DAY, kept=0.0)
    assert parts.straddling == 2
    assert len(parts.test) == 1


def test_a_share_of_those_on_both_sides_trains_and_the_others_are_tested():
    """600 leads, created over the 60 days before the border: whether one trains goes by its name alone."""
    leads = [lead(number, 141 + number // 10) for number in range(600)] + [lead(1000, 20, won=21)]
    snapshots = drawn(leads, horizon=1)
    parts = split(snapshots, 201 * DAY, kept=0.3)
    trains, tested = by_id(snapshots, parts.train) - {"1000"}, by_id(snapshots, parts.test)
    assert not trains & tested
    assert len(trains) / 600 == pytest.approx(0.3, abs=0.06)
    fewer = drawn(leads[::2], horizon=1)
    assert by_id(fewer, split(fewer, 201 * DAY, kept=0.3).train) - {"1000"} == trains & by_id(fewer, slice(None))


def test_fast_converters_do_not_stay_in_training_while_the_others_leave_it():
    """A lead that could have been in the test is out, also where its early conversion kept it from being there."""
    leads = [lead(1, 100, won=120), lead(2, 141, won=150), lead(3, 141), lead(4, 20)]
    snapshots = drawn(leads)
    assert by_id(snapshots, split(snapshots, 201 * DAY, kept=0.0).train) == {"0001", "0004"}


def test_an_account_is_on_one_side_as_a_whole():
    """Account x has a lead that may go on: it is tested. Account y has none: it trains, and its later lead is left out."""
    leads = [
        lead(1, 50, won=60),
        lead(2, 50, account="x"),
        lead(3, 240, account="x"),
        lead(4, 60, account="y"),
        lead(5, 300, account="y"),
        lead(6, 300),
    ]
    snapshots = drawn(leads)
    parts = split(snapshots, 250 * DAY, kept=0.0)
    assert by_id(snapshots, parts.train) == {"0001", "0004"}
    assert by_id(snapshots, parts.test) == {"0003", "0006"}


def history(number, created, random, until, account):
    """A lead with interactions and outcomes of its own up to `until`, and others after it."""
    touches = sorted(int(at) for at in created * DAY + random.integers(0, 90 * DAY, size=4))
    outcomes = [Outcome(Stage.CUSTOMER, int(created * DAY + random.integers(1, 80) * DAY))]
    if random.random() < 0.5:
        outcomes = [Outcome(Stage.LOST, int(created * DAY + random.integers(1, 80) * DAY))]
    return LeadHistory(
        f"{number:04d}",
        created * DAY,
        account,
        interactions=tuple(Interaction(f"{number}-{at}", at, "visit") for at in touches if at < until),
        outcomes=tuple(one for one in outcomes if one.reached_at < until),
    )


def rewritten(one, random, until):
    """The same lead with another life from `until` on."""
    later = tuple(
        Interaction(f"x{n}", int(until + random.integers(0, 50 * DAY)), "call") for n in range(random.integers(3))
    )
    ended = (Outcome(Stage.CUSTOMER, int(until + random.integers(0, 50 * DAY))),) if random.random() < 0.5 else ()
    return replace(one, interactions=one.interactions + later, outcomes=one.outcomes + ended)


def rows_of(snapshots, rows):
    """What rows say, whatever their numbers are."""
    taken = subset(snapshots.table, rows)
    columns = (snapshots.age, snapshots.answer, snapshots.known_at)
    return list(zip(*taken.to_pydict().values(), *(one[rows].tolist() for one in columns), strict=True))


@given(st.integers(0, 10_000), st.integers(60, 250), st.sampled_from([0.0, 0.5]), st.integers(1, 90))
@settings(max_examples=40, deadline=None)
def test_nothing_after_a_border_moves_what_trains_before_it(seed, border, kept, horizon):
    """All that comes from a fold's start on is changed: lives go on otherwise, other leads come, the export is later.

    The fold trains on the same snapshots, answers and weights, bit for bit.
    """
    random, until = np.random.default_rng(seed), border * DAY
    known = [
        history(number, int(random.integers(border)), random, until, str(random.integers(60))) for number in range(120)
    ]
    found = []
    for other in (1, 2):
        random = np.random.default_rng([seed, other])
        new = [lead(1000 * other + n, int(random.integers(border, 300)), account=str(n)) for n in range(40)]
        leads = [rewritten(one, random, until) for one in known] + new
        snapshots = drawn(leads, exported=300 + 50 * other, horizon=horizon)
        whole = split_at(snapshots, until, kept, ())
        later = split_at(snapshots, 299 * DAY, 1.0, [(until, 299 * DAY)]).folds[0]
        found.append([(rows_of(snapshots, one.train), one.weights.tolist()) for one in (whole, later)])
    assert found[0] == found[1]


def test_everything_that_the_export_knows_trains_for_a_refit():
    leads = list(company(1, leads=300))
    snapshots = drawn(leads, exported=380)
    whole = everything(snapshots)
    assert whole.train.tolist() == np.flatnonzero(snapshots.answer >= 0).tolist()
    assert len(whole.mature) < len(whole.train) < len(snapshots.answer)
    assert whole.weights.mean() == pytest.approx(1)
    assert (whole.test_start, len(whole.test), whole.folds) == (380 * DAY, 0, ())


def test_windows_go_back_until_there_is_enough_to_choose_by():
    small = split(drawn(company(1, leads=2000), ages=AGES[:2]), 300 * DAY, kept=0.5)
    large = split(drawn(company(1, leads=15000), ages=AGES[:2]), 300 * DAY, kept=0.5)
    assert (len(small.folds), len(large.folds)) == (3, 1)
    assert [fold.end for fold in small.folds[:-1]] == [fold.start for fold in small.folds[1:]]
    assert small.folds[-1].end == 300 * DAY


def test_a_window_before_which_no_horizon_had_ended_is_none():
    """With 90 days to go and nobody lost, all answers that a window on day 50 could know are yes."""
    snapshots = drawn(company(3, leads=4000, days=240), exported=260, horizon=90)
    start, border = 50 * DAY, 150 * DAY
    early = split_at(snapshots, border, 0.5, [(start, border)]).folds[0]
    assert snapshots.answer[early.train].all()
    assert snapshots.converted_leads(early.train) > 50
    assert snapshots.converted_leads(early.validation) > 10
    assert split(snapshots, border, 0.5).folds == ()


def test_the_share_is_of_the_mature_snapshots():
    """One lead a day for 400 days, one snapshot each, horizon 30: of 370 mature ones the newest 74 are the test."""
    snapshots = drawn([lead(day, day, won=day + 5) for day in range(400)], ages=(Age("1d", DAY),))
    border = border_of(recipe.parse("[split]\ntest_share = 0.2", "recipe.toml"), [snapshots])
    newer = snapshots.mature & (snapshots.cutoff >= border)
    assert abs(newer.sum() - 74) <= 1


def test_all_targets_share_the_earliest_border():
    leads = list(company(1))
    short, long = drawn(leads, horizon=10), drawn(leads, horizon=90)
    plan = recipe.parse("[split]\ntest_share = 0.2", "recipe.toml")
    assert border_of(plan, [short, long]) == border_of(plan, [long]) < border_of(plan, [short])


@pytest.mark.parametrize(
    ("leads", "border", "message"),
    [
        (
            [lead(1, 10, won=15), lead(2, 11)],
            390,
            (
                "target customer, horizon 30 days, test from 1971-01-26: 4 snapshots to train on with 1 converted leads, "
                "0 mature snapshots to test on; move test_from back or raise test_share in the recipe's [split]"
            ),
        ),
        (
            [lead(1, 100, won=115), lead(2, 100)],
            50,
            (
                "target customer, horizon 30 days, test from 1970-02-20: 0 snapshots to train on with 0 converted leads, "
                "5 mature snapshots to test on; a training label must be known when the test begins: move test_from "
                "forward, shorten horizon_days, or export a longer time"
            ),
        ),
        (
            [lead(1, 10), lead(2, 200)],
            150,
            (
                "target customer, horizon 30 days, test from 1970-05-31: 3 snapshots to train on with 0 converted leads, "
                "3 mature snapshots to test on; nothing can be learnt without a conversion: check [[outcomes]] in "
                "crm.toml, lengthen horizon_days, or move test_from forward"
            ),
        ),
        (
            [lead(1, 10, won=12), lead(2, 200)],
            150,
            (
                "target customer, horizon 30 days, test from 1970-05-31: 1 snapshots to train on with 1 converted leads, "
                "3 mature snapshots to test on; every one of them converts, so that there is nothing to tell apart: "
                "export the leads that did not convert too"
            ),
        ),
    ],
)
def test_data_that_do_not_suffice_say_why(leads, border, message):
    with pytest.raises(DataError, match=f"^{re.escape(message)}$"):
        split(drawn(leads), border * DAY, kept=0.0)


def test_an_export_without_a_mature_snapshot_says_so():
    message = (
        "target customer: none of 1 snapshots is mature: none has its 30 days behind it on 1970-01-21, when the export "
        "was taken; shorten horizon_days in the recipe, or export a longer time"
    )
    with pytest.raises(DataError, match=f"^{re.escape(message)}$"):
        border_of(recipe.default(), [drawn([lead(1, 19)], exported=20)])
