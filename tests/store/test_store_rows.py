"""What becomes of a row: added once, there already, or refused with a reason, and then kept aside."""

import math

import pytest

from histories import store as stores
from histories.contract import Attribute, Direction, Interaction, Outcome, Stage
from histories.errors import CallError
from histories.store import (
    AttributeRow,
    InteractionRow,
    LeadRow,
    OutcomeRow,
    Quarantined,
    RowResult,
    Store,
    Verdict,
)

CALL = Interaction("i", 5, "call", channel="phone", direction=Direction.INBOUND, value=1.5)
ADDED, DUPLICATE = RowResult(Verdict.ADDED), RowResult(Verdict.DUPLICATE)


def refused(reason: str) -> RowResult:
    return RowResult(Verdict.REFUSED, reason)


def test_the_same_again_changes_nothing_and_its_first_arrival_stays(opened: Store) -> None:
    opened.add_leads([LeadRow("a", 1)], 1)
    first = opened.add_interactions([InteractionRow("a", CALL._replace(received_at=6))], 6)
    again = opened.add_interactions([InteractionRow("a", CALL._replace(received_at=9))] * 2, 9)
    assert (first.rows, again.rows) == ((ADDED,), (DUPLICATE, DUPLICATE))
    assert stores.lead(opened, "a").interactions == (CALL._replace(received_at=6),)
    assert opened.quarantined() == ()


def test_another_content_under_the_same_id_is_refused_and_kept_aside_once(opened: Store) -> None:
    rows = [InteractionRow("a", CALL), InteractionRow("b", CALL._replace(kind="mail"))]
    reason = "another row has this interaction_id; it differs in lead_id, kind"
    assert opened.add_interactions(rows, 7).rows == (ADDED, refused(reason))
    assert opened.add_interactions(rows, 8).rows == (DUPLICATE, refused(reason))
    row = (
        '{"interaction_id": "i", "lead_id": "b", "occurred_at": "1970-01-01T00:00:00.000005Z", "received_at": null, "kind": "mail", '
        '"channel": "phone", "direction": "inbound", "value": 1.5}'
    )
    assert opened.quarantined() == (Quarantined("interactions", row, reason, 7),)
    assert opened.quarantined(0) == ()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"interaction_id": ""}, "interaction_id is missing"),
        ({"interaction_id": "i" * 257}, "interaction_id is longer than 256 characters"),
        ({"interaction_id": "i\0"}, "interaction_id has a NUL character"),
        ({"kind": ""}, "kind is missing"),
        ({"kind": "\ud800"}, "kind has half of a surrogate pair, which is no character"),
        ({"occurred_at": -1}, "occurred_at lies before 1970 or after 9999"),
        ({"occurred_at": 2**63}, "occurred_at lies before 1970 or after 9999"),
        ({"received_at": -1}, "received_at lies before 1970 or after 9999"),
        ({"value": math.nan}, "value is not a finite number"),
        ({"value": 10**400}, "value is not a finite number"),
    ],
)
def test_what_cannot_be_kept_as_it_is_is_refused_and_the_rest_is_taken_in(
    opened: Store, change: dict[str, object], reason: str
) -> None:
    good, bad = CALL._replace(interaction_id="good"), CALL._replace(**change)
    result = opened.add_interactions([InteractionRow("a", bad), InteractionRow("a", good)], 7)
    assert result.rows == (refused(reason), ADDED)
    assert [one.reason for one in opened.quarantined()] == [reason]


def test_the_longest_ids_fit_into_every_index(opened: Store) -> None:
    lead, name, account = "\U0001f600" * 256, "\U0001f601" * 256, "\U0001f602" * 256
    assert opened.add_leads([LeadRow(lead, 1, account)], 1).rows == (ADDED,)
    assert opened.add_interactions([InteractionRow(lead, CALL._replace(interaction_id=name))], 1).rows == (ADDED,)
    assert opened.add_attributes([AttributeRow(lead, Attribute(name, "x"))], 1).rows == (ADDED,)
    assert stores.lead(opened, lead).attributes == (Attribute(name, "x"),)


def test_an_attribute_has_the_type_of_its_first_value(opened: Store) -> None:
    rows = [AttributeRow("a", Attribute("n", value, at)) for at, value in enumerate([None, 5.0, "five", 6.0])]
    assert opened.add_attributes(rows, 1).rows == (ADDED, ADDED, refused("value is not a number"), ADDED)
    assert opened.add_attributes([AttributeRow("b", Attribute("n", "x"))], 1).rows == (
        refused("value is not a number"),
    )


def test_a_value_known_with_the_lead_and_one_known_later_are_two_versions(opened: Store) -> None:
    opened.add_leads([LeadRow("a", 1)], 1)
    values = [AttributeRow("a", Attribute("n", 1.0)), AttributeRow("a", Attribute("n", 2.0, 0))]
    assert opened.add_attributes(values, 1).rows == (ADDED, ADDED)
    assert opened.add_attributes(values, 2).rows == (DUPLICATE, DUPLICATE)
    other = [AttributeRow("a", Attribute("n", 3.0))]
    assert opened.add_attributes(other, 3).rows == (
        refused("another row has this lead_id, name, known_at; it differs in number"),
    )
    assert stores.lead(opened, "a").attributes == (Attribute("n", 1.0), Attribute("n", 2.0, 0))


def test_an_outcome_comes_once(opened: Store) -> None:
    won = OutcomeRow("a", Outcome(Stage.CUSTOMER, 5, 100.0))
    other = OutcomeRow("a", Outcome(Stage.CUSTOMER, 5, 200.0))
    reason = "another row has this lead_id, stage, reached_at; it differs in amount"
    assert opened.add_outcomes([won, won, other], 1).rows == (ADDED, DUPLICATE, refused(reason))


@pytest.mark.parametrize(
    ("count", "message"),
    [
        (0, "a batch has 0 rows; allowed are 1 to 1,000: send several batches"),
        (1_001, "a batch has 1,001 rows; allowed are 1 to 1,000: send several batches"),
    ],
)
def test_a_batch_is_never_empty_nor_larger_than_allowed(opened: Store, count: int, message: str) -> None:
    with pytest.raises(CallError) as refusal:
        opened.add_leads([LeadRow(str(number), 1) for number in range(count)], 1)
    assert str(refusal.value) == message
    assert opened.watermark() == 0


def test_a_thousand_rows_that_are_there_already_are_told_apart(opened: Store) -> None:
    rows = [LeadRow(str(number), 1) for number in range(1_000)]
    assert opened.add_leads(rows, 1).count(Verdict.ADDED) == 1_000
    assert opened.add_leads(rows, 2).count(Verdict.DUPLICATE) == 1_000
