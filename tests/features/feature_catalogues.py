"""Catalogues that hypothesis makes: whatever a CRM calls things, with own features over any of it."""

from hypothesis import strategies as st

from features.catalogue import AttributeSpec, Catalogue
from features.own.expression import Expression
from features.own.features import Aggregate, Aggregation, OwnFeature
from features.own.predicate import Predicate
from histories.contract import AttributeType, Direction, Families

_SPANS = {
    Aggregation.COUNT: ("1d", "30d", "all"),
    Aggregation.SUM: ("7d", "all"),
    Aggregation.DECAYED: ("7d", "90d"),
    Aggregation.AGE: ("",),
    Aggregation.SINCE_FIRST: ("",),
}
_texts = st.one_of(st.sampled_from(["mail", "call", "session:a_7d", "x 7d", "{x}"]), st.text(min_size=1, max_size=8))
_names = st.from_regex(r"[a-z][a-z0-9_]{0,5}", fullmatch=True)
_kinds = st.lists(_texts, max_size=4, unique=True).map(tuple)

kinds = _kinds
families = st.dictionaries(st.sampled_from(["intent", "two_way", "outbound", "other_one"]), _kinds, max_size=4).map(
    Families
)
attributes = st.lists(
    st.one_of(
        st.builds(AttributeSpec, _texts, st.just(AttributeType.NUMBER)),
        st.builds(AttributeSpec, _texts, st.just(AttributeType.CATEGORY), _kinds),
    ),
    max_size=3,
    unique_by=lambda one: one.name,
).map(tuple)
_predicates = st.builds(
    Predicate,
    kinds=st.lists(_texts, min_size=1, max_size=2, unique=True).map(tuple),
    channel=st.one_of(st.none(), st.just("web")),
    direction=st.one_of(st.none(), st.sampled_from(Direction)),
    at_least=st.one_of(st.none(), st.sampled_from([0.0, 600.0])),
)
formulas = st.one_of(
    st.sampled_from(Aggregation).flatmap(
        lambda one: st.builds(Aggregate, st.just(one), _predicates, st.sampled_from(_SPANS[one]))
    ),
    st.sampled_from(
        ["interactions_count_7d / interactions_count_30d", "lead_age_days * 2", "log1p(active_days_7d) - 1"]
    ).map(Expression),
)
own_features = st.builds(
    OwnFeature,
    _names.map(lambda name: f"own_{name}"),
    formulas,
    unit=st.one_of(st.none(), st.just("EUR")),
    meaning=st.one_of(st.none(), st.just("What we know")),
    monotone=st.sampled_from([-1, 0, 1]),
)
own = st.lists(own_features, max_size=3, unique_by=lambda one: one.name).map(tuple)
zones = st.sampled_from(["UTC", "Europe/Amsterdam"])
valued = st.lists(st.sampled_from(["interactions", "other", "replies"]), max_size=3, unique=True).map(tuple)

FIELDS = {
    "kinds": kinds,
    "families": families,
    "attributes": attributes,
    "timezone": zones,
    "channels": kinds,
    "valued": valued,
    "rare_kinds": kinds,
    "own": own,
}


def catalogues() -> st.SearchStrategy[Catalogue]:
    """Return catalogues of everything."""
    return st.builds(Catalogue, **FIELDS)
