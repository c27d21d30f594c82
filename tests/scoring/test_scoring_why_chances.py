"""Why probabilities changed: parts add up to the last bit, and each cause has its own."""

import itertools
import math
from functools import cache

import pytest
import small_bundle
import why_ends
from hypothesis import given, settings
from hypothesis import strategies as st

from histories.clock import DAY
from histories.contract import Interaction, LeadHistory, Target
from scoring.bundle import Bundle
from scoring.scorer import Scorer
from scoring.why import GRID, Cause, ChanceChange, End, printed, why
from scoring.why.ends import seen

BOOK = small_bundle.book()
BUNDLES = {
    "the same": small_bundle.bundle(),
    "trees": why_ends.trees_swapped(),
    "calibrators": why_ends.recalibrated(),
    "both": why_ends.swapped(),
    "chained": why_ends.chained(),
    "chain": why_ends.chain_recalibrated(),
    "bounded": why_ends.bounded(),
}


@cache
def scorer(name: str) -> Scorer:
    return Scorer(BUNDLES[name], BOOK)


def end(lead: LeadHistory, days: float, bundle: Bundle) -> End:
    return End(lead, lead.created_at + int(days * DAY), bundle, BOOK)


@st.composite
def asked(draw: st.DrawFn) -> tuple[LeadHistory, tuple[str, str], tuple[float, float]]:
    """A lead, what it was asked of, and how many days after its creation."""
    lead = draw(st.sampled_from(small_bundle.leads()))
    names = draw(st.tuples(*[st.sampled_from(sorted(BUNDLES))] * 2))
    return lead, names, draw(st.tuples(*[st.floats(0.1, 60)] * 2))


def by_cause(found: ChanceChange) -> dict[Cause, float]:
    return {one.cause: one.log_odds for one in found.parts if one.log_odds}


@settings(deadline=None, max_examples=20)
@given(asked())
def test_parts_add_up_in_any_order_to_the_answers_that_were_given(
    case: tuple[LeadHistory, tuple[str, str], tuple[float, float]],
) -> None:
    lead, names, days = case
    ends = [end(lead, day, BUNDLES[name]) for day, name in zip(days, names, strict=True)]
    found = why(*ends)
    answers = [scorer(name).score([lead], one.as_of)[0] for name, one in zip(names, ends, strict=True)]
    given_ = {Target.SQL: [one.probability_sql for one in answers]}
    given_[Target.CUSTOMER] = [one.probability_customer for one in answers]
    assert {one.target for one in found.chances} == {target for target, both in given_.items() if None not in both}
    assert {one.target for one in (*found.chances, *found.unasked)} == set(Target)
    for one in found.chances:
        for answered, told, odds in zip(given_[one.target], one.probabilities, one.log_odds, strict=True):
            assert answered is not None
            assert abs(answered - told) <= GRID / 2
            assert 1 / (1 + math.exp(-odds)) == pytest.approx(told, abs=1e-11)
        chances, odds_parts = [part.probability for part in one.parts], [part.log_odds for part in one.parts]
        assert (
            one.probabilities[0] + sum(chances) == one.probabilities[1] == sum(reversed(chances), one.probabilities[0])
        )
        assert one.log_odds[0] + sum(odds_parts) == one.log_odds[1] == sum(reversed(odds_parts), one.log_odds[0])
        first, last, shown = printed(*one.probabilities, chances, 4)
        assert first + sum(shown) == last
        for part in one.parts:
            assert sum(moved.effect for moved in part.moved) * GRID + part.rest == part.log_odds


@settings(deadline=None, max_examples=20)
@given(asked())
def test_the_way_back_has_the_same_parts_with_the_other_sign(
    case: tuple[LeadHistory, tuple[str, str], tuple[float, float]],
) -> None:
    lead, names, days = case
    ends = [end(lead, day, BUNDLES[name]) for day, name in zip(days, names, strict=True)]
    there, back = why(*ends), why(*reversed(ends))
    assert len(there.chances) == len(back.chances)
    for one, other in zip(there.chances, back.chances, strict=True):
        assert (one.probabilities, one.log_odds) == (other.probabilities[::-1], other.log_odds[::-1])
        for part, opposite in zip(one.parts, other.parts, strict=True):
            assert (part.probability, part.log_odds) == (-opposite.probability, -opposite.log_odds)


@pytest.mark.parametrize("name", BUNDLES)
def test_nothing_changed_leaves_every_part_at_zero(name: str) -> None:
    for lead in small_bundle.leads()[:20]:
        one = end(lead, 20, BUNDLES[name])
        found = why(one, end(lead, 20, BUNDLES[name]))
        assert found.facts == {}
        parts = [part for chance in found.chances for part in chance.parts]
        assert not [part for part in parts if part.probability or part.log_odds or part.moved or part.rest]


