"""What rules look at in the tables that hold all leads, as the arrays of `judge.Evidence`, and kinds never seen."""

from collections.abc import Collection, Iterable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from features.encoding.places import Places, Places32
from features.threads import share
from histories.compiled import compiled
from histories.contract import Histories
from scoring.evidence import SlotSets, order
from scoring.judge import Evidence
from scoring.moments import NEVER
from scoring.program import Ints, Rules

_BATCH = 1 << 17
_DIRECT = 1 << 14
_TEXTS = ("kind", "channel", "direction")


class Named(NamedTuple):
    """Names that leads have: the lead's place and the name, each pair once, by lead and name."""

    leads: Ints
    names: tuple[str, ...]


class Tables(NamedTuple):
    """All leads' evidence, in the order of `histories.leads`.

    `unseen_kinds` are those of interactions that a cutoff sees, `unasked` the attributes that nobody asks for.
    """

    evidence: Evidence
    unseen_kinds: Named
    unasked: Named


def of_tables(rules: Rules, sets: SlotSets, histories: Histories, cutoff: int, known: "Known", threads: int) -> Tables:
    """Return the evidence of all leads. Raises DataError where a row is of no lead."""
    places = Places(histories.leads["lead_id"])
    rows = _interactions(places, sets, histories.interactions, cutoff, known.kinds, threads)
    spans = _grouped(rows, histories.leads.num_rows)
    owners, changes = _changes(rules, places, histories.attributes)
    created = np.asarray(histories.leads["created_at"].combine_chunks()).astype(np.int64)
    leads = np.column_stack([created, spans, _spans(owners, histories.leads.num_rows)])
    evidence = Evidence(leads, rows.occurred, rows.visible, rows.value, rows.match, *sets.arrays, changes)
    return Tables(evidence, rows.unseen, _unasked(places, histories.attributes, known.attributes))


class Known(NamedTuple):
    """What training has seen, and what model or rulebook ask for."""

    kinds: frozenset[str]
    attributes: frozenset[str]


class _Rows:
    """Interactions, one entry each."""

    def __init__(self, count: int) -> None:
        self.owners = np.empty(count, dtype=np.int32)
        self.occurred, self.visible, self.match = (np.empty(count, dtype=np.int64) for _ in range(3))
        self.value = np.empty(count, dtype=np.float64)
        self.unseen = Named(np.empty(0, dtype=np.int64), ())


def _interactions(
    places: Places, sets: SlotSets, table: pa.Table, cutoff: int, seen: Collection[str], threads: int
) -> _Rows:
    batches = table.select(["lead_id", "occurred_at", "received_at", "value", *_TEXTS]).to_batches(max_chunksize=_BATCH)
    begins = np.cumsum([0, *(one.num_rows for one in batches)]).tolist()
    rows = _Rows(begins[-1])

    def fill(number: int) -> list[tuple[int, str]]:
        batch, part = batches[number], slice(begins[number], begins[number + 1])
        owners = rows.owners[part]
        owners[:] = places.of_all(batch["lead_id"], "interactions")
        rows.occurred[part] = np.asarray(batch["occurred_at"])
        rows.visible[part] = np.maximum(rows.occurred[part] + 1, _filled(batch["received_at"], NEVER))
        rows.value[part] = _filled(batch["value"], np.nan)
        coded = [_coded(batch[name]) for name in _TEXTS]
        rows.match[part] = _matches(sets, coded)
        return _unseen(coded[0], owners, rows.visible[part] <= cutoff, seen)

    found = {pair for pairs in share(fill, range(len(batches)), threads) for pair in pairs}
    rows.unseen = _named(found)
    return rows


def _filled(column: pa.Array, value: float) -> npt.NDArray[np.generic]:
    return np.asarray(column.fill_null(value) if column.null_count else column)


Coded = tuple[npt.NDArray[np.int64], list[str | None]]


def _coded(column: pa.Array) -> Coded:
    """Return a column as places in the list of its distinct values, the last of which is None."""
    encoded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
    distinct = [*encoded.dictionary.to_pylist(), None]
    return np.asarray(_filled(encoded.indices, len(distinct) - 1)).astype(np.int64), distinct


def _matches(sets: SlotSets, columns: list[Coded]) -> Ints:
    """Return the set of slots of each row, asked once for each combination of texts."""
    (kinds, of_kind), (channels, of_channel), (directions, of_direction) = columns
    shape = (len(of_kind), len(of_channel), len(of_direction))
    combined = (kinds * shape[1] + channels) * shape[2] + directions
    wanted, back = (
        (np.arange(np.prod(shape)), combined) if np.prod(shape) <= _DIRECT else np.unique(combined, return_inverse=True)
    )
    numbers = [
        sets[of_kind[kind] or "", of_channel[channel], of_direction[direction]]
        for kind, channel, direction in zip(*(one.tolist() for one in np.unravel_index(wanted, shape)), strict=True)
    ]
    return np.array(numbers, dtype=np.int64)[back]


def _unseen(
    kinds: Coded, owners: Places32, visible: npt.NDArray[np.bool_], seen: Collection[str]
) -> list[tuple[int, str]]:
    codes, distinct = kinds
    strange = np.array([one is not None and one not in seen for one in distinct])
    if not strange.any():
        return []
    rows = np.flatnonzero(strange[codes] & visible)
    pairs = np.unique(np.column_stack([owners[rows], codes[rows]]), axis=0).tolist()
    return [(owner, distinct[code] or "") for owner, code in pairs]


