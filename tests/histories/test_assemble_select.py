"""Single leads to tables and back: nothing is lost, and neither order nor duplicates matter."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from histories import select
from histories.assemble import assemble
from histories.contract import (
    ATTRIBUTES,
    INTERACTIONS,
    LEADS,
    OUTCOMES,
    Attribute,
    AttributeType,
    Direction,
    Interaction,
    LeadHistory,
    Outcome,
    Stage,
    without_duplicates,
)
from histories.errors import DataError
from histories.funnel import chronological

TIMES = st.integers(0, 50)
INTERACTION = st.builds(
    Interaction,
    interaction_id=st.sampled_from(["e:1", "e:2", "e:3", "f:1"]),
    occurred_at=TIMES,
    kind=st.sampled_from(["call", "reply", "ß 'x'"]),
    received_at=st.none() | TIMES,
    channel=st.none() | st.sampled_from(["web", "phone"]),
    direction=st.none() | st.sampled_from(Direction),
    value=st.none() | st.floats(-5, 5),
)
ATTRIBUTE = st.builds(
    Attribute, st.just("industry"), st.none() | st.text("ab", min_size=1), st.none() | TIMES
) | st.builds(Attribute, st.just("staff"), st.none() | st.floats(0, 9), st.none() | TIMES)
OUTCOME = st.builds(Outcome, st.sampled_from(Stage), TIMES, st.none() | st.floats(0, 9))
LEAD = st.builds(
    LeadHistory,
    lead_id=st.sampled_from("abcdef"),
    created_at=TIMES,
    account_id=st.none() | st.sampled_from(["x", "y"]),
    attributes=st.lists(ATTRIBUTE, max_size=4).map(tuple),
    interactions=st.lists(INTERACTION, max_size=8).map(tuple),
    outcomes=st.lists(OUTCOME, max_size=4).map(tuple),
)
SOME_LEADS = st.lists(LEAD, max_size=6, unique_by=lambda lead: lead.lead_id)
TYPES = {"industry": AttributeType.CATEGORY, "staff": AttributeType.NUMBER}
theorem = settings(max_examples=100, deadline=None)


@theorem
@given(SOME_LEADS)
def test_each_gives_back_what_was_assembled(leads: list[LeadHistory]) -> None:
    """In order of lead_id, interactions without duplicates and sorted, all values as they were."""
    back = list(select.each(assemble(leads, exported_at=99, attribute_types=TYPES)))
    assert [one.lead_id for one in back] == sorted(one.lead_id for one in leads)
    given_leads = {one.lead_id: one for one in leads}
    for one in back:
        was = given_leads[one.lead_id]
        assert (one.created_at, one.account_id) == (was.created_at, was.account_id)
        assert list(one.interactions) == without_duplicates(was.interactions)
        assert sorted(one.attributes, key=repr) == sorted(was.attributes, key=repr)
        assert sorted(one.outcomes, key=repr) == sorted(was.outcomes, key=repr)
        assert list(one.outcomes) == chronological(one.outcomes)


@theorem
@given(SOME_LEADS)
def test_a_second_round_changes_nothing(leads: list[LeadHistory]) -> None:
    once = assemble(leads, exported_at=99, attribute_types=TYPES)
    twice = assemble(select.each(once), exported_at=99, attribute_types=TYPES)
    for name in ("leads", "attributes", "interactions", "outcomes"):
        assert getattr(once, name).equals(getattr(twice, name))


@theorem
@given(SOME_LEADS, st.randoms(use_true_random=False))
def test_order_and_repetition_change_nothing(leads: list[LeadHistory], random: object) -> None:
    def stirred(lead: LeadHistory) -> LeadHistory:
        interactions, outcomes, attributes = [*lead.interactions] * 2, [*lead.outcomes], [*lead.attributes]
        for some in (interactions, outcomes, attributes):
            random.shuffle(some)  # type: ignore[attr-defined]
        return replace(lead, interactions=tuple(interactions), outcomes=tuple(outcomes), attributes=tuple(attributes))

    once = assemble(leads, exported_at=99, attribute_types=TYPES)
    again = assemble(map(stirred, reversed(leads)), exported_at=99, attribute_types=TYPES)
    for name in ("leads", "attributes", "interactions", "outcomes"):
        assert getattr(once, name).equals(getattr(again, name))


@theorem
@given(SOME_LEADS)
def test_one_lead_is_the_same_as_among_all(leads: list[LeadHistory]) -> None:
    histories = assemble(leads, exported_at=99, attribute_types=TYPES)
    for one in select.each(histories):
        assert select.lead(histories, one.lead_id) == one


@theorem
@given(SOME_LEADS, st.integers(-1, 51))
def test_until_keeps_what_was_visible_and_nothing_else(leads: list[LeadHistory], until: int) -> None:
    histories = assemble(leads, exported_at=99, attribute_types=TYPES)
    for whole in select.each(histories):
        cut = select.lead(histories, whole.lead_id, until=until)
        assert cut.interactions == tuple(
            one
            for one in whole.interactions
            if one.occurred_at < until and (one.received_at is None or one.received_at <= until)
        )
        assert cut.outcomes == tuple(one for one in whole.outcomes if one.reached_at < until)
        assert cut.attributes == tuple(one for one in whole.attributes if one.known_at is None or one.known_at < until)


def test_the_tables_follow_the_contract_even_when_empty() -> None:
    histories = assemble([], exported_at=0)
    assert (histories.leads.schema, histories.attributes.schema) == (LEADS, ATTRIBUTES)
    assert (histories.interactions.schema, histories.outcomes.schema) == (INTERACTIONS, OUTCOMES)
    assert list(select.each(histories)) == []


def test_the_account_tells_what_its_other_leads_did() -> None:
    """Two of one account see each other's; one alone in its account sees nothing; one without sees None."""
    call = Interaction("e:1", 5, "call")
    leads = [
        LeadHistory("a", 0, "x", interactions=(call,)),
        LeadHistory("b", 0, "x"),
        LeadHistory("c", 0, "y", interactions=(call,)),
        LeadHistory("d", 0),
    ]
    others = {one.lead_id: one.account_interactions for one in select.each(assemble(leads, exported_at=9))}
    assert others == {"a": (), "b": (call,), "c": (), "d": None}


def test_types_follow_from_values() -> None:
    lead = LeadHistory("a", 0, attributes=(Attribute("n", 1.0), Attribute("c", "x"), Attribute("empty", None)))
    assert assemble([lead], exported_at=9).attribute_types == {
        "n": AttributeType.NUMBER,
        "c": AttributeType.CATEGORY,
        "empty": AttributeType.CATEGORY,
    }


def test_what_cannot_be_put_together_is_named() -> None:
    mixed = LeadHistory("a", 0, attributes=(Attribute("n", 1.0), Attribute("n", "x")))
    with pytest.raises(DataError, match=r"^lead 'a', attribute n: 1\.0 is not a category$"):
        assemble([mixed], exported_at=9)
    with pytest.raises(DataError, match=r"^lead 'a' comes twice; put what is known of it into one history$"):
        assemble([LeadHistory("a", 0), LeadHistory("a", 1)], exported_at=9)
    with pytest.raises(DataError, match=r"^there is no lead 'lead-2' among 1 leads; did you mean 'lead-1'\?$"):
        select.lead(assemble([LeadHistory("lead-1", 0)], exported_at=9), "lead-2")
