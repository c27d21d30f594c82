"""The kernel computes what the definitions say, for every history that hypothesis thinks of."""

import numpy as np
import pytest
from feature_histories import (
    CATALOGUE,
    CUTOFF,
    companies,
    histories,
    interactions,
    leads,
    moments,
    same_bits,
    snapshots,
)
from feature_oracle import row as oracle_row
from hypothesis import given, settings
from hypothesis import strategies as st

from features import one, table
from histories import select
from histories.clock import DAY
from histories.contract import LeadHistory

thorough = settings(max_examples=100, deadline=None)
cutoffs = st.one_of(st.just(CUTOFF), moments)


def assert_agree(found: np.ndarray, history: LeadHistory, cutoff: int) -> None:
    wanted = oracle_row(history, cutoff, CATALOGUE)
    assert set(wanted) == set(CATALOGUE.names)
    for name, value in zip(CATALOGUE.names, found.tolist(), strict=True):
        assert value == pytest.approx(float(wanted[name]), rel=1e-9, abs=1e-9, nan_ok=True), name


@thorough
@given(companies(), st.lists(st.tuples(st.sampled_from("abcd"), cutoffs), min_size=1, max_size=8))
def test_the_table_says_what_the_oracle_says(company: list[LeadHistory], wanted: list[tuple[str, int]]) -> None:
    """Any order of snapshots, the same one twice, leads without interactions, accounts of one, two or three."""
    whole = histories(company)
    found = table.compute(whole, snapshots(wanted), CATALOGUE)
    for (lead_id, cutoff), row in zip(wanted, found.matrix, strict=True):
        assert_agree(row, select.lead(whole, lead_id), cutoff)


@thorough
@given(companies(), st.sampled_from("abcd"), cutoffs)
def test_one_lead_has_the_bits_of_its_row_in_the_table(company: list[LeadHistory], lead_id: str, cutoff: int) -> None:
    whole = histories(company)
    found = table.compute(whole, snapshots([(lead_id, cutoff)]), CATALOGUE)
    assert same_bits(found.matrix[0], one.row(select.lead(whole, lead_id), cutoff, CATALOGUE))


@thorough
@given(leads("a"), st.lists(interactions(), max_size=30), st.booleans(), cutoffs)
def test_one_lead_says_what_the_oracle_says(history: LeadHistory, others: list, known: bool, cutoff: int) -> None:
    """Duplicates of an id, its own and the account's, are removed by the row itself."""
    whole = LeadHistory(
        history.lead_id,
        history.created_at,
        None,
        history.attributes,
        history.interactions,
        history.outcomes,
        tuple(others) if known else None,
    )
    assert_agree(one.row(whole, cutoff, CATALOGUE), whole, cutoff)


@thorough
@given(leads("a"), st.randoms(use_true_random=False))
def test_order_and_repetition_of_what_comes_in_change_nothing(history: LeadHistory, random) -> None:
    def shuffled(rows: tuple) -> tuple:
        twice = [*rows, *rows[: len(rows) // 2]]
        random.shuffle(twice)
        return tuple(twice)

    other = LeadHistory(
        "a",
        history.created_at,
        None,
        shuffled(history.attributes),
        shuffled(history.interactions),
        shuffled(history.outcomes),
        shuffled(history.interactions),
    )
    straight = LeadHistory(
        "a",
        history.created_at,
        None,
        history.attributes,
        history.interactions,
        history.outcomes,
        history.interactions,
    )
    assert same_bits(one.row(other, CUTOFF, CATALOGUE), one.row(straight, CUTOFF, CATALOGUE))


@thorough
@given(companies(), companies(), cutoffs)
def test_nothing_at_or_after_the_cutoff_changes_anything(
    company: list[LeadHistory], future: list[LeadHistory], cutoff: int
) -> None:
    """What occurs at the cutoff or later, arrives after it, or is learnt at it, leaves every row as it was."""
    grown = [_grown(lead, later, cutoff) for lead, later in zip(company, future, strict=True)]
    wanted = snapshots([(lead.lead_id, cutoff) for lead in company])
    before, after = (table.compute(histories(one), wanted, CATALOGUE).matrix for one in (company, grown))
    assert same_bits(before, after)


def _grown(lead: LeadHistory, future: LeadHistory, cutoff: int) -> LeadHistory:
    """Add to a lead what another lives through, as far as it is not known at the cutoff."""
    later = []
    for place, event in enumerate(future.interactions):
        received = event.occurred_at if event.received_at is None else event.received_at
        if event.occurred_at >= cutoff or received > cutoff:
            known = event.received_at if event.occurred_at >= cutoff else received
            later.append((f"later:{place}", event, known))
    return LeadHistory(
        lead.lead_id,
        lead.created_at,
        lead.account_id,
        lead.attributes + tuple(a for a in future.attributes if a.known_at is not None and a.known_at >= cutoff),
        lead.interactions
        + tuple(
            type(event)(name, event.occurred_at, event.kind, known, event.channel, event.direction, event.value)
            for name, event, known in later
        ),
        lead.outcomes + tuple(o for o in future.outcomes if o.reached_at >= cutoff),
    )


@thorough
@given(leads("a"), st.integers(0, 5000))
def test_a_later_cutoff_never_makes_a_count_of_all_smaller(history: LeadHistory, hours: int) -> None:
    place = CATALOGUE.names.index("interactions_count_all")
    early = one.row(history, CUTOFF, CATALOGUE)[place]
    assert one.row(history, CUTOFF + hours * DAY // 24, CATALOGUE)[place] >= early
