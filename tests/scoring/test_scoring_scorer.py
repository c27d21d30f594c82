"""The whole answer, field by field, from real boosters."""

import math
from dataclasses import replace

import numpy as np
import pytest
import small_bundle
from small_bundle import AS_OF

from features import one
from histories import funnel, select
from histories.clock import DAY
from histories.contract import Attribute, Histories, Interaction, LeadHistory, Outcome, Stage, Target
from scoring.answer import Agreement, Answer, NextAction, Status
from scoring.bundle import Bundle, Policy
from scoring.calibration import IDENTITY
from scoring.ledger import ledger
from scoring.model import Model, PointsMember
from scoring.policy import percentile
from scoring.rulebook import Rulebook
from scoring.scorer import Scorer

PRICES = tuple(Interaction(f"p{day}", AS_OF - day * DAY, "session:pricing_page") for day in (1, 2, 3))
PLAIN = LeadHistory("plain", AS_OF - 30 * DAY, interactions=PRICES, attributes=(Attribute("employees", 500.0),))


def answer(scorer: Scorer, lead: LeadHistory, as_of: int = AS_OF, reasons: int = 3) -> Answer:
    (found,) = scorer.score([lead], as_of, reasons)
    return found


def on_record(*stages: Stage) -> LeadHistory:
    return replace(PLAIN, outcomes=tuple(Outcome(stage, AS_OF - 9 * DAY + place) for place, stage in enumerate(stages)))


@pytest.fixture(scope="module")
def board(histories: Histories) -> list[LeadHistory]:
    return list(select.each(histories))


@pytest.fixture(scope="module")
def answers(scorer: Scorer, board: list[LeadHistory]) -> dict[str, Answer]:
    return {found.lead_id: found for found in scorer.score(board, AS_OF, 5)}


def test_the_board_has_every_open_lead_with_the_same_answer_bit_for_bit(scorer, histories, board, answers):
    open_leads = [
        lead.lead_id
        for lead in board
        if lead.created_at <= AS_OF
        and funnel.standing(funnel.chronological(lead.outcomes), AS_OF).stage not in (Stage.CUSTOMER, Stage.LOST)
    ]
    found = scorer.score_board(histories, AS_OF, 5)
    assert [row.lead_id for row in found] == open_leads
    assert 200 < len(found) < 300
    assert found == [answers[lead_id] for lead_id in open_leads]


def test_one_lead_alone_has_the_same_answer_as_among_others(scorer, board, answers):
    for lead in board[::17]:
        assert answer(scorer, lead, reasons=5) == answers[lead.lead_id]


def test_threads_and_repetition_change_nothing(bundle: Bundle, rulebook: Rulebook, board, answers):
    threaded = Scorer(bundle, rulebook, threads=2)
    for _ in range(2):
        assert {row.lead_id: row for row in threaded.score(board, AS_OF, 5)} == answers


def test_order_and_duplicates_of_what_comes_in_change_nothing(scorer, board, answers):
    for lead in board[::23]:
        shuffled = replace(lead, interactions=lead.interactions[::-1] * 2, outcomes=lead.outcomes[::-1])
        found = answer(scorer, shuffled, reasons=5)
        assert replace(found, warnings=()) == replace(answers[lead.lead_id], warnings=())


def test_each_field_follows_its_formula(bundle: Bundle, rulebook: Rulebook, board, answers):
    for lead in board[::11]:
        found = answers[lead.lead_id]
        row = one.row(lead, AS_OF, bundle.catalogue)[None, :]
        made = ledger(rulebook, small_bundle.FAMILIES, lead, AS_OF)
        points = np.array([made.total])
        stage = funnel.standing(funnel.chronological(lead.outcomes), AS_OF).stage
        assert found.stage is stage
        if stage in (Stage.CUSTOMER, Stage.LOST):
            assert found.probability_customer is None
            continue
        assert found.probability_customer == bundle.models[Target.CUSTOMER].probabilities(row, points)[0]
        if stage in (Stage.LEAD, Stage.MQL):
            assert found.probability_sql == bundle.models[Target.SQL].probabilities(row, points)[0]
        assert found.score == percentile(found.probability_customer, bundle.reference)
        assert found.grade == bundle.policy.grade(found.score)
        assert (found.rule_points, found.rule_grade, found.rule_stage) == (made.total / 100, made.grade, made.stage)
        assert len(found.reasons) == 5
        effects = [abs(reason.effect) for reason in found.reasons]
        assert effects == sorted(effects, reverse=True)


def test_every_word_of_the_tables_occurs_on_the_board(answers):
    rows = answers.values()
    assert {row.agreement for row in rows} == {*Agreement, None}
    assert {row.next_action for row in rows} == set(NextAction)
    assert {row.grade for row in rows} == {"A", "B", "C", "D", None}
    assert {row.rule_stage for row in rows} == {Stage.LEAD, Stage.MQL, Stage.SQL}
    assert {reason.text.rsplit(" ", 2)[-2] for row in rows for reason in row.reasons} == {"raised", "lowered"}


