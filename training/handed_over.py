"""How many leads a week a rulebook would have taken to mql and to sql, and what share of them became customers."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from histories import select
from histories.clock import DAY
from histories.contract import Histories, Outcome, Target
from histories.funnel import chronological, resolution, standing
from scoring.reached import first_reached
from scoring.rulebook import Rulebook
from scoring.tally import tally
from training.snapshots import groups

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class HandedOver:
    """What became of the leads that a rulebook takes to a stage for the first time in a span of `weeks`.

    One entry a lead that was open for some of the span: `group` (account, or lead), `reached` [leads, 2] (mql, sql: 1
    where the points stood there in the span for the first time, and the lead was open then) and `converted` [leads, 2]
    (1 where it then became a customer within the horizon).
    """

    weeks: float
    group: NDArray[np.int64]
    reached: FloatArray
    converted: FloatArray

    def per_week(self, stage: int, weights: FloatArray) -> FloatArray:
        """Return leads a week that reach a stage (0: mql, 1: sql) under each row of `weights` [draws, leads]."""
        return np.asarray(weights @ self.reached[:, stage] / self.weeks)

    def share(self, stage: int, weights: FloatArray) -> FloatArray:
        """Return the share of them that become customers [draws]; nan where nobody reaches the stage."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray((weights @ self.converted[:, stage]) / (weights @ self.reached[:, stage]))


def handed_over(rulebook: Rulebook, histories: Histories, horizon_days: int, since: int) -> HandedOver:
    """Replay a rulebook from `since` (UTC microseconds) to the last moment whose horizon the export has seen the end of.

    The same leads come in the same order for every rulebook.
    """
    until = histories.exported_at - horizon_days * DAY
    group_of, kept = groups(histories), list[int]()
    reached, converted = list[list[int]](), list[list[int]]()
    for number, history in enumerate(select.each(histories)):
        outcomes = chronological(history.outcomes)
        if history.created_at >= until or not _open_within(outcomes, since, until):
            continue
        kept.append(number)
        crossed, won = [0, 0], [0, 0]
        for stage, at in enumerate(first_reached(tally(rulebook, histories.families, history), until)):
            if at is None or at < since or not standing(outcomes, at).at_risk(Target.CUSTOMER):
                continue
            ended = resolution(outcomes, at, Target.CUSTOMER).reached_at
            crossed[stage] = 1
            won[stage] = int(ended is not None and ended < at + horizon_days * DAY)
        reached.append(crossed)
        converted.append(won)
    shape = (len(kept), 2)
    return HandedOver(
        weeks=max(until - since, DAY) / (7 * DAY),
        group=group_of[np.array(kept, dtype=np.int64)],
        reached=np.array(reached, dtype=np.float64).reshape(shape),
        converted=np.array(converted, dtype=np.float64).reshape(shape),
    )


def _open_within(outcomes: list[Outcome], since: int, until: int) -> bool:
    """Tell whether a lead is open at the start of the span, or something becomes of it within."""
    return standing(outcomes, since).at_risk(Target.CUSTOMER) or any(
        since <= one.reached_at < until for one in outcomes
    )
