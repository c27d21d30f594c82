"""A person is removed for good: every row, what is refused later, what the file holds, and what is told of the scores of colleagues."""

import fcntl
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Collection
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from people_cases import COLLEAGUE, NOW, OTHER, PERSON, VALUE, bytes_of, fill, interaction, kept, naming
from store_cases import AnyRow, Memory, add, batches, emptied, same

from histories import store as stores
from histories.contract import Attribute, Direction, Interaction
from histories.store import AttributeRow, InteractionRow, LeadRow, Store, Verdict
from histories.store.crossing import crossings
from histories.store.database.schema import FORGOTTEN, INTERACTIONS, SCORES
from histories.store.database.score_row import ScoreRow
from histories.store.facts import traces
from histories.store.facts.tombstones import forgotten
from histories.store.kept import answers, handovers
from histories.store.kept.handovers import Handover, hand_over
from histories.store.privacy import forgetting, people

OF_ALL = {
    "attributes": 1,
    "crossings": 1,
    "handovers": 1,
    "interactions": 1,
    "leads": 1,
    "outcomes": 1,
    "quarantine": 1,
    "scores": 1,
    "standings": 1,
    "suppressions": 1,
}


COMPACT = """
import sys
from histories.store import Store
from histories.store.privacy import forgetting
with Store.open(sys.argv[1]) as store:
    forgetting.compact(store)
"""


def forget(store: Store, lead_id: str = PERSON) -> dict[str, int]:
    """All steps, as the command takes them."""
    names = forgetting.begin(store, lead_id, NOW)
    counts = dict(forgetting.remove(store, names))
    counts["merges"] = forgetting.end(store, names)
    forgetting.compact(store)
    return counts


def test_every_row_of_the_person_goes_and_nothing_of_anybody_else(opened: Store) -> None:
    fill(opened)
    assert naming(opened, PERSON) == OF_ALL
    before = naming(opened, OTHER), naming(opened, COLLEAGUE)
    assert forget(opened) == {**OF_ALL, "merges": 0, forgetting.INPUTS: 1}
    assert naming(opened, PERSON, VALUE) == {}
    assert (naming(opened, OTHER), naming(opened, COLLEAGUE)) == before == (OF_ALL, OF_ALL)


def test_forgetting_again_removes_nothing_more(opened: Store) -> None:
    fill(opened)
    forget(opened)
    assert set(forget(opened).values()) == {0}


def test_nobody_who_is_not_known_leaves_more_than_a_digest(opened: Store) -> None:
    assert set(forget(opened).values()) == {0}
    assert naming(opened, PERSON) == {}
    with opened.database.reading() as connection:
        assert forgotten(connection, [PERSON, OTHER]) == {PERSON}


def test_what_comes_later_is_refused_and_not_even_kept_aside(opened: Store) -> None:
    fill(opened)
    forget(opened)
    given = opened.add_interactions([interaction(PERSON, 50), interaction(OTHER, 50)], NOW)
    assert [(one.verdict, one.reason) for one in given.rows] == [
        (Verdict.REFUSED, "its lead was forgotten"),
        (Verdict.ADDED, None),
    ]
    assert opened.add_leads([LeadRow(PERSON, 1)], NOW).count(Verdict.REFUSED) == 1
    assert opened.add_attributes([AttributeRow(PERSON, Attribute("note", VALUE))], NOW).count(Verdict.REFUSED) == 1
    assert naming(opened, PERSON, VALUE) == {}


def test_an_interaction_that_speaks_of_a_forgotten_lead_under_a_known_id_is_not_kept_aside(opened: Store) -> None:
    fill(opened)
    forget(opened)
    taken = interaction(PERSON, 60, name=f"i:{OTHER}:10")  # another lead's id: it would be refused to quarantine
    assert opened.add_interactions([taken], NOW).rows[0].reason == "its lead was forgotten"
    assert naming(opened, PERSON) == {}


def test_all_leads_of_a_person_are_forgotten_together_under_whichever_is_named(opened: Store) -> None:
    fill(opened)
    people.merge(opened, PERSON, OTHER, 5, NOW)
    assert forget(opened)["merges"] == 1
    assert naming(opened, PERSON, OTHER) == {}
    assert naming(opened, COLLEAGUE) == OF_ALL
    refused = opened.add_interactions([interaction(PERSON, 70), interaction(OTHER, 70)], NOW)
    assert refused.count(Verdict.REFUSED) == 2


