"""Texts that become numbers change what is answered from then on, and no answer that was given before."""

from dataclasses import replace

from serving_stored import answer, asked, fill

from histories import store as stores
from histories.contract import AttributeType, LeadHistory
from histories.store import Definitions, Store
from histories.store.kept import answers
from scoring.bundle import Bundle
from scoring.rulebook import Rulebook
from serving.live.verify import verify
from serving.predictor import Predictor

STAFF = Definitions(attribute_types={"employees": AttributeType.NUMBER})


def in_words(lead: LeadHistory) -> LeadHistory:
    """The lead as a CRM tells it that sends texts alone."""
    told = (replace(one, value=str(one.value)) if one.name == "employees" else one for one in lead.attributes)
    return replace(lead, attributes=tuple(told))


def test_answers_given_before_are_made_again_bit_for_bit_and_new_ones_know_the_number(
    empty_store: Store, bundle: Bundle, rulebook: Rulebook, leads: tuple[LeadHistory, ...], as_of: int
) -> None:
    some = [one for one in leads if any(each.name == "employees" for each in one.attributes)][:20]
    alone = [replace(one, account_id=None, account_interactions=None) for one in some]
    fill(empty_store, map(in_words, alone))
    stored = Predictor(bundle, rulebook, 10_000, store=empty_store)
    stored.archive(1)
    before = [answer(stored, asked(one.lead_id, as_of), as_of) for one in alone]
    assert stores.define(empty_store, STAFF, 2).retyped == ("employees",)
    after = [answer(stored, asked(one.lead_id, as_of), as_of) for one in alone]
    assert [one["probability_sql"] for one in before] != [one["probability_sql"] for one in after]
    histories = {one.lead_id: one for one in alone}
    assert all(stores.lead(empty_store, one).attributes == histories[one].attributes for one in histories)
    found = verify(empty_store, 1_000, 1, lambda *_: None)
    assert (found.sound, found.drawn) == (True, answers.count(empty_store))
    assert found.drawn == 2 * len(alone)
