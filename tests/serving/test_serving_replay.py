"""Every answer comes out again as it was given, whatever came since; what was tampered with is found."""

import json
from dataclasses import replace

import pytest
import sqlalchemy as sa
from serving_models import other
from serving_stored import answer, asked, fill, paired

from histories import clock
from histories.contract import LeadHistory, Outcome, Stage
from histories.errors import DataError
from histories.store import AttributeRow, InteractionRow, OutcomeRow, Store
from histories.store.database.schema import ARTIFACTS, SCORES
from histories.store.kept import answers
from histories.store.kept.artifacts import Kind, archive, artifact
from histories.store.privacy import forgetting, people
from scoring import archive as archives
from scoring import rulebook as rulebooks
from scoring.bundle import Bundle
from scoring.rulebook import Rulebook
from serving.live.replay import Difference, Replayer
from serving.live.verify import verify
from serving.predictor import Predictor
from serving.wire import mapping

DAY = clock.DAY


def changed(store: Store, statement: sa.Update | sa.Delete) -> None:
    store.database.written(lambda connection: connection.execute(statement))


def checked(store: Store, count: int = 1_000) -> list[int]:
    done: list[int] = []
    found = verify(store, count, 1, lambda number, _: done.append(number))
    assert found.sound, found
    assert done == list(range(found.drawn))
    return [found.kept, found.drawn, found.forgotten]


@pytest.fixture
def answering(empty_store: Store, bundle: Bundle, rulebook: Rulebook, leads: tuple[LeadHistory, ...]) -> Predictor:
    fill(empty_store, leads)
    one = Predictor(bundle, rulebook, 10_000, store=empty_store)
    one.archive(1)
    return one


def ask_all_ways(predictor: Predictor, leads: tuple[LeadHistory, ...], as_of: int) -> None:
    """Three answers for each lead: as stored, told whole, and stored with more."""
    for one in leads:
        answer(predictor, asked(one.lead_id, as_of), as_of)
        answer(predictor, json.dumps(mapping.request_of(one, as_of)).encode(), as_of)
        told = [{"occurred_at": clock.iso(as_of - DAY), "kind": "reply"}]
        answer(predictor, asked(one.lead_id, as_of, interactions=told, attributes={"employees": 7}), as_of)


def test_answers_are_the_same_after_facts_merges_objections_another_model_and_other_rules(
    answering: Predictor, bundle: Bundle, leads: tuple[LeadHistory, ...], rulebook: Rulebook, as_of: int
) -> None:
    store, some = answering.store, leads[:8]
    ask_all_ways(answering, some, as_of)
    for number, one in enumerate(some):
        again = leads[20].interactions[0]._replace(interaction_id=f"late:{number}")
        store.add_interactions([InteractionRow(one.lead_id, again)], as_of)
        store.add_outcomes([OutcomeRow(one.lead_id, Outcome(Stage.CUSTOMER, as_of - DAY))], as_of)
        newer = [AttributeRow(one.lead_id, replace(each, known_at=as_of - 5)) for each in one.attributes]
        store.add_attributes(newer, as_of)
    edited = rulebooks.parse(rulebook.source.replace("points = 25", "points = 24"), "edited")
    swapped = Predictor(other(bundle), edited, 10_000, store=store)
    swapped.archive(2)
    ask_all_ways(swapped, some[:4], as_of)
    people.merge(store, some[0].lead_id, some[1].lead_id, as_of - DAY, as_of)
    people.suppress(store, some[2].lead_id, as_of)
    ask_all_ways(answering, leads[30:32], as_of)
    assert checked(store) == [42, 42, 0]


def test_a_changed_answer_is_found_with_its_field_and_both_values(
    answering: Predictor, leads: tuple[LeadHistory, ...], as_of: int
) -> None:
    store = answering.store
    ask_all_ways(answering, leads[:2], as_of)
    row = answers.scores_of(store, leads[0].lead_id)[0]
    changed(store, sa.update(SCORES).where(SCORES.c.score_id == row.score_id).values(grade="Z", rule_points=-0.5))
    found = verify(store, 1_000, 1, lambda *_: None)
    assert (found.sound, found.differing, dict(found.fields)) == (False, 1, {"grade": 1, "rule_points": 1})
    (example,) = found.examples
    assert example.score_id == row.score_id
    assert example.differences == (
        Difference("grade", "Z", row.grade),
        Difference("rule_points", -0.5, row.rule_points),
    )