def test_what_requests_told_of_the_person_without_ids_goes_by_what_it_did(opened: Store) -> None:
    """The store has one of them, the other was told whole; ids made of content are each request's own."""
    opened.add_leads([LeadRow(PERSON, 1, "acme"), LeadRow(COLLEAGUE, 1, "acme")], NOW)
    here = Interaction("content:of the person", 1_000_000, "call", None, VALUE, Direction.INBOUND, 2.0)
    opened.add_interactions([InteractionRow(PERSON, here)], NOW)
    one = {"occurred_at": "1970-01-01T00:00:01Z", "kind": "call", "channel": VALUE, "direction": "inbound", "value": 2}
    two = {"occurred_at": "1970-01-01T00:00:02Z", "kind": VALUE, "received_at": "1970-01-01T00:00:03Z"}
    named = [each | {"interaction_id": f"content:{place}"} for place, each in enumerate((one, two))]
    other = one | {"interaction_id": "content:2", "channel": "web"}
    told = {"account_id": "acme", "account_interactions": [*named, other]}
    with opened.database.engine.begin() as connection:
        again = two | {"interaction_id": "content:9", "received_at": "1970-01-01T00:00:09Z"}
        kept(connection, PERSON, 0, given=json.dumps({"account_id": "acme", "interactions": [again]}), stored=0)
        kept(connection, COLLEAGUE, 0, given=json.dumps(told))
    assert forget(opened)[forgetting.INPUTS] == 1
    assert naming(opened, PERSON, VALUE) == {}
    with opened.database.reading() as connection:
        (given,) = connection.execute(sa.select(SCORES.c.given)).scalars()
    assert json.loads(given) == told | {"account_interactions": [other]}


@pytest.mark.parametrize("steps", [1, 2, 3])
def test_a_person_of_several_leads_is_forgotten_whole_after_it_was_broken_off(opened: Store, steps: int) -> None:
    fill(opened)
    people.merge(opened, OTHER, PERSON, 5, NOW)
    names = forgetting.begin(opened, OTHER, NOW)
    if steps > 1:
        forgetting.remove(opened, names)
    if steps > 2:
        forgetting.end(opened, names)
    forget(opened, PERSON)
    assert naming(opened, PERSON, OTHER, VALUE) == {}
    with opened.database.reading() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(FORGOTTEN)).scalar() == 2


def marks(store: Store) -> list[tuple[str, int, int]]:
    with store.database.reading() as connection:
        query = sa.select(SCORES.c.lead_id, SCORES.c.as_of, SCORES.c.inputs_forgotten)
        return [tuple(row) for row in connection.execute(query.order_by(SCORES.c.score_id))]


def test_scores_of_colleagues_that_saw_what_the_person_did_are_marked_and_no_others(opened: Store) -> None:
    opened.add_leads([LeadRow(COLLEAGUE, 1, "acme"), LeadRow(PERSON, 1, "acme"), LeadRow(OTHER, 1, "else")], NOW)
    early = opened.watermark()
    opened.add_interactions([interaction(PERSON, 10)], NOW)
    with opened.database.engine.begin() as connection:
        kept(connection, COLLEAGUE, early)  # the store did not know it yet
        kept(connection, COLLEAGUE, early + 1, as_of=10)  # it had not happened yet
        kept(connection, COLLEAGUE, early + 1, as_of=11)
        kept(connection, OTHER, early + 1, as_of=11)
    assert forget(opened)[forgetting.INPUTS] == 1
    assert marks(opened) == [(COLLEAGUE, 30, 0), (COLLEAGUE, 10, 0), (COLLEAGUE, 11, 1), (OTHER, 11, 0)]


