"""fit_bundle on small companies whose truth is known: what is learnt, what stands in, and that it can be repeated."""

import re

import numpy as np
import pytest

from histories.assemble import assemble
from histories.clock import DAY, HOUR
from histories.contract import Attribute, Interaction, LeadHistory, Outcome, Stage, Target
from histories.errors import CallError, DataError
from scoring import bundle as bundles
from scoring import member_files, rulebook
from scoring.calibration import sigmoid
from scoring.scorer import Scorer
from training import lineup, recipe
from training.board import high_probability
from training.fit import fit_bundle
from training.fitted import Score, Step

RULES = rulebook.parse(
    'name = "r"\n[[engagement]]\nrule = "Visit"\nkinds = ["visit"]\npoints = 1\n[stages]\nmql = { points = 5 }',
    "rulebook.toml",
)
PLAN = recipe.parse(
    """
    [targets.customer]
    horizon_days = 20
    [snapshots]
    ages = ["1d", "5d"]
    [split]
    test_share = 0.25
    [report]
    segments = ["industry"]
    [business]
    calls_per_week = 10
    deal_value = 1000
    call_cost = 5
    """,
    "recipe.toml",
)


def company(leads=1200, days=300, seed=1, effect=2.0, base=-1.5):
    """A lead's first day holds a demo request, or not; with one it buys more often. Visits say nothing."""
    random = np.random.default_rng(seed)
    for number in range(leads):
        created = int(random.integers(days * 24)) * HOUR
        demo = random.random() < 0.4
        visits = [created + int(at) for at in random.integers(0, DAY, size=random.integers(1, 4))]
        interactions = [Interaction(f"v{at}-{n}", at, "visit") for n, at in enumerate(visits)]
        if demo:
            interactions.append(Interaction("demo", created + HOUR, "demo_request"))
        won = random.random() < sigmoid(np.array(base + effect * demo))
        at = created + 6 * DAY + int(random.integers(10 * DAY))
        industry = str(random.choice(["bank", "shop"]))
        yield LeadHistory(
            f"{number:05d}",
            created,
            attributes=(Attribute("industry", industry),),
            interactions=tuple(interactions),
            outcomes=(Outcome(Stage.CUSTOMER, at),) if won else (),
        )


def fit(plan=PLAN, **known):
    histories = assemble(company(**known), exported_at=330 * DAY)
    return histories, fit_bundle(histories, plan, RULES, now=400 * DAY, source="a test")


@pytest.fixture(scope="module")
def fitted():
    return fit()


def test_the_model_finds_what_the_points_do_not_count(fitted):
    """Visits give points and say nothing; a demo request tells: the best possible AUC is known from the rates."""
    result = fitted[1].results[Target.CUSTOMER]
    assert result.champion is Score.MODEL
    assert result.reason.startswith("the model beats the points. Its log loss is below the rules': ")
    model, rules = (result.lineup.contenders[name].figures.measures for name in ("model", "rules"))
    apart = result.lineup.differences["rules"]
    assert model.auc > 0.66
    assert 0.4 < rules.auc < 0.6
    assert apart["auc"].low > 0
    assert apart["log_loss"].high < 0
    assert 0.8 < model.predicted_over_observed < 1.25


def test_both_scores_are_of_the_same_snapshots(fitted):
    result = fitted[1].results[Target.CUSTOMER]
    lineup = result.lineup
    assert lineup.rows.column_names == ["lead_id", "group", "cutoff", "age", "label"]
    for one in lineup.contenders.values():
        assert one.figures.snapshots == len(one.score) == len(one.probability) == result.counts.test_snapshots
    assert min(lineup.rows["cutoff"].to_pylist()) >= fitted[1].test_start
    assert {(one.name, one.value) for one in lineup.segments} == {
        ("age", "1d"),
        ("age", "5d"),
        ("industry", "bank"),
        ("industry", "shop"),
    }
    for name in ("age", "industry"):
        snapshots = sum(one.snapshots for one in lineup.segments if one.name == name)
        assert snapshots == result.counts.test_snapshots


def test_the_calls_at_capacity_are_worth_their_conversions_less_their_cost(fitted):
    lineup = fitted[1].results[Target.CUSTOMER].lineup
    assert set(lineup.capacity) == {"model", "rules"}
    for one in lineup.capacity.values():
        found = one.measures
        assert found.realised_value == pytest.approx(1000 * found.conversions - 5 * found.calls)
        assert found.calls == pytest.approx(one.selected.sum())
    assert lineup.capacity_differences["rules"]["conversions"].low > 0


def test_the_bundle_can_be_written_and_read_and_says_what_it_saw(fitted, tmp_path):
    _, found = fitted
    bundles.write(found.bundle, tmp_path / "bundle")
    assert bundles.read(tmp_path / "bundle").version == found.bundle.version
    card = found.bundle.card
    assert (card.trained_until, card.created_at, card.source) == (found.test_start, 400 * DAY, "a test")
    assert card.conversions == {Target.CUSTOMER: found.results[Target.CUSTOMER].counts.train_conversions}
    low, high = card.intervals[Target.CUSTOMER]["auc"]
    assert low < card.figures[Target.CUSTOMER]["auc"] < high
    assert card.intervals[Target.CUSTOMER].keys() < card.figures[Target.CUSTOMER].keys()  # a count has none
    assert found.results[Target.CUSTOMER].step is Step.BLEND
    assert found.bundle.rulebook == RULES
    assert "decided by the test figures" in card.limits[-2]
    assert "leads up to 5d old" in card.limits[-1]


