"""One lead under two rulebooks: the pairs of entries, and that both columns add up."""

from generated import END, FAMILIES, histories, rulebooks
from hypothesis import given, settings
from hypothesis import strategies as st

from histories.clock import DAY
from histories.contract import Attribute, Interaction, LeadHistory
from scoring import rulebook
from scoring.ledger import Group
from scoring.preview import preview
from scoring.rulebook import Rulebook

OLD = """
name = "old"
[[engagement]]
rule = "Prices"
kinds = ["pricing"]
points = 10
half_life_days = 10
[[fit]]
rule = "Branch"
attribute = "branch"
in = ["a"]
points = 5
"""
NEW = """
name = "new"
[[engagement]]
rule = "Prices"
kinds = ["pricing"]
points = 6
[[engagement]]
rule = "Answered"
family = "two_way"
points = 4
"""
LEAD = LeadHistory(
    "L",
    0,
    attributes=(Attribute("branch", "a"),),
    interactions=(Interaction("1", 10 * DAY, "pricing"), Interaction("2", 15 * DAY, "reply")),
)


def test_entries_stand_in_pairs_by_rule_and_what_met_it() -> None:
    found = preview(rulebook.parse(OLD, "o"), rulebook.parse(NEW, "n"), FAMILIES, LEAD, 20 * DAY)
    assert [(line.rule, line.interaction_id, line.before, line.after) for line in found.lines] == [
        ("Branch", None, 500, None),
        ("Prices", "1", 500, 600),
        ("Answered", "2", None, 400),
    ]
    assert (found.before.total, found.after.total) == (1000, 1000)


@settings(max_examples=80, deadline=None)
@given(rulebooks(), rulebooks(), histories, st.integers(0, END))
def test_both_columns_add_up_exactly(old: Rulebook, new: Rulebook, lead: LeadHistory, cutoff: int) -> None:
    found = preview(old, new, FAMILIES, lead, cutoff)
    assert sum(line.before or 0 for line in found.lines) == found.before.total
    assert sum(line.after or 0 for line in found.lines) == found.after.total
    assert len(found.lines) <= len(found.before.entries) + len(found.after.entries)
    floors = [line.group is Group.FLOOR for line in found.lines]
    assert floors == sorted(floors)


@settings(max_examples=40, deadline=None)
@given(rulebooks(), histories)
def test_a_rulebook_beside_itself_changes_no_line(book: Rulebook, lead: LeadHistory) -> None:
    assert all(line.before == line.after for line in preview(book, book, FAMILIES, lead, END).lines)
