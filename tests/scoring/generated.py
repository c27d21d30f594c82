"""Leads and rulebooks that hypothesis makes up."""

from hypothesis import strategies as st

from histories.clock import DAY
from histories.contract import Attribute, Direction, Families, Interaction, LeadHistory
from scoring.rulebook import Rulebook
from scoring.rules import (
    AttributeCondition,
    EngagementRule,
    FitRule,
    Grades,
    InteractionCondition,
    Qualification,
    StageRule,
)

FAMILIES = Families({"intent": ("pricing*", "demo"), "two_way": ("reply",), "negative": ("unsubscribe", "bounce")})
KINDS = ("pricing", "pricing_eu", "demo", "reply", "unsubscribe", "bounce", "open")
END = 60 * DAY

times = st.one_of(st.integers(0, 60).map(lambda day: day * DAY), st.integers(0, END))
texts = st.sampled_from(["web", "mail"])
values = st.one_of(st.none(), st.sampled_from(["a", "b"]), st.integers(0, 5).map(float))
attributes = st.builds(Attribute, st.sampled_from(["size", "branch"]), values, st.one_of(st.none(), times))


@st.composite
def interactions(draw: st.DrawFn) -> Interaction:
    occurred_at = draw(times)
    return Interaction(
        interaction_id=str(draw(st.integers(0, 30))),
        occurred_at=occurred_at,
        kind=draw(st.sampled_from(KINDS)),
        received_at=draw(st.one_of(st.none(), st.integers(0, 10).map(lambda days: occurred_at + days * DAY))),
        channel=draw(st.one_of(st.none(), texts)),
        direction=draw(st.one_of(st.none(), st.sampled_from(Direction))),
        value=draw(st.one_of(st.none(), st.integers(0, 5).map(float))),
    )


histories = st.builds(
    LeadHistory,
    lead_id=st.just("L"),
    created_at=st.just(0),
    attributes=st.lists(attributes, max_size=5).map(tuple),
    interactions=st.lists(interactions(), max_size=15).map(tuple),
)

hundredths = st.one_of(st.integers(1, 5000), st.sampled_from([1, 50, 100, 999, 1000]))
signed = st.builds(lambda size, sign: size * sign, hundredths, st.sampled_from([1, 1, -1]))
interaction_conditions = st.builds(
    lambda kinds, family, channel, direction, least: InteractionCondition(
        () if family else kinds, family, channel, direction, least
    ),
    st.lists(st.sampled_from(["pricing*", "demo", "reply", "open", "*"]), min_size=1, max_size=2).map(tuple),
    st.one_of(st.none(), st.sampled_from(["intent", "two_way", "negative"])),
    st.one_of(st.none(), texts),
    st.one_of(st.none(), st.sampled_from(Direction)),
    st.one_of(st.none(), st.integers(0, 5).map(float)),
)
attribute_conditions = st.one_of(
    st.builds(AttributeCondition, st.sampled_from(["size", "branch"]), missing=st.booleans()),
    st.builds(AttributeCondition, st.just("size"), at_least=st.integers(0, 5).map(float)),
    st.builds(AttributeCondition, st.just("branch"), values=st.sampled_from([("a",), ("a", "b"), (1.0, 2.0)])),
)
fading = st.sampled_from([(None, None), (0.5, None), (7.0, None), (30.0, None), (None, 3.0), (None, 20.5)])
conditions = st.one_of(st.none(), interaction_conditions, attribute_conditions)
cuts = st.lists(st.integers(-500, 9000), min_size=3, max_size=3, unique=True).map(
    lambda three: tuple(sorted(three, reverse=True))
)


@st.composite
def rulebooks(draw: st.DrawFn) -> Rulebook:
    engagement = []
    for number in range(draw(st.integers(0, 4))):
        half_life, expires = draw(fading)
        limit = draw(st.one_of(st.none(), hundredths))
        condition = draw(interaction_conditions)
        engagement.append(EngagementRule(f"rule {number}", condition, draw(signed), limit, half_life, expires))
    fit = [
        FitRule(f"fit {number}", draw(attribute_conditions), draw(signed)) for number in range(draw(st.integers(0, 3)))
    ]
    stages = sorted([draw(st.integers(1, 6000)), draw(st.integers(1, 6000))])
    return Rulebook(
        name="made up",
        engagement=tuple(engagement),
        fit=tuple(fit),
        qualification=draw(st.one_of(st.none(), st.builds(Qualification, hundredths, *[conditions] * 4))),
        engagement_limit=draw(st.one_of(st.none(), hundredths)),
        fit_limit=draw(st.one_of(st.none(), hundredths)),
        mql=StageRule(stages[0], draw(st.booleans())),
        sql=StageRule(stages[1], draw(st.booleans())),
        grades=draw(st.one_of(st.none(), st.builds(Grades, cuts, cuts))),
        mql_hours=72.0,
        sql_hours=24.0,
    )