def test_the_cut_off_fills_the_calls_of_a_week(fitted):
    """On the board as sales has it: with the leads that training saw, which are no part of the reference."""
    histories, found = fitted
    answers = Scorer(found.bundle, RULES).score_board(histories, histories.exported_at)
    chances = np.array([one.probability_customer for one in answers])
    assert len(chances) > len(found.bundle.reference)
    assert (chances >= found.bundle.policy.high_probability).sum() >= 10
    assert (chances > found.bundle.policy.high_probability).sum() < 10


def test_training_again_gives_the_same_bundle_and_what_comes_after_the_border_does_not_move_it(fitted):
    histories, found = fitted
    again = fit_bundle(histories, PLAN, RULES, now=999 * DAY, source="the same, elsewhere")
    assert again.bundle.version == found.bundle.version
    plan = recipe.parse(PLAN.source.replace("test_share = 0.25", "test_from = 1970-08-18"), "recipe.toml")
    cut = plan.test_from
    whole = list(company())
    changed = [
        LeadHistory(
            one.lead_id,
            one.created_at,
            one.account_id,
            one.attributes,
            tuple(i for i in one.interactions if i.occurred_at < cut),
            tuple(o for o in one.outcomes if o.reached_at < cut),
        )
        for one in whole
    ]
    models = [
        fit_bundle(assemble(leads, exported_at=330 * DAY), plan, RULES, now=0, source="").results[Target.CUSTOMER].model
        for leads in (whole, changed)
    ]
    assert written(models[0]) == written(models[1])


def written(model):
    """A model as a bundle's texts: its members, with their weights, and its calibrator."""
    files: dict[str, str] = {}
    return member_files.describe(model, "model", files), files


def test_few_conversions_leave_the_points_as_champion():
    _, found = fit(leads=150)
    result = found.results[Target.CUSTOMER]
    assert (result.champion, result.model, result.learning) == (Score.POINTS, None, None)
    assert list(result.lineup.contenders) == ["rules"]
    assert result.step is Step.POINTS
    assert result.reason == result.why
    assert result.why == (
        "32 converted leads in training are fewer than 100, from which no model learns more than the rulebook says: its "
        "points, brought to probabilities, stand in"
    )
    assert found.bundle.rulebook == RULES
    assert found.bundle.models[Target.CUSTOMER].uses_points


def test_where_nothing_can_be_learnt_the_model_does_not_pass_for_one():
    """Without an effect the two log losses are those of two constants, nearly."""
    _, found = fit(effect=0.0)
    result = found.results[Target.CUSTOMER]
    apart = result.lineup.differences[lineup.RULES]
    assert apart["auc"].low < 0 < apart["auc"].high
    assert abs(apart["log_loss"].value) < 0.02


def test_no_conversion_at_all_says_what_to_do():
    with pytest.raises(
        DataError, match=r"^target customer, .* with 0 converted leads, .*check \[\[outcomes\]\] in crm"
    ):
        fit(base=-99.0, effect=0.0)


def test_a_segment_that_is_no_attribute_is_named():
    plan = recipe.parse(PLAN.source.replace('"industry"', '"industri"'), "recipe.toml")
    message = (
        "recipe [report] segments: 'industri' is not among the export's attributes; allowed are industry; "
        "did you mean 'industry'?"
    )
    with pytest.raises(CallError, match=f"^{re.escape(message)}$"):
        fit(plan)


def searching(budget, folder=None):
    plan = recipe.parse(f"{PLAN.source}\n[search]\n{budget}\n", "recipe.toml")
    return plan if folder is None else recipe.keeping_trials(plan, folder)


def test_a_search_by_time_is_repeated_by_the_trials_that_it_reached_even_by_a_run_that_was_killed(fitted, tmp_path):
    """However far the clock lets it come. The bundle's version is the hash of all that answers are made from."""
    _, timed = fit(searching("minutes = 0.02"))
    reached = timed.results[Target.CUSTOMER].learning.trials
    assert reached >= 1

    def kill(text, done, total):
        if text == "settings for customer, trials" and done == total - 1:
            raise InterruptedError

    plan = searching(f"trials = {reached}", tmp_path)
    with pytest.raises(InterruptedError):
        fit_bundle(fitted[0], plan, RULES, now=0, source="", progress=kill)
    assert [len(one.read_text().splitlines()) for one in tmp_path.iterdir()] == ([reached - 1] if reached > 1 else [])
    again = fit_bundle(fitted[0], plan, RULES, now=0, source="")
    assert [len(one.read_text().splitlines()) for one in tmp_path.iterdir()] == [reached]
    assert again.bundle.version == timed.bundle.version
    answers = [one.results[Target.CUSTOMER].lineup.contenders[lineup.MODEL].probability for one in (again, timed)]
    assert (answers[0] == answers[1]).all()
    tried, default = (one.results[Target.CUSTOMER].learning for one in (again, fitted[1]))
    assert (tried.trials, default.trials) == (reached, 0)
    assert tried.window_log_loss_raw <= default.window_log_loss_raw


def test_without_a_capacity_a_tenth_of_the_board_is_high():
    assert high_probability(np.arange(100) / 100, None) == 0.9
    assert high_probability(np.arange(5) / 10, 50) == 0.0
