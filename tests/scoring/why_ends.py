"""Ends to hold against each other: made up for the points, and the small bundle's with others beside it."""

from dataclasses import replace

import numpy as np
import small_bundle
from generated import FAMILIES, histories, rulebooks, times
from hypothesis import strategies as st

from features.catalogue import Catalogue
from histories.contract import Families, Target
from scoring.bundle import Bundle, Card, Policy
from scoring.calibration import Beta, Calibrator
from scoring.chain import Chain, sql_column
from scoring.why import End


def pointed(families: Families) -> Bundle:
    """A bundle without models, whose families rules ask for."""
    catalogue = Catalogue(kinds=(), families=families, attributes=(), timezone="UTC")
    return Bundle(catalogue, {}, np.array([0.5]), Policy(0.5), Card(0, 0, 0, 0, {}))


BUNDLES = (pointed(FAMILIES), pointed(Families({"intent": ("demo", "open"), "two_way": ("reply",)})))


@st.composite
def pairs(draw: st.DrawFn) -> tuple[End, End]:
    """Two ends that share some of history, moment, bundle and rulebook; the later may come first."""
    one = draw(histories)
    two = draw(st.one_of(st.just(one), histories))
    moments = draw(times), draw(times)
    book = draw(rulebooks())
    other = draw(st.one_of(st.just(book), rulebooks()))
    return End(one, moments[0], BUNDLES[0], book), End(two, moments[1], draw(st.sampled_from(BUNDLES)), other)


def trees_swapped() -> Bundle:
    """The small bundle with fewer members in each model, and the same calibrators."""
    bundle = small_bundle.bundle()
    return replace(
        bundle, models={target: replace(one, members=one.members[:2]) for target, one in bundle.models.items()}
    )


def recalibrated() -> Bundle:
    """The small bundle with other calibrators alone."""
    made = {Target.SQL: Beta(0.9, 1.1, 0.25), Target.CUSTOMER: Calibrator(1.25, -0.5)}
    bundle = small_bundle.bundle()
    return replace(
        bundle, models={target: replace(one, calibrator=made[target]) for target, one in bundle.models.items()}
    )


def swapped() -> Bundle:
    """The small bundle with other members and other calibrators."""
    trees, calibrators = trees_swapped(), recalibrated()
    return replace(
        trees,
        models={
            target: replace(one, calibrator=calibrators.models[target].calibrator)
            for target, one in trees.models.items()
        },
    )


def chained() -> Bundle:
    """The small bundle's models of 30 days, the customer's by way of sql."""
    parts = small_bundle.model(Target.SQL, 30), small_bundle.model(Target.CUSTOMER, 30)
    chain = Chain(*parts, sql_column(small_bundle.catalogue()))
    return replace(small_bundle.bundle(), models={Target.SQL: parts[0], Target.CUSTOMER: chain})


def chain_recalibrated() -> Bundle:
    """The chain with another calibrator in each of its parts."""
    bundle = chained()
    chain = bundle.models[Target.CUSTOMER]
    assert isinstance(chain, Chain)
    sql = replace(chain.sql, calibrator=Calibrator(0.75, 0.125))
    given_sql = replace(chain.given_sql, calibrator=Calibrator(1.5, 0.5))
    return replace(bundle, models={**bundle.models, Target.CUSTOMER: Chain(sql, given_sql, chain.column)})


def bounded() -> Bundle:
    """The small bundle with one horizon, so that P(customer) is held at P(sql)."""
    return small_bundle.bundle(30, 30)
