"""Two leads that are one, and objections: what is written down, what is refused, and who is meant."""

import re
import threading

import pytest
import sqlalchemy as sa
from crossing_cases import answer, note, there
from people_cases import NOW, crossing, interaction

from histories import store as stores
from histories.store import LeadRow, Store
from histories.store.crossing import crossings
from histories.store.database.schema import CROSSINGS, MERGES
from histories.store.privacy import people
from histories.store.privacy.people import MergeRefusedError


@pytest.fixture
def known(opened: Store) -> Store:
    """A store with the leads a to e."""
    opened.add_leads([LeadRow(one, 1, "acme") for one in "abcde"], NOW)
    return opened


def persons(store: Store, lead_ids: str = "abcde") -> list[str]:
    with store.database.reading() as connection:
        return ["".join(people.person(connection, one)) for one in lead_ids]


def test_a_merge_is_written_once_and_told_as_known_after_that(known: Store) -> None:
    before = known.watermark()
    assert people.merge(known, "a", "b", 5, NOW) == people.Changed(changed=True, watermark=before + 1)
    assert people.merge(known, "a", "b", 5, NOW + 1) == people.Changed(changed=False, watermark=before + 2)
    with known.database.reading() as connection:
        assert [tuple(row) for row in connection.execute(sa.select(MERGES))] == [("a", "b", 5, NOW, before + 1)]


def test_a_person_is_every_lead_that_was_merged_over_any_number_of_steps(known: Store) -> None:
    for lead_id, into in ("ab", "cb", "bd"):
        people.merge(known, lead_id, into, 5, NOW)
    assert persons(known) == ["dbac", "dbac", "dbac", "dbac", "e"]
    people.merge(known, "e", "a", 5, NOW)  # into one that has ended: it goes on where that one does
    assert persons(known, "e") == ["dbace"]


@pytest.mark.parametrize(
    ("lead_id", "into", "known_at", "field", "message"),
    [
        ("a", "a", 5, "into_lead", "a: cannot be merged into itself"),
        ("x", "a", 5, "lead_id", "x: the store knows no such lead; send the lead first"),
        ("a", "x", 5, "into_lead", "x: the store knows no such lead; send the lead first"),
        ("b", "e", 5, "lead_id", "b: was merged into another lead already; a lead ends once"),
        ("b", "c", 6, "known_at", "b: was merged into this lead as of 1970-01-01T00:00:00.000005Z already; that moment stays"),
        ("d", "b", 5, "into_lead", "b: was merged into the other lead before; that is the one that goes on"),
        ("a", "b", NOW + 1, "known_at", "1970-01-01T00:00:00.001001Z: lies before 1970 or after now"),
    ],
)  # fmt: skip
def test_what_cannot_be_merged_is_refused_and_nothing_is_written(
    known: Store, lead_id: str, into: str, known_at: int, field: str, message: str
) -> None:
    people.merge(known, "b", "c", 5, NOW)
    people.merge(known, "c", "d", 5, NOW)
    before = persons(known), known.watermark()
    with pytest.raises(MergeRefusedError, match=f"^{re.escape(message)}$") as refusal:
        people.merge(known, lead_id, into, known_at, NOW)
    assert refusal.value.field == field
    assert lead_id not in refusal.value.reason.split()
    assert (persons(known), known.watermark()) == before


def suppressed(store: Store, watermark: int | None = None) -> str:
    return "".join(sorted(stores.suppressed(store, list("abcde"), watermark)))


def test_an_objection_holds_from_its_batch_on_until_it_is_lifted(known: Store) -> None:
    first = people.suppress(known, "a", NOW)
    assert not people.suppress(known, "a", NOW).changed
    lifted = people.lift(known, "a", NOW)
    assert not people.lift(known, "a", NOW).changed
    again = people.suppress(known, "a", NOW)
    assert (first.changed, lifted.changed, again.changed) == (True, True, True)
    at = {one.watermark: suppressed(known, one.watermark) for one in (first, lifted, again)}
    assert list(at.values()) == ["a", "", "a"]
    assert suppressed(known, first.watermark - 1) == ""


@pytest.mark.parametrize("named", ["a", "b", "c"])
def test_an_objection_is_the_persons_whichever_lead_is_named_and_whenever_they_are_merged(
    known: Store, named: str
) -> None:
    people.merge(known, "a", "b", 5, NOW)
    people.suppress(known, "a", NOW)
    people.merge(known, "b", "c", 5, NOW)
    assert suppressed(known) == "abc"
    assert people.lift(known, named, NOW).changed
    assert suppressed(known) == ""


def test_who_is_not_known_yet_may_object(known: Store) -> None:
    people.suppress(known, "later", NOW)
    known.add_leads([LeadRow("later", 1)], NOW)
    assert stores.suppressed(known, ["later"]) == {"later"}


def test_who_objects_is_in_no_export_and_nothing_of_it_in_its_colleagues(known: Store) -> None:
    known.add_interactions([interaction("a", 10), interaction("b", 10)], NOW)
    people.suppress(known, "a", NOW)
    assert stores.histories(known, 100).leads["lead_id"].to_pylist() == ["b", "c", "d", "e"]
    assert stores.histories(known, 100).interactions["lead_id"].to_pylist() == ["b"]
    told = stores.lead(known, "c").account_interactions
    assert told is not None
    assert [one.interaction_id for one in told] == ["i:b:10"]


def test_a_crossing_that_is_noted_while_its_lead_objects_waits_for_none_that_is_given_up(known: Store) -> None:
    """It is noted behind one that waits, and its transaction is still open when the objection comes."""
    note(known, answer("a", "lead", 100))
    note(known, answer("a", "mql", 200))
    noted, go_on = threading.Event(), threading.Event()

    def noting(connection: sa.Connection) -> None:
        crossings.note(connection, [answer("a", "sql", 300)], 300)
        noted.set()
        assert go_on.wait(20)

    first = threading.Thread(target=known.database.written, args=(noting,))
    objecting = threading.Thread(target=people.suppress, args=(known, "a", 300))
    first.start()
    assert noted.wait(20)
    objecting.start()
    objecting.join(0.3)
    go_on.set()
    for one in (first, objecting):
        one.join(30)
        assert not one.is_alive()
    assert [(one.kind, one.state, one.last_error) for one in there(known, "a")] == [
        ("mql", "dead", "suppressed"),
        ("sql", "dead", "suppressed"),
    ]


def test_webhooks_that_wait_are_given_up_for_every_lead_of_the_person_and_nobody_else(known: Store) -> None:
    people.merge(known, "a", "b", 5, NOW)
    with known.database.engine.begin() as connection:
        for lead_id, number, state in (
            ("a", 1, "delivered"),
            ("a", 2, "pending"),
            ("b", 1, "pending"),
            ("c", 1, "pending"),
        ):
            crossing(connection, lead_id, number, state)
    people.suppress(known, "b", NOW)
    with known.database.reading() as connection:
        found = sa.select(CROSSINGS.c.lead_id, CROSSINGS.c.state, CROSSINGS.c.last_error, CROSSINGS.c.next_attempt_at)
        rows = [tuple(row) for row in connection.execute(found.order_by(CROSSINGS.c.lead_id, CROSSINGS.c.number))]
    assert rows == [
        ("a", "delivered", None, 31),
        ("a", "dead", "suppressed", None),
        ("b", "dead", "suppressed", None),
        ("c", "pending", None, 31),
    ]
