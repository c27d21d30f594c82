"""A small bundle with real boosters, from simulated leads, and the leads it was made of."""

from functools import cache

import lightgbm as lgb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from features import catalogue as catalogues
from features.table import compute
from histories import funnel, select
from histories.assemble import assemble
from histories.clock import DAY, HOUR, parse
from histories.contract import (
    Attribute,
    Direction,
    Families,
    Histories,
    Interaction,
    LeadHistory,
    Outcome,
    Stage,
    Target,
)
from scoring import calibration, points, rulebook
from scoring.bundle import Bundle, Card, Policy
from scoring.model import BoosterMember, Model, PointsMember, RidgeMember
from scoring.ridge import Line, Ranges, straight
from scoring.rulebook import Rulebook

START = parse("2026-01-01")
AS_OF = START + 120 * DAY
FAMILIES = Families(
    {
        "intent": ("session:pricing_page", "demo_*"),
        "two_way": ("reply", "meeting"),
        "outbound": ("email_sent",),
        "negative": ("unsubscribe", "hard_bounce", "complaint"),
    }
)
KINDS = {
    "email_sent": (Direction.OUTBOUND, 0.35),
    "email_open": (Direction.INBOUND, 0.3),
    "session:pricing_page": (Direction.INBOUND, 0.15),
    "demo_request": (Direction.INBOUND, 0.05),
    "reply": (Direction.INBOUND, 0.1),
    "meeting": (None, 0.05),
}
RULEBOOK = """
name = "small"

[[engagement]]
rule = "Looked at prices"
kinds = ["session:pricing_page"]
points = 10
limit = 30
half_life_days = 30

[[engagement]]
rule = "Asked for a demo"
kinds = ["demo_*"]
points = 25
expires_days = 90

[[engagement]]
rule = "Answered"
family = "two_way"
direction = "inbound"
points = 8
limit = 24

[[engagement]]
rule = "Unsubscribed"
kinds = ["unsubscribe"]
points = -20
half_life_days = 60

[[fit]]
rule = "Mid-size company"
attribute = "employees"
between = [200, 2000]
points = 15

[[fit]]
rule = "Student"
attribute = "seniority"
in = ["student"]
points = -30

[qualification]
budget = { attribute = "budget", at_least = 10000 }
need = { family = "intent" }
points_each = 5

[limits]
engagement = 60
fit = 50

[stages]
mql = { points = 30 }
sql = { points = 50, two_way = true }

[grades]
fit = [40, 15, 5]
engagement = [40, 20, 5]

[follow_up]
mql_hours = 72
sql_hours = 24
"""


def book() -> Rulebook:
    """The rulebook of these tests."""
    return rulebook.parse(RULEBOOK, "rulebook.toml")


@cache
def leads(count: int = 300, seed: int = 7) -> tuple[LeadHistory, ...]:
    """Simulated leads of the 100 days after START; whoever looks at prices and answers converts more often."""
    rng = np.random.default_rng(seed)
    return tuple(_lead(number, rng) for number in range(count))


def _lead(number: int, rng: np.random.Generator) -> LeadHistory:
    created_at = START + int(rng.integers(0, 100 * DAY))
    names = list(KINDS)
    shares = np.array([share for _, share in KINDS.values()])
    interactions = []
    for touch in range(int(rng.poisson(8))):
        kind = names[int(rng.choice(len(names), p=shares / shares.sum()))]
        at = created_at + int(rng.exponential(15 * DAY))
        interactions.append(
            Interaction(f"crm:{number}-{touch}", at, kind, direction=KINDS[kind][0], value=float(rng.integers(1, 50)))
        )
    if rng.random() < 0.05:
        interactions.append(Interaction(f"crm:{number}-u", created_at + 5 * DAY, "unsubscribe"))
    return LeadHistory(
        lead_id=f"L{number:04}",
        created_at=created_at,
        account_id=f"A{number // 3}" if number % 2 else None,
        attributes=_attributes(rng, created_at),
        interactions=tuple(interactions),
        outcomes=_outcomes(rng, created_at, interactions),
    )


def _attributes(rng: np.random.Generator, created_at: int) -> tuple[Attribute, ...]:
    attributes = [
        Attribute("employees", float(rng.integers(1, 3000))),
        Attribute("industry", str(rng.choice(["software", "retail", "health"]))),
        Attribute("seniority", str(rng.choice(["student", "vp", "manager"]))),
    ]
    if rng.random() < 0.3:
        attributes.append(Attribute("budget", float(rng.integers(1000, 50000)), created_at + 10 * DAY))
    return tuple(attributes)


def _outcomes(rng: np.random.Generator, created_at: int, interactions: list[Interaction]) -> tuple[Outcome, ...]:
    warm = sum(one.kind in {"session:pricing_page", "demo_request", "reply"} for one in interactions)
    if rng.random() > 0.08 + 0.08 * warm:
        return (Outcome(Stage.LOST, created_at + 100 * DAY),) if rng.random() < 0.2 else ()
    reached = created_at + int(rng.exponential(20 * DAY)) + HOUR
    outcomes = [Outcome(Stage.MQL, reached), Outcome(Stage.SQL, reached + DAY)]
    if rng.random() < 0.5:
        outcomes.append(Outcome(Stage.CUSTOMER, reached + 20 * DAY, 1000.0))
    return tuple(outcomes)


