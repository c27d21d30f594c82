"""Where a lead stands at a moment, and what became of it afterwards: the one place that reads outcomes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from histories.contract import FUNNEL, Outcome, Stage, Target


@dataclass(frozen=True, slots=True)
class Standing:
    """A lead's place in the funnel at a moment.

    `stage` is the furthest it has reached, or lost. `reached` has, for each stage of FUNNEL, when it was reached
    (UTC microseconds; None: not). Reaching a stage counts as reaching every earlier one. A lead that
    does anything after `lost` is reopened: it counts as a lead again from then on, what it reached before `lost` is gone.
    """

    stage: Stage
    reached: tuple[int | None, ...]

    def at_risk(self, target: Target) -> bool:
        """Tell whether the target is still an open question."""
        return self.stage is not Stage.LOST and self.stage.rank < target.stage.rank


@dataclass(frozen=True, slots=True)
class Resolution:
    """How a question was answered: `reached_at` the target, or `lost_at`; at most one of them is set.

    Times are UTC microseconds and lie at or after the cutoff. Both None: still open at the end of the data.
    """

    reached_at: int | None
    lost_at: int | None


def chronological(outcomes: Iterable[Outcome]) -> list[Outcome]:
    """Sort outcomes by time; at one instant a loss comes after the other stages, but before a customer."""
    return sorted(outcomes, key=lambda one: (one.reached_at, instant_order(one.stage)))


def instant_order(stage: Stage) -> int:
    """Return where a stage stands among those of one instant, the first the least."""
    return {Stage.CUSTOMER: 9, Stage.LOST: 8}.get(stage, stage.rank)


def standing(outcomes: Sequence[Outcome], cutoff: int) -> Standing:
    """Return where a lead stood just before `cutoff`. `outcomes` in the order of `chronological`."""
    reached: list[int | None] = [None] * len(FUNNEL)
    lost = False
    for outcome in outcomes:
        if outcome.reached_at >= cutoff:
            break
        if outcome.stage is Stage.LOST:
            lost = True
            continue
        if lost:
            reached, lost = [None] * len(FUNNEL), False
        for rank in range(outcome.stage.rank + 1):
            if reached[rank] is None:
                reached[rank] = outcome.reached_at
    furthest = max((rank for rank, at in enumerate(reached) if at is not None), default=0)
    return Standing(Stage.LOST if lost else FUNNEL[furthest], tuple(reached))


def resolution(outcomes: Sequence[Outcome], cutoff: int, target: Target) -> Resolution:
    """Return the first thing at or after `cutoff` that answers the question. `outcomes` in `chronological` order.

    A customer of the same instant outlives a loss here too: exports that date deals by the day have such pairs.
    """
    lost_at: int | None = None
    for outcome in outcomes:
        if outcome.reached_at < cutoff:
            continue
        if lost_at is not None and outcome.reached_at > lost_at:
            break
        if outcome.stage is Stage.LOST:
            lost_at = outcome.reached_at
        elif outcome.stage.rank >= target.stage.rank:
            return Resolution(outcome.reached_at, None)
    return Resolution(None, lost_at)


def first_reached(outcomes: Iterable[Outcome]) -> tuple[int | None, ...]:
    """When a lead first reached each stage of FUNNEL or a later one, whatever became of it; None: never."""
    some = list(outcomes)
    return tuple(
        min((one.reached_at for one in some if one.stage.rank >= rank), default=None) for rank in range(len(FUNNEL))
    )
