"""A share of the day's calls by lot, and how likely each lead was to be called: what lets scores be compared fairly.

Leads that are called because of a score cannot tell whether the score was right. Leads drawn by lot can; and where it is
known how likely every lead was to be called, those that were called stand for all (Horvitz & Thompson, "A generalization
of sampling without replacement from a finite universe", JASA 47, 1952).
"""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Lot:
    """How much of a list is drawn by lot: a `share` of the calls, above 0 and below 1, with the lots of `seed`."""

    share: float
    seed: int


@dataclass(frozen=True, eq=False)
class Drawn:
    """A list of calls. `rank` [calls]: each call's place among those that may be called, the best 0, in the list's order.

    `explored` [calls]: it was drawn by lot; `propensity` [calls]: how likely this lead was to be on the list.
    """

    rank: NDArray[np.int64]
    explored: NDArray[np.bool_]
    propensity: Floats


def draw(leads: Sequence[str], worth: int, calls: int, lot: Lot) -> Drawn:
    """Draw a list of at most `calls` of the `leads` that may be called, the best first; the first `worth` are worth it.

    A share of the calls goes to leads drawn from all alike, whatever they are worth: on average the lot's share, each
    day a whole number near it. The best of the others have the rest. Those drawn stand at random places of the list.

    Each lead's lot is made of the seed and its id, and the smallest lots are drawn: with the same seed, leads that
    come, go or change places meanwhile change little of who is drawn.
    """
    random = np.random.default_rng(lot.seed)
    few, part = _expected(len(leads), calls, lot.share)
    drawn = few + int(random.random() < part)
    explored = np.argsort(np.array([_lot(lot.seed, one) for one in leads], dtype=np.uint64), kind="stable")[:drawn]
    others = np.setdiff1d(np.arange(worth), explored, assume_unique=True)[: calls - drawn]
    rank = np.zeros(len(others) + drawn, dtype=np.int64)
    by_lot = np.zeros(len(rank), dtype=np.bool_)
    by_lot[random.choice(len(rank), size=drawn, replace=False)] = True
    rank[by_lot], rank[~by_lot] = explored, others
    return Drawn(rank, by_lot, propensities(len(leads), worth, calls, lot.share)[rank])


def _lot(seed: int, lead_id: str) -> int:
    """A lead's lot under a seed: any of 2^64 numbers, all as likely."""
    return int.from_bytes(
        hashlib.blake2b(f"{seed} {lead_id}".encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big"
    )


def propensities(leads: int, worth: int, calls: int, share: float) -> Floats:
    """Return how likely each lead is to be on the list, whatever the lot, the best first, [leads].

    One that is worth a call is drawn, or is not and stands among the first of those that are not. How many before it
    are drawn is hypergeometric.
    """
    few, part = _expected(leads, calls, share)
    found = (1 - part) * _of(leads, worth, calls, few)
    return found + part * _of(leads, worth, calls, few + 1) if part else found


def _expected(leads: int, calls: int, share: float) -> tuple[int, float]:
    """How many calls are drawn at least, and how likely it is that there is one more."""
    wanted = min(share * min(calls, leads), float(leads))
    few = math.floor(wanted)
    return few, wanted - few


def _of(leads: int, worth: int, calls: int, drawn: int) -> Floats:
    """The propensities where so many are drawn."""
    by_lot = drawn / leads if leads else 0.0
    before = np.arange(worth)
    # The best of the others have calls - drawn places: one is among them if enough of those before it were drawn.
    best = np.array([_at_least(rank + 1 - (calls - drawn), leads - 1, rank, drawn) for rank in before.tolist()])
    found = np.full(leads, by_lot)
    found[:worth] += (1 - by_lot) * best
    return found


def _at_least(least: int, others: int, before: int, drawn: int) -> float:
    """How often at least `least` of the `before` are among the `drawn` of `others`, drawn without replacement."""
    most = min(before, drawn)
    if least <= 0:
        return 1.0
    if least > most:
        return 0.0
    ways = sum(math.comb(before, one) * math.comb(others - before, drawn - one) for one in range(least, most + 1))
    return ways / math.comb(others, drawn)
