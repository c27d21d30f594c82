"""Own features hold what they say, wherever they are computed, and are frozen as they were declared."""

import math
import re
from dataclasses import replace

import numpy as np
import pytest
from feature_declared import beside, read
from feature_histories import CATALOGUE, CUTOFF, KINDS, companies, histories, leads, same_bits, snapshots
from feature_oracle import row as oracle_row
from feature_own import OWN, evaluated
from hypothesis import given, settings
from hypothesis import strategies as st

from features import one, table
from features.catalogue import Catalogue, with_own
from features.kernel import own_program
from features.kernel.plan import plan
from features.own import expression
from features.own.columns import program
from features.own.expression import Column, Expression, Operation
from features.own.features import Aggregate, Aggregation, OwnFeature
from features.own.predicate import Predicate
from histories.clock import DAY
from histories.contract import Direction, Interaction, LeadHistory
from histories.errors import CallError, DataError

WITH_OWN = with_own(CATALOGUE, OWN)


def aggregate(name: str, aggregation: Aggregation, span: str, predicate: Predicate) -> OwnFeature:
    return OwnFeature(name, Aggregate(aggregation, predicate, span))


def value(feature: OwnFeature, *events: Interaction) -> float:
    lead = LeadHistory("a", CUTOFF - 10 * DAY, interactions=events)
    return float(one.row(lead, CUTOFF, with_own(CATALOGUE, (feature,)))[-1])


def event(name: str, days: float, kind: str, worth: float | None = None) -> Interaction:
    return Interaction(name, CUTOFF - int(days * DAY), kind, channel="web", value=worth)


@pytest.mark.parametrize(
    ("aggregation", "span", "expected"),
    [
        (Aggregation.COUNT, "3d", 1),
        (Aggregation.COUNT, "7d", 2),
        (Aggregation.COUNT, "all", 3),
        (Aggregation.SUM, "7d", 1300),
        (Aggregation.SUM, "all", 2000),
        (Aggregation.DECAYED, "1d", 2**-2 + 2**-4 + 2**-8),
        (Aggregation.AGE, "", 2),
        (Aggregation.SINCE_FIRST, "", 8),
    ],
)
def test_an_aggregate_is_what_can_be_counted_by_hand(aggregation: Aggregation, span: str, expected: float) -> None:
    """Of two long visits, a long call, a short visit and one of unknown length, the long visits and the call count."""
    feature = aggregate("x", aggregation, span, Predicate(("visit:*", "call"), at_least=600.0))
    events = (
        event("1", 2, "visit:home", 600.0),
        event("2", 4, "visit:prices", 700.0),
        event("3", 8, "call", 700.0),
        event("4", 1, "visit:home", 599.0),
        event("5", 1, "visit:home"),
        event("6", 1, "mail", 900.0),
    )
    assert value(feature, *events) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mail_count_1d + 2 * mail_count_1d", 6),
        ("(mail_count_1d + 2) * mail_count_1d", 8),
        ("8 / mail_count_1d / mail_count_1d", 2),
        ("8 - mail_count_1d - mail_count_1d", 4),
        ("-mail_count_1d - -+-1", -3),
        ("min(3, mail_count_1d, 4) * max(mail_count_1d, 5)", 10),
        ("log1p(mail_count_1d - 2)", 0),
        (".5e1*mail_count_1d", 10),
        ("1 / (mail_count_1d - 2)", math.nan),
        ("0 / (mail_count_1d - 2)", math.nan),
        ("1 / (1 / (mail_count_1d - 2))", math.nan),
        ("log1p(-1 - 0 * mail_count_1d)", math.nan),
        ("min(attribute.size, mail_count_1d)", math.nan),
        ("max(mail_count_1d, attribute.size)", math.nan),
        ("0 * attribute.size", math.nan),
        ("1e300 * 1e300 * mail_count_1d - 1", math.nan),
        ("1 / (1e300 * 1e300 * mail_count_1d)", math.nan),
        ("-(mail_count_1d - 2)", 0),
    ],
)
def test_an_expression_is_arithmetic_and_missing_where_anything_in_it_is(text: str, expected: float) -> None:
    """Two mails on the last day, and a size that nobody knows."""
    found = value(OwnFeature("x", expression.parse(text)), event("1", 0.5, "mail"), event("2", 0.6, "mail"))
    assert found == pytest.approx(expected, nan_ok=True)
    assert math.copysign(1.0, found) == math.copysign(1.0, expected) or math.isnan(expected)


def test_columns_may_be_called_what_python_reserves_and_have_dots() -> None:
    odd = replace(
        CATALOGUE,
        kinds=("session:class", "is:x"),
        attributes=tuple(replace(CATALOGUE.attributes[1], name=name) for name in ("class", "from")),
    )
    text = "session.class_count_7d + is.x_count_7d + attribute.class * attribute.from"
    assert beside(f'[[features]]\nname = "x"\nexpression = "{text}"', odd).own[0].formula == Expression(text)