@pytest.mark.parametrize(
    ("names", "causes"),
    [
        (("the same", "trees"), {Cause.MODEL}),
        (("the same", "calibrators"), {Cause.CALIBRATION}),
        (("the same", "both"), {Cause.MODEL, Cause.CALIBRATION}),
        (("chained", "chain"), {Cause.CALIBRATION}),
    ],
)
def test_of_a_new_bundle_the_part_is_that_of_what_is_new_in_it(names: tuple[str, str], causes: set[Cause]) -> None:
    moved = set()
    for lead in small_bundle.leads()[:20]:
        found = why(*(end(lead, 20, BUNDLES[name]) for name in names))
        assert set(found.facts) == causes
        for one in found.chances:
            assert set(by_cause(one)) <= causes
            moved |= set(by_cause(one))
    assert moved == causes


def test_calibrators_of_a_chain_and_of_a_direct_model_cannot_be_exchanged_and_the_swap_is_the_models() -> None:
    moved = set()
    for lead in small_bundle.leads()[:20]:
        found = why(*(end(lead, 20, BUNDLES[name]) for name in ("bounded", "chained")))
        moved |= {cause for one in found.chances if one.target is Target.CUSTOMER for cause in by_cause(one)}
    assert moved == {Cause.MODEL}


def test_each_part_of_a_life_is_the_difference_that_it_makes_alone() -> None:
    """With one new thing, ageing is the way to the later moment with what was known, and the rest is the new thing's."""
    scored, told = scorer("the same"), 0
    for lead in small_bundle.leads()[:40]:
        begin, later = end(lead, 20, BUNDLES["the same"]), end(lead, 40, BUNDLES["the same"])
        found = why(begin, later)
        if set(found.facts) != {Cause.INTERACTIONS, Cause.AGEING}:
            continue
        (then,) = scored.score([seen(lead, begin.as_of)], later.as_of)
        for one in found.chances:
            aged = getattr(then, f"probability_{one.target.value}")
            parts = {part.cause: part.probability for part in one.parts}
            assert parts[Cause.AGEING] == pytest.approx(aged - one.probabilities[0], abs=2 * GRID)
            assert parts[Cause.INTERACTIONS] == pytest.approx(one.probabilities[1] - aged, abs=2 * GRID)
            told += 1
    assert told > 10


def test_what_a_moment_sees_gives_the_features_of_the_whole_history_bit_for_bit() -> None:
    scored = scorer("the same")
    for lead, days in itertools.product(small_bundle.leads()[:30], (3, 25)):
        as_of = lead.created_at + days * DAY
        whole, part = (scored.scored([one], as_of).matrix.tobytes() for one in (lead, seen(lead, as_of)))
        assert whole == part


def test_reasons_within_a_cause_say_what_was_and_what_is() -> None:
    start = small_bundle.AS_OF
    visit = Interaction("a", start - 3 * DAY, "session:pricing_page")
    more = tuple(Interaction(str(day), start + day * DAY, "session:pricing_page") for day in (1, 2))
    lead = LeadHistory("L", start - 10 * DAY, interactions=(visit, *more))
    bundle = BUNDLES["the same"]
    found = why(End(lead, start, bundle, BOOK), End(lead, start + 4 * DAY, bundle, BOOK), most=10)
    customer = next(one for one in found.chances if one.target is Target.CUSTOMER)
    parts = {one.cause: one for one in customer.parts}
    new, old = ({one.code: one.text for one in parts[cause].moved} for cause in (Cause.INTERACTIONS, Cause.AGEING))
    assert (
        new["kind:session:pricing_page"] == "2 pricing page visits in 3 days (before: No pricing page visit in 3 days)"
    )
    assert (
        old["family:intent"]
        == "The first intent interaction, 7 days ago (before: The first intent interaction, 3 days ago)"
    )
    assert "kind:reply" not in {*new, *old}  # there was none, and there is none
    assert all(one.effect for one in (*parts[Cause.INTERACTIONS].moved, *parts[Cause.AGEING].moved))
    assert not parts[Cause.MODEL].moved


def test_a_probability_that_one_end_does_not_give_is_named_and_why() -> None:
    lead = next(one for one in small_bundle.leads() if [step.stage for step in one.outcomes] == ["mql", "sql"])
    reached = lead.outcomes[1].reached_at
    bundle = BUNDLES["the same"]
    begin = End(lead, max(reached - DAY, lead.created_at), bundle, BOOK)
    found = why(begin, End(lead, reached + DAY, bundle, BOOK))
    assert [one.text for one in found.unasked] == ["P(sql) is no open question at the later moment: the stage is sql"]
    assert found.facts[Cause.STAGES][-1].startswith("Stage sql reached on 2026-")
    without = Bundle(bundle.catalogue, {}, bundle.reference, bundle.policy, bundle.card)
    found = why(begin, End(lead, begin.as_of, without, BOOK))
    assert [one.text for one in found.unasked] == [
        "The model at the later moment has no P(sql)",
        "The model at the later moment has no P(customer)",
    ]
