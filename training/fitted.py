"""What a training run found: value classes that the run logs, the gate judges and the command prints."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Protocol

from histories.contract import Target
from scoring.bundle import Bundle
from scoring.chain import Chain
from scoring.model import Model
from training.gate import Answering
from training.lineup import Lineup
from training.recipe import Recipe
from training.settings import Settings
from training.trials import Trial


class Progress(Protocol):
    """Told at each step of long work: what is being done, and how many steps of how many are behind it."""

    def __call__(self, text: str, done: int, total: int) -> None:
        """Take note."""


def silent(text: str, done: int, total: int) -> None:
    """Ignore progress."""


class Score(StrEnum):
    """Which score: the learnt model, or the rulebook's points brought to probabilities."""

    MODEL = "model"
    POINTS = "points"


class Step(StrEnum):
    """What is learnt: nothing but what points are worth, trees from the points beside a ridge, or trees without points.

    The last are averaged with a ridge where that is better (`Learning.ridge_strength`).
    """

    POINTS = "points"
    BLEND = "blend"
    MODEL = "model"


@dataclass(frozen=True, slots=True)
class SplitCounts:
    """What the split came to. Counts of snapshots, and of distinct leads and converted leads.

    `train_snapshots`: whose answer was known when the test began, `train_mature` of them with their horizon behind them.
    `purged`: taken before the test, not known when it began. `straddling`: left out because the lead or its account is
    on the other side. `immature`: taken in the test, whose horizon ends after the export. `folds`: windows
    inside training on which rounds, calibration and settings were chosen. `weight_cut_off`: the share of the weight
    against censoring that its cap took away.
    """

    train_snapshots: int
    train_mature: int
    train_leads: int
    train_conversions: int
    test_snapshots: int
    test_leads: int
    test_conversions: int
    purged: int
    straddling: int
    immature: int
    folds: int
    weight_cut_off: float


@dataclass(frozen=True, slots=True)
class Learning:
    """How the model was learnt, all of it chosen on windows inside training.

    Log losses are those of the windows, nats a snapshot: as the boosters say, and after calibration where it was
    kept. `tried`: settings tried beside the defaults, in their order. `route`: for customer, whether a chain took the
    model's place; None where there was nothing to choose. `ridge_strength`: of the ridge that trees are averaged with,
    scikit-learn's C; None where trees are alone.
    """

    settings: Settings
    rounds: int
    calibration: str
    window_log_loss_raw: float
    window_log_loss: float
    tried: tuple[Trial, ...]
    route: "Route | None" = None
    ridge_strength: float | None = None

    @property
    def trials(self) -> int:
        """How many settings were tried beside the defaults, pruned ones among them."""
        return len(self.tried)

    @property
    def ridge(self) -> float | str:
        """The ridge's strength as runs record it; `none` where trees are alone."""
        return "none" if self.ridge_strength is None else self.ridge_strength

    def params(self) -> dict[str, object]:
        """Return names and values for a run's record."""
        said: dict[str, object] = asdict(self.settings)
        return said | {"rounds": self.rounds, "calibration": self.calibration, "ridge": self.ridge}


@dataclass(frozen=True, slots=True)
class Route:
    """Which way the customer is learnt: directly, or (`chained`) by way of sql; `sentence` says which and why.

    The log losses are those of both, calibrated, on the same mature snapshots of the windows inside training (`snapshots`
    of them); nan where the chain was not tried. `sql`, `given_sql`: how the chain's parts were learnt, None likewise.
    """

    chained: bool
    sentence: str
    snapshots: int = 0
    direct_log_loss: float = math.nan
    chain_log_loss: float = math.nan
    sql: Learning | None = None
    given_sql: Learning | None = None

    def params(self) -> dict[str, object]:
        """Return names and values for a run's record."""
        said: dict[str, object] = {"route": "chain" if self.chained else "direct", "route_why": self.sentence}
        if self.sql is not None and self.given_sql is not None:
            said |= {"route_log_loss_direct": self.direct_log_loss, "route_log_loss_chain": self.chain_log_loss}
            said |= {f"chain_sql_{name}": value for name, value in self.sql.params().items()}
            said |= {f"chain_given_sql_{name}": value for name, value in self.given_sql.params().items()}
        return said


@dataclass(frozen=True, eq=False)
class TargetResult:
    """One target's models and what they did on the same test snapshots.

    `lineup`: the model (absent where there were too few conversions to learn from; `model` and `learning` are None
    then) beside the rules. `step`: of the ladder, and `why` it is that one. `answering`: which of the two the gate lets
    answer in the bundle.
    """

    target: Target
    horizon_days: int
    counts: SplitCounts
    lineup: Lineup
    model: Model | Chain | None
    points: Model
    learning: Learning | None
    step: Step
    why: str
    answering: Answering

    @property
    def champion(self) -> Score:
        """Which of the two is in the bundle."""
        return Score.MODEL if self.answering.model else Score.POINTS

    @property
    def reason(self) -> str:
        """Why, as a sentence without its first capital."""
        return self.answering.reason


@dataclass(frozen=True, eq=False)
class Fitted:
    """A trained bundle and everything measured on the way. `test_start`: UTC microseconds, the one border.

    `bundle.card.trained_until` is `test_start`: training saw nothing of it or later. Only a refit's is the export's
    moment.
    """

    bundle: Bundle
    recipe: Recipe
    test_start: int
    results: Mapping[Target, TargetResult]

    @property
    def refitted(self) -> bool:
        """Whether the bundle was learnt again from more than what was known when the test began."""
        return self.bundle.card.trained_until > self.test_start
