"""From the tables that hold all leads to the arrays that the kernel reads."""

from collections.abc import Iterator
from itertools import groupby

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from features.arrays import Encoded, Floats, Ints
from features.catalogue import AttributeSpec, Catalogue
from features.interactions import columns
from features.places import Places
from features.stages import steps
from features.threads import cores
from features.twins import twins
from features.zone import EVER
from histories.contract import AttributeType, Histories, Outcome, Stage


def encode(histories: Histories, catalogue: Catalogue, threads: int | None = None) -> Encoded:
    """Return all leads as arrays, in the order of `histories.leads`; an interaction is encoded once for all rows.

    Interactions may come in any order, texts plain or dictionary-encoded; the arrays are those of the table sorted by
    lead, time and id, on any number of `threads` (None: as many as there are cores). Raises DataError where a row's
    lead is not among the leads.
    """
    threads = cores() if threads is None else threads
    leads, interactions = histories.leads, histories.interactions
    known = Places(leads["lead_id"])
    seen = columns(interactions, known, leads.num_rows, catalogue.signatures(), threads)
    members, account_spans = _accounts(leads["account_id"])
    attribute_owners, attributes, values = _attributes(histories, catalogue.attributes)
    step_owners, stage_steps = _steps(histories)
    spans = [_spans(one, leads.num_rows) for one in (seen.owners, attribute_owners, step_owners)]
    return Encoded(
        leads=np.column_stack([_ints(leads["created_at"]), spans[0], account_spans, spans[1], spans[2]]),
        members=members,
        occurred=seen.occurred,
        received=seen.received,
        signature=seen.signature,
        value=seen.value,
        twins=twins(interactions, seen.owners, seen.came, account_spans),
        attributes=attributes,
        attribute_values=values,
        steps=stage_steps,
    )


def places(ids: pa.ChunkedArray, leads: pa.Table) -> Ints:
    """Return each id's place among the leads; -1 where it is none of them."""
    found = pc.index_in(ids, value_set=leads["lead_id"].combine_chunks())
    return np.asarray(pc.fill_null(found, -1)).astype(np.int64)


def _places(ids: pa.ChunkedArray, leads: pa.Table) -> Ints:
    """`places` for a column in which equal ids stand together: each run is looked up once."""
    if len(ids) == 0:
        return np.empty(0, dtype=np.int64)
    runs = pc.run_end_encode(ids.combine_chunks(), run_end_type=pa.int64())
    lengths = np.diff(np.asarray(runs.run_ends), prepend=0)
    return np.repeat(places(pa.chunked_array([runs.values]), leads), lengths)


def _spans(owners: NDArray[np.integer], leads: int) -> Ints:
    """Return where the rows of each lead begin and end, int64 [leads, 2]; rows of a lead stand together."""
    spans = np.zeros((leads, 2), dtype=np.int64)
    begins = np.flatnonzero(np.diff(owners, prepend=-1))
    spans[owners[begins], 0] = begins
    spans[owners[begins], 1] = np.append(begins[1:], owners.size)
    return spans


def _ints(column: pa.ChunkedArray) -> Ints:
    return np.asarray(pc.fill_null(column, EVER)).astype(np.int64, copy=True)


def _floats(column: pa.ChunkedArray) -> Floats:
    return np.asarray(pc.fill_null(column, np.nan)).astype(np.float64, copy=True)


def _codes(column: pa.ChunkedArray) -> tuple[Ints, list[str | None]]:
    """Return a column as places in the list of its distinct values, the last of which is None."""
    encoded = column.combine_chunks().dictionary_encode()
    distinct = [*encoded.dictionary.to_pylist(), None]
    return np.asarray(encoded.indices.fill_null(len(distinct) - 1)).astype(np.int64), distinct


def _accounts(account_ids: pa.ChunkedArray) -> tuple[Ints, Ints]:
    """Return leads ordered by account, and where each lead's account lies among them; -1 where it has none."""
    codes, distinct = _codes(account_ids)
    members = np.argsort(codes, kind="stable")
    bounds = np.searchsorted(codes[members], np.arange(len(distinct) + 1))
    spans = np.column_stack([bounds[codes], bounds[codes + 1]])
    spans[codes == len(distinct) - 1] = -1
    return members, spans


def _attributes(histories: Histories, specs: tuple[AttributeSpec, ...]) -> tuple[Ints, Ints, Floats]:
    """Return owners, [place, known_at] and values, ascending by owner, place, known_at and value, the missing first."""
    parts = [_attribute(histories, place, spec) for place, spec in enumerate(specs)]
    if not parts:
        return np.empty(0, dtype=np.int64), np.empty((0, 2), dtype=np.int64), np.empty(0)
    owners, keys, values = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    order = np.lexsort((np.where(np.isnan(values), -np.inf, values), keys[:, 1], keys[:, 0], owners))
    return owners[order], keys[order], values[order]


def _attribute(histories: Histories, place: int, spec: AttributeSpec) -> tuple[Ints, Ints, Floats]:
    rows = histories.attributes.filter(pc.equal(histories.attributes["name"], spec.name))
    if spec.type is AttributeType.CATEGORY:
        codes = pc.fill_null(
            pc.index_in(rows["text"], value_set=pa.array(spec.categories, pa.string())), len(spec.categories)
        )
        values = pc.if_else(pc.is_valid(rows["text"]), pc.cast(codes, pa.float64()), None)
    else:
        values = rows["number"]
    keys = np.column_stack([np.full(rows.num_rows, place, dtype=np.int64), _ints(rows["known_at"])])
    numbers = _floats(values)
    numbers[np.isinf(numbers)] = np.nan
    # Adding 0 makes -0.0 plain: the two zeros are equal in order, but not in bits.
    return places(rows["lead_id"], histories.leads), keys, numbers + 0.0


def _steps(histories: Histories) -> tuple[Ints, Ints]:
    found = [(place, *step) for place, outcomes in _outcomes(histories) for step in steps(outcomes)]
    table = np.array(found, dtype=np.int64).reshape(-1, 5)
    return table[:, 0].copy(), table[:, 1:].copy()


def _outcomes(histories: Histories) -> Iterator[tuple[int, list[Outcome]]]:
    rows = histories.outcomes
    owners = _places(rows["lead_id"], histories.leads).tolist()
    stages = {stage.value: stage for stage in Stage}
    columns = zip(owners, rows["stage"].to_pylist(), rows["reached_at"].to_pylist(), strict=True)
    for place, of_lead in groupby(columns, key=lambda one: one[0]):
        yield place, [Outcome(stages[stage], reached_at) for _, stage, reached_at in of_lead]