@pytest.mark.parametrize(
    ("stages", "has_sql", "has_customer", "do"),
    [
        ((), True, True, None),
        ((Stage.MQL,), True, True, None),
        ((Stage.SQL,), False, True, NextAction.ENGAGE),
        ((Stage.OPPORTUNITY,), False, True, NextAction.ENGAGE),
        ((Stage.CUSTOMER,), False, False, NextAction.NONE),
        ((Stage.LOST,), False, False, NextAction.NONE),
        ((Stage.SQL, Stage.LOST), False, False, NextAction.NONE),
        ((Stage.SQL, Stage.LOST, Stage.MQL), True, True, None),
    ],
)
def test_a_probability_is_given_for_open_questions_alone(scorer, stages, has_sql, has_customer, do):
    found = answer(scorer, on_record(*stages))
    assert found.status is Status.SCORED
    assert (found.probability_sql is not None, found.probability_customer is not None) == (has_sql, has_customer)
    present = [found.score, found.grade, found.agreement]
    assert [value is not None for value in present] == [has_customer] * 3
    assert bool(found.reasons) == has_customer
    assert found.rule_points is not None
    assert found.rule_reasons
    assert do is None or found.next_action is do


def test_whoever_unsubscribed_is_left_alone_and_still_scored(scorer):
    gone = replace(PLAIN, interactions=(*PRICES, Interaction("u", AS_OF - DAY, "unsubscribe")))
    found = answer(scorer, gone)
    assert (found.next_action, found.follow_up_by) == (NextAction.SUPPRESS, None)
    assert found.probability_customer is not None
    bounced = replace(PLAIN, interactions=(*PRICES, Interaction("u", AS_OF - DAY, "hard_bounce")))
    assert answer(scorer, bounced).next_action is not NextAction.SUPPRESS


def test_high_is_at_or_above_the_cut_off(bundle: Bundle, rulebook: Rulebook, scorer):
    chance = answer(scorer, PLAIN).probability_customer
    assert chance is not None
    for cut, expected in ((chance, Agreement.MODEL_ONLY), (math.nextafter(chance, 1), Agreement.BOTH_LOW)):
        moved = replace(bundle, policy=Policy(high_probability=cut))
        assert answer(Scorer(moved, rulebook), PLAIN).agreement is expected


def points_bundle(bundle: Bundle, sql: float, customer: float, days: tuple[int, int]) -> Bundle:
    models = {
        target: Model(target, horizon, (PointsMember(0.0001, intercept),), IDENTITY)
        for target, intercept, horizon in zip(Target, (sql, customer), days, strict=True)
    }
    return replace(bundle, models=models)


def test_a_customer_in_no_more_days_is_never_likelier_than_an_sql(bundle: Bundle, rulebook: Rulebook):
    equal = answer(Scorer(points_bundle(bundle, -2.0, -1.0, (60, 60)), rulebook), PLAIN)
    assert equal.probability_customer == equal.probability_sql
    shorter = answer(Scorer(points_bundle(bundle, -2.0, -1.0, (60, 30)), rulebook), PLAIN)
    assert shorter.probability_customer == shorter.probability_sql
    longer = answer(Scorer(points_bundle(bundle, -2.0, -1.0, (30, 60)), rulebook), PLAIN)
    assert longer.probability_customer > longer.probability_sql
    past_sql = answer(Scorer(points_bundle(bundle, -2.0, -1.0, (60, 60)), rulebook), on_record(Stage.SQL))
    assert past_sql.probability_customer == longer.probability_customer


def test_the_models_go_by_the_rulebook_that_they_learnt_from(bundle: Bundle, rulebook: Rulebook):
    edited = small_bundle.rulebook.parse(small_bundle.RULEBOOK.replace("points = 10\n", "points = 11\n"), "r")
    before, after = answer(Scorer(bundle, rulebook), PLAIN), answer(Scorer(bundle, edited), PLAIN)
    assert after.rule_points > before.rule_points
    assert after.probability_customer == before.probability_customer
    assert after.reasons == before.reasons


def test_reasons_tell_the_rulebook_in_force_from_the_one_that_the_models_learnt_from(
    bundle: Bundle, rulebook: Rulebook
):
    edited = small_bundle.rulebook.parse(small_bundle.RULEBOOK.replace("points = 10\n", "points = 11\n"), "r")
    made = points_bundle(bundle, -2.0, -1.0, (30, 60))
    (before,), (after,) = (answer(Scorer(made, rules), PLAIN).reasons for rules in (rulebook, edited))
    assert before.text.startswith("The rulebook's ")
    points, _, does = before.text.removeprefix("The rulebook's ").partition(" points ")
    assert after.text == f"{points} points of the rulebook that the model was trained with {does}"


