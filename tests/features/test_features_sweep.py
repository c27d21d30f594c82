"""Many snapshots of a lead at once say what each says alone, to the last bit, however the sweep comes to its cutoff."""

import numpy as np
import pytest
from feature_histories import CATALOGUE, CUTOFF, companies, histories, leads, moments, same_bits, snapshots
from feature_oracle import row as oracle_row
from hypothesis import given, settings
from hypothesis import strategies as st

from features import one, table
from histories import select
from histories.clock import DAY, HOUR, MINUTE
from histories.contract import Interaction, LeadHistory

thorough = settings(max_examples=60, deadline=None)
NAMES = CATALOGUE.names


def assert_alone(company: list[LeadHistory], wanted: list[tuple[str, int]], threads: int | None = None) -> None:
    whole = histories(company)
    found = table.compute(whole, snapshots(wanted), CATALOGUE, threads=threads)
    for (lead_id, cutoff), row in zip(wanted, found.matrix, strict=True):
        assert same_bits(row, one.row(select.lead(whole, lead_id), cutoff, CATALOGUE))


@thorough
@given(leads("a"), st.lists(moments, min_size=2, max_size=10))
def test_cutoffs_of_a_lead_asked_together_have_the_bits_of_each_alone(lead: LeadHistory, cutoffs: list[int]) -> None:
    """Sparse and dense cutoffs, the same one twice, some before every interaction, some with arrivals still out."""
    assert_alone([lead], [("a", cutoff) for cutoff in cutoffs])


@thorough
@given(companies(), st.lists(st.tuples(st.sampled_from("abc"), moments), min_size=6, max_size=12))
def test_an_account_asked_for_many_rows_has_the_bits_of_each_alone(
    company: list[LeadHistory], wanted: list[tuple[str, int]]
) -> None:
    """From some rows on, the others are what is left of the whole account; for one row they are counted."""
    assert_alone(company, wanted)


@thorough
@given(companies(), st.lists(st.tuples(st.sampled_from("abcd"), moments), min_size=2, max_size=12))
def test_any_number_of_threads_gives_the_same_bits(company: list[LeadHistory], wanted: list[tuple[str, int]]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(table, "_LEAST_WORK", 1)
        rows = [table.compute(histories(company), snapshots(wanted), CATALOGUE, threads=n).matrix for n in (1, 2, 5)]
    assert same_bits(rows[0], rows[1])
    assert same_bits(rows[0], rows[2])


@thorough
@given(leads("a"), leads("b"), st.lists(moments, min_size=1, max_size=4))
def test_what_another_lead_asks_changes_nothing(lead: LeadHistory, other: LeadHistory, cutoffs: list[int]) -> None:
    """The memory of a sweep is used again for the next lead."""
    wanted = [("b", cutoff) for cutoff in cutoffs]
    alone = table.compute(histories([lead, other]), snapshots(wanted), CATALOGUE).matrix
    both = table.compute(histories([lead, other]), snapshots([("a", CUTOFF), *wanted]), CATALOGUE).matrix
    assert same_bits(both[1:], alone)


def test_events_that_cross_several_edges_between_two_cutoffs_leave_all_those_windows() -> None:
    seen = (Interaction("1", CUTOFF, "pricing", value=2.0), Interaction("2", CUTOFF + HOUR, "pricing", value=3.0))
    cutoffs = [CUTOFF + HOUR + 1, CUTOFF + 5 * DAY, CUTOFF + 20 * DAY, CUTOFF + 90 * DAY + 1, CUTOFF + 400 * DAY]
    lead = LeadHistory("a", CUTOFF, interactions=seen)
    found = table.compute(histories([lead]), snapshots([("a", cutoff) for cutoff in cutoffs]), CATALOGUE).matrix
    counts = found[:, [NAMES.index(f"pricing_count_{window}") for window in ("1d", "3d", "7d", "14d", "30d", "90d")]]
    assert counts.tolist() == [[2] * 6, [0, 0, 2, 2, 2, 2], [0, 0, 0, 0, 2, 2], [0, 0, 0, 0, 0, 1], [0] * 6]
    assert found[:, NAMES.index("pricing_sum_90d")].tolist() == [5, 5, 5, 3, 0]
    assert found[:, NAMES.index("pricing_sum_all")].tolist() == [5] * 5


def test_a_session_and_a_day_that_go_on_after_a_cutoff_are_counted_at_their_latest_interaction() -> None:
    noon = CUTOFF // DAY * DAY + 12 * HOUR
    seen = tuple(Interaction(str(n), noon + n * 20 * MINUTE, "mail") for n in range(4))
    cutoffs = [noon + 1, noon + HOUR + 1, noon + DAY + 1, noon + DAY + HOUR + 1]
    lead = LeadHistory("a", CUTOFF, interactions=seen)
    found = table.compute(histories([lead]), snapshots([("a", cutoff) for cutoff in cutoffs]), CATALOGUE).matrix
    for name in ("active_days", "sessions_count"):
        assert found[:, NAMES.index(f"{name}_1d")].tolist() == [1, 1, 1, 0]
        assert found[:, NAMES.index(f"{name}_all")].tolist() == [1, 1, 1, 1]


def test_decays_over_decades_neither_overflow_nor_vanish() -> None:
    """A day's half-life fits 512 times into what a float may grow to: here it is measured anew again and again."""
    days = [0, 1, 511, 512, 513, 1023, 1030, 2100, 2101, 9000, 15_000, 15_001]
    start = CUTOFF - 16_000 * DAY
    seen = tuple(Interaction(f"{n:02}", start + day * DAY + n, "pricing") for n, day in enumerate(days))
    lead = LeadHistory("a", start, interactions=seen)
    cutoffs = [start + day * DAY + 2 * HOUR for day in (*days, 600, 1800, 15_002, 16_000)]
    assert_alone([lead], [("a", cutoff) for cutoff in cutoffs])
    for cutoff in cutoffs:
        wanted = oracle_row(lead, cutoff, CATALOGUE)
        found = dict(zip(NAMES, one.row(lead, cutoff, CATALOGUE).tolist(), strict=True))
        for half_life in ("1d", "3d", "7d", "14d", "30d", "90d"):
            name = f"pricing_decayed_{half_life}"
            assert found[name] == pytest.approx(wanted[name], rel=1e-12, abs=1e-100), name


def test_a_large_account_that_waits_for_some_arrivals_has_the_bits_of_each_alone() -> None:
    rng = np.random.default_rng(1)
    company = []
    for lead_id in "abc":
        ages = rng.integers(0, 200 * DAY, 400)
        late = rng.choice([0, HOUR, 30 * DAY], 400, p=[0.9, 0.09, 0.01])
        kinds = rng.choice(["mail", "reply", "pricing"], 400)
        events = [
            Interaction(f"{lead_id}{n}", CUTOFF - age, kind, received_at=CUTOFF - age + wait)
            for n, (age, wait, kind) in enumerate(zip(ages.tolist(), late.tolist(), kinds.tolist(), strict=True))
        ]
        company.append(LeadHistory(lead_id, 0, "acme", interactions=tuple(events)))
    assert_alone(company, [(lead_id, CUTOFF - days * DAY) for lead_id in "abc" for days in (0, 1, 40, 120, 199, 300)])