def test_own_features_may_be_made_of_earlier_ones() -> None:
    made = beside(
        '[[features]]\nname = "a"\nexpression = "mail_count_7d * 10"\n[[features]]\nname = "b"\nexpression = "a + 1"'
    )
    row = one.row(LeadHistory("a", CUTOFF, interactions=(event("1", 1, "mail"),)), CUTOFF, made)
    assert row[-2:].tolist() == [10.0, 11.0]


_numbers = st.sampled_from(["0", "1", "2.5", ".5", "1e3", "1e200"])
_columns = st.sampled_from(["a", "b.c", "d", "zero", "gone"])
_values = {"a": 3.0, "b.c": -0.75, "d": 1e200, "zero": 0.0, "gone": math.nan}
_texts = st.recursive(
    st.one_of(_numbers, _columns),
    lambda inner: st.one_of(
        st.builds("{} {} {}".format, inner, st.sampled_from("+-*/"), inner),
        st.builds("({})".format, inner),
        st.builds("-{}".format, inner),
        st.builds("log1p({})".format, inner),
        st.builds("{}({}, {})".format, st.sampled_from(["min", "max"]), inner, inner),
    ),
    max_leaves=20,
)


def run(text: str, values: dict[str, float]) -> float:
    """Run one expression through the kernel's machine."""
    names = [*values, "own"]
    made = program((OwnFeature("own", Expression(text)),), names)
    out = np.array([*values.values(), math.nan])
    own_program.evaluate(out, np.empty(0), plan(CATALOGUE)._replace(program=made.program, constants=made.constants))
    return float(out[-1])


@settings(max_examples=100, deadline=None)
@given(_texts)
def test_an_expression_has_the_value_that_python_gives_it(text: str) -> None:
    assert run(text, _values) == pytest.approx(evaluated(text, _values), rel=1e-12, abs=0, nan_ok=True)


@pytest.mark.parametrize("level", ["1 + 2 * min(3, {})", "({})", "max(1, 2 - 3 * {})", "1 - 2 / ({})", "log1p({})"])
def test_the_deepest_expression_fits_on_the_stack(level: str) -> None:
    text = "1 + 2 * a"
    for _ in range(expression.MOST_NESTED):
        text = level.format(text)
    deepest = depth = 0
    for step in Expression(f"1 + 2 * {text}").steps:
        depth += 1 if isinstance(step, Column | float) else 0 if step in {Operation.LOG1P, Operation.NEGATE} else -1
        deepest = max(deepest, depth)
    assert (depth, deepest <= own_program.STACK) == (1, True)
    with pytest.raises(CallError, match=r"^is nested more than 20 deep; "):
        expression.parse(f"({text})")


@settings(max_examples=60, deadline=None)
@given(leads("a", "acme"))
def test_the_kernel_computes_own_features_as_the_oracle_does(lead: LeadHistory) -> None:
    found = dict(zip(WITH_OWN.names, one.row(lead, CUTOFF, WITH_OWN).tolist(), strict=True))
    expected = oracle_row(lead, CUTOFF, WITH_OWN)
    worth = sum(abs(one.value) for one in lead.interactions if one.value is not None and math.isfinite(one.value))
    for feature in WITH_OWN.blocks["own"]:
        assert found[feature.name] == pytest.approx(
            expected[feature.name], rel=1e-9, abs=1e-9 + 1e-12 * worth, nan_ok=True
        ), feature.name


@settings(max_examples=50, deadline=None)
@given(companies())
def test_one_lead_and_a_table_agree_bit_for_bit(company: list[LeadHistory]) -> None:
    read = histories(company)
    pairs = [(lead.lead_id, CUTOFF - days * DAY) for lead in company for days in (0, 5)]
    matrix = table.compute(read, snapshots(pairs), WITH_OWN).matrix
    alone = [one.row(lead, cutoff, WITH_OWN) for lead in company for cutoff in (CUTOFF, CUTOFF - 5 * DAY)]
    width = len(OWN)
    assert same_bits(np.ascontiguousarray(matrix[:, -width:]), np.array(alone)[:, -width:].copy())


