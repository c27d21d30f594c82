"""What is said of many leads at once is what is said of each alone, whichever way they come."""

import numpy as np
import pyarrow as pa
from generated import FAMILIES, histories, rulebooks, times
from hypothesis import given, settings
from hypothesis import strategies as st

from histories import funnel
from histories.assemble import assemble
from histories.clock import DAY
from histories.contract import FUNNEL, Histories, LeadHistory, Outcome, Stage, without_duplicates
from scoring import judge
from scoring.evidence import SlotSets, of_histories
from scoring.evidence_tables import Known, of_tables
from scoring.judge import Evidence
from scoring.ledger import ledger
from scoring.matcher import Matcher
from scoring.moments import NEVER
from scoring.program import Ints, Rules
from scoring.rulebook import Rulebook
from scoring.scores import RULE_GRADES, STAGES
from scoring.standings import standings
from scoring.tally import tally

PROPERTY = settings(max_examples=60, deadline=None)
NOTHING = Known(frozenset(), frozenset())
several = st.lists(histories, min_size=1, max_size=4).map(
    lambda leads: [
        LeadHistory(f"L{place}", one.created_at, None, one.attributes, one.interactions)
        for place, one in enumerate(leads)
    ]
)


def ready(rulebook: Rulebook) -> tuple[Rules, SlotSets]:
    return Rules(rulebook), SlotSets(Matcher(rulebook, FAMILIES))


def tables(leads: list[LeadHistory]) -> Histories:
    return assemble([_of_one_type(one) for one in leads], exported_at=100 * DAY, families=FAMILIES)


def _of_one_type(lead: LeadHistory) -> LeadHistory:
    """In tables an attribute is a number or a category: `size` is one, `branch` the other."""
    kept = tuple(
        one for one in lead.attributes if one.value is None or isinstance(one.value, str) == (one.name == "branch")
    )
    return LeadHistory(lead.lead_id, lead.created_at, None, kept, lead.interactions, lead.outcomes)


def judged(rules: Rules, seen: Evidence, cutoff: int) -> Ints:
    return judge.judged(rules.program, seen, cutoff)


@PROPERTY
@given(rulebooks(), histories, times)
def test_a_lead_is_judged_as_its_ledger_says(rulebook: Rulebook, lead: LeadHistory, cutoff: int):
    rules, sets = ready(rulebook)
    (row,) = judged(rules, of_histories(rules, sets, [lead]), cutoff).tolist()
    found, made = dict(zip(judge.NAMES, row, strict=True)), ledger(rulebook, FAMILIES, lead, cutoff)
    assert (found["engagement"], found["fit"], found["qualification"]) == (
        made.engagement,
        made.fit,
        made.qualification,
    )
    assert found["total"] == made.total
    assert FUNNEL[found["stage"]] is made.stage
    assert (None if found["grade"] < 0 else RULE_GRADES[found["grade"]]) == made.grade
    assert [None if found[at] == NEVER else found[at] for at in ("mql_at", "sql_at")] == [made.mql_at, made.sql_at]
    assert found["valid_until"] == tally(rulebook, FAMILIES, lead).valid_until(cutoff)


@PROPERTY
@given(rulebooks(), histories, times)
def test_what_a_cutoff_does_not_see_is_counted(rulebook: Rulebook, lead: LeadHistory, cutoff: int):
    rules, sets = ready(rulebook)
    (row,) = judged(rules, of_histories(rules, sets, [lead]), cutoff).tolist()
    distinct = without_duplicates(lead.interactions)
    assert row[judge.LATER] == sum(one.occurred_at >= cutoff for one in distinct)
    assert row[judge.LATE] == sum(
        one.occurred_at < cutoff and one.received_at is not None and one.received_at > cutoff for one in distinct
    )


@PROPERTY
@given(rulebooks(), several, times, st.integers(1, 3))
def test_tables_and_histories_are_judged_alike_on_any_number_of_threads(
    rulebook: Rulebook, leads: list[LeadHistory], cutoff: int, threads: int
):
    rules, sets = ready(rulebook)
    typed = [_of_one_type(one) for one in leads]
    one_by_one = np.concatenate([judged(rules, of_histories(rules, sets, [one]), cutoff) for one in typed])
    whole = of_tables(rules, sets, tables(leads), cutoff, NOTHING, threads).evidence
    assert (judge.judged(rules.program, whole, cutoff, threads) == one_by_one).all()
    assert (judged(rules, of_histories(rules, sets, typed), cutoff) == one_by_one).all()
    assert (judge.totals(rules.program, whole, cutoff, threads) == one_by_one[:, judge.TOTAL]).all()


@PROPERTY
@given(rulebooks(), several, times, st.randoms(use_true_random=False))
def test_the_order_of_a_tables_rows_changes_nothing(rulebook, leads, cutoff, shuffler):
    rules, sets = ready(rulebook)
    sorted_ = tables(leads)
    order = list(range(sorted_.interactions.num_rows))
    shuffler.shuffle(order)
    shuffled = Histories(**{**vars(sorted_), "interactions": sorted_.interactions.take(pa.array(order, pa.int64()))})
    found = [
        judged(rules, of_tables(rules, sets, one, cutoff, NOTHING, 1).evidence, cutoff) for one in (sorted_, shuffled)
    ]
    assert (found[0] == found[1]).all()


@PROPERTY
@given(several, times)
def test_kinds_that_were_never_seen_are_named_once_a_lead(leads: list[LeadHistory], cutoff: int):
    rules, sets = ready(Rulebook("none"))
    known = Known(frozenset({"pricing", "reply"}), frozenset({"size"}))
    found = of_tables(rules, sets, tables(leads), cutoff, known, 1)
    seen = {
        (place, one.kind)
        for place, lead in enumerate(leads)
        for one in without_duplicates(lead.interactions)
        if one.kind not in known.kinds
        and one.occurred_at < cutoff
        and (one.received_at is None or one.received_at <= cutoff)
    }
    assert list(zip(found.unseen_kinds.leads.tolist(), found.unseen_kinds.names, strict=True)) == sorted(seen)
    unasked = {(place, "branch") for place, lead in enumerate(leads) for one in lead.attributes if one.name == "branch"}
    typed = {(place, one.name) for place, lead in enumerate(leads) for one in _of_one_type(lead).attributes}
    assert list(zip(found.unasked.leads.tolist(), found.unasked.names, strict=True)) == sorted(unasked & typed)


outcomes = st.lists(st.builds(Outcome, st.sampled_from(Stage), st.integers(0, 12)), max_size=8).map(tuple)


@PROPERTY
@given(st.lists(outcomes, min_size=1, max_size=4), st.integers(0, 13))
def test_many_leads_stand_where_each_stands_alone(of_leads: list[tuple[Outcome, ...]], cutoff: int):
    leads = [LeadHistory(f"L{place}", 0, outcomes=one) for place, one in enumerate(of_leads)]
    for lead, row in zip(leads, standings(tables(leads), cutoff).tolist(), strict=True):
        alone = funnel.standing(funnel.chronological(lead.outcomes), cutoff)
        assert STAGES[row[0]] is alone.stage
        assert tuple(None if at == NEVER else at for at in row[1:]) == alone.reached


def test_a_kind_that_comes_as_a_number_each_time_is_not_remembered_for_ever():
    _, sets = ready(Rulebook("none"))
    for number in range(10_050):
        sets[f"kind {number}", None, None]
    assert len(sets) == 10_000
    assert len(sets.arrays[0]) == 2
