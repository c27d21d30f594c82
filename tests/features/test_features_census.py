"""The census: what it counts, that shards' censuses add up, and that a catalogue does not know shards from the whole."""

from dataclasses import replace

import pyarrow as pa
import pyarrow.compute as pc
from feature_histories import CUTOFF, TYPES, companies, histories
from hypothesis import given, settings
from hypothesis import strategies as st

from features import catalogue
from features.census import EMPTY, Census, census
from histories.clock import DAY
from histories.contract import Attribute, AttributeType, Histories, Interaction, LeadHistory


def _only(whole: Histories, lead_ids: list[str]) -> Histories:
    def of(table: pa.Table) -> pa.Table:
        return table.filter(pc.is_in(table["lead_id"], value_set=pa.array(lead_ids, pa.string())))

    return replace(
        whole,
        leads=of(whole.leads),
        attributes=of(whole.attributes),
        interactions=of(whole.interactions),
        outcomes=of(whole.outcomes),
    )


def _shuffled(whole: Histories, order: list[int]) -> Histories:
    encoded = whole.interactions.take(pa.array(order, pa.int64()))
    columns = {name: encoded[name].dictionary_encode() for name in ("kind", "channel", "direction")}
    for name, column in columns.items():
        encoded = encoded.set_column(encoded.column_names.index(name), name, column)
    return replace(whole, interactions=encoded)


def test_a_lead_counts_once_for_each_kind_channel_and_category_that_was_known() -> None:
    """Anna has two visible mails, Bert one; a third mail comes later, another is not received yet."""
    late = Interaction("9", CUTOFF - DAY, "late", received_at=CUTOFF + 1)
    leads = [
        LeadHistory(
            "anna",
            CUTOFF - 9 * DAY,
            attributes=(Attribute("industry", "bank"), Attribute("industry", "farm", CUTOFF), Attribute("size", 3.0)),
            interactions=(
                Interaction("1", CUTOFF - DAY, "mail", channel="email", value=2.0),
                Interaction("2", CUTOFF - DAY, "mail", channel="web"),
                Interaction("3", CUTOFF, "mail", channel="fax", value=1.0),
                late,
            ),
        ),
        LeadHistory("bert", CUTOFF, interactions=(Interaction("1", 0, "mail"), Interaction("2", 0, "call"))),
        LeadHistory("carl", CUTOFF, interactions=(Interaction("1", 0, "mail", channel="phone"),)),
    ]
    assert census(histories(leads), ["anna", "bert"], CUTOFF) == Census(
        kinds={"mail": 2, "call": 1},
        channels={"email": 1, "web": 1},
        categories={"industry": {"bank": 1}},
        valued=frozenset({("mail", None, "email")}),
    )


@settings(max_examples=50, deadline=None)
@given(companies(), st.lists(st.integers(0, 2), min_size=4, max_size=4), st.randoms(use_true_random=False))
def test_the_census_of_shards_adds_up_to_that_of_the_whole(
    leads: list[LeadHistory], shard_of: list[int], random: object
) -> None:
    """However leads are put into three shards, in whatever order their rows come, dictionary-encoded or plain."""
    whole = histories(leads)
    ids = [lead.lead_id for lead in leads]
    total = EMPTY
    for shard in range(3):
        own = [one for one, place in zip(ids, shard_of, strict=True) if place == shard]
        part = _only(whole, own)
        order = list(range(part.interactions.num_rows))
        random.shuffle(order)  # type: ignore[attr-defined]
        total += census(_shuffled(part, order), own, CUTOFF)
    expected = census(whole, ids, CUTOFF)
    assert total == expected
    assert Census.from_json(total.to_json()) == expected
    assert catalogue.of_census(
        total, families=whole.families, attribute_types=TYPES, timezone=whole.timezone
    ) == catalogue.build(whole, ids, until=CUTOFF)


@settings(max_examples=50, deadline=None)
@given(companies())
def test_the_census_counts_what_a_naive_one_counts(leads: list[LeadHistory]) -> None:
    """Leads by kind: for each lead, the set of kinds among its distinct visible interactions."""
    whole = histories(leads)
    expected: dict[str, set[str]] = {}
    for row in whole.interactions.to_pylist():
        if row["occurred_at"] < CUTOFF and (row["received_at"] is None or row["received_at"] <= CUTOFF):
            expected.setdefault(row["kind"], set()).add(row["lead_id"])
    found = census(whole, [lead.lead_id for lead in leads], CUTOFF)
    assert found.kinds == {kind: len(of) for kind, of in expected.items()}


def test_nothing_makes_an_empty_census() -> None:
    empty = histories([LeadHistory("a", 0)])
    assert census(empty, [], CUTOFF) == replace(EMPTY, categories={"industry": {}})
    assert TYPES["industry"] is AttributeType.CATEGORY
