"""What goes out for each lead. docs/scores.md says what each field means, with its formula."""

from dataclasses import dataclass
from enum import StrEnum

from histories.contract import Stage
from scoring.caveats import Caveat

MOST_REASONS = 10


class Status(StrEnum):
    """Whether the lead could be scored."""

    SCORED = "scored"
    FAILED = "failed"


class Agreement(StrEnum):
    """Which of model and rules hold the lead for one to call."""

    BOTH_HIGH = "both_high"
    MODEL_ONLY = "model_only"
    RULES_ONLY = "rules_only"
    BOTH_LOW = "both_low"


class NextAction(StrEnum):
    """What to do with the lead."""

    SUPPRESS = "suppress"
    NONE = "none"
    ENGAGE = "engage"
    HAND_TO_SALES = "hand_to_sales"
    NURTURE = "nurture"


@dataclass(frozen=True, slots=True)
class Reason:
    """What goes with a probability that is higher or lower than usual.

    `code` is stable (`kind:session:pricing_page`); `effect` is on the calibrated log-odds, positive where it raised it.
    """

    code: str
    text: str
    effect: float


@dataclass(frozen=True, slots=True)
class RuleReason:
    """What one rule gives or takes; `effect` in whole points, after decay and limits. `code` is `rule:<its name>`."""

    code: str
    text: str
    effect: float


@dataclass(frozen=True, slots=True)
class Answer:
    """One lead's row. Times are UTC microseconds; points are whole points with two decimals; None: does not apply.

    A row whose status is `failed` has `error_code` and `error_message` and nothing else but its `lead_id`.
    """

    lead_id: str
    status: Status
    error_code: str | None = None
    error_message: str | None = None
    probability_sql: float | None = None
    probability_customer: float | None = None
    score: float | None = None
    grade: str | None = None
    rule_points: float | None = None
    rule_grade: str | None = None
    rule_stage: Stage | None = None
    stage: Stage | None = None
    agreement: Agreement | None = None
    next_action: NextAction | None = None
    follow_up_by: int | None = None
    reasons: tuple[Reason, ...] = ()
    rule_reasons: tuple[RuleReason, ...] = ()
    valid_until: int | None = None
    warnings: tuple[Caveat, ...] = ()
