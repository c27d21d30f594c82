"""What rules give at many snapshots is what the ledgers say, and may be asked again with other points."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from generated import END, FAMILIES, rulebooks
from generated import histories as lead_histories
from hypothesis import given, settings
from hypothesis import strategies as st

from histories.assemble import assemble
from histories.clock import DAY
from histories.contract import AttributeType, Histories, Interaction, LeadHistory
from histories.errors import DataError
from scoring import firings, rulebook
from scoring.ledger import Group, ledger
from scoring.rulebook import Rulebook

TYPES = {"size": AttributeType.NUMBER, "branch": AttributeType.CATEGORY}
BOOK = """
name = "b"
[[engagement]]
rule = "Prices"
kinds = ["pricing"]
points = 10
limit = 14
half_life_days = 10
[[engagement]]
rule = "Bounced"
kinds = ["bounce"]
points = -3
"""


def of(lead: LeadHistory) -> Histories:
    return assemble([lead], exported_at=END, families=FAMILIES, attribute_types=TYPES)


def snapshots(*cutoffs: int) -> pa.Table:
    return pa.table({"lead_id": ["L"] * len(cutoffs), "cutoff": pa.array(cutoffs, pa.int64())})


def readable(lead: LeadHistory) -> bool:
    """A size is a number and a branch a text, as an export has them."""
    return all(one.value is None or isinstance(one.value, str) == (one.name == "branch") for one in lead.attributes)


@settings(max_examples=80, deadline=None)
@given(rulebooks(), lead_histories.filter(readable), st.lists(st.integers(0, END), min_size=1, max_size=4))
def test_totals_and_amounts_are_those_of_the_ledgers(book: Rulebook, lead: LeadHistory, cutoffs: list[int]) -> None:
    table = of(lead)
    found = firings.collect(book, table, snapshots(*cutoffs))
    amounts = firings.given(found, book)
    ledgers = [ledger(book, FAMILIES, lead, cutoff) for cutoff in cutoffs]
    assert firings.totals(book, amounts).tolist() == [one.total for one in ledgers]
    unlimited = replace(book, engagement_limit=None, fit_limit=None)
    names = firings.rule_names(book)
    for row, cutoff in enumerate(cutoffs):
        entries = ledger(unlimited, FAMILIES, lead, cutoff).entries
        by_name = {
            name: sum(one.counted for one in entries if one.rule == name and one.group is not Group.FLOOR)
            for name in names
        }
        assert amounts[row].tolist() == [by_name[name] for name in names]


def test_other_points_and_half_lives_are_asked_of_the_same_firings() -> None:
    book = rulebook.parse(BOOK, "b.toml")
    lead = LeadHistory(
        "L",
        0,
        interactions=(
            Interaction("1", 0, "pricing"),
            Interaction("2", 10 * DAY, "pricing"),
            Interaction("3", 0, "bounce"),
        ),
    )
    found = firings.collect(book, of(lead), snapshots(10 * DAY, 20 * DAY))
    assert firings.given(found, book).tolist() == [[500, -300], [750, -300]]
    slower = replace(book.engagement[0], half_life_days=None, points=800)
    assert firings.given(found, replace(book, engagement=(slower, book.engagement[1]))).tolist() == [
        [800, -300],
        [1400, -300],
    ]


def test_a_rulebook_without_rules_gives_no_columns_and_no_points() -> None:
    book = rulebook.parse('name = "none"', "b.toml")
    found = firings.collect(book, of(LeadHistory("L", 0)), snapshots(DAY))
    amounts = firings.given(found, book)
    assert amounts.shape == (1, 0)
    assert firings.totals(book, amounts).tolist() == [0]
    assert np.array_equal(found.two_way, [False])


def test_a_lead_that_is_not_in_the_histories_is_named() -> None:
    table = pa.table({"lead_id": ["nobody"], "cutoff": [1]})
    with pytest.raises(DataError, match=r"^1 leads of the snapshots are not in the histories, such as 'nobody'$"):
        firings.collect(rulebook.parse(BOOK, "b.toml"), of(LeadHistory("L", 0)), table)
