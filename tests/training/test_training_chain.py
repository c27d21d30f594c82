"""The customer by way of sql: who each part learns from, and that the better way is kept, by windows inside training."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import pytest

from features.catalogue import Catalogue
from features.table import compute
from histories.assemble import assemble
from histories.clock import DAY, HOUR
from histories.contract import Attribute, Histories, Interaction, LeadHistory, Outcome, Stage, Target
from scoring import rulebook
from scoring.calibration import sigmoid
from scoring.chain import Chain, sql_column
from scoring.model import BoosterMember, Member
from scoring.scorer import Scorer
from training import chain, recipe
from training.fit import Question, ask, catalogue_of, fit_bundle
from training.fitted import silent
from training.learner import Learnt, learn
from training.snapshots import Snapshots, draw, subset
from training.split import split_at

PLAN = recipe.parse(
    """
    [targets.customer]
    horizon_days = 20
    [snapshots]
    ages = ["1d", "5d"]
    [split]
    test_share = 0.25
    """,
    "recipe.toml",
)


def lead(name: str, created: int, *reached: tuple[str, int]) -> LeadHistory:
    outcomes = tuple(Outcome(Stage(stage), (created + day) * DAY) for stage, day in reached)
    return LeadHistory(
        name, created * DAY, interactions=(Interaction(f"i-{name}", created * DAY, "visit"),), outcomes=outcomes
    )


LEADS = [
    lead("sql before, customer", 0, ("sql", 2), ("customer", 10)),
    lead("sql before, no customer", 1, ("sql", 2)),
    lead("sql in time, customer", 2, ("sql", 10), ("customer", 15)),
    lead("sql in time, no customer", 3, ("sql", 10)),
    lead("sql too late", 4, ("sql", 40)),
    lead("nothing", 5),
    lead("lost, then sql", 6, ("lost", 8), ("sql", 12)),
    lead("customer without sql on record", 7, ("customer", 12)),
    lead("sql in time, then lost", 8, ("sql", 7), ("lost", 9)),
    lead("sql at once, customer not known yet", 88, ("sql", 7)),
]


@pytest.fixture(scope="module")
def by_hand() -> tuple[chain.Part, chain.Side, chain.Side]:
    """Snapshots at 5 days, with 20 days to go; everything is known up to day 100. Customer, sql, customer given sql."""
    histories = assemble(LEADS, exported_at=100 * DAY)
    plan = recipe.parse(PLAN.source.replace('"1d", ', ""), "recipe.toml")
    drawn = draw(histories, Target.CUSTOMER, 20, plan.ages)
    parts = split_at(drawn, 100 * DAY, 0.0, [])
    catalogue = catalogue_of(histories, {Target.CUSTOMER: Question(drawn, parts)}, 100 * DAY, ())
    customer = chain.Part(compute(histories, subset(drawn.table, parts.train), catalogue).matrix, drawn, parts)
    sql = chain.of_sql(customer, histories)
    given = chain.given_sql(customer, sql, sql_column(catalogue))
    for side, matrix in (
        (sql, chain.sql_matrix(customer, sql, histories, catalogue)),
        (given, chain.given_matrix(customer, given)),
    ):
        rows = subset(side.snapshots.table, side.split.train)
        np.testing.assert_array_equal(matrix, compute(histories, rows, catalogue).matrix)
    return customer, sql, given


def answers(part: chain.Part | chain.Side) -> dict[str, int]:
    rows = part.split.train
    names = subset(part.snapshots.table, rows)["lead_id"].to_pylist()
    return dict(zip(names, part.snapshots.answer[rows].tolist(), strict=True))


def test_sql_is_asked_of_those_that_are_not_sql_and_its_answer_may_come_before_the_customers(by_hand):
    customer, sql, _ = by_hand
    assert answers(sql) == {
        "sql in time, customer": 1,
        "sql in time, no customer": 1,
        "sql too late": 0,
        "nothing": 0,
        "lost, then sql": 0,
        "customer without sql on record": 1,
        "sql in time, then lost": 1,
        "sql at once, customer not known yet": 1,
    }
    assert "sql at once, customer not known yet" not in answers(customer)


def test_the_second_step_is_learnt_from_who_is_sql_or_becomes_it_in_time(by_hand):
    _, _, given = by_hand
    assert answers(given) == {
        "sql before, customer": 1,
        "sql before, no customer": 0,
        "sql in time, customer": 1,
        "sql in time, no customer": 0,
        "customer without sql on record": 1,
        "sql in time, then lost": 0,
    }
    assert len(given.split.weights) == 6
    assert given.split.weights.mean() == pytest.approx(1)


def test_no_customer_is_without_an_sql(by_hand):
    """What makes the product right: whoever is a customer in time is among those that the second step is about."""
    customer, _, given = by_hand
    customers = {name for name, answer in answers(customer).items() if answer == 1}
    assert customers == {name for name, answer in answers(given).items() if answer == 1}


def company(leads: int = 2600, recorded: bool = True):
    """A demo request leads to sql, and a budget from there to the customer; a twentieth of the leads becomes one."""
    random = np.random.default_rng(3)
    for number in range(leads):
        created = int(random.integers(300 * 24)) * HOUR
        demo, budget = random.random() < 0.4, random.random() < 0.3
        touches = [Interaction(f"v{number}", created + HOUR, "demo_request" if demo else "visit")]
        outcomes = []
        if random.random() < sigmoid(np.array(-2.2 + 2.6 * demo)):
            reached = created + 6 * DAY + int(random.integers(5 * DAY))
            won = random.random() < sigmoid(np.array(-3 + 3.5 * budget))
            if recorded:
                outcomes.append(Outcome(Stage.SQL, reached))
            if won or not recorded:
                outcomes.append(Outcome(Stage.CUSTOMER, reached + int(random.integers(1, 5)) * DAY))
        attributes = (Attribute("budget", "yes" if budget else "no"), Attribute("noise", float(random.normal())))
        yield LeadHistory(f"{number:05d}", created, None, attributes, tuple(touches), tuple(outcomes))


@dataclass(frozen=True)
class World:
    """A company's export, and what there is to learn its customers from."""

    histories: Histories
    catalogue: Catalogue
    part: chain.Part

    def chained(self, direct: Learnt) -> chain.Tried:
        return chain.chained(direct, self.part, self.histories, self.catalogue, 1, silent)