def _named(pairs: Iterable[tuple[int, str]]) -> Named:
    ordered = sorted(pairs)
    return Named(np.array([lead for lead, _ in ordered], dtype=np.int64), tuple(name for _, name in ordered))


def _grouped(rows: _Rows, leads: int) -> Ints:
    """Return where each lead's rows lie, int64 [leads, 2], once those of each stand together."""
    spans, together = _runs(rows.owners, leads)
    if not together:
        order_of, spans = _counted(rows.owners, leads)
        for name in ("occurred", "visible", "match", "value"):
            setattr(rows, name, getattr(rows, name)[order_of])
    return spans


@compiled
def _runs(owners: Places32, leads: int) -> tuple[Ints, bool]:
    """Return where each lead's run of rows lies, and whether each has one run at most."""
    spans = np.zeros((leads, 2), dtype=np.int64)
    begin = 0
    for row in range(1, owners.size + 1):
        if row == owners.size or owners[row] != owners[begin]:
            lead = owners[begin]
            if spans[lead, 1]:
                return spans, False
            spans[lead, 0], spans[lead, 1] = begin, row
            begin = row
    return spans, True


@compiled
def _counted(owners: Places32, leads: int) -> tuple[Ints, Ints]:
    """Return the rows by lead, and where each lead's lie."""
    ends = np.zeros(leads, dtype=np.int64)
    for owner in owners:
        ends[owner] += 1
    begin = 0
    spans = np.empty((leads, 2), dtype=np.int64)
    for lead in range(leads):
        spans[lead, 0], begin = begin, begin + ends[lead]
        spans[lead, 1], ends[lead] = begin, spans[lead, 0]
    order_of = np.empty(owners.size, dtype=np.int64)
    for row in range(owners.size):
        order_of[ends[owners[row]]] = row
        ends[owners[row]] += 1
    return order_of, spans


def _spans(owners: Ints, leads: int) -> Ints:
    bounds = np.searchsorted(owners, np.arange(leads + 1))
    return np.column_stack([bounds[:-1], bounds[1:]])


def _changes(rules: Rules, places: Places, attributes: pa.Table) -> tuple[Ints, Ints]:
    """Return the lead of each value that the rules ask for, ascending, and the rows of `Matched.changes`."""
    names = pa.array(list(rules.attributes), pa.string())
    asked = pc.index_in(attributes["name"].cast(pa.string()), value_set=names)
    rows = attributes.filter(pc.is_valid(asked))
    place = np.asarray(asked.drop_null()).astype(np.int64)
    owners = places.of_all(rows["lead_id"], "attributes").astype(np.int64)
    known_at = np.asarray(rows["known_at"].fill_null(NEVER)).astype(np.int64)
    since = np.where(known_at == NEVER, NEVER, known_at + 1)
    values, of_row = _values(rows)
    effects = _effects(rules, place, values, of_row)
    by_lead = owners * max(1, len(names)) + place
    order_of = np.argsort(by_lead, kind="stable")
    if (np.diff(by_lead[order_of]) == 0).any():
        keys = [
            (lead, *order(at, values[code]))
            for lead, at, code in zip(by_lead.tolist(), since.tolist(), of_row.tolist(), strict=True)
        ]
        order_of = np.array(sorted(range(len(keys)), key=keys.__getitem__), dtype=np.int64)
    changes = np.column_stack([place, since, effects])[order_of]
    return owners[order_of], np.ascontiguousarray(changes)


def _values(rows: pa.Table) -> tuple[list[str | float | None], Ints]:
    """Return the distinct values, and which one each row has; NaN is none."""
    texts = rows["text"].combine_chunks().dictionary_encode()
    words = texts.dictionary.to_pylist()
    numbers, of_number = np.unique(np.asarray(rows["number"].fill_null(np.nan), dtype=np.float64), return_inverse=True)
    known: list[str | float | None] = [None if np.isnan(one) else one for one in numbers.tolist()]
    of_text = np.asarray(texts.indices.fill_null(-1)).astype(np.int64)
    return [*known, *words], np.where(of_text < 0, of_number, of_text + len(known))


def _effects(rules: Rules, place: Ints, values: list[str | float | None], of_row: Ints) -> Ints:
    """Return what each row gives, asked once for each attribute and value."""
    pairs, back = np.unique(place * max(1, len(values)) + of_row, return_inverse=True)
    found = [rules.effect(*divmod(pair, len(values))[:1], values[pair % len(values)]) for pair in pairs.tolist()]
    return np.array(found, dtype=np.int64).reshape(-1, 3)[back]


def _unasked(places: Places, attributes: pa.Table, asked: Collection[str]) -> Named:
    names = pa.array(sorted(asked), pa.string())
    rows = attributes.filter(pc.invert(pc.is_in(attributes["name"].cast(pa.string()), value_set=names)))
    owners = places.of_all(rows["lead_id"], "attributes").tolist()
    return _named(set(zip(owners, rows["name"].to_pylist(), strict=True)))
