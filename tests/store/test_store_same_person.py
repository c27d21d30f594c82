"""What a CRM tells again after a merge, under the lead that goes on, counts once: with ids and without."""

import itertools

import pytest
import sqlalchemy as sa

from histories import store
from histories.contract import Direction, Interaction
from histories.store import InteractionRow, LeadRow, Store, Verdict
from histories.store.privacy import people

A, B = "content:" + "a" * 32, "content:" + "b" * 32
ADDED, DUPLICATE, REFUSED = Verdict.ADDED, Verdict.DUPLICATE, Verdict.REFUSED


def row(lead_id: str, name: str, kind: str = "call", at: int = 10, value: float | None = None) -> InteractionRow:
    return InteractionRow(lead_id, Interaction(name, at, kind, at, "phone", Direction.INBOUND, value))


def told(opened: Store, *rows: InteractionRow) -> list[Verdict]:
    return [one.verdict for one in opened.add_interactions(rows, 90).rows]


@pytest.fixture
def merged(opened: Store) -> Store:
    """Three leads that are one: `far` became `ended`, which became `on`; and somebody else."""
    opened.add_leads([LeadRow(one, 1) for one in ("far", "ended", "on", "other")], 1)
    told(opened, row("far", "crm:1"), row("ended", A), row("ended", "crm:2"))
    people.merge(opened, "far", "ended", 40, 50)
    people.merge(opened, "ended", "on", 40, 50)
    return opened


def test_a_row_with_an_id_is_the_persons_under_whichever_lead_it_is_told(merged: Store) -> None:
    assert told(merged, row("on", "crm:1"), row("on", "crm:2"), row("far", "crm:2")) == [DUPLICATE] * 3
    assert len(store.lead(merged, "on").interactions) == 3
    assert merged.quarantined() == ()


def test_a_row_with_an_id_is_refused_where_it_says_something_else_or_is_somebody_elses(merged: Store) -> None:
    result = merged.add_interactions([row("on", "crm:1", "visit"), row("other", "crm:2")], 90)
    assert [one.reason for one in result.rows] == [
        "another row has this interaction_id; it differs in kind",
        "another row has this interaction_id; it differs in lead_id",
    ]
    assert ['"lead_id": "on"' in one.row for one in merged.quarantined()].count(True) == 1  # as it came


def test_a_row_without_an_id_is_the_persons_by_what_happened(merged: Store) -> None:
    assert told(merged, row("on", B)) == [DUPLICATE]
    assert told(merged, row("on", B)) == [DUPLICATE]
    assert [one.interaction_id for one in store.lead(merged, "on").interactions].count(A) == 1
    assert told(merged, row("other", B)) == [ADDED]


@pytest.mark.parametrize(
    "other",
    [
        row("on", B, at=11),
        row("on", B, "visit"),
        row("on", B, value=1.0),
        row("on", "hubspot:" + "b" * 32),  # another maker of ids
        row("on", "crm:3"),  # an id of its sender's is a thing of its own
        row("on", "content:7"),  # so is one that only looks like ours
    ],
)
def test_what_happened_otherwise_or_has_a_name_of_its_own_is_added(merged: Store, other: InteractionRow) -> None:
    assert told(merged, other) == [ADDED]


def test_within_one_batch_a_person_is_one_as_well(merged: Store) -> None:
    rows = row("ended", "crm:9"), row("on", "crm:9"), row("far", B, "reply"), row("on", A[:-1] + "c", "reply")
    assert told(merged, *rows) == [ADDED, DUPLICATE, ADDED, DUPLICATE]


def test_before_a_merge_is_known_the_leads_are_two(opened: Store) -> None:
    opened.add_leads([LeadRow(one, 1) for one in ("ended", "on")], 1)
    assert told(opened, row("ended", A), row("ended", "crm:2")) == [ADDED] * 2
    assert told(opened, row("on", B), row("on", "crm:2")) == [ADDED, REFUSED]


def test_a_merge_that_waits_for_its_lead_makes_one_person_of_them_already(opened: Store) -> None:
    opened.add_leads([LeadRow("ended", 1)], 1)
    told(opened, row("ended", A))
    people.expect(opened, "ended", "on", 40, 50)
    assert told(opened, row("on", B)) == [DUPLICATE]
    opened.add_leads([LeadRow("on", 1)], 60)
    assert [one.interaction_id for one in store.lead(opened, "on").interactions] == [A]


def test_sixty_merged_leads_take_as_many_statements_as_three(merged: Store) -> None:
    sent: list[str] = []
    sa.event.listen(merged.database.engine, "before_cursor_execute", lambda *given: sent.append(given[2]))
    told(merged, row("on", B))
    few = len(sent)
    leads = [LeadRow(f"l{number}", 1) for number in range(60)]
    merged.add_leads(leads, 1)
    for one, other in itertools.pairwise(leads):
        people.merge(merged, one.lead_id, other.lead_id, 40, 50)
    told(merged, *(row(one.lead_id, f"content:{number:032x}", at=number) for number, one in enumerate(leads)))
    sent.clear()
    again = [row("l59", f"content:{number + 99:032x}", at=number) for number in range(60)]
    assert told(merged, *again) == [DUPLICATE] * 60
    assert len(sent) == few