def world(leads: Iterable[LeadHistory]) -> World:
    histories = assemble(leads, exported_at=330 * DAY)
    questions, border = ask(histories, PLAN)
    question = questions[Target.CUSTOMER]
    catalogue = catalogue_of(histories, questions, border, ())
    matrix = compute(histories, subset(question.snapshots.table, question.split.train), catalogue).matrix
    return World(histories, catalogue, chain.Part(matrix, question.snapshots, question.split))


@pytest.fixture(scope="module")
def whole() -> World:
    return world(company())


@pytest.fixture(scope="module")
def direct(whole: World) -> Learnt:
    part = whole.part
    found = learn(part.matrix, part.snapshots, part.split, whole.catalogue, 1, None, silent)
    assert found is not None
    return found


@pytest.fixture(scope="module")
def tried(whole: World, direct: Learnt) -> chain.Tried:
    return whole.chained(direct)


def test_where_each_step_has_its_own_reasons_the_chain_is_the_better(whole, direct, tried):
    route = tried.route
    assert isinstance(tried.chain, Chain)
    assert route.chained
    assert route.chain_log_loss < route.direct_log_loss
    assert route.direct_log_loss == pytest.approx(direct.learning.window_log_loss, abs=1e-9)
    assert route.snapshots == sum(len(fold.validation) for fold in whole.part.split.folds)
    assert route.sentence == (
        f"P(customer) is the chain P(sql) x P(customer | sql): log loss {route.chain_log_loss:.4f} on "
        f"{route.snapshots:,} snapshots of the windows inside training, {route.direct_log_loss:.4f} if it were learnt "
        "directly. The chain's trees have default settings and do not start from the rulebook's points"
    )
    said = route.params()
    for part, learning in (("chain_sql", route.sql), ("chain_given_sql", route.given_sql)):
        assert {name: said[f"{part}_{name}"] for name in learning.params()} == learning.params()
        assert {"rounds", "calibration", "ridge", "num_leaves"} <= learning.params().keys()


def test_the_chain_speaks_of_the_customers_days_and_predicts_as_many_as_come(whole, tried):
    asked, found = whole.part, tried.chain
    assert (found.target, found.horizon_days, found.uses_points) == (Target.CUSTOMER, 20, False)
    rows = asked.split.mature
    chances = found.probabilities(
        asked.matrix[np.searchsorted(asked.split.train, rows)], np.zeros(len(rows), dtype=np.int64)
    )
    assert chances.sum() == pytest.approx(asked.snapshots.label[rows].sum(), rel=0.1)


