"""The stages of a lead as steps: what had been reached as of each outcome. The meaning is that of histories.funnel."""

from collections.abc import Sequence

from features.zone import EVER
from histories.contract import FUNNEL, Outcome, Stage
from histories.funnel import chronological, standing

_COUNTED = [FUNNEL.index(stage) for stage in (Stage.MQL, Stage.SQL, Stage.OPPORTUNITY)]

Step = tuple[int, int, int, int]


def steps(outcomes: Sequence[Outcome]) -> list[Step]:
    """Return one step for each moment with an outcome, ascending.

    A step is that moment and when mql, sql and opportunity had been reached just after it (the least int64: not).
    """
    ordered = chronological(outcomes)
    moments = sorted({one.reached_at for one in ordered})
    return [(moment, *_reached(ordered, moment + 1)) for moment in moments]


def _reached(ordered: Sequence[Outcome], cutoff: int) -> tuple[int, int, int]:
    reached = standing(ordered, cutoff).reached
    mql, sql, opportunity = (EVER if reached[rank] is None else reached[rank] for rank in _COUNTED)
    return int(mql or 0), int(sql or 0), int(opportunity or 0)
