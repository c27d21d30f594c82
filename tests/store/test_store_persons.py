"""Merged leads are read as one, and who objected is left out: as a naive reading of the same rows says, at every watermark."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from store_cases import AnyRow, Memory, add, batches, emptied

from histories import select
from histories import shards as whole
from histories import store as stores
from histories.contract import Attribute, AttributeType, Families, Histories, Interaction, LeadHistory, Outcome, Stage
from histories.funnel import standing
from histories.store import AttributeRow, Definitions, InteractionRow, LeadRow, OutcomeRow, Store
from histories.store.known import single
from histories.store.known.shards import write
from histories.store.known.single import Asked
from histories.store.privacy import people
from histories.store.privacy.people import MergeRefusedError

theorem = settings(
    max_examples=8,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
NOW = 100
ORDER = ["lead", "mql", "sql", "opportunity", "lost", "customer"]  # of one moment
_ids = st.sampled_from(["a", "b", "Ä", "ab", "B", "\U0001d51e", "\uffff"])
_merges = st.tuples(st.just("merge"), _ids, _ids, st.integers(0, 60))
_words = st.tuples(st.sampled_from(["suppress", "lift"]), _ids)


@dataclass
class Naive:
    """All rows, merges and objections, read by going through them one by one."""

    memory: Memory = field(default_factory=Memory)
    merges: dict[str, tuple[str, int]] = field(default_factory=dict)
    objecting: set[str] = field(default_factory=set)

    def last(self, lead_id: str) -> str:
        while lead_id in self.merges:
            lead_id = self.merges[lead_id][0]
        return lead_id

    def since(self, lead_id: str) -> int:
        """From when on its rows are another's; -1: they are its own."""
        moment = -1
        while lead_id in self.merges:
            lead_id, known_at = self.merges[lead_id]
            moment = max(moment, known_at)
        return moment

    def suppressed(self, lead_id: str) -> bool:
        return self.last(lead_id) in {self.last(one) for one in self.objecting}

    def going_on(self) -> set[str]:
        known = {row.lead_id for row in self.memory.rows.values() if isinstance(row, LeadRow)}
        return {one for one in known if self.last(one) == one}

    def interactions(self, lead_id: str, cutoff: int) -> set[str]:
        return {
            row.interaction.interaction_id
            for row in self.memory.rows.values()
            if isinstance(row, InteractionRow)
            and self.last(row.lead_id) == lead_id
            and row.interaction.occurred_at < cutoff
            and max(row.interaction.received_at or 0, self.since(row.lead_id)) <= cutoff
        }

    def values(self, lead_id: str, cutoff: int) -> dict[str, str]:
        """The newest value of each attribute: by when it became known of whomever, then the surviving lead's."""
        newest: dict[str, tuple[int, bool, str, str]] = {}
        for row in self.memory.rows.values():
            if not isinstance(row, AttributeRow) or self.last(row.lead_id) != lead_id:
                continue
            known_at = -1 if row.attribute.known_at is None else row.attribute.known_at
            if max(known_at, self.since(row.lead_id)) < cutoff:
                told = known_at, row.lead_id == lead_id, row.lead_id, repr(row.attribute.value)
                newest[row.attribute.name] = max(newest.get(row.attribute.name, told), told)
        return {name: value for name, (*_, value) in newest.items()}

    def stages(self, lead_id: str) -> set[tuple[str, int]]:
        """Arrivals as they count: those of a lead that ended from the merge on, unless they were over by then."""
        rows = [row for row in self.memory.rows.values() if isinstance(row, OutcomeRow)]
        told: dict[tuple[int, int, str], int] = {}
        for row in (row for row in rows if self.last(row.lead_id) == lead_id):
            name, at = row.outcome.stage.value, row.outcome.reached_at
            own = at, ORDER.index(name), name
            told[own] = min(told.get(own, 1_000), max(at, self.since(row.lead_id)))

        def over(own: tuple[int, int, str], known: int) -> bool:
            later = {one[2] for one, visible in told.items() if one > own and visible <= known}
            if own[2] == "lost":
                return bool(later - {"lost"})
            return own[2] != "customer" and "lost" in later

        return {(own[2], known) for own, known in told.items() if known == own[0] or not over(own, known)}