def test_the_worse_of_both_is_not_kept(whole, direct, tried, monkeypatch):
    """The chain as found, and a direct model that did better than it."""
    for chained, kept in ((True, tried.chain), (False, direct.model)):
        outcome = chain.Tried(tried.chain, replace(tried.route, chained=chained))
        monkeypatch.setattr(chain, "chained", lambda *_, outcome=outcome: outcome)
        model, learning = chain.keep_better(direct, whole.part, whole.histories, whole.catalogue, 1, silent)
        assert model is kept
        assert learning == replace(direct.learning, route=outcome.route)
    assert chain.keep_better(None, whole.part, whole.histories, whole.catalogue, 1, silent) == (None, None)


def told(member: Member) -> str | Member:
    """A booster's text; any other member is a value."""
    return member.text if isinstance(member, BoosterMember) else member


def test_on_a_window_the_second_part_says_what_it_was_calibrated_on(whole):
    """Trees and ridge of the window, for the rows that the part was asked itself, found among all the customer's."""
    sql = chain.of_sql(whole.part, whole.histories)
    given = chain.given_sql(whole.part, sql, sql_column(whole.catalogue))
    second = chain._learnt(chain.given_matrix(whole.part, given), given, whole.catalogue, 1, silent)
    assert second is not None
    assert second.learning.ridge_strength is not None
    nobody = replace(sql, snapshots=subset_of(sql.snapshots))
    for number, fold in enumerate(given.split.folds):
        said = chain._window(number, whole.part, nobody, second, second)
        own = np.isin(whole.part.split.folds[number].validation, fold.validation)
        told = second.model.calibrator.log_odds(second.windows.margins[number])
        np.testing.assert_allclose(said[own], told, atol=0.02)


def subset_of(snapshots: Snapshots) -> Snapshots:
    """No snapshots of the same sort."""
    none = np.zeros(0, dtype=np.int64)
    return replace(snapshots, lead=none, age=none)


def test_learning_again_from_the_same_snapshots_gives_the_same_chain(whole, tried):
    again = chain.relearn(tried.chain, tried.route, whole.part, whole.histories, whole.catalogue, 1)
    for one, other in ((again.sql, tried.chain.sql), (again.given_sql, tried.chain.given_sql)):
        assert [told(member) for member in one.members] == [told(member) for member in other.members]
        assert one.calibrator == other.calibrator


def test_without_stages_of_sql_there_is_nothing_to_chain(direct):
    there = world(company(recorded=False))
    found = there.chained(direct)
    assert found.chain is None
    assert found.route == chain.Route(
        False,
        "no chain by way of sql was tried: of those that became sql, 0 leads in training did not become customer, and "
        "it needs 20",
    )
    assert there.part.snapshots.converted_leads(there.part.split.train) > 400


def test_few_sql_leave_the_chain_untried(direct):
    there = world(company(leads=1400))
    found = there.chained(direct)
    assert found.chain is None
    message = r"no chain by way of sql was tried: \d+ leads in training became sql, and trees without the points want more than 400"
    assert re.fullmatch(message, found.route.sentence)
    assert there.part.split.folds


@pytest.mark.slow
def test_what_was_tested_is_what_is_served_and_the_customer_is_never_likelier_than_the_sql():
    """Both targets within 20 days: each test snapshot of the customer, scored again as a request would be."""
    leads = list(company(leads=3500))
    histories = assemble(leads, exported_at=330 * DAY)
    rules = rulebook.parse(
        'name = "r"\n[[engagement]]\nrule = "Demo"\nkinds = ["demo_request"]\npoints = 1\n[stages]\nmql = { points = 5 }',
        "r",
    )
    plan = recipe.parse(
        PLAN.source.replace("[targets.customer]", "[targets.sql]\nhorizon_days = 20\n[targets.customer]"), "r"
    )
    fitted = fit_bundle(histories, plan, rules, now=400 * DAY, source="a test")
    assert isinstance(fitted.bundle.models[Target.CUSTOMER], Chain)
    scorer, by_id = Scorer(fitted.bundle, rules), {one.lead_id: one for one in leads}
    lineup = fitted.results[Target.CUSTOMER].lineup
    tested = lineup.contenders[lineup.chosen].probability
    rows = lineup.rows.to_pylist()
    for place in range(0, len(rows), 7):
        row = rows[place]
        (served,) = scorer.score([by_id[row["lead_id"]]], row["cutoff"], 0)
        assert served.probability_customer == tested[place]
        assert served.probability_sql is None or served.probability_customer <= served.probability_sql
