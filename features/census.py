"""What training leads have, counted: by how many of them each kind, channel and category is known.

Counts of different leads add up, so that a catalogue follows from the censuses of shards as from one of the whole.
"""

import json
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from features.kernel.arrays import Ints
from histories.contract import AttributeType, Histories

_COLUMNS = ["lead_id", "occurred_at", "received_at", "kind", "channel", "direction", "value"]
Combination = tuple[str, str | None, str | None]


@dataclass(frozen=True)
class Census:
    """Numbers of leads by kind, by channel and, for each category attribute, by text.

    `valued` are the (kind, direction, channel) in which a finite value occurs.
    """

    kinds: Mapping[str, int]
    channels: Mapping[str, int]
    categories: Mapping[str, Mapping[str, int]]
    valued: frozenset[Combination]

    def __add__(self, other: "Census") -> "Census":
        """Add the census of other leads; a lead in both would count twice."""
        names = {*self.categories, *other.categories}
        return Census(
            kinds=_sum(self.kinds, other.kinds),
            channels=_sum(self.channels, other.channels),
            categories={
                name: _sum(self.categories.get(name, {}), other.categories.get(name, {})) for name in sorted(names)
            },
            valued=self.valued | other.valued,
        )

    def to_json(self) -> str:
        """Return the census as JSON; `from_json` reads it."""
        valued = sorted([list(one) for one in self.valued], key=repr)
        content = {"kinds": self.kinds, "channels": self.channels, "categories": self.categories, "valued": valued}
        return json.dumps(content, ensure_ascii=False, sort_keys=True)

    @staticmethod
    def from_json(text: str) -> "Census":
        """Read what `to_json` wrote."""
        content = json.loads(text)
        valued = frozenset((kind, direction, channel) for kind, direction, channel in content["valued"])
        return Census(content["kinds"], content["channels"], content["categories"], valued)


EMPTY = Census({}, {}, {}, frozenset())


def census(histories: Histories, lead_ids: Collection[str] | pa.ChunkedArray, until: int) -> Census:
    """Count what was visible of the leads `lead_ids` at `until` (UTC microseconds); rows may come in any order."""
    if not isinstance(lead_ids, pa.ChunkedArray):
        lead_ids = pa.chunked_array([pa.array(list(lead_ids), type=pa.string())])
    ids = lead_ids.combine_chunks()
    interactions, attributes = histories.interactions.select(_COLUMNS), histories.attributes
    received = pc.fill_null(pc.less_equal(interactions["received_at"], until), True)
    leads, seen = _of(ids, interactions, pc.and_(pc.less(interactions["occurred_at"], until), received))
    owners, known = _of(ids, attributes, pc.fill_null(pc.less(attributes["known_at"], until), True))
    texts = [name for name, kind in histories.attribute_types.items() if kind is AttributeType.CATEGORY]
    return Census(
        kinds=_leads_by(seen["kind"], leads),
        channels=_leads_by(seen["channel"], leads),
        categories={name: _category(known, owners, name) for name in sorted(texts)},
        valued=_valued(seen),
    )


def _of(ids: pa.Array, table: pa.Table, visible: pa.ChunkedArray) -> tuple[Ints, pa.Table]:
    """Return the visible rows of the leads `ids`, and the place of each row's lead among them."""
    places = pc.index_in(table["lead_id"], value_set=ids)
    kept = pc.and_(visible, pc.is_valid(places))
    if not pc.all(kept, min_count=0).as_py():
        places, table = places.filter(kept), table.filter(kept)
    return np.asarray(places).astype(np.int64), table


def _leads_by(column: pa.ChunkedArray, leads: Ints) -> dict[str, int]:
    """Return for each value of a column how many leads have it; `leads` is each row's lead."""
    encoded = pc.dictionary_encode(column.combine_chunks())
    values = encoded.dictionary.to_pylist()
    codes = np.asarray(pc.fill_null(encoded.indices, len(values))).astype(np.int64)
    pairs = np.unique(leads * (len(values) + 1) + codes)
    counts = np.bincount(pairs % (len(values) + 1), minlength=len(values) + 1).tolist()
    # A dictionary may hold values that no row has, or one twice.
    return _sum({}, *({value: count} for value, count in zip(values, counts, strict=False) if count))


def _category(rows: pa.Table, owners: Ints, name: str) -> dict[str, int]:
    of_name = np.asarray(pc.equal(rows["name"], name))
    return _leads_by(rows["text"].filter(pa.array(of_name)), owners[of_name])


def _valued(rows: pa.Table) -> frozenset[Combination]:
    columns = ["kind", "direction", "channel"]
    with_value = rows.select([*columns, "value"]).filter(pc.fill_null(pc.is_finite(rows["value"]), False))
    plain = pa.table({name: _plain(with_value[name]) for name in columns})
    return frozenset(
        (row["kind"], row["direction"], row["channel"]) for row in plain.group_by(columns).aggregate([]).to_pylist()
    )


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return column.cast(pa.string()) if pa.types.is_dictionary(column.type) else column


def _sum(*counts: Mapping[str, int]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for one in counts:
        total.update(one)
    return dict(total)
