"""The ladder: which step is taken, what it learns, and that no step knows more than its fold's time allows."""

from dataclasses import replace

import numpy as np
import pytest
from test_training_fit import PLAN, RULES, company

from histories.assemble import assemble
from histories.clock import DAY
from histories.contract import Histories, Target
from scoring.calibration import IDENTITY, sigmoid
from scoring.model import BoosterMember, Model, PointsMember, RidgeMember
from training import ladder, ridge
from training.calibrators import log_loss
from training.fit import Question, Seen, prepare, see
from training.fitted import Step, silent
from training.ladder import Further, Taught, learn_step, relearn, step_of
from training.points_model import start_from, whole_points


@pytest.mark.parametrize(
    ("converted", "step"),
    [(0, Step.POINTS), (99, Step.POINTS), (100, Step.BLEND), (400, Step.BLEND), (401, Step.MODEL)],
)
def test_steps_go_by_distinct_converted_leads(converted: int, step: Step):
    assert step_of(converted) is step


class World:
    """A small company's question, seen once."""

    def __init__(self, histories: Histories) -> None:
        prepared = prepare(histories, PLAN)
        self.catalogue = prepared.catalogue
        self.question: Question = prepared.questions[Target.CUSTOMER]
        seen: Seen = see(histories, self.catalogue, RULES, self.question)
        count = len(self.question.split.train)
        self.matrix, self.hundredths = seen.matrix[:count], seen.hundredths[:count]
        self.test = Seen(seen.matrix[count:], seen.hundredths[count:])

    def learn(self, hundredths: np.ndarray | None = None) -> Taught:
        taken = self.hundredths if hundredths is None else hundredths
        snapshots, split = self.question.snapshots, self.question.split
        return learn_step(self.matrix, taken, snapshots, split, self.catalogue, 1, None, silent)


@pytest.fixture(scope="module")
def world() -> World:
    return World(assemble(company(), exported_at=330 * DAY))


@pytest.fixture(scope="module")
def blend(world: World) -> Taught:
    return world.learn()


def test_between_a_hundred_and_four_hundred_trees_start_from_the_points_beside_a_ridge(world: World, blend: Taught):
    converted = world.question.snapshots.converted_leads(world.question.split.train)
    assert blend.step is Step.BLEND
    assert blend.why == (
        f"{converted} converted leads in training (100 to 400): trees that start from the rulebook's points, averaged "
        "with a ridge"
    )
    *trees, lines = blend.learnt.model.members
    assert all(isinstance(one, BoosterMember) for one in trees)
    assert isinstance(lines, RidgeMember)
    assert lines.weight == sum(one.weight for one in trees)
    assert blend.learnt.model.uses_points


def test_what_trees_started_from_is_added_back_so_that_probabilities_have_the_right_mean(world: World, blend: Taught):
    """LightGBM's own predictions leave it out: without it, the mean would be about a half."""
    labels, weights = world.question.snapshots.answer[world.question.split.train], world.question.split.weights
    said = blend.learnt.model.probabilities(world.matrix, world.hundredths)
    assert np.average(said, weights=weights) == pytest.approx(np.average(labels, weights=weights), rel=0.05)
    for one in blend.learnt.model.members:
        alone = sigmoid(one.margins(world.matrix, world.hundredths, 1))
        assert np.average(alone, weights=weights) == pytest.approx(np.average(labels, weights=weights), rel=0.08)


def test_the_points_are_one_of_the_reasons(world: World, blend: Taught):
    values = blend.learnt.model.contributions(world.test.matrix, world.test.hundredths)
    effects, points = values[:, -2], world.test.hundredths
    usual = next(one for one in blend.learnt.model.members if isinstance(one, BoosterMember)).points_centre
    assert (effects[points > 100 * usual] > 0).all()
    assert (effects[points < 100 * usual] < 0).all()
    log_odds = blend.learnt.model.calibrator.log_odds(
        blend.learnt.model.margins(world.test.matrix, world.test.hundredths)
    )
    np.testing.assert_allclose(values.sum(axis=1), log_odds, atol=1e-9)


def test_a_folds_start_knows_nothing_from_after_its_beginning(world: World):
    """Answers that came later are turned around; the fold's margins stay, those of the whole do not."""
    snapshots, split = world.question.snapshots, world.question.split
    points = whole_points(world.hundredths)
    (newest,) = split.folds[-1:]
    later = np.setdiff1d(split.train, newest.train)
    turned = snapshots.answer.copy()
    turned[later] = 1 - turned[later]
    before = start_from(points, snapshots, split)
    after = start_from(points, replace(snapshots, answer=turned), split)
    assert before[1].folds[-1].tolist() == after[1].folds[-1].tolist()
    assert before[1].whole.tolist() != after[1].whole.tolist()


def test_learning_again_from_the_same_rows_gives_the_same_model(world: World, blend: Taught):
    snapshots, split = world.question.snapshots, world.question.split
    further = Further(world.matrix, world.hundredths, snapshots, split.train, split.weights, split.mature)
    again = relearn(blend, further, world.catalogue, 1)
    asked = (world.test.matrix, world.test.hundredths)
    assert again.learnt.model.probabilities(*asked).tolist() == blend.learnt.model.probabilities(*asked).tolist()
    assert again.points.members == blend.points.members