@cache
def histories() -> Histories:
    """The simulated leads as tables."""
    return assemble(leads(), exported_at=START + 200 * DAY, families=FAMILIES, timezone="Europe/Amsterdam")


def _snapshots(target: Target, horizon_days: int) -> tuple[pa.Table, npt.NDArray[np.int64]]:
    rows, labels = [], []
    for history in select.each(histories()):
        outcomes = funnel.chronological(history.outcomes)
        for age in (1, 7, 21):
            cutoff = history.created_at + age * DAY
            if funnel.standing(outcomes, cutoff).at_risk(target):
                reached = funnel.resolution(outcomes, cutoff, target).reached_at
                rows.append({"lead_id": history.lead_id, "cutoff": cutoff})
                labels.append(int(reached is not None and reached < cutoff + horizon_days * DAY))
    return pa.Table.from_pylist(rows), np.array(labels)


@cache
def catalogue() -> catalogues.Catalogue:
    """Columns for these leads."""
    return catalogues.build(histories(), [one.lead_id for one in leads()], until=AS_OF)


def booster(matrix: npt.NDArray[np.float64], labels: npt.NDArray[np.int64], seed: int) -> str:
    """A tiny booster's text."""
    categorical = [place for place, one in enumerate(catalogue().features) if one.categorical]
    data = lgb.Dataset(matrix, labels, feature_name=list(catalogue().names), categorical_feature=categorical)
    parameters = {
        "objective": "binary",
        "num_leaves": 7,
        "learning_rate": 0.2,
        "verbosity": -1,
        "num_threads": 1,
        "deterministic": True,
        "force_col_wise": True,
        "feature_fraction": 0.5,
        "seed": seed,
    }
    return lgb.train(parameters, data, num_boost_round=15).model_to_string()


def ridge(matrix: npt.NDArray[np.float64]) -> RidgeMember:
    """Lines, steps and ranges of any size: nothing here is fitted."""
    random = np.random.default_rng(5)
    lines, steps, ranges, missing = {}, {}, {}, {}
    for column, feature in zip(matrix.T, catalogue().features, strict=True):
        if feature.categorical:
            steps[feature.name] = tuple(random.normal(0, 0.2, 3).tolist())
            missing[feature.name] = float(random.normal(0, 0.1))
        elif feature.signal.startswith("attribute:"):
            ranges[feature.name] = Ranges((10.0, 100.0), tuple(random.normal(0, 0.2, 3).tolist()))
        elif (known := straight(column[np.isfinite(column)])).size and np.ptp(known):
            lines[feature.name] = Line(float(known.mean()), float(known.std()), float(random.normal(0, 0.05)))
    return RidgeMember(catalogue().names, lines, steps, -1.5, 2.0, ranges, missing)


@cache
def model(target: Target, horizon_days: int) -> Model:
    """Every sort of member: a booster, one that started from the points, the points and a ridge; both calibrators."""
    snapshots, labels = _snapshots(target, horizon_days)
    matrix = compute(histories(), snapshots, catalogue()).matrix
    hundredths = points.table(book(), histories(), snapshots)
    fitted = calibration.fit(hundredths / 100, labels)
    members = (
        BoosterMember(booster(matrix, labels, 1)),
        BoosterMember(booster(matrix, labels, 2), 0.25, fitted.slope / 2, 12.5),
        PointsMember(fitted.slope, fitted.intercept, -0.125, 20.0, 0.5),
        ridge(matrix),
    )
    raw = Model(target, horizon_days, members, calibration.IDENTITY)
    line = calibration.fit(raw.margins(matrix, hundredths), labels)
    beta = calibration.Beta(0.75 * line.slope, 1.5 * line.slope, line.intercept)
    return Model(target, horizon_days, members, beta if target is Target.CUSTOMER else line)


@cache
def bundle(horizon_sql: int = 30, horizon_customer: int = 90) -> Bundle:
    """The bundle; its reference is made of this board's own probabilities."""
    models = {Target.SQL: model(Target.SQL, horizon_sql), Target.CUSTOMER: model(Target.CUSTOMER, horizon_customer)}
    snapshots = pa.table({"lead_id": [one.lead_id for one in leads()], "cutoff": [AS_OF] * len(leads())})
    matrix = compute(histories(), snapshots, catalogue()).matrix
    hundredths = points.table(book(), histories(), snapshots)
    reference = np.sort(models[Target.CUSTOMER].probabilities(matrix, hundredths))
    return Bundle(
        catalogue=catalogue(),
        models=models,
        reference=reference,
        policy=Policy(high_probability=float(np.quantile(reference, 0.8))),
        card=Card(
            trained_until=AS_OF,
            created_at=AS_OF + DAY,
            leads=len(leads()),
            snapshots=900,
            conversions={Target.SQL: 90, Target.CUSTOMER: 45},
            figures={Target.CUSTOMER: {"auc": 0.1 + 0.2, "log_loss": 1 / 3, "brier": float("nan")}},
            intervals={Target.CUSTOMER: {"auc": (0.1, 0.7)}},
            source="simulated leads",
            limits=("Only for tests.",),
        ),
        rulebook=book(),
    )
