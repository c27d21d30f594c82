"""Which leads handed over count for the comparison by lot, and what model and rules said of them then."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from histories.clock import DAY
from histories.contract import Histories, Target
from histories.funnel_table import funnel_of
from training.lineup import MODEL, RULES
from training.monitor import explored
from training.monitor.counted import Counted, places
from training.monitor.explored import Compared, HandedOver
from training.monitor.worth import Worth
from training.scores import Scores
from training.snapshots import groups

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Handed:
    """Leads handed over whose horizon has ended, and what was said of them then.

    `answers`: the rows of the table of answers, one a hand-over, in the order of `leads`.
    """

    leads: HandedOver
    answers: pa.Table


def handed_over(histories: Histories, answers: pa.Table, handed: pa.Table, asked: Counted) -> Handed:
    """Choose the hand-overs that count: each whose horizon has ended, also of a lead that was on a list before.

    To take the first time of each lead alone would let one that is called with certainty count once, and one that is
    drawn now and then once too, with its whole weight: a propensity is that of one list.

    `answers` and `handed`: the store's tables; `asked` names target and horizon. A lead whose answer was not kept, that
    the store does not know or that had reached the target already is left out.
    """
    column = f"probability_{asked.target.value}"
    said = answers.select(["score_id", column, "rule_points", "bundle_version", "rulebook_version"])
    joined = handed.join(said, "score_id", join_type="inner")
    joined = joined.filter(pc.is_valid(joined[column])).sort_by([("as_of", "ascending"), ("list_id", "ascending")])
    lead, as_of = places(joined["lead_id"], histories), _whole(joined["as_of"])
    order = np.lexsort((as_of, lead))
    order = order[lead[order] >= 0]
    funnel, end = funnel_of(histories), as_of + asked.horizon_days * DAY
    order = order[end[order] <= histories.exported_at]
    order = order[funnel.at_risk(lead[order], as_of[order], asked.target)]
    moment, reached = funnel.answered(lead[order], as_of[order], asked.target)
    table = joined.take(pa.array(order))
    return Handed(
        leads=HandedOver(
            label=(reached & (moment < end[order])).astype(np.int8),
            explored=np.array(table["explored"].to_pylist(), dtype=np.bool_),
            propensity=_floats(table["propensity"]),
            group=groups(histories)[lead[order]],
            lead=lead[order],
        ),
        answers=table,
    )


def compared(handed: Handed, target: Target, worth: Worth, seed: int) -> Compared:
    """Compare model and rules; `worth`: what the points of these answers come to."""
    probability, points = (_floats(handed.answers[name]) for name in (f"probability_{target.value}", "rule_points"))
    scores = {MODEL: Scores(probability, probability), RULES: Scores(worth.probability, points)}
    return explored.compare(handed.leads, scores, seed)


def _whole(column: pa.ChunkedArray) -> NDArray[np.int64]:
    return np.asarray(column.to_numpy(), dtype=np.int64)


def _floats(column: pa.ChunkedArray) -> FloatArray:
    return np.asarray(column.to_numpy(), dtype=np.float64)
