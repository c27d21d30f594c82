"""Interactions that several leads of an account share, such as one meeting with two of its people."""

from itertools import groupby

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from features.arrays import Ints
from histories.contract import Direction, Interaction, duplicate_order

_NOBODY, _EVERYBODY = -2, -1


def twins(interactions: pa.Table, owners: NDArray[np.int32], came: Ints | None, account_spans: Ints) -> Ints:
    """Tell for which of its account's leads each interaction counts: -1 each, -2 none, else the place of one lead.

    One that several leads share counts once, as it would among the account's interactions in a request: the first in
    the contract's order of duplicates. For its own lead, whose interactions are left out, the second counts.
    `owners` is each interaction's lead, in the order of the result; `came` the row of `interactions` that it was (None:
    the row where it is); `account_spans` [leads, 2] tells accounts apart. Empty: nothing is shared.
    """
    first, end = account_spans[owners, 0], account_spans[owners, 1]
    candidates = np.flatnonzero((first >= 0) & (end - first > 1))
    rows = candidates if came is None else came[candidates]
    ids = interactions["interaction_id"].take(pa.array(rows)).combine_chunks()
    if pc.count_distinct(ids).as_py() == len(ids):
        return np.empty(0, dtype=np.int64)
    found = np.full(owners.size, _EVERYBODY, dtype=np.int64)
    codes = np.asarray(ids.dictionary_encode().indices).astype(np.int64)
    order = np.lexsort((codes, first[candidates]))
    pairs = np.column_stack([first[candidates], codes])[order]
    same = (pairs[1:] == pairs[:-1]).all(axis=1)
    shared = candidates[order[np.append(same, False) | np.insert(same, 0, False)]]
    groups = np.cumsum(np.insert(~same, 0, True))[np.append(same, False) | np.insert(same, 0, False)]
    for _, members in groupby(
        zip(groups.tolist(), shared.tolist(), _read(interactions, came, shared), strict=True), _group
    ):
        ranked = [place for _, place, one in sorted(members, key=lambda one: duplicate_order(one[2]))]
        found[ranked[1]] = owners[ranked[0]]
        found[ranked[2:]] = _NOBODY
    return found


def _group(member: tuple[int, int, Interaction]) -> int:
    return member[0]


def _read(interactions: pa.Table, came: Ints | None, places: Ints) -> list[Interaction]:
    rows = places if came is None else came[places]
    return [
        Interaction(
            interaction_id=one["interaction_id"],
            occurred_at=one["occurred_at"],
            kind=one["kind"],
            received_at=one["received_at"],
            channel=one["channel"],
            direction=None if one["direction"] is None else Direction(one["direction"]),
            value=one["value"],
        )
        for one in interactions.take(pa.array(rows)).to_pylist()
    ]
