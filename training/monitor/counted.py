"""Which answers count: one a lead and horizon, the first, and only those whose horizon has ended."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from histories.clock import DAY
from histories.contract import Histories, Target
from histories.funnel_table import funnel_of

IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]
# An answer about another moment than the one at which it was given could be asked for because of what came of the lead.
MOST_APART = DAY


@dataclass(frozen=True, slots=True)
class Question:
    """What a bundle's answers ask of a target: within so many days; nothing after `trained_until` taught it."""

    horizon_days: int
    trained_until: int


@dataclass(frozen=True, slots=True)
class Tally:
    """What became of the answers with a probability for a target: each is in one of the counts below `given`.

    `what_if`: the request added to what the store knew; `other_moment`: as of a moment a day or more from when it was
    given; `other_question`: by a bundle of another horizon, or one that is not kept; `unknown_lead`: the store does not
    know the lead, or it has objected; `before_training`: the bundle may have learnt what came of it; `settled`: the
    stage was reached or the lead lost before, as is known now; `repeated`: within the horizon of an earlier one that
    counts; `not_mature`: the horizon goes on; `counted`: the rest.
    """

    given: int
    what_if: int
    other_moment: int
    other_question: int
    unknown_lead: int
    before_training: int
    settled: int
    repeated: int
    not_mature: int
    counted: int


@dataclass(frozen=True, eq=False)
class Counted:
    """The answers that count for a target, by lead and moment. Arrays are [answers].

    `row`: its place in the table of answers; `lead`: number of the lead in `histories.leads`; `as_of` in UTC
    microseconds; `label`: 1 where the lead reached the target within the horizon, else 0. `waiting`: the moments of the
    answers that are not mature.
    """

    target: Target
    horizon_days: int
    row: IntArray
    lead: IntArray
    as_of: IntArray
    label: NDArray[np.int8]
    waiting: IntArray
    tally: Tally

    def of(self, wanted: BoolArray) -> "Counted":
        """Return those of the answers that count, `wanted` [answers]; what is left out stays as it is."""
        return replace(
            self, row=self.row[wanted], lead=self.lead[wanted], as_of=self.as_of[wanted], label=self.label[wanted]
        )

    @property
    def known_from(self) -> int | None:
        """When the next answer's horizon ends, UTC microseconds; None where none is waiting."""
        return int(self.waiting.min()) + self.horizon_days * DAY if len(self.waiting) else None


def count(
    given: pa.Table, histories: Histories, target: Target, questions: Mapping[str, Question], horizon_days: int
) -> Counted:
    """Choose the answers that count. `given`: as the store's table; `questions` by bundle; "now" is `exported_at`.

    Of a lead's answers the first counts, then the first at or after the end of its horizon, and so on. Whether an
    answer counts so follows from what was there before it alone: going by later answers, or drawing one by lot, would
    favour leads that stay open and are asked again and again.
    """
    table = given.append_column("row", pa.array(range(given.num_rows), pa.int64()))
    table = table.filter(pc.is_valid(table[f"probability_{target.value}"]))
    kept = _Kept(table)
    kept.drop("what_if", kept.column("what_if").astype(bool))
    kept.drop("other_moment", np.abs(kept.column("answered_at") - kept.column("as_of")) >= MOST_APART)
    asked = [questions.get(one) for one in kept.texts("bundle_version")]
    same = np.array([one is not None and one.horizon_days == horizon_days for one in asked], dtype=bool)
    trained = np.array([0 if one is None else one.trained_until for one in asked], dtype=np.int64)
    trained = trained[kept.drop("other_question", ~same)]
    lead = places(kept.table["lead_id"], histories)
    known = kept.drop("unknown_lead", lead < 0)
    lead, trained = lead[known], trained[known]
    later = kept.drop("before_training", kept.column("as_of") < trained)
    lead = lead[later]
    funnel = funnel_of(histories)
    lead = lead[kept.drop("settled", ~funnel.at_risk(lead, kept.column("as_of"), target))]
    order = np.lexsort((kept.column("score_id"), kept.column("as_of"), lead))
    row, lead, as_of = kept.column("row")[order], lead[order], kept.column("as_of")[order]
    first = first_of(lead, as_of, horizon_days * DAY)
    mature = first & (as_of + horizon_days * DAY <= histories.exported_at)
    waiting = as_of[first & ~mature]
    tally = Tally(
        given=table.num_rows,
        **kept.dropped,
        repeated=int((~first).sum()),
        not_mature=len(waiting),
        counted=int(mature.sum()),
    )
    row, lead, as_of = row[mature], lead[mature], as_of[mature]
    moment, reached = funnel.answered(lead, as_of, target)
    label = (reached & (moment < as_of + horizon_days * DAY)).astype(np.int8)
    return Counted(target, horizon_days, row, lead, as_of, label, waiting, tally)


class _Kept:
    """The answers that no reason has taken out yet."""

    def __init__(self, table: pa.Table) -> None:
        self.table = table
        self.dropped: dict[str, int] = {}

    def column(self, name: str) -> IntArray:
        return np.asarray(self.table[name].to_numpy(), dtype=np.int64)

    def texts(self, name: str) -> list[str]:
        return list(self.table[name].to_pylist())

    def drop(self, reason: str, wrong: BoolArray) -> BoolArray:
        """Take rows out for a reason; return which stay."""
        self.dropped[reason] = int(wrong.sum())
        self.table = self.table.filter(pa.array(~wrong))
        return ~wrong


def places(lead_ids: pa.ChunkedArray, histories: Histories) -> IntArray:
    """Return the number of each lead in `histories.leads`; -1 where it is none of them."""
    found = pc.index_in(lead_ids, value_set=histories.leads["lead_id"].combine_chunks())
    return np.asarray(pc.fill_null(found, -1).to_numpy(), dtype=np.int64)


def first_of(lead: IntArray, as_of: IntArray, horizon: int) -> BoolArray:
    """Tell which of the answers, sorted by lead and moment, are not within the horizon of one before that counts."""
    found = np.zeros(len(lead), dtype=np.bool_)
    last, ends = -1, 0
    for place, (one, moment) in enumerate(zip(lead.tolist(), as_of.tolist(), strict=True)):
        if one != last or moment >= ends:
            found[place], last, ends = True, one, moment + horizon
    return found