@settings(max_examples=50, deadline=None)
@given(leads("a"))
def test_what_the_catalogue_counts_already_has_the_same_bits_as_an_own_feature(lead: LeadHistory) -> None:
    """All interactions, a direction that families may have told, a family, a kind."""
    of = {
        "interactions": Predicate(("*",)),
        "inbound": Predicate(("*",), direction=Direction.INBOUND),
        "outbound": Predicate(("*",), direction=Direction.OUTBOUND),
        "intent": Predicate(family="intent"),
        "pricing": Predicate(("pricing",)),
    }
    formulas = [
        *((f"count_{span}", Aggregation.COUNT, span) for span in ("1d", "30d", "all")),
        *((f"decayed_{span}", Aggregation.DECAYED, span) for span in ("1d", "90d")),
        ("since_first_days", Aggregation.SINCE_FIRST, ""),
        ("age_days", Aggregation.AGE, ""),
    ]
    declared = {
        f"own_{name}_{rest}": aggregate(f"own_{name}_{rest}", aggregation, span, predicate)
        for name, predicate in of.items()
        for rest, aggregation, span in formulas
    }
    declared["own_interactions_sum_30d"] = aggregate(
        "own_interactions_sum_30d", Aggregation.SUM, "30d", of["interactions"]
    )
    made = with_own(CATALOGUE, tuple(declared.values()))
    place = {name: number for number, name in enumerate(made.names)}
    row = one.row(lead, CUTOFF, made)
    mine = row[[place[name] for name in declared]]
    theirs = row[[place[name.removeprefix("own_")] for name in declared]]
    assert same_bits(mine, theirs)


def test_other_columns_do_not_move_where_own_ones_are_added() -> None:
    events = tuple(event(f"{n}", n, kind, 3.0) for n, kind in enumerate(KINDS * 3))
    lead = LeadHistory("a", CUTOFF - 99 * DAY, interactions=events)
    width = len(CATALOGUE.names)
    assert WITH_OWN.names[:width] == CATALOGUE.names
    assert same_bits(one.row(lead, CUTOFF, WITH_OWN)[:width].copy(), one.row(lead, CUTOFF, CATALOGUE))


def test_a_lead_of_whom_nothing_is_known_has_what_each_column_says_of_absence() -> None:
    row = one.row(LeadHistory("a", CUTOFF), CUTOFF, WITH_OWN)
    for feature, found in zip(WITH_OWN.features, row.tolist(), strict=True):
        said = feature.absence
        if said.startswith("depends on"):
            continue
        missing = said == "missing" or said.endswith("missing without an account")
        expected = math.nan if missing else 0.0 if said == "never absent" else float(said)
        assert found == pytest.approx(expected, nan_ok=True), feature


def test_more_predicates_than_can_be_told_apart_beside_the_families_are_refused() -> None:
    """Four families, of which outbound is a direction: 45 predicates fit beside the other three, and one more does not."""

    def declared(count: int) -> tuple[OwnFeature, ...]:
        return read(
            "\n".join(f'[[features]]\nname = "x{n}"\naggregate = "age"\nkinds = ["k{n}"]' for n in range(count))
        )

    full = with_own(CATALOGUE, declared(45))
    lead = LeadHistory("a", CUTOFF, interactions=tuple(event(f"{n}", n + 1, f"k{n}") for n in range(45)))
    assert one.row(lead, CUTOFF, full)[-45:].tolist() == [n + 1 for n in range(45)]
    message = (
        "recipe.toml, line 183, [features #46] aggregate: 46 different predicates beside 3 families; at most 48 can be "
        "told apart together: let features share kinds, channel, direction and at_least, or leave some out"
    )
    with pytest.raises(CallError, match=f"^{re.escape(message)}$"):
        with_own(CATALOGUE, declared(46))


def test_features_that_count_the_same_share_a_predicate() -> None:
    same = Predicate(("mail",), at_least=2.0)
    shared = tuple(aggregate(f"mail_{span}", Aggregation.COUNT, span, same) for span in ("1d", "7d", "all"))
    assert with_own(CATALOGUE, shared).predicates == (same,)
    assert {one.signal for one in with_own(CATALOGUE, shared).blocks["own"]} == {"own:mail_1d"}


def test_the_json_round_trip_keeps_own_features() -> None:
    again = Catalogue.from_json(WITH_OWN.to_json())
    assert again.own == OWN
    assert (again, again.features) == (WITH_OWN, WITH_OWN.features)


def test_where_a_feature_stands_in_a_file_is_no_part_of_it() -> None:
    text = '[[features]]\nname = "x"\nexpression = "mail_count_1d"'
    assert beside(f"# a comment\n\n{text}") == beside(text)
    assert beside(text.replace("mail_count_1d", "  mail_count_1d\\n")) == beside(text)


@pytest.mark.parametrize("text", ['"expression": "1 +"', '"expression": "gone_count_1d"', '"expression": 3'])
def test_a_catalogue_with_an_own_feature_that_cannot_be_is_refused(text: str) -> None:
    made = beside('[[features]]\nname = "x"\nexpression = "mail_count_1d"').to_json()
    with pytest.raises(DataError, match=r"^this is not a feature catalogue \(.*\); take the one that was written$"):
        Catalogue.from_json(made.replace('"expression": "mail_count_1d"', text))
