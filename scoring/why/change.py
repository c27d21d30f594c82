"""What came of a comparison: changes, their parts by cause, and what moved most within each."""

from collections.abc import Mapping
from dataclasses import dataclass

from histories.contract import Target
from scoring.why.causes import Cause


@dataclass(frozen=True, slots=True)
class MovedInteraction:
    """What one interaction's points changed by under a rule, in hundredths. `at`: when it happened."""

    interaction_id: str
    kind: str
    at: int
    points: int


@dataclass(frozen=True, slots=True)
class Moved:
    """What moved within a cause: a rule (`code` is `rule:<its name>`), or what a reason speaks of.

    `effect`: hundredths of a rule's points, grid units of log-odds. `interactions`: those that moved a rule most.
    """

    code: str
    text: str
    effect: int
    interactions: tuple[MovedInteraction, ...] = ()


@dataclass(frozen=True, slots=True)
class PointPart:
    """What a cause changed the points by, in hundredths: what `moved`, strongest first, and the `rest` add up to it."""

    cause: Cause
    points: int
    moved: tuple[Moved, ...] = ()
    rest: int = 0


@dataclass(frozen=True, slots=True)
class PointChange:
    """Points before and after, in hundredths; the parts, one for each cause, add up to the difference."""

    before: int
    after: int
    parts: tuple[PointPart, ...]


@dataclass(frozen=True, slots=True)
class ChancePart:
    """What a cause changed a probability and its log-odds by; what `moved` and the `rest` add up to the log-odds.

    All are multiples of the grid.
    """

    cause: Cause
    probability: float
    log_odds: float
    moved: tuple[Moved, ...] = ()
    rest: float = 0.0


@dataclass(frozen=True, slots=True)
class ChanceChange:
    """A probability before and after, on itself and as log-odds; the parts, one for each cause, add up to both.

    The numbers are the answers' own, rounded to the grid: any sum of them is exact in floats. `horizons`: the days
    within which the target was asked for, before and after.
    """

    target: Target
    horizons: tuple[int, int]
    probabilities: tuple[float, float]
    log_odds: tuple[float, float]
    parts: tuple[ChancePart, ...]


@dataclass(frozen=True, slots=True)
class Unasked:
    """A probability that one of the answers does not give, so that there is no difference; `text` says why."""

    target: Target
    text: str


@dataclass(frozen=True, slots=True)
class Why:
    """Why two answers for one lead differ. `facts`: what is known to have changed, in words, for each cause that did."""

    points: PointChange
    chances: tuple[ChanceChange, ...]
    unasked: tuple[Unasked, ...]
    facts: Mapping[Cause, tuple[str, ...]]
