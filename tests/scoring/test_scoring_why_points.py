"""Why points changed: parts add up to the last hundredth, and each says what its cause did."""

import doctest
from dataclasses import replace

from hypothesis import given, settings
from why_ends import BUNDLES, pairs

from histories.clock import DAY
from histories.contract import Attribute, Interaction, LeadHistory, Outcome, Stage
from scoring import rulebook as rulebooks
from scoring.ledger import ledger
from scoring.rules import HUNDREDTHS
from scoring.why import CAUSES, Cause, End, PointChange, told, why
from scoring.why.ends import Pair, seen

BOOK = """
name = "by hand"
[[engagement]]
rule = "Looked at prices"
kinds = ["pricing"]
points = 10
half_life_days = 30
[[engagement]]
rule = "Answered"
kinds = ["reply"]
points = 8
limit = 12
[[fit]]
rule = "Mid-size company"
attribute = "size"
at_least = 200
points = 15
"""
OLD = rulebooks.parse(BOOK, "rulebook.toml")
NEW = rulebooks.parse(BOOK.replace("points = 15", "points = 20"), "rulebook.toml")


def parts(found: PointChange) -> dict[Cause, float]:
    return {one.cause: one.points / HUNDREDTHS for one in found.parts if one.points}


@settings(deadline=None, max_examples=25)
@given(pairs())
def test_parts_add_up_to_the_difference_of_two_ledgers(ends: tuple[End, End]) -> None:
    found = why(*ends, most=2).points
    totals = [ledger(one.rulebook, one.bundle.catalogue.families, one.history, one.as_of).total for one in ends]
    assert [found.before, found.after] == totals
    assert found.before + sum(one.points for one in found.parts) == found.after
    assert tuple(one.cause for one in found.parts) == CAUSES
    for one in found.parts:
        assert sum(moved.effect for moved in one.moved) + one.rest == one.points


@settings(deadline=None, max_examples=25)
@given(pairs())
def test_rules_add_up_to_their_cause_and_interactions_belong_to_them(ends: tuple[End, End]) -> None:
    for one in why(*ends, most=10).points.parts:
        assert one.rest == 0  # never more than ten rules here
        assert all(moved.effect for moved in one.moved)
        sizes = [abs(moved.effect) for moved in one.moved]
        assert sizes == sorted(sizes, reverse=True)


@settings(deadline=None, max_examples=25)
@given(pairs())
def test_a_cause_that_did_not_change_has_no_part(ends: tuple[End, End]) -> None:
    earlier, later = sorted(ends, key=lambda one: one.as_of)
    changed = Pair(earlier, later).changed
    for one in why(*ends).points.parts:
        assert one.cause in changed or (one.points, one.moved, one.rest) == (0, (), 0)
    assert all(one.points == 0 for one in why(ends[0], ends[0]).points.parts)


@settings(deadline=None, max_examples=25)
@given(pairs())
def test_the_way_back_has_the_same_parts_with_the_other_sign(ends: tuple[End, End]) -> None:
    there, back = why(*ends).points, why(*reversed(ends)).points
    assert (back.before, back.after) == (there.after, there.before)
    assert [-one.points for one in back.parts] == [one.points for one in there.parts]
    assert [-one.rest for one in back.parts] == [one.rest for one in there.parts]


@settings(deadline=None, max_examples=25)
@given(pairs())
def test_what_a_moment_sees_gives_the_points_of_the_whole_history(ends: tuple[End, End]) -> None:
    for one in ends:
        families = one.bundle.catalogue.families
        whole, part = (
            ledger(one.rulebook, families, history, one.as_of)
            for history in (one.history, seen(one.history, one.as_of))
        )
        assert whole == part