def test_the_last_bit_counts(answering: Predictor, leads: tuple[LeadHistory, ...], as_of: int) -> None:
    answer(answering, asked(leads[0].lead_id, as_of), as_of)
    (row,) = answers.scores_of(answering.store, leads[0].lead_id)
    assert row.probability_sql is not None
    near = row.probability_sql + 2**-54 if row.probability_sql < 0.5 else row.probability_sql - 2**-53
    assert near != row.probability_sql
    replayed = Replayer(answering.store).replay(replace(row, probability_sql=near))
    assert [one.field for one in replayed.differences] == ["probability_sql"]


def test_an_answer_whose_bundle_is_gone_or_damaged_is_told_and_not_passed_over(
    answering: Predictor, bundle: Bundle, leads: tuple[LeadHistory, ...], as_of: int
) -> None:
    store = answering.store
    answer(answering, asked(leads[0].lead_id, as_of), as_of)
    damaged = sa.update(ARTIFACTS).where(ARTIFACTS.c.version == bundle.version).values(content=b"no bundle")
    changed(store, damaged)
    found = verify(store, 5, 1, lambda *_: None)
    assert (found.sound, found.complaints) == (False, ((1, f"the archive of bundle {bundle.version} is damaged"),))
    changed(store, sa.delete(ARTIFACTS).where(ARTIFACTS.c.version == bundle.version))
    with pytest.raises(DataError, match=rf"has no bundle of version '{bundle.version}'$"):
        Replayer(store).replay(answers.random_scores(store, 1, 1)[0])


def test_a_forgotten_leads_answers_are_gone_and_its_colleagues_are_left_out(
    empty_store: Store, bundle: Bundle, rulebook: Rulebook, leads: tuple[LeadHistory, ...], as_of: int
) -> None:
    store, (one, colleague, *others) = empty_store, paired(leads[:4])
    fill(store, [one, colleague, *others])
    answering = Predictor(bundle, rulebook, 10_000, store=store)
    answering.archive(1)
    assert one.interactions
    for each in (one, colleague, others[0]):
        answer(answering, asked(each.lead_id, as_of), as_of)
    forgetting.begin(store, one.lead_id, as_of)
    assert checked(store) == [3, 3, 1]  # as it stays where the rest is broken off
    forgetting.remove(store, [one.lead_id])
    assert answers.scores_of(store, one.lead_id) == ()
    (row,) = answers.scores_of(store, colleague.lead_id)
    with pytest.raises(DataError, match=r"cannot be made again: it was made from interactions of somebody who was"):
        Replayer(store).replay(row)
    assert checked(store) == [2, 2, 1]


def test_a_lead_that_is_forgotten_while_answers_are_made_again_is_no_difference(
    empty_store: Store, bundle: Bundle, rulebook: Rulebook, leads: tuple[LeadHistory, ...], as_of: int
) -> None:
    """It goes as the first of six answers is made again: two of them are its own, two its colleague's."""
    store, (one, colleague, *others) = empty_store, paired(leads[:4])
    fill(store, [one, colleague, *others])
    answering = Predictor(bundle, rulebook, 10_000, store=store)
    answering.archive(1)
    for each in (others[0], one, colleague) * 2:
        answer(answering, asked(each.lead_id, as_of), as_of)

    def step(done: int, _: int) -> None:
        if done == 1:
            forgetting.remove(store, forgetting.begin(store, one.lead_id, as_of))

    found = verify(store, 9, 1, step)
    assert (found.sound, found.drawn, found.forgotten, found.kept) == (True, 6, 4, 4)


def test_a_bundle_and_a_rulebook_are_archived_once_and_read_back_as_they_were(
    answering: Predictor, bundle: Bundle, rulebook: Rulebook
) -> None:
    store = answering.store
    content = artifact(store, bundle.version, Kind.BUNDLE)
    assert content == archives.packed(bundle)
    assert archives.bundle(content, bundle.version).version == bundle.version
    assert archives.rulebook(artifact(store, rulebook.version, Kind.RULEBOOK), rulebook.version) == rulebook
    archive(store, bundle.version, Kind.BUNDLE, b"another", 9)
    assert artifact(store, bundle.version, Kind.BUNDLE) == content
    with pytest.raises(DataError, match=rf"^the archive of bundle 0123 holds bundle {bundle.version}$"):
        archives.bundle(content, "0123")
