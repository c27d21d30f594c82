"""An attribute that came as texts becomes a number from a watermark on, if all its texts are numbers; before, nothing changes."""

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from histories import shards as whole
from histories import store as stores
from histories.contract import Attribute, AttributeType
from histories.store import AttributeRow, Definitions, LeadRow, RowResult, Store, Verdict
from histories.store.facts.definitions import attribute_types
from histories.store.facts.retyped import number_of
from histories.store.known.shards import write
from histories.store.privacy import people

NUMBER, CATEGORY = AttributeType.NUMBER, AttributeType.CATEGORY
STAFF = Definitions(attribute_types={"staff": NUMBER})
Value = str | float | None


def filled(store: Store, *values: Value) -> int:
    """Leads L0, L1 and so on, each with its staff from moment 5 on; returns the watermark."""
    store.add_leads([LeadRow(f"L{number}", 1) for number in range(len(values))], 1)
    return store.add_attributes([told(f"L{number}", value) for number, value in enumerate(values)], 1).watermark


def told(lead_id: str, value: Value, known_at: int = 5) -> AttributeRow:
    return AttributeRow(lead_id, Attribute("staff", value, known_at))


def values(store: Store, watermark: int | None = None) -> dict[str, Value]:
    """The staff of all leads, read lead by lead; the tables that training reads must say the same."""
    _, found = stores.leads(store, ["L0", "L1", "L2"], watermark)
    single = {lead_id: one.attributes[0].value for lead_id, one in found.items() if one.attributes}
    table = stores.histories(store, 60, watermark)
    kind = table.attribute_types["staff"]
    columns = table.attributes["lead_id"], table.attributes["text" if kind is CATEGORY else "number"]
    assert dict(zip(*(one.to_pylist() for one in columns), strict=True)) == single
    return single


def test_texts_that_are_all_numbers_are_numbers_from_the_declaration_on_and_texts_before(opened: Store) -> None:
    before = filled(opened, "240", "-7.50", None)
    declared = stores.define(opened, STAFF, 2)
    assert (declared.retyped, declared.kept) == (("staff",), {})
    assert declared.watermark > before
    assert values(opened) == {"L0": 240.0, "L1": -7.5, "L2": None}
    assert values(opened, before) == {"L0": "240", "L1": "-7.50", "L2": None}
    assert stores.histories(opened, 60, before).attribute_types == {"staff": CATEGORY}
    assert stores.definitions(opened) == STAFF
    assert attribute_types(opened, ["staff", "unknown"]) == {"staff": NUMBER}


def test_a_retyped_attribute_takes_numbers_alone_and_knows_what_it_has(opened: Store) -> None:
    filled(opened, "240")
    stores.define(opened, STAFF, 2)
    rows = [told("L0", 240.0), told("L0", "240", 6), told("L0", 241.0), told("L0", 250.0, 7)]
    differs = "another row has this lead_id, name, known_at; it differs in number"
    assert opened.add_attributes(rows, 3).rows == (
        RowResult(Verdict.DUPLICATE),
        RowResult(Verdict.REFUSED, "value is not a number"),
        RowResult(Verdict.REFUSED, differs),
        RowResult(Verdict.ADDED),
    )
    assert [one.value for one in stores.lead(opened, "L0").attributes] == [240.0, 250.0]
    assert stores.define(opened, STAFF, 4).retyped == ()


@pytest.mark.parametrize("text", ["about 200", "1_000", " 7", "nan", "1e999", ""])
def test_one_text_that_is_no_number_keeps_the_type_and_the_store_readable(opened: Store, text: str) -> None:
    filled(opened, "240", text)
    declared = stores.define(opened, STAFF, 2)
    assert (declared.retyped, declared.kept) == ((), {"staff": CATEGORY})
    assert stores.definitions(opened).attribute_types == {"staff": CATEGORY}
    (refused,) = opened.add_attributes([told("L0", 250.0, 7)], 3).rows
    assert refused == RowResult(Verdict.REFUSED, "value is not a category")
    assert values(opened) == {"L0": "240", "L1": text}


def test_numbers_stay_numbers_whatever_is_declared(opened: Store) -> None:
    filled(opened, 240.0)
    declared = stores.define(opened, Definitions(attribute_types={"staff": CATEGORY}), 2)
    assert (declared.retyped, declared.kept) == ((), {"staff": NUMBER})
    (refused,) = opened.add_attributes([told("L0", "250", 7)], 3).rows
    assert refused == RowResult(Verdict.REFUSED, "value is not a number")
    assert values(opened) == {"L0": 240.0}


def test_several_attributes_may_become_numbers_one_after_the_other(opened: Store) -> None:
    filled(opened, "240")
    opened.add_attributes([AttributeRow("L0", Attribute("turnover", "1e6"))], 1)
    stores.define(opened, STAFF, 2)
    stores.define(opened, Definitions(attribute_types={"turnover": NUMBER}), 3)
    assert [one.value for one in stores.lead(opened, "L0").attributes] == [240.0, 1e6]


def test_a_merged_lead_and_shards_have_the_numbers_too(opened: Store, tmp_path: Path) -> None:
    filled(opened, "240", "250")
    people.merge(opened, "L1", "L0", 3, 3)
    stores.define(opened, STAFF, 4)
    _, one = stores.leads(opened, ["L0", "L1"])
    assert one["L1"] == one["L0"]
    assert one["L0"].attributes == (Attribute("staff", 240.0, 5),)
    made = write(opened, 60, tmp_path / "shards", 10**9)
    assert made.attribute_types == {"staff": NUMBER}
    found = [row for number in range(made.count) for row in whole.read(made, number).attributes.to_pylist()]
    assert [(row["text"], row["number"]) for row in found] == [(None, 240.0)]


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_what_python_writes_of_a_number_is_that_number_to_the_last_bit(number: float) -> None:
    found = number_of(repr(number))
    assert found == number
    assert math.copysign(1, found or 0.0) == math.copysign(1, number) or number == 0


@given(st.text(alphabet="0123456789+-.eE_ x٣", max_size=8))
def test_what_is_read_as_a_number_is_a_finite_one_that_python_reads_too(text: str) -> None:
    found = number_of(text)
    assert found is None or (math.isfinite(found) and found == float(text))