def test_a_target_without_a_model_has_no_probability(bundle: Bundle, rulebook: Rulebook):
    sql_only = replace(bundle, models={Target.SQL: bundle.models[Target.SQL]})
    found = answer(Scorer(sql_only, rulebook), PLAIN)
    assert found.probability_sql == answer(Scorer(bundle, rulebook), PLAIN).probability_sql
    assert (found.probability_customer, found.score, found.grade, found.agreement) == (None, None, None, None)
    assert len(found.reasons) == 3


def test_a_lead_that_cannot_be_scored_fails_in_its_own_row(scorer):
    unborn = replace(PLAIN, lead_id="unborn", created_at=AS_OF + 1)
    broken = replace(PLAIN, lead_id="broken", interactions=(Interaction("x", "secret@example.org", "email_open"),))  # type: ignore[arg-type]
    rows = scorer.score([unborn, PLAIN, broken, PLAIN], AS_OF)
    assert [row.status for row in rows] == [Status.FAILED, Status.SCORED, Status.FAILED, Status.SCORED]
    assert rows[1] == rows[3] == answer(scorer, PLAIN)
    assert rows[0] == Answer(
        "unborn",
        Status.FAILED,
        "created_after_as_of",
        "the lead was created after as_of; score it as of a later moment, or correct created_at",
    )
    assert rows[2] == Answer(
        "broken",
        Status.FAILED,
        "unreadable_history",
        "the lead's history cannot be read (ValueError); check the types and times of its fields",
    )


def test_nothing_to_score_is_no_answers(scorer):
    assert scorer.score([], AS_OF) == []


def test_reasons_are_bounded_and_none_cost_nothing_else(scorer):
    bare = answer(scorer, PLAIN, reasons=0)
    assert (bare.reasons, bare.rule_reasons) == ((), ())
    assert replace(answer(scorer, PLAIN, reasons=10), reasons=(), rule_reasons=()) == bare
    for wrong in (-1, 11):
        with pytest.raises(ValueError, match=rf"^reasons: {wrong} is out of bounds; it must be 0 to 10$"):
            scorer.score([PLAIN], AS_OF, wrong)


def test_what_lies_at_or_after_as_of_changes_nothing_but_a_warning(scorer):
    ahead = replace(
        PLAIN,
        interactions=(
            *PRICES,
            Interaction("now", AS_OF, "demo_request"),
            Interaction("later", AS_OF + DAY, "unsubscribe"),
            Interaction("late", AS_OF - DAY, "reply", received_at=AS_OF + 1),
        ),
        attributes=(*PLAIN.attributes, Attribute("employees", 1.0, AS_OF)),
        outcomes=(Outcome(Stage.CUSTOMER, AS_OF),),
    )
    found = answer(scorer, ahead)
    assert replace(found, warnings=()) == replace(answer(scorer, PLAIN), warnings=())
    assert found.warnings[:2] == (
        "2 interactions were left out: at or after as_of",
        "1 interaction was left out: received after as_of",
    )


def test_warnings_name_kinds_and_attributes_and_never_values(scorer):
    strange = replace(
        PLAIN,
        interactions=(*PRICES, Interaction("1", AS_OF - DAY, "fax"), Interaction("2", AS_OF - DAY, "carrier_pigeon")),
        attributes=(*PLAIN.attributes, Attribute("shoe_size", "secret")),
    )
    assert answer(scorer, strange).warnings == (
        "Kinds that training never saw count as other: carrier_pigeon, fax",
        "Attributes that neither model nor rulebook knows were left out: shoe_size",
        "Missing attributes: budget, industry, seniority",
    )


def test_a_long_list_of_unknown_kinds_is_cut(scorer):
    kinds = tuple(Interaction(str(n), AS_OF - DAY, f"kind_{n:02}") for n in range(12))
    warning = answer(scorer, replace(PLAIN, interactions=kinds)).warnings[0]
    assert warning.endswith("kind_08, kind_09 and 2 more")


def test_the_follow_up_and_validity_are_the_ledgers(scorer, rulebook):
    found = answer(scorer, PLAIN)
    made = ledger(rulebook, small_bundle.FAMILIES, PLAIN, AS_OF)
    assert made.mql_at is not None
    assert found.rule_stage is Stage.MQL
    assert found.follow_up_by == made.mql_at + 72 * 3_600_000_000
    assert AS_OF < found.valid_until <= AS_OF + 7 * DAY


def test_warming_up_leaves_no_trace(scorer):
    before = answer(scorer, PLAIN)
    scorer.warm_up()
    assert answer(scorer, PLAIN) == before