def test_learning_again_from_fewer_rows_moves_every_part(world: World, blend: Taught):
    snapshots, split = world.question.snapshots, world.question.split
    kept = np.arange(0, len(split.train), 2)
    rows = split.train[kept]
    mature = np.intersect1d(rows, split.mature)
    further = Further(world.matrix[kept], world.hundredths[kept], snapshots, rows, split.weights[kept], mature)
    again = relearn(blend, further, world.catalogue, 1)
    assert again.learnt.model.calibrator == blend.learnt.model.calibrator
    pairs = zip(again.learnt.model.members, blend.learnt.model.members, strict=True)
    assert all(
        one.margins(world.test.matrix, world.test.hundredths, 1).tolist()
        != other.margins(world.test.matrix, world.test.hundredths, 1).tolist()
        for one, other in pairs
    )


def test_many_deals_are_learnt_without_the_points_where_these_are_beaten(world: World, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(ladder, "BLEND_TO", 200)
    found = world.learn()
    assert found.step is Step.MODEL
    assert not found.learnt.model.uses_points
    assert found.why.startswith(
        "306 converted leads in training (more than 200): trees averaged with a ridge, which beat the points on the "
        "windows inside training (log loss "
    )


def test_trees_are_averaged_with_a_ridge_only_where_the_windows_like_that_better(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(ladder, "BLEND_TO", 200)
    both = world.learn().learnt
    *trees, line = both.model.members
    assert isinstance(line, RidgeMember)
    assert line.weight == len(trees) == 3
    assert both.learning.ridge_strength in ridge.STRENGTHS
    monkeypatch.setattr(ridge, "STRENGTHS", (1e-12,))  # so strong a ridge says the rate of everybody: the mean is dull
    taught = world.learn()
    alone = taught.learnt
    assert [type(one) for one in alone.model.members] == [BoosterMember] * 3
    assert [one.text for one in alone.model.members] == [one.text for one in trees]
    assert alone.learning.ridge_strength is None
    assert both.learning.window_log_loss_raw < alone.learning.window_log_loss_raw
    assert "(more than 200): trees alone, which beat the points" in taught.why


def test_what_the_windows_are_told_is_what_the_ridge_of_each_window_and_its_trees_say_together(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(ladder, "BLEND_TO", 200)
    both, split = world.learn().learnt, world.question.split
    assert len(both.lines) == len(split.folds)
    for line, grown, fold, margins in zip(
        both.lines, both.windows.grown, split.folds, both.windows.margins, strict=True
    ):
        asked = world.matrix[np.searchsorted(split.train, fold.validation)]
        trees = grown.predict(asked, raw_score=True, num_iteration=both.windows.rounds)
        lines = line.margins(asked, np.zeros(len(asked), np.int64), 1)
        np.testing.assert_allclose(margins, (trees + lines) / 2, atol=0.01)


def test_where_points_hold_the_answer_trees_start_from_them_however_many_deals_there_are(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    """Points that know what the features do not: 30 for most who convert, and for some who do not."""
    monkeypatch.setattr(ladder, "BLEND_TO", 200)
    random = np.random.default_rng(0)
    answer = world.question.snapshots.answer[world.question.split.train]
    knowing = 3000 * (random.random(len(answer)) < np.where(answer == 1, 0.9, 0.1)).astype(np.int64)
    found = world.learn(knowing)
    assert found.step is Step.BLEND
    assert "do not beat the points" in found.why
    assert found.learnt.model.uses_points
    labels = np.concatenate(found.learnt.windows.labels)
    assert log_loss(IDENTITY, np.concatenate(found.learnt.windows.margins), labels) < 0.4


def test_few_deals_leave_the_points_and_below_twenty_nothing_tells_scores_apart():
    few = World(assemble(company(leads=60), exported_at=330 * DAY))
    found = few.learn()
    converted = few.question.snapshots.converted_leads(few.question.split.train)
    assert converted < 20
    assert (found.step, found.learnt) == (Step.POINTS, None)
    assert found.why == (
        f"{converted} converted leads in training are fewer than 100, from which no model learns more than the rulebook "
        "says: its points, brought to probabilities, stand in; with fewer than 20 nothing here can tell one score from "
        "another"
    )
    assert isinstance(found.points, Model)
    assert [type(one) for one in found.points.members] == [PointsMember]


def test_deals_that_came_too_late_for_a_window_leave_the_points(world: World):
    late = replace(world.question.split, folds=())
    found = learn_step(world.matrix, world.hundredths, world.question.snapshots, late, world.catalogue, 1, None, silent)
    assert (found.step, found.learnt) == (Step.POINTS, None)
    assert found.why == (
        "no model could be checked inside training: a window there needs 20 converted leads known before it and 10 in it, "
        "and the 306 of training came too late; the points, brought to probabilities, stand in"
    )