def test_a_change_counted_by_hand() -> None:
    start = 100 * DAY
    lead = LeadHistory(
        "L",
        0,
        attributes=(Attribute("size", 20.0), Attribute("size", 500.0, start + 5 * DAY)),
        interactions=(
            Interaction("a", start - DAY, "reply"),
            Interaction("b", start - 30 * DAY, "pricing"),  # 10, halved: 5; another 30 days: 2.5
            Interaction("c", start + 30 * DAY - 1, "pricing"),  # 10
            Interaction("d", start + 20 * DAY, "reply"),  # 8, of which the rule's limit leaves 4
            Interaction("e", start + 21 * DAY, "reply"),  # nothing is left for it
        ),
    )
    begin, end = End(lead, start, BUNDLES[0], OLD), End(lead, start + 30 * DAY, BUNDLES[0], NEW)
    found = why(begin, end)
    assert (found.points.before, found.points.after) == (1300, 4450)
    # The rule of 15 points becomes one of 20 and the company one of that size: in half of all orders the attribute
    # comes first and brings 15, in the other half it brings 20.
    assert parts(found.points) == {
        Cause.INTERACTIONS: 14,
        Cause.AGEING: -2.5,
        Cause.ATTRIBUTES: 17.5,
        Cause.RULEBOOK: 2.5,
    }
    new, old = (
        next(one for one in found.points.parts if one.cause is cause) for cause in (Cause.INTERACTIONS, Cause.AGEING)
    )
    assert [(one.code, one.text, one.effect) for one in new.moved] == [
        ("rule:Looked at prices", "Looked at prices: pricing on 1970-05-10", 1000),
        ("rule:Answered", "Answered: reply on 1970-05-01", 400),
    ]
    assert [(one.interaction_id, one.points) for one in old.moved[0].interactions] == [("b", -250)]
    assert found.facts == {
        Cause.INTERACTIONS: ("3 new interactions: 2 replies, 1 pricing",),
        Cause.AGEING: ("30 days passed",),
        Cause.ATTRIBUTES: ("Size is 500; before: 20",),
        Cause.RULEBOOK: (
            f"Rulebook {NEW.version} in place of {OLD.version}",
            "“Mid-size company”: 15 → 20 points",
        ),
    }


def test_words_tell_late_and_lost_interactions_stages_and_what_the_account_did() -> None:
    late = Interaction("a", 5 * DAY, "reply", 12 * DAY)
    old = LeadHistory("L", 0, "A", interactions=(Interaction("b", DAY, "pricing"),))
    new = LeadHistory(
        "L", 0, "A", interactions=(late,), outcomes=(Outcome(Stage.MQL, 11 * DAY),), account_interactions=(late,)
    )
    found = why(End(old, 10 * DAY, BUNDLES[0], OLD), End(new, 20 * DAY, BUNDLES[0], OLD))
    assert found.facts == {
        Cause.INTERACTIONS: (
            "1 new interaction: 1 reply",
            "1 of them happened before 1970-01-11 and became known later",
            "1 interaction no longer counts",
        ),
        Cause.AGEING: ("10 days passed",),
        Cause.STAGES: ("Stage mql reached on 1970-01-12",),
        Cause.ACCOUNT: (
            "What others of the account did became known",
            "1 new interaction by others of the account: 1 reply",
            "1 of them happened before 1970-01-11 and became known later",
        ),
    }


def test_examples_in_docstrings() -> None:
    assert doctest.testmod(told) == (0, 1)


def test_families_that_a_new_model_tells_otherwise_move_points() -> None:
    book = rulebooks.parse('name = "f"\n[[engagement]]\nrule = "Intent"\nfamily = "intent"\npoints = 5\n', "r.toml")
    lead = LeadHistory("L", 0, interactions=(Interaction("a", DAY, "pricing"),))
    begin = End(lead, 2 * DAY, BUNDLES[0], book)
    found = why(begin, replace(begin, bundle=BUNDLES[1]))
    assert parts(found.points) == {Cause.MODEL: -5}
    assert found.facts[Cause.MODEL][1:] == ("Families have other kinds",)
