"""On which side of a border a lead or account stands: it trains, or it is tested on, and never both.

A lead or account with snapshots before a border that could have more from then on belongs to one side alone: a share
of them, drawn by name, trains and is not tested on; the others are tested on, and do not train. "Could have" goes by
creation and ages alone: going by the snapshots that exist would keep fast converters in training and drop those that
stayed open. An account that has nothing open at the border trains; leads that come to it later are not tested on, for
the border cannot know of them.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]
Draws = NDArray[np.uint64]


@dataclass(frozen=True, eq=False)
class Lives:
    """When a snapshot of each lead could have been taken; one entry a lead, at risk or not.

    `group`: number of its account, or of the lead where it has none; `first` and `last`: the moments of the first and
    the last snapshot (whatever became of the lead; UTC microseconds); `draw`: a number that is drawn for the group from
    the name of the account or lead alone, whatever else the export holds.
    """

    group: IntArray
    first: IntArray
    last: IntArray
    draw: Draws


def trains(lives: Lives, border: int, kept: float, draw: Draws | None = None) -> BoolArray:
    """Tell for each group whether it is on the older side of a border (UTC microseconds), [groups].

    `kept`: the share of the groups on both sides that is; `draw` [leads]: in place of the leads' own. Nothing that
    comes later than the border moves the answer.
    """
    count = int(lives.group.max(initial=-1)) + 1
    known, may_go_on, drawn = np.zeros(count, np.bool_), np.zeros(count, np.bool_), np.zeros(count, np.bool_)
    seen = lives.first < border
    known[lives.group[seen]] = True
    may_go_on[lives.group[seen & (lives.last >= border)]] = True
    drawn[lives.group] = (lives.draw if draw is None else draw) / 2.0**64 < kept
    return known & (~may_go_on | drawn)


def redrawn(draw: Draws, border: int) -> Draws:
    """Draw anew for another border: with one draw for all, windows would hold no lead that a border came upon.

    The mixer of SplitMix64 (Steele, Lea & Flood 2014).
    """
    mixed = draw ^ np.uint64(border % 2**64)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    return np.asarray(mixed ^ (mixed >> np.uint64(31)))
