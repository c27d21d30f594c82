"""Interactions that several leads of an account share, such as one meeting with two of its people."""

import numpy as np
from numpy.typing import NDArray

from features.encoding.interactions import Columns, taken
from features.kernel.arrays import Ints
from histories.contract import Direction, Interaction, duplicate_order
from histories.stored import Pieces

_NOBODY, _EVERYBODY = -2, -1


def twins(source: Pieces, seen: Columns, account_spans: Ints) -> Ints:
    """Tell for which of its account's leads each interaction counts: -1 each, -2 none, else the place of one lead.

    One that several leads share counts once, as it would among the account's interactions in a request: the first in
    the contract's order of duplicates. For its own lead, whose interactions are left out, the second counts.
    `seen` are the interactions of `source` in the order of the result; `account_spans` [leads, 2] tells accounts apart.
    Empty: nothing is shared.
    """
    rows = seen.suspects
    groups: dict[tuple[int, str], list[tuple[int, Interaction]]] = {}
    if rows.size:
        places = _places(rows, seen.came)
        accounts = account_spans[seen.owners[places], 0]
        for place, account, one in zip(places.tolist(), accounts.tolist(), _read(source, rows), strict=True):
            groups.setdefault((account, one.interaction_id), []).append((place, one))
    shared = [members for members in groups.values() if len(members) > 1]
    if not shared:
        return np.empty(0, dtype=np.int64)
    found = np.full(seen.owners.size, _EVERYBODY, dtype=np.int64)
    for members in shared:
        ranked = [place for place, _ in sorted(members, key=lambda one: (duplicate_order(one[1]), one[0]))]
        found[ranked[1]] = seen.owners[ranked[0]]
        found[ranked[2:]] = _NOBODY
    return found


def accounts(account_spans: Ints) -> NDArray[np.int32]:
    """Return a number for the account of each lead, -1 where it has none, or is alone in it: it shares with nobody."""
    several = account_spans[:, 1] - account_spans[:, 0] > 1
    return np.where(several, account_spans[:, 0], -1).astype(np.int32)


def _places(rows: Ints, came: Ints) -> Ints:
    """Return where rows of the table went."""
    went = np.empty(came.size, dtype=np.int64)
    went[came] = np.arange(came.size)
    return went[rows]


def _read(source: Pieces, rows: Ints) -> list[Interaction]:
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
        for one in taken(source, rows, Interaction._fields, 1).to_pylist()
    ]
