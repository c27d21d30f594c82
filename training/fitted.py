"""What a training run found: value classes that the run logs, the gate judges and the command prints."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from histories.contract import Target
from scoring.bundle import Bundle
from scoring.model import Model
from training.bootstrap import Difference
from training.evaluate import Figures
from training.recipe import Recipe
from training.settings import Settings


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


@dataclass(frozen=True, slots=True)
class SplitCounts:
    """What the split came to. Counts of snapshots, and of distinct leads and converted leads.

    `purged`: taken before the test, known only after it began. `straddling`: left out of training because the
    lead or its account is on the test's side. `immature`: label not known to the export. `folds`: windows
    inside training on which rounds, calibration and settings were chosen.
    """

    train_snapshots: int
    train_leads: int
    train_conversions: int
    test_snapshots: int
    test_leads: int
    test_conversions: int
    purged: int
    straddling: int
    immature: int
    folds: int


@dataclass(frozen=True, slots=True)
class Learning:
    """How the model was learnt, all of it chosen on windows inside training.

    Log losses are those of the windows, nats a snapshot: as the boosters say, and after calibration where it was
    kept. `trials`: settings tried beside the defaults.
    """

    settings: Settings
    rounds: int
    calibration: str
    window_log_loss_raw: float
    window_log_loss: float
    trials: int


@dataclass(frozen=True, slots=True)
class Segment:
    """Both scores on the test snapshots that share an attribute's value (`value` None: missing) or an age."""

    name: str
    value: str | None
    model: Figures | None
    points: Figures


@dataclass(frozen=True, eq=False)
class TargetResult:
    """One target's models and what they did on the same test snapshots.

    `test`: one row a test snapshot, sorted by cutoff, then lead: lead_id, group (number of the account, or lead), cutoff (UTC
    microseconds), age (as the recipe writes it), label (0 or 1), model_probability (null where there is no
    model), points (whole points), points_probability. `model`, `learning`, `model_figures`: None where there
    were too few conversions to learn from. `differences`: model minus points by measure, empty where there is no
    model; `value_per_call`: what a call to the top tenth is worth, for each score, empty without a deal value.
    `champion`: which of the two is in the bundle, and `reason` why.
    """

    target: Target
    horizon_days: int
    counts: SplitCounts
    test: pa.Table
    model: Model | None
    points: Model
    learning: Learning | None
    model_figures: Figures | None
    points_figures: Figures
    differences: Mapping[str, Difference]
    segments: tuple[Segment, ...]
    value_per_call: Mapping[Score, float]
    champion: Score
    reason: str

    @property
    def labels(self) -> NDArray[np.int8]:
        """Labels of the test snapshots, 0 or 1."""
        return np.asarray(self.test["label"].to_numpy(), dtype=np.int8)

    @property
    def groups(self) -> NDArray[np.int64]:
        """What the bootstrap draws: accounts, or leads."""
        return np.asarray(self.test["group"].to_numpy(), dtype=np.int64)


@dataclass(frozen=True, eq=False)
class Fitted:
    """A trained bundle and everything measured on the way. `test_start`: UTC microseconds, the one border.

    `bundle.card.trained_until` is `test_start`: training saw nothing of it or later.
    """

    bundle: Bundle
    recipe: Recipe
    test_start: int
    results: Mapping[Target, TargetResult]