def say(store: Store, naive: Naive, word: tuple[object, ...]) -> None:
    """Merge or suppress, in the store and in `naive`."""
    lead_id = str(word[1])
    if word[0] == "merge":
        into, known_at = str(word[2]), word[3]
        assert isinstance(known_at, int)
        try:
            people.merge(store, lead_id, into, known_at, NOW)
        except MergeRefusedError:
            return
        naive.merges[lead_id] = into, known_at
    elif word[0] == "suppress":
        people.suppress(store, lead_id, NOW)
        naive.objecting.add(lead_id)
    else:
        people.lift(store, lead_id, NOW)
        naive.objecting -= {one for one in naive.objecting if naive.last(one) == naive.last(lead_id)}


def filled(store: Store, batches: list[list[AnyRow]], words: list[tuple[object, ...]]) -> Naive:
    emptied(store)
    naive = Naive()
    for rows in batches:
        add(store, rows)
        for row in rows:
            naive.memory.add(row)
    for word in words:
        say(store, naive, word)
    return naive


@theorem
@given(batches=batches(), words=st.lists(_merges | _words, min_size=1, max_size=8), cutoff=st.integers(0, 62))
def test_at_every_cutoff_a_person_is_what_a_naive_reading_says(
    opened: Store, batches: list[list[AnyRow]], words: list[tuple[object, ...]], cutoff: int
) -> None:
    naive = filled(opened, batches, words)
    before = opened.watermark()
    found = stores.histories(opened, 1_000)
    assert set(found.leads["lead_id"].to_pylist()) == {one for one in naive.going_on() if not naive.suppressed(one)}
    for lead in select.each(found):
        seen = select.lead(found, lead.lead_id, until=cutoff)
        assert {one.interaction_id for one in seen.interactions} == naive.interactions(lead.lead_id, cutoff)
        assert len({one.interaction_id for one in lead.interactions}) == len(lead.interactions)
        assert {one.name: repr(one.value) for one in seen.attributes} == naive.values(lead.lead_id, cutoff)
        assert {(one.stage.value, one.reached_at) for one in lead.outcomes} == naive.stages(lead.lead_id)
        assert repr(stores.lead(opened, lead.lead_id)) == repr(lead)
    add(opened, [LeadRow("later", 1)])
    for one in naive.going_on():
        say(opened, naive, ("merge", one, "later", 0))
    assert repr(list(select.each(stores.histories(opened, 1_000, before)))) == repr(list(select.each(found)))


@theorem
@given(batches=batches(), words=st.lists(_merges | _words, min_size=1, max_size=8))
def test_many_leads_are_read_at_once_as_each_alone_under_the_id_that_was_asked_for(
    opened: Store, batches: list[list[AnyRow]], words: list[tuple[object, ...]]
) -> None:
    naive = filled(opened, batches, words)
    ids = ["a", "b", "Ä", "ab", "B", "\U0001d51e", "\uffff", "nobody", "\ud800", "x\0", "a"]
    found = stores.asked(opened, ids)
    assert found.watermark == opened.watermark()
    assert found.suppressed == {one for one in ids if naive.suppressed(one)}
    assert stores.suppressed(opened, ids) == found.suppressed
    known = {row.lead_id for row in naive.memory.rows.values() if isinstance(row, LeadRow)}
    assert found.leads.keys() == known
    for lead_id, lead in found.leads.items():
        assert lead.lead_id == naive.last(lead_id)
        assert repr(lead) == repr(stores.lead(opened, lead_id))
    assert stores.leads(opened, ids) == (found.watermark, found.leads)


def test_a_merge_brings_what_the_ended_lead_did_from_its_moment_on(opened: Store) -> None:
    opened.add_leads([LeadRow("new", 5, "x"), LeadRow("old", 1, "y"), LeadRow("peer", 2, "x")], 1)
    calls = [Interaction("i1", 3, "call"), Interaction("i2", 30, "call"), Interaction("i3", 4, "call", received_at=50)]
    opened.add_interactions([InteractionRow("old", one) for one in calls], 1)
    bank, farm, fifty = Attribute("trade", "bank"), Attribute("trade", "farm", 10), Attribute("staff", 50.0, 2)
    opened.add_attributes([AttributeRow("old", bank), AttributeRow("new", farm), AttributeRow("old", fifty)], 1)
    won, lost = Outcome(Stage.CUSTOMER, 9, 100.0), Outcome(Stage.LOST, 40)
    opened.add_outcomes([OutcomeRow("old", won), OutcomeRow("old", lost), OutcomeRow("new", lost)], 1)
    before = stores.lead(opened, "old")
    changed = people.merge(opened, "old", "new", 20, NOW)
    lead = LeadHistory(
        "new",
        5,
        "x",
        (Attribute("staff", 50.0, 20), farm),
        (calls[0]._replace(received_at=20), calls[2], calls[1]),
        (replace(won, reached_at=20), lost),
        (),
    )
    assert stores.lead(opened, "new") == lead
    assert stores.lead(opened, "old") == lead
    assert stores.lead(opened, "old", changed.watermark - 1) == before
    assert stores.lead(opened, "peer").account_interactions == lead.interactions
    assert stores.histories(opened, 10).interactions.num_rows == stores.histories(opened, 10).outcomes.num_rows == 0
    assert stores.histories(opened, 20).interactions["interaction_id"].to_pylist() == ["i1"]


