"""What the store knew at a watermark as the contract's tables, in batches: merged leads as one, without who objected."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa

from histories import contract
from histories.contract import Attribute, Outcome, Stage
from histories.store.database.arrow import Stream
from histories.store.database.schema import ATTRIBUTES, INTERACTIONS, LEADS, OUTCOMES
from histories.store.facts.retyped import number_of
from histories.store.known import merging
from histories.store.known.merging import Merges


@dataclass(frozen=True)
class Tables:
    """The tables as an export taken at `exported_at` would have them, each a stream of batches in no order.

    `leads` comes first: rows of leads that are not in it are left out. `objecting` are surviving leads, `numbers` the
    attributes whose texts are numbers.
    """

    stream: Stream
    watermark: int
    exported_at: int
    merges: Merges
    objecting: frozenset[str]
    numbers: frozenset[str]
    _known: list[pa.Array] = field(default_factory=list)

    def leads(self) -> Iterator[pa.RecordBatch]:
        """Yield the leads that go on."""
        out = pa.array([*self.merges.ended, *self.objecting], pa.string())
        for batch in self._read(LEADS, contract.LEADS, "created_at"):
            kept = batch.filter(pc.invert(pc.is_in(batch["lead_id"], value_set=out)))
            self._known.append(kept["lead_id"])
            yield kept

    def interactions(self) -> Iterator[pa.RecordBatch]:
        """Yield interactions, those of leads that ended received when the merge was known, at the earliest."""
        for batch in self._read(INTERACTIONS, contract.INTERACTIONS, "occurred_at", "received_at"):
            yield self._of_known(self._moved(batch))

    def attributes(self) -> Iterator[pa.RecordBatch]:
        """Yield attributes; those of merged leads, which are looked at together, at the end."""
        aside: dict[str, list[tuple[str, Attribute]]] = {}
        for batch in self._read(ATTRIBUTES, contract.ATTRIBUTES, "known_at"):
            rest, merged = self._parted(_with_numbers(batch, self.numbers))
            for row in merged.to_pylist():
                value = row["number"] if row["text"] is None else row["text"]
                told = row["lead_id"], Attribute(row["name"], value, row["known_at"])
                aside.setdefault(self.merges.survivor(row["lead_id"]), []).append(told)
            yield self._of_known(rest)
        made = (
            (one, what.name, *_text_or_number(what.value), what.known_at)
            for one, told in aside.items()
            for what in merging.versions(told, self.merges, one)
            if (what.known_at or 0) <= self.exported_at
        )
        yield self._of_known(_batch(contract.ATTRIBUTES, made))

    def outcomes(self) -> Iterator[pa.RecordBatch]:
        """Yield outcomes; those of merged leads, of which the same may have been told of both, at the end."""
        aside: dict[str, list[tuple[str, Outcome]]] = {}
        for batch in self._read(OUTCOMES, contract.OUTCOMES, "reached_at"):
            rest, merged = self._parted(batch)
            for row in merged.to_pylist():
                told = row["lead_id"], Outcome(Stage(row["stage"]), row["reached_at"], row["amount"])
                aside.setdefault(self.merges.survivor(row["lead_id"]), []).append(told)
            yield self._of_known(rest)
        made = (
            (one, what.stage.value, what.reached_at, what.amount)
            for one, told in aside.items()
            for what in merging.outcomes(told, self.merges)
            if what.reached_at <= self.exported_at
        )
        yield self._of_known(_batch(contract.OUTCOMES, made))

    def _read(self, table: sa.Table, schema: pa.Schema, *moments: str) -> Iterator[pa.RecordBatch]:
        query: sa.Select[*tuple[Any, ...]] = sa.select(*(table.c[name] for name in schema.names))
        in_time = (sa.func.coalesce(table.c[one], 0) <= self.exported_at for one in moments)
        yield from self.stream(query.where(table.c.watermark <= self.watermark, *in_time), schema)

    def _of_known(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        return batch.filter(pc.is_in(batch["lead_id"], value_set=self._all_known()))

    def _all_known(self) -> pa.Array:
        if len(self._known) != 1:
            self._known[:] = [pa.concat_arrays([pa.array([], pa.string()), *self._known])]
        return self._known[0]

    def _parted(self, batch: pa.RecordBatch) -> tuple[pa.RecordBatch, pa.RecordBatch]:
        """The rows of leads that nobody was merged with, and those of the others."""
        merged = pa.array([*self.merges.ended, *self.merges.survivors], pa.string())
        if not len(merged):
            return batch, batch.slice(0, 0)
        is_merged = pc.is_in(batch["lead_id"], value_set=merged)
        return batch.filter(pc.invert(is_merged)), batch.filter(is_merged)

    def _moved(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Interactions under the lead that goes on, as `merging.received` has them, those received too late left out."""
        rest, merged = self._parted(batch)
        if not merged.num_rows:
            return rest
        ids = merged["lead_id"].to_pylist()
        since = np.array([self.merges.known_at(one) or 0 for one in ids])
        ended = np.array([one in self.merges.ended for one in ids])
        received = np.asarray(pc.fill_null(merged["received_at"], 0))
        known = np.maximum(np.asarray(merged["occurred_at"]), received)
        later = pa.array(ended & (known < since))
        changed = {
            "lead_id": pa.array([self.merges.survivor(one) for one in ids], pa.string()),
            "received_at": pc.if_else(later, pa.array(since, pa.int64()), merged["received_at"]),
        }
        arrays = [changed.get(name, merged[name]) for name in merged.schema.names]
        moved = pa.record_batch(arrays, schema=batch.schema)
        moved = moved.filter(pc.less_equal(pc.fill_null(moved["received_at"], 0), self.exported_at))
        return pa.concat_batches([rest, moved])


def _with_numbers(batch: pa.RecordBatch, numbers: Collection[str]) -> pa.RecordBatch:
    """Rows of attributes with the numbers that the texts of these attributes are."""
    if not numbers:
        return batch
    asked = pc.and_(pc.is_in(batch["name"], value_set=pa.array(sorted(numbers))), pc.is_valid(batch["text"]))
    none = pa.scalar(None, pa.string())
    texts = pc.if_else(asked, batch["text"], none).to_pylist()
    made = [None if one is None else number_of(one) for one in texts]
    changed = {
        "text": pc.if_else(asked, none, batch["text"]),
        "number": pc.if_else(asked, pa.array(made, pa.float64()), batch["number"]),
    }
    arrays = [changed.get(name, batch[name]) for name in batch.schema.names]
    return pa.record_batch(arrays, schema=batch.schema)


def _text_or_number(value: str | float | None) -> tuple[str | None, float | None]:
    return (value, None) if isinstance(value, str) else (None, value)


def _batch(schema: pa.Schema, rows: Iterable[tuple[object, ...]]) -> pa.RecordBatch:
    columns = list(zip(*rows, strict=True)) or [() for _ in schema]
    return pa.record_batch([pa.array(column, one.type) for column, one in zip(columns, schema, strict=True)], schema)
