"""From the tables that hold all leads to the arrays that the kernel reads."""

import numpy as np
import pyarrow as pa

from features.catalogue import Catalogue
from features.encoding.attributes import attributes
from features.encoding.interactions import coded, columns, pieces_of, without_nulls
from features.encoding.places import Places, Places32
from features.encoding.stages import CODES, steps
from features.encoding.twins import accounts, twins
from features.encoding.zone import EVER
from features.kernel.arrays import Encoded, Ints
from histories.compiled import compiled
from histories.contract import Histories, Stage
from histories.machine import cores


def encode(histories: Histories, catalogue: Catalogue, threads: int | None = None) -> Encoded:
    """Return all leads as arrays, in the order of `histories.leads`; an interaction is encoded once for all rows.

    The other tables' rows may come in any order, texts plain or dictionary-encoded; the arrays are those of the sorted
    tables, on any number of `threads` (None: as many as there are cores). Raises DataError where a row's lead is not
    among the leads.
    """
    threads = cores() if threads is None else threads
    leads, interactions = histories.leads, pieces_of(histories.interactions)
    known = Places(leads["lead_id"])
    members, account_spans = _accounts(leads["account_id"])
    seen = columns(interactions, known, accounts(account_spans), catalogue.signatures(), threads)
    owners, keys, values = attributes(histories.attributes, known, catalogue.attributes)
    step_owners, stage_steps = _steps(histories.outcomes, known)
    spans = [_spans(one, leads.num_rows) for one in (seen.owners, owners, step_owners)]
    created = without_nulls(leads["created_at"], EVER).astype(np.int64)
    return Encoded(
        leads=np.column_stack([created, spans[0], account_spans, spans[1], spans[2]]),
        members=members,
        occurred=seen.occurred,
        received=seen.received,
        signature=seen.signature,
        value=seen.value,
        twins=twins(interactions, seen, account_spans),
        attributes=keys,
        attribute_values=values,
        steps=stage_steps,
    )


def places(ids: pa.ChunkedArray, leads: pa.Table) -> Ints:
    """Return each id's place among the leads; -1 where it is none of them."""
    known = Places(leads["lead_id"])
    return np.concatenate([np.empty(0, dtype=np.int64), *map(known.of, ids.chunks)])


@compiled
def _spans(owners: Places32, leads: int) -> Ints:
    """Return where the rows of each lead begin and end, int64 [leads, 2]; `owners` ascend."""
    spans = np.zeros((leads, 2), dtype=np.int64)
    for row in range(owners.size):
        lead = owners[row]
        if row == 0 or owners[row - 1] != lead:
            spans[lead, 0] = row
        spans[lead, 1] = row + 1
    return spans


def _accounts(account_ids: pa.ChunkedArray) -> tuple[Ints, Ints]:
    """Return leads ordered by account, and where each lead's account lies among them; -1 where it has none."""
    codes, distinct = coded(account_ids)
    members = np.argsort(codes, kind="stable")
    bounds = np.searchsorted(codes[members], np.arange(len(distinct) + 1))
    spans = np.column_stack([bounds[codes], bounds[codes + 1]])
    spans[codes == len(distinct) - 1] = -1
    return members, spans


def _steps(outcomes: pa.Table, known: Places) -> tuple[Places32, Ints]:
    codes, stages = coded(outcomes["stage"])
    of_stage = np.array([-1 if stage is None else CODES[Stage(stage)] for stage in stages], dtype=np.int64)
    owners = known.of_all(outcomes["lead_id"], "outcomes").astype(np.int64)
    rows = np.column_stack([owners, without_nulls(outcomes["reached_at"], EVER), of_stage[codes]])
    leads, found = steps(rows[np.lexsort((rows[:, 2], rows[:, 1], rows[:, 0]))])
    return leads.astype(np.int32), found
