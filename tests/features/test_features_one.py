"""One lead: whatever way its history is written down, its row is the same."""

import numpy as np
import pytest
from feature_histories import CATALOGUE, CUTOFF, FAMILIES, companies, histories, leads, moments, same_bits, snapshots
from hypothesis import given, settings
from hypothesis import strategies as st

from features import one, table
from features.catalogue import AttributeSpec, Catalogue
from features.encoding.stages import CODES, steps
from features.one import Rows
from histories import select
from histories.clock import DAY, HOUR
from histories.contract import (
    FUNNEL,
    Attribute,
    AttributeType,
    Direction,
    Interaction,
    LeadHistory,
    Outcome,
    Stage,
)
from histories.funnel import chronological, standing

ROWS = Rows(CATALOGUE)
NAMES = CATALOGUE.names
theorem = settings(max_examples=80, deadline=None)


@theorem
@given(companies(), st.one_of(st.just(CUTOFF), moments))
def test_a_lead_of_the_histories_has_the_bits_of_its_row_in_the_table(company: list[LeadHistory], cutoff: int) -> None:
    """By the plain function, and by one object that makes all rows."""
    whole = histories(company)
    found = table.compute(whole, snapshots([(lead.lead_id, cutoff) for lead in company]), CATALOGUE)
    for lead, row in zip(company, found.matrix, strict=True):
        alone = select.lead(whole, lead.lead_id)
        assert same_bits(one.row(alone, cutoff, CATALOGUE), row)
        assert same_bits(ROWS.row(alone, cutoff), row)


@theorem
@given(leads("a"), st.integers(0, 5000))
def test_a_later_cutoff_never_makes_a_count_of_all_smaller(lead: LeadHistory, hours: int) -> None:
    place = NAMES.index("interactions_count_all")
    assert ROWS.row(lead, CUTOFF + hours * HOUR)[place] >= ROWS.row(lead, CUTOFF)[place]


@pytest.mark.parametrize(
    "more",
    [
        {"received_at": CUTOFF - DAY},
        {"value": 2.5},
        {"channel": "web", "direction": Direction.INBOUND},
        {"direction": "inbound"},
    ],
)
def test_what_all_have_and_what_one_has_is_read_alike(more: dict[str, object]) -> None:
    """Columns in which all, some or no interactions have a value are made in ways of their own."""
    plain = [Interaction(f"{n}", CUTOFF - (n + 2) * DAY, "mail") for n in range(3)]
    for changed in ([0], [0, 1, 2], [2], []):
        seen = tuple(event._replace(**more) if n in changed else event for n, event in enumerate(plain))
        lead = LeadHistory("a", CUTOFF - 99 * DAY, interactions=seen)
        expected = (
            table.compute(histories([lead]), snapshots([("a", CUTOFF)]), CATALOGUE) if "direction" not in more else None
        )
        row = ROWS.row(lead, CUTOFF)
        assert row[NAMES.index("interactions_count_all")] == 3
        assert expected is None or same_bits(row, expected.matrix[0])


@pytest.mark.parametrize("count", [4095, 4096, 4097, 5000])
def test_a_lead_longer_than_the_shared_arrays_has_the_row_of_the_table(count: int) -> None:
    seen = tuple(Interaction(f"{n}", CUTOFF - 400 * DAY + n, "mail") for n in range(count))
    lead = LeadHistory("a", CUTOFF - 500 * DAY, interactions=seen)
    found = table.compute(histories([lead]), snapshots([("a", CUTOFF)]), CATALOGUE)
    assert same_bits(ROWS.row(lead, CUTOFF), found.matrix[0])
    assert ROWS.row(lead, CUTOFF)[NAMES.index("interactions_count_all")] == count


def test_a_million_interactions_make_a_row() -> None:
    seen = tuple(Interaction(str(n), CUTOFF - n * 60_000_000 - 1, "mail", value=1.0) for n in range(1_000_000))
    row = ROWS.row(LeadHistory("a", 0, interactions=seen), CUTOFF)
    assert row[NAMES.index("interactions_count_all")] == 1_000_000
    assert row[NAMES.index("interactions_sum_all")] == 1_000_000
    assert row[NAMES.index("interactions_count_1d")] == 24 * 60


def test_rows_share_nothing_that_a_row_changes() -> None:
    empty, full = LeadHistory("a", 0), LeadHistory("b", 0, interactions=(Interaction("1", 1, "mail", value=3.0),))
    before = ROWS.row(empty, CUTOFF)
    first = ROWS.row(full, CUTOFF)
    assert same_bits(ROWS.row(empty, CUTOFF), before)
    first[:] = 0
    assert ROWS.row(full, CUTOFF)[NAMES.index("interactions_count_all")] == 1


def test_numbers_and_texts_that_do_not_fit_their_attribute_are_missing() -> None:
    catalogue = Catalogue(
        (),
        FAMILIES,
        (AttributeSpec("kind", AttributeType.CATEGORY, ("x",)), AttributeSpec("size", AttributeType.NUMBER)),
        "UTC",
    )
    rows = Rows(catalogue)

    def read(name: str, value: object) -> float:
        lead = LeadHistory("a", 0, attributes=(Attribute(name, value),))  # type: ignore[arg-type]
        return float(rows.row(lead, CUTOFF)[catalogue.names.index(f"attribute.{name}")])

    assert [read("kind", "x"), read("kind", "y"), read("size", 3), read("size", True)] == [0, 1, 3, 1]
    assert np.isnan([read("kind", 1.0), read("kind", None), read("size", "3"), read("size", np.inf)]).all()


def test_missing_attributes_and_unknown_kinds_are_told_by_the_same_object() -> None:
    lead = LeadHistory("a", 0, None, (Attribute("size", 1.0, CUTOFF),), (Interaction("1", CUTOFF - 1, "zebra"),))
    assert ROWS.unknown_kinds(lead, CUTOFF) == ("zebra",)
    assert ROWS.unknown_kinds(lead, CUTOFF - 1) == ()
    assert ROWS.missing_attributes(lead, CUTOFF) == ("industry", "size")
    assert ROWS.missing_attributes(lead, CUTOFF + 1) == ("industry",)


outcomes = st.lists(st.builds(Outcome, st.sampled_from(list(Stage)), st.integers(0, 4)), max_size=8)


@theorem
@given(st.lists(outcomes, min_size=1, max_size=4))
def test_steps_say_what_the_funnel_says_of_each_moment(of_leads: list[list[Outcome]]) -> None:
    rows = sorted((lead, each.reached_at, CODES[each.stage]) for lead, some in enumerate(of_leads) for each in some)
    owners, found = steps(np.array(rows, dtype=np.int64).reshape(-1, 3))
    expected = []
    for lead, some in enumerate(of_leads):
        ordered = chronological(some)
        for moment in sorted({each.reached_at for each in some}):
            reached = standing(ordered, moment + 1).reached
            counted = [reached[FUNNEL.index(stage)] for stage in (Stage.MQL, Stage.SQL, Stage.OPPORTUNITY)]
            least = np.iinfo(np.int64).min
            expected.append([lead, moment, *(least if at is None else at for at in counted)])
    assert np.column_stack([owners, found]).tolist() == expected
