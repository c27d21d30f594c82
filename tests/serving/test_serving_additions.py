"""What a request adds to a stored lead is written and read again without a loss."""

import json

from hypothesis import given
from hypothesis import strategies as st

from histories import clock
from histories.contract import Attribute, Direction, Interaction, LeadHistory, Outcome, Stage
from serving.wire import additions
from serving.wire.additions import Additions
from serving.wire.api import FROM_STORE, WireLead
from serving.wire.content import content_id

_moments = st.integers(0, 253_370_000_000_000_000)
_numbers = st.floats(allow_nan=False, allow_infinity=False)
_texts = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=20)
_interactions = st.builds(
    Interaction, _texts, _moments, _texts, st.none() | _moments, st.none() | _texts, st.none() | st.sampled_from(Direction),
    st.none() | _numbers,
)  # fmt: skip
_several = st.lists(_interactions, max_size=3).map(tuple)
_attributes = st.builds(Attribute, st.sampled_from("abc"), st.none() | _numbers | _texts, _moments)
_additions = st.builds(
    Additions,
    _texts,
    st.none() | _texts,
    st.lists(_attributes, max_size=4).map(lambda some: tuple(sorted(some, key=lambda one: one.name))),
    _several,
    st.lists(st.builds(Outcome, st.sampled_from(Stage), _moments, st.none() | _numbers), max_size=3).map(tuple),
    st.none() | _several,
)


@given(_additions)
def test_what_is_kept_of_them_reads_back_as_they_were(told: Additions) -> None:
    body = additions.request_of(told)
    if body is None:
        assert told == Additions(told.lead_id)
        return
    wire = WireLead.model_validate(json.loads(json.dumps(body)), context=FROM_STORE)
    assert repr(additions.of(wire, {}, as_of=5)) == repr(told)


def test_one_without_an_id_is_the_stored_one_of_the_same_content() -> None:
    told = {"occurred_at": "2026-01-01T00:00:00Z", "kind": "reply"}
    wire = [WireLead.model_validate({"lead_id": name, "interactions": [told]}, context=FROM_STORE) for name in "aab"]
    first, again, other = (additions.of(one, {}, 5).interactions[0].interaction_id for one in wire)
    assert first == again != other
    assert first.startswith("content:")


def test_one_without_an_id_that_is_stored_under_the_lead_that_ended_counts_once() -> None:
    told = [{"occurred_at": "2026-01-01T00:00:00Z", "kind": kind} for kind in ("reply", "open")]
    wire = WireLead.model_validate({"lead_id": "on", "interactions": told}, context=FROM_STORE)
    at = clock.parse("2026-01-01T00:00:00Z")
    stored = Interaction(content_id("ended", (wire.interactions or [])[0]), at, "reply", at + 9)
    found = additions.added(LeadHistory("on", 0, interactions=(stored,)), additions.of(wire, {}, 5))
    assert [(one.kind, one.received_at) for one in found.interactions] == [("reply", at + 9), ("open", None)]


def test_one_of_the_account_without_an_id_counts_once_whosever_it_is() -> None:
    did = {"occurred_at": "2026-01-01T00:00:00Z", "kind": "reply", "value": 5}
    told = [did, did | {"kind": "open"}, did | {"interaction_id": "crm:1"}]
    wire = WireLead.model_validate({"lead_id": "a", "account_interactions": told}, context=FROM_STORE)
    at = clock.parse("2026-01-01T00:00:00Z")
    stored = Interaction(content_id("b", (wire.account_interactions or [])[0]), at, "reply", at + 9, value=5.0)
    found = additions.added(LeadHistory("a", 0, "x", account_interactions=(stored,)), additions.of(wire, {}, 5))
    assert found.account_interactions is not None
    assert found.account_interactions[0] == stored
    assert [(one.kind, one.interaction_id[:4]) for one in found.account_interactions[1:]] == [
        ("open", "cont"),
        ("reply", "crm:"),
    ]


def test_an_attribute_without_a_time_is_known_just_before_the_moment_asked_for() -> None:
    wire = WireLead.model_validate({"lead_id": "a", "attributes": {"size": 5, "kind": None}}, context=FROM_STORE)
    assert additions.of(wire, {}, 100).attributes == (Attribute("size", 5.0, 99), Attribute("kind", None, 99))


def test_an_account_that_only_the_request_knows_has_its_interactions() -> None:
    one = Interaction("x", 1, "reply")
    alone, in_account = LeadHistory("a", 0), LeadHistory("a", 0, "acme", account_interactions=(one,))
    more = Additions("a", "acme", account_interactions=(one._replace(interaction_id="y"),))
    assert additions.added(alone, more).account_interactions == more.account_interactions
    assert len(additions.added(in_account, more).account_interactions or ()) == 2
    assert additions.added(alone, Additions("a")) == alone
