"""From single leads to the tables that hold all of them."""

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence

import pyarrow as pa

from histories.contract import (
    ATTRIBUTES,
    INTERACTIONS,
    LEADS,
    OUTCOMES,
    Attribute,
    AttributeType,
    Families,
    Histories,
    LeadHistory,
    Outcome,
    without_duplicates,
)
from histories.errors import DataError
from histories.funnel import chronological

_NO_FAMILIES = Families({})


def assemble(
    leads: Iterable[LeadHistory],
    *,
    exported_at: int,
    timezone: str = "UTC",
    families: Families = _NO_FAMILIES,
    attribute_types: Mapping[str, AttributeType] | None = None,
) -> Histories:
    """Put leads into tables: sorted by lead_id, duplicates of an interaction removed, its id kept as it is.

    Types of attributes that `attribute_types` does not name follow from their values: a text makes a category,
    numbers alone a number, no value at all a category. `account_interactions` are left aside: they follow from
    `account_id`. Raises DataError where a lead comes twice or a value is not of its attribute's type.
    """
    ordered = sorted(leads, key=lambda lead: lead.lead_id)
    for one, other in itertools.pairwise(ordered):
        if one.lead_id == other.lead_id:
            raise DataError(f"lead {one.lead_id!r} comes twice; put what is known of it into one history")
    types = _types(ordered, attribute_types or {})
    return Histories(
        leads=_table(LEADS, ((lead.lead_id, lead.created_at, lead.account_id) for lead in ordered)),
        attributes=_table(ATTRIBUTES, _attribute_rows(ordered, types)),
        interactions=_table(INTERACTIONS, _interaction_rows(ordered)),
        outcomes=_table(OUTCOMES, _outcome_rows(ordered)),
        exported_at=exported_at,
        timezone=timezone,
        families=families,
        attribute_types=types,
    )


def _types(leads: Sequence[LeadHistory], given: Mapping[str, AttributeType]) -> dict[str, AttributeType]:
    values: dict[str, set[bool]] = {}
    for one in itertools.chain.from_iterable(lead.attributes for lead in leads):
        are_texts = values.setdefault(one.name, set())
        if one.value is not None:
            are_texts.add(isinstance(one.value, str))
    inferred = {
        name: AttributeType.NUMBER if are == {False} else AttributeType.CATEGORY for name, are in values.items()
    }
    return dict(sorted({**inferred, **given}.items()))


def _attribute_rows(
    leads: Sequence[LeadHistory], types: Mapping[str, AttributeType]
) -> Iterator[tuple[str, str, str | None, float | None, int | None]]:
    for lead in leads:
        for one in sorted(lead.attributes, key=_attribute_order):
            text = one.value if isinstance(one.value, str) else None
            number = None if one.value is None or isinstance(one.value, str) else float(one.value)
            wanted = types[one.name]
            if (text if wanted is AttributeType.NUMBER else number) is not None:
                raise DataError(f"lead {lead.lead_id!r}, attribute {one.name}: {one.value!r} is not a {wanted.value}")
            yield lead.lead_id, one.name, text, number, one.known_at


def _attribute_order(one: Attribute) -> tuple[str, bool, int, str]:
    return one.name, one.known_at is not None, one.known_at or 0, repr(one.value)


def _interaction_rows(leads: Sequence[LeadHistory]) -> Iterator[tuple[object, ...]]:
    for lead in leads:
        for one in without_duplicates(lead.interactions):
            yield (
                lead.lead_id,
                one.interaction_id,
                one.occurred_at,
                one.received_at,
                one.kind,
                one.channel,
                None if one.direction is None else one.direction.value,
                one.value,
            )


def _outcome_rows(leads: Sequence[LeadHistory]) -> Iterator[tuple[str, str, int, float | None]]:
    for lead in leads:
        for one in chronological(sorted(lead.outcomes, key=_amount)):
            yield lead.lead_id, one.stage.value, one.reached_at, one.amount


def _amount(outcome: Outcome) -> tuple[bool, float]:
    return outcome.amount is not None, outcome.amount or 0.0


def _table(schema: pa.Schema, rows: Iterable[tuple[object, ...]]) -> pa.Table:
    columns = list(zip(*rows, strict=True)) or [() for _ in schema]
    arrays = [pa.array(column, type=field.type) for column, field in zip(columns, schema, strict=True)]
    return pa.Table.from_arrays(arrays, schema=schema)
