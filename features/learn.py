"""What a catalogue freezes: which kinds, channels, categories and values the training leads have."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from features.feature import AttributeSpec
from features.signature import GROUP_SHIFT, KIND_MASK, MOST_CHANNELS, MOST_KINDS, Signatures
from histories.contract import AttributeType, Histories

KIND_LEADS = 50
CATEGORY_LEADS = 20
MOST_CATEGORIES = 200
_MOST_RARE_KINDS = 1000


@dataclass(frozen=True, eq=False)
class Known:
    """What was visible of the training leads: rows as in the contract."""

    interactions: pa.Table
    attributes: pa.Table


def known(histories: Histories, lead_ids: Collection[str], until: int) -> Known:
    """Return the rows of the leads that were visible at `until`."""
    ids = pa.array(list(lead_ids), type=pa.string())

    def of_leads(table: pa.Table) -> pa.Table:
        return table.filter(pc.is_in(table["lead_id"], value_set=ids))

    interactions, attributes = of_leads(histories.interactions), of_leads(histories.attributes)
    received = pc.fill_null(pc.less_equal(interactions["received_at"], until), True)
    return Known(
        interactions.filter(pc.and_(pc.less(interactions["occurred_at"], until), received)),
        attributes.filter(pc.fill_null(pc.less(attributes["known_at"], until), True)),
    )


def kinds(interactions: pa.Table) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the kinds with columns of their own, the commonest first, and the others that were seen."""
    ranked = _by_leads(interactions, "kind")
    common = [name for name, leads in ranked if leads >= KIND_LEADS][:MOST_KINDS]
    rare = [name for name, _ in ranked if name not in common][:_MOST_RARE_KINDS]
    return tuple(common), tuple(rare)


def channels(interactions: pa.Table) -> tuple[str, ...]:
    """Return the channels that are told apart, the commonest first."""
    return tuple(name for name, _ in _by_leads(interactions, "channel")[:MOST_CHANNELS])


def attributes(rows: pa.Table, types: Mapping[str, AttributeType]) -> tuple[AttributeSpec, ...]:
    """Return the attributes by name, each category with the texts that have a code, the commonest first."""
    return tuple(
        AttributeSpec(name, types[name], _categories(rows, name) if types[name] is AttributeType.CATEGORY else ())
        for name in sorted(types)
    )


def valued(interactions: pa.Table, signatures: Signatures, keys: tuple[str, ...]) -> tuple[str, ...]:
    """Return those of `keys` (one for each signal, in order) in whose interactions values occur."""
    with_value = interactions.filter(pc.fill_null(pc.is_finite(interactions["value"]), False))
    found = set()
    for row in with_value.group_by(["kind", "direction"]).aggregate([]).to_pylist():
        signature = signatures.of(row["kind"], row["direction"], None)
        groups = signature >> GROUP_SHIFT
        found |= {signatures.groups, signatures.groups + 1 + (signature & KIND_MASK)}
        found |= {bit for bit in range(signatures.groups) if groups >> bit & 1}
    return tuple(key for place, key in enumerate(keys) if place in found)


def _categories(rows: pa.Table, name: str) -> tuple[str, ...]:
    ranked = _by_leads(rows.filter(pc.equal(rows["name"], name)), "text")
    return tuple(text for text, leads in ranked if leads >= CATEGORY_LEADS)[:MOST_CATEGORIES]


def _by_leads(table: pa.Table, column: str) -> list[tuple[str, int]]:
    """Values of a column with the number of leads that have them, the commonest first, equals by name."""
    present = table.filter(pc.is_valid(table[column]))
    counted = present.group_by(column).aggregate([("lead_id", "count_distinct")]).to_pylist()
    return sorted(((row[column], row["lead_id_count_distinct"]) for row in counted), key=lambda one: (-one[1], one[0]))