def test_what_requests_told_of_the_person_under_its_colleagues_goes_too(opened: Store) -> None:
    """Neither of them is in the store: the requests told all."""
    did = {"interaction_id": "p1", "occurred_at": "1970-01-01T00:00:01Z", "kind": VALUE}
    other = did | {"interaction_id": "c1", "kind": "call"}
    told = {"lead_id": PERSON, "account_id": "Ä 100%", "interactions": [did]}
    of_colleague = {
        "lead_id": COLLEAGUE,
        "account_id": "Ä 100%",
        "interactions": [],
        "account_interactions": [other, did],
    }
    with opened.database.engine.begin() as connection:
        kept(connection, PERSON, 0, given=json.dumps(told), stored=0)
        kept(connection, COLLEAGUE, 0, given=json.dumps(of_colleague, ensure_ascii=False), stored=0)
        kept(connection, OTHER, 0, given=json.dumps({"account_id": "Ä 100", "account_interactions": [other]}), stored=0)
    assert forget(opened)[forgetting.INPUTS] == 1
    assert naming(opened, PERSON, VALUE) == {}
    with opened.database.reading() as connection:
        (given, mark), (_, unmarked) = connection.execute(
            sa.select(SCORES.c.given, SCORES.c.inputs_forgotten).order_by(SCORES.c.score_id)
        )
    assert json.loads(given) == of_colleague | {"account_interactions": [other]}
    assert (mark, unmarked) == (1, 0)


def test_the_bytes_of_an_sqlite_store_hold_nothing_of_the_person(tmp_path: Path) -> None:
    place = tmp_path / "store.db"
    stores.upgrade(f"sqlite:///{place}")
    with Store.open(f"sqlite:///{place}") as store, Store.open(f"sqlite:///{place}") as running:
        fill(store)
        many = [interaction(PERSON, moment, VALUE) for moment in range(11, 500)]
        others = [interaction(OTHER, moment) for moment in range(11, 500)]
        for start in range(0, 489, 50):  # pages are split: copies of rows stay behind in the old ones
            running.add_interactions(many[start : start + 50] + others[start : start + 50], NOW)
        words = PERSON.encode(), VALUE.encode(), json.dumps(PERSON).encode()
        assert all(word in bytes_of(place) for word in words)
        forget(store)
        assert [word for word in words if word in bytes_of(place)] == []
        assert running.add_interactions([interaction(OTHER, 900)], NOW).count(Verdict.ADDED) == 1
    assert [word for word in words if word in bytes_of(place)] == []


def test_a_reader_that_stays_is_told_of_and_the_next_run_finishes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("histories.store.database.connections._BUSY_SECONDS", 0.1)
    monkeypatch.setattr(forgetting, "_PATIENCE_SECONDS", 0.3)
    place = tmp_path / "store.db"
    stores.upgrade(f"sqlite:///{place}")
    with Store.open(f"sqlite:///{place}") as store, Store.open(f"sqlite:///{place}") as running:
        fill(store)
        with running.database.reading() as connection:
            connection.execute(sa.select(INTERACTIONS)).first()
            with pytest.raises(Exception, match=r"another process reads|database is locked"):
                forget(store)
        forget(store)
        assert PERSON.encode() not in bytes_of(place)


def test_another_process_that_empties_the_log_itself_is_waited_for(tmp_path: Path) -> None:
    """As one does that keeps answers: SQLite says at once that it is busy, whatever timeout it was given."""
    place = tmp_path / "store.db"
    stores.upgrade(f"sqlite:///{place}")
    with Store.open(f"sqlite:///{place}") as store:
        fill(store)
        names = forgetting.begin(store, PERSON, NOW)
        forgetting.remove(store, names)
        with place.with_name("store.db-shm").open("r+b") as shared:
            # The lock that whoever copies the log holds: the second of those that the file format names, from 120 on.
            fcntl.lockf(shared, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, 121)
            ends = threading.Timer(1, fcntl.lockf, (shared, fcntl.LOCK_UN, 1, 121))
            ends.start()
            finished = subprocess.run(
                [sys.executable, "-c", COMPACT, f"sqlite:///{place}"], capture_output=True, text=True, check=False
            )
            ends.join()
        assert (finished.returncode, finished.stderr) == (0, "")
        assert PERSON.encode() not in bytes_of(place)


def test_an_answer_that_is_being_kept_meanwhile_is_removed_too(opened: Store) -> None:
    """Its transaction began before the tombstone was there: it finds none."""
    fill(opened)
    begun, go_on = threading.Event(), threading.Event()

    def keep(connection: sa.Connection) -> None:
        kept(connection, PERSON, 1)
        begun.set()
        assert go_on.wait(20)

    keeping = threading.Thread(target=opened.database.written, args=(keep,))
    keeping.start()
    assert begun.wait(20)
    removing = threading.Thread(target=forget, args=(opened,))
    removing.start()
    removing.join(0.3)
    assert removing.is_alive()
    go_on.set()
    for one in (keeping, removing):
        one.join(30)
        assert not one.is_alive()
    assert naming(opened, PERSON) == {}


