"""Which leads handed over count for the comparison by lot, and what model and rules said of them then."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from histories.clock import DAY
from histories.contract import Histories
from histories.funnel_table import funnel_of
from training.lineup import MODEL, RULES
from training.monitor import explored, worth
from training.monitor.counted import Counted, first_of, places
from training.monitor.explored import Compared, HandedOver
from training.monitor.worth import Learnt
from training.scores import Scores
from training.snapshots import groups

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Handed:
    """Leads handed over whose horizon has ended, with the model's `probability` and the rules' whole `points` then."""

    leads: HandedOver
    probability: FloatArray
    points: FloatArray


def handed_over(histories: Histories, answers: pa.Table, handed: pa.Table, asked: Counted) -> Handed:
    """Choose the leads that count: the first time of each within a horizon, once that has ended.

    `answers` and `handed`: the store's tables; `asked` names target and horizon. A lead whose answer was not kept, that
    the store does not know or that had reached the target already is left out.
    """
    column = f"probability_{asked.target.value}"
    joined = handed.join(answers.select(["score_id", column, "rule_points"]), "score_id", join_type="inner")
    joined = joined.filter(pc.is_valid(joined[column])).sort_by([("as_of", "ascending"), ("list_id", "ascending")])
    lead, as_of = places(joined["lead_id"], histories), _whole(joined["as_of"])
    order = np.lexsort((as_of, lead))
    order = order[lead[order] >= 0]
    order = order[first_of(lead[order], as_of[order], asked.horizon_days * DAY)]
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
        ),
        probability=_floats(table[column]),
        points=_floats(table["rule_points"]),
    )


def compared(handed: Handed, learnt: Learnt | None, seed: int) -> Compared:
    """Compare model and rules; `learnt` brings points to probabilities as in `worth`."""
    leads, points = handed.leads, handed.points
    rules = worth.probabilities(learnt, points, leads.label, leads.group).probability
    scores = {MODEL: Scores(handed.probability, handed.probability), RULES: Scores(rules, points)}
    return explored.compare(leads, scores, seed)


def _whole(column: pa.ChunkedArray) -> NDArray[np.int64]:
    return np.asarray(column.to_numpy(), dtype=np.int64)


def _floats(column: pa.ChunkedArray) -> FloatArray:
    return np.asarray(column.to_numpy(), dtype=np.float64)