def test_what_a_lead_had_reached_counts_from_the_merge_on_and_what_was_over_by_then_never(opened: Store) -> None:
    opened.add_leads([LeadRow("goes on", 1), LeadRow("twin", 1), LeadRow("dead", 1)], 1)
    mql, lost, sql, won = (
        Outcome(Stage.MQL, 3),
        Outcome(Stage.LOST, 5),
        Outcome(Stage.SQL, 10),
        Outcome(Stage.CUSTOMER, 12),
    )
    opened.add_outcomes([OutcomeRow("dead", mql), OutcomeRow("dead", lost), OutcomeRow("goes on", sql)], 1)
    opened.add_outcomes([OutcomeRow("twin", won)], 1)
    people.merge(opened, "dead", "goes on", 20, NOW)
    people.merge(opened, "twin", "goes on", 30, NOW)
    after = stores.lead(opened, "goes on").outcomes
    assert after == (sql, replace(won, reached_at=30))
    assert [standing(after, cutoff).stage.value for cutoff in (10, 11, 21, 30, 31)] == [
        "lead",
        "sql",
        "sql",
        "sql",
        "customer",
    ]


def test_a_loss_of_a_lead_that_ended_is_the_persons_where_nothing_had_followed_it(opened: Store) -> None:
    opened.add_leads([LeadRow("goes on", 1), LeadRow("dead", 1)], 1)
    sql, lost = Outcome(Stage.SQL, 10), Outcome(Stage.LOST, 15)
    opened.add_outcomes([OutcomeRow("goes on", sql), OutcomeRow("dead", lost)], 1)
    people.merge(opened, "dead", "goes on", 20, NOW)
    assert stores.lead(opened, "goes on").outcomes == (sql, replace(lost, reached_at=20))


def test_who_objected_is_not_among_the_colleagues_either(opened: Store) -> None:
    opened.add_leads([LeadRow("a", 1, "x"), LeadRow("b", 1, "x")], 1)
    opened.add_interactions([InteractionRow("b", Interaction("i", 3, "call"))], 1)
    people.suppress(opened, "b", NOW)
    assert stores.lead(opened, "a").account_interactions == ()
    assert stores.histories(opened, 10).leads["lead_id"].to_pylist() == ["a"]
    assert stores.asked(opened, ["a", "b"]).suppressed == {"b"}
    people.lift(opened, "b", NOW)
    assert stores.lead(opened, "a").account_interactions == (Interaction("i", 3, "call"),)


@theorem
@given(batches=batches(), words=st.lists(_merges | _words, max_size=8), most=st.integers(0, 6))
def test_a_lead_is_read_as_without_a_bound_or_has_more_than_that_and_is_not_read(
    opened: Store, batches: list[list[AnyRow]], words: list[tuple[object, ...]], most: int
) -> None:
    filled(opened, batches, words)
    ids = ["a", "b", "Ä", "ab", "B", "nobody"]
    whole, bound = stores.asked(opened, ids), stores.asked(opened, ids, most=most)
    large = {
        one for one, lead in whole.leads.items() if len(lead.interactions) + len(lead.account_interactions or ()) > most
    }
    assert whole.too_large == frozenset()
    assert large <= bound.too_large
    assert bound.leads == {one: lead for one, lead in whole.leads.items() if one not in bound.too_large}
    assert bound.suppressed == whole.suppressed
    if bound.too_large - large:  # by its colleagues: more of them than that
        assert len(whole.leads) > most


