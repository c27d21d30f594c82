"""What a rulebook is made of. Points are whole hundredths throughout, so that they add up exactly."""

from dataclasses import dataclass

from histories.contract import Direction

HUNDREDTHS = 100
BANT = ("budget", "authority", "need", "timeline")


@dataclass(frozen=True, slots=True)
class InteractionCondition:
    """Interactions of some kinds (`*` allowed) or of a family; None narrows nothing, `at_least` bounds the value."""

    kinds: tuple[str, ...] = ()
    family: str | None = None
    channel: str | None = None
    direction: Direction | None = None
    at_least: float | None = None


@dataclass(frozen=True, slots=True)
class AttributeCondition:
    """One test of an attribute: one of `values`, within bounds (both included), or whether it is missing.

    A missing value passes no test but `missing=True`; a text lies within no bounds.
    """

    attribute: str
    values: tuple[str | float, ...] = ()
    at_least: float | None = None
    at_most: float | None = None
    missing: bool | None = None

    def holds(self, value: str | float | None) -> bool:
        """Tell whether a value passes."""
        if self.missing is not None:
            return (value is None) == self.missing
        if value is None:
            return False
        if self.values:
            return value in self.values
        if isinstance(value, str):
            return False
        return (self.at_least is None or value >= self.at_least) and (self.at_most is None or value <= self.at_most)


Condition = InteractionCondition | AttributeCondition


@dataclass(frozen=True, slots=True)
class EngagementRule:
    """Points for each matching interaction, until they halve again and again or expire; days None: they stay.

    `limit` bounds what the rule gives, or takes, in all; None: nothing does.
    """

    name: str
    when: InteractionCondition
    points: int
    limit: int | None = None
    half_life_days: float | None = None
    expires_days: float | None = None

    @property
    def fades(self) -> bool:
        """Whether its points lose worth with time."""
        return self.half_life_days is not None or self.expires_days is not None


@dataclass(frozen=True, slots=True)
class FitRule:
    """Points for as long as an attribute passes a test."""

    name: str
    when: AttributeCondition
    points: int


@dataclass(frozen=True, slots=True)
class Qualification:
    """BANT: the same points for each of budget, authority, need and timeline that is known. None: never asked."""

    points_each: int
    budget: Condition | None = None
    authority: Condition | None = None
    need: Condition | None = None
    timeline: Condition | None = None

    @property
    def parts(self) -> tuple[tuple[str, Condition], ...]:
        """Name and condition of each part that the rulebook has."""
        named = (
            ("Budget", self.budget),
            ("Authority", self.authority),
            ("Need", self.need),
            ("Timeline", self.timeline),
        )
        return tuple((name, condition) for name, condition in named if condition is not None)


@dataclass(frozen=True, slots=True)
class StageRule:
    """What makes a lead an mql or an sql: at least so many points and, where `two_way`, contact both ways."""

    points: int
    two_way: bool = False


@dataclass(frozen=True, slots=True)
class Grades:
    """Falling cuts in hundredths: fit A, B, C (below: D), engagement 1, 2, 3 (below: 4)."""

    fit: tuple[int, int, int]
    engagement: tuple[int, int, int]