def test_nobody_waits_while_what_was_refused_is_read(opened: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(opened)
    names = forgetting.begin(opened, PERSON, NOW)
    named, added = traces.names, list[int]()

    def meanwhile(content: str, lead_ids: Collection[str]) -> bool:
        if not added:
            added.append(opened.add_interactions([interaction(OTHER, 50)], NOW).count(Verdict.ADDED))
        return named(content, lead_ids)

    monkeypatch.setattr(traces, "names", meanwhile)
    assert forgetting.remove(opened, names)["quarantine"] == 1
    assert added == [1]
    assert naming(opened, PERSON) == {}


def told_of(*names: str) -> str:
    """What a request told of a colleague's account: an interaction of each of these names."""
    did = [{"interaction_id": one, "occurred_at": "1970-01-01T00:00:01Z", "kind": one} for one in names]
    return json.dumps({"account_id": "acme", "account_interactions": did})


def searching(monkeypatch: pytest.MonkeyPatch, meanwhile: Callable[[], object]) -> None:
    """Let something happen as soon as the first kept request is looked through, and once alone."""
    without, happened = traces.without, list[object]()

    def looked(given: str, ids: Collection[str], did: Collection[traces.Content]) -> str | None:
        if not happened:
            happened.append(None)
            happened[0] = meanwhile()
        return without(given, ids, did)

    monkeypatch.setattr(traces, "without", looked)


def test_nobody_waits_while_kept_requests_are_looked_through_and_what_comes_then_is_looked_at_too(
    opened: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(opened)
    with opened.database.engine.begin() as connection:
        kept(connection, COLLEAGUE, 0, given=told_of(f"i:{PERSON}:10", "c1"))
    names = forgetting.begin(opened, PERSON, NOW)
    waited: list[float] = []

    def answered() -> None:
        started = time.monotonic()
        with opened.database.engine.begin() as connection:
            kept(connection, COLLEAGUE, 0, as_of=31, given=told_of("c2", f"i:{PERSON}:10"))
        waited.append(time.monotonic() - started)

    searching(monkeypatch, answered)
    assert forgetting.remove(opened, names)[forgetting.INPUTS] == 3
    assert naming(opened, PERSON) == {}
    assert waited[0] < 1
    with opened.database.reading() as connection:
        query = sa.select(SCORES.c.given, SCORES.c.inputs_forgotten).where(SCORES.c.given.is_not(None))
        left = connection.execute(query.order_by(SCORES.c.score_id)).all()
    assert [tuple(row) for row in left] == [(told_of("c1"), 1), (told_of("c2"), 1)]


def test_two_of_an_account_that_are_forgotten_at_once_do_not_bring_each_other_back(
    opened: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What requests told is found, and the other's removal changes it before it is changed."""
    fill(opened)
    opened.add_leads([LeadRow("second", 1, "acme")], NOW)
    opened.add_interactions([interaction("second", 10)], NOW)
    with opened.database.engine.begin() as connection:
        kept(connection, COLLEAGUE, 0, given=told_of(f"i:{PERSON}:10", "i:second:10", "c1"))
    names = forgetting.begin(opened, PERSON, NOW)
    searching(monkeypatch, lambda: forgetting.remove(opened, forgetting.begin(opened, "second", NOW)))
    forgetting.remove(opened, names)
    assert naming(opened, PERSON, "second") == {}
    with opened.database.reading() as connection:
        assert connection.execute(sa.select(SCORES.c.given).where(SCORES.c.given.is_not(None))).scalars().all() == [
            told_of("c1")
        ]


def test_an_answer_that_is_still_being_kept_when_kept_requests_are_looked_through_is_not_passed_over(
    opened: Store,
) -> None:
    """Its number was given before the removal began, and nobody sees it yet."""
    fill(opened)
    names = forgetting.begin(opened, PERSON, NOW)
    numbered, go_on = threading.Event(), threading.Event()

    def keep(connection: sa.Connection) -> None:
        kept(connection, COLLEAGUE, 0, given=told_of(f"i:{PERSON}:10"))
        numbered.set()
        assert go_on.wait(20)

    keeping = threading.Thread(target=opened.database.written, args=(keep,))
    removing = threading.Thread(target=forgetting.remove, args=(opened, names))
    keeping.start()
    assert numbered.wait(20)
    removing.start()
    removing.join(0.3)
    go_on.set()
    for one in (keeping, removing):
        one.join(30)
        assert not one.is_alive()
    assert naming(opened, PERSON) == {}


def scored(lead_id: str, watermark: int) -> ScoreRow:
    return ScoreRow("r", lead_id, 30, 40, watermark, 1, None, "b", "r", 0.1, 0.1, 50.0, "B", 1.0, "B2", "lead", "lead",
                    "both_low", "nurture", None, 41)  # fmt: skip


def test_neither_a_call_list_nor_a_first_look_brings_a_forgotten_lead_back(opened: Store) -> None:
    fill(opened)
    forget(opened)
    rows = [scored(one, opened.watermark()) for one in (PERSON, "new")]
    opened.database.written(lambda connection: crossings.begin(connection, rows, {PERSON: 5, "later": 5}))
    listed = [Handover("l2", one, 5, place, False, 1.0) for place, one in enumerate((PERSON, "new"), 1)]
    assert hand_over(opened, listed) == 1
    assert naming(opened, PERSON) == {}
    assert naming(opened, "new") == {"handovers": 1, "standings": 1}
    assert naming(opened, "later") == {"standings": 1}


def test_a_call_list_that_is_written_while_a_lead_is_removed_has_it_no_more(opened: Store) -> None:
    """The removal comes right after the list's transaction has looked for tombstones, and found none."""
    fill(opened)
    looked, go_on = threading.Event(), threading.Event()

    def waiting(connection: sa.Connection, lead_ids: Collection[str]) -> frozenset[str]:
        found = forgotten(connection, lead_ids)
        looked.set()
        assert go_on.wait(20)
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(handovers, "forgotten", waiting)
        listing = threading.Thread(target=hand_over, args=(opened, [Handover("l2", PERSON, 5, 1, False, 1.0)]))
        removing = threading.Thread(target=forget, args=(opened,))
        listing.start()
        assert looked.wait(20)
        removing.start()
        removing.join(1)
        go_on.set()
        for one in (listing, removing):
            one.join(30)
            assert not one.is_alive()
    assert naming(opened, PERSON) == {}


def test_an_answer_that_was_made_from_what_is_gone_by_now_is_kept_with_a_mark_and_the_persons_own_is_not(
    opened: Store,
) -> None:
    """Both were being made, in a snapshot of before, while the person was removed."""
    fill(opened)
    before = opened.watermark()
    forget(opened)
    kept_now = answers.keep(opened, [scored(PERSON, before), scored(COLLEAGUE, before)], NOW)
    later = answers.keep(opened, [scored(COLLEAGUE, opened.watermark())], NOW)
    assert kept_now[0] is None
    assert naming(opened, PERSON) == {}
    found = {row.score_id: row.inputs_forgotten for row in answers.scores_of(opened, COLLEAGUE)}
    assert (found[kept_now[1]], found[later[0]]) == (1, 0)


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(given_rows=batches(), later=batches(), lead_id=st.sampled_from(["a", "b", "Ä"]))
def test_what_is_left_is_what_was_known_of_the_others_to_the_last_bit(
    opened: Store, given_rows: list[list[AnyRow]], later: list[list[AnyRow]], lead_id: str
) -> None:
    """Whatever rows came before, and come after, in whatever order."""
    emptied(opened)
    memory = Memory()
    for rows in given_rows:
        add(opened, rows)
        for row in rows:
            memory.add(row)
    names = forgetting.begin(opened, lead_id, NOW)
    forgetting.remove(opened, names)
    memory.rows = {name: row for name, row in memory.rows.items() if row.lead_id != lead_id}
    assert same(stores.histories(opened, 100), memory.histories(100))
    for rows in later:
        verdicts = add(opened, rows)
        wanted = [Verdict.REFUSED if row.lead_id == lead_id else memory.add(row) for row in rows]
        assert verdicts == tuple(wanted)
    assert same(stores.histories(opened, 100), memory.histories(100))
    assert lead_id not in {json.loads(one.row).get("lead_id") for one in opened.quarantined()}