def test_no_more_is_read_than_each_lead_may_have_however_large_its_account_is(
    opened: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An account of 300 leads with 2 interactions each, one of 8 leads with 30 in all, and a lead of its own with 9."""
    crowd = [LeadRow(f"crowd:{number}", 1, "crowd") for number in range(300)]
    few = [LeadRow(f"few:{number}", 1, "few") for number in range(8)]
    opened.add_leads([*crowd, *few, LeadRow("alone", 1)], 1)
    did = [(row.lead_id, number) for row in crowd for number in range(2)]
    did += [(few[number % 8].lead_id, number) for number in range(30)] + [("alone", number) for number in range(9)]
    opened.add_interactions(
        [InteractionRow(one, Interaction(f"{one} {number}", number, "call")) for one, number in did], 1
    )
    wanted = ["alone", *(row.lead_id for row in (*few, *crowd))]
    made = list[str]()

    def counted(name: str, *given: Any) -> Interaction:
        made.append(name)
        return Interaction(name, *given)

    with monkeypatch.context() as patch:
        patch.setattr(single, "Interaction", counted)
        found = stores.asked(opened, wanted[:12], most=30)
    assert len(made) == 39
    assert found.too_large == {"crowd:0", "crowd:1", "crowd:2"}
    assert found.leads == stores.asked(opened, wanted[:9]).leads
    assert stores.asked(opened, wanted[:12], most=29).leads.keys() == {"alone"}
    assert stores.asked(opened, ["alone"], most=8) == Asked(opened.watermark(), {}, frozenset(), frozenset(["alone"]))


def test_two_thousand_leads_take_no_more_statements_than_two(opened: Store) -> None:
    rows = [LeadRow(f"lead:{number}", 1, f"account:{number // 3}") for number in range(2_000)]
    for start in (0, 1_000):
        opened.add_leads(rows[start : start + 1_000], 1)
    people.merge(opened, "lead:1", "lead:2", 5, NOW)
    people.suppress(opened, "lead:7", NOW)
    sent: list[str] = []
    sa.event.listen(
        opened.database.engine, "before_cursor_execute", lambda *given: sent.append(given[2])
    )  # an engine's options share its events
    few, found = (
        len(_statements(opened, sent, ["lead:1", "lead:9"])),
        stores.leads(opened, [row.lead_id for row in rows]),
    )
    assert len(found[1]) == 2_000
    assert len(_statements(opened, sent, [row.lead_id for row in rows])) == few <= 16


def _statements(store: Store, sent: list[str], lead_ids: list[str]) -> list[str]:
    sent.clear()
    stores.asked(store, lead_ids)
    return list(sent)


def test_what_is_declared_last_counts_and_binds_the_types_of_attributes(opened: Store) -> None:
    assert stores.definitions(opened) == Definitions()
    families = Families({"two_way": ("reply",), "intent": ("demo_*", "offer")})
    first = Definitions("Europe/Amsterdam", families, {"staff": AttributeType.NUMBER})
    watermark = stores.define(opened, first, 5).watermark
    assert stores.definitions(opened) == first
    assert list(stores.definitions(opened).families.patterns) == ["two_way", "intent"]
    second = Definitions("UTC", families, {"staff": AttributeType.NUMBER, "trade": AttributeType.CATEGORY})
    stores.define(opened, second, 6)
    assert stores.definitions(opened) == second
    assert stores.definitions(opened, watermark) == first
    refused = opened.add_attributes([AttributeRow("a", Attribute("staff", "many"))], 7).rows[0]
    assert refused.reason == "value is not a number"


@theorem
@given(batches=batches(), words=st.lists(_merges | _words, max_size=5))
def test_shards_hold_what_histories_returns(
    opened: Store, tmp_path: Path, batches: list[list[AnyRow]], words: list[tuple[object, ...]]
) -> None:
    filled(opened, batches, words)
    made = write(opened, 55, tmp_path / "shards", 10**9)
    parts = [whole.read(whole.opened(made.folder), number) for number in range(made.count)]
    wanted = stores.histories(opened, 55)
    assert dict(made.attribute_types) == dict(wanted.attribute_types)
    for name in ("leads", "attributes", "interactions", "outcomes"):
        assert _rows(parts, name) == _rows([wanted], name)


def _rows(parts: list[Histories], name: str) -> list[str]:
    tables: list[pa.Table] = [getattr(part, name) for part in parts]
    return sorted(repr(row) for table in tables for row in table.to_pylist())
