"""An answer that was given, as a row of the table `scores`."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ScoreRow:
    """An answer that was given. Moments in UTC microseconds; `score_id` None: it is not kept yet.

    `watermark`: what the store knew. `stored` 1: the lead was read from the store; 0: the request told all. `given`:
    the JSON of what the request told, None where that was nothing. A probability or a grade is None where it does not
    apply, as in an answer. `inputs_forgotten` 1: something that it was made from is gone, it cannot be made again.
    """

    request_id: str
    lead_id: str
    as_of: int
    answered_at: int
    watermark: int
    stored: int
    given: str | None
    bundle_version: str
    rulebook_version: str
    probability_sql: float | None
    probability_customer: float | None
    score: float | None
    grade: str | None
    rule_points: float
    rule_grade: str | None
    rule_stage: str | None
    stage: str | None
    agreement: str | None
    next_action: str | None
    follow_up_by: int | None
    valid_until: int | None
    inputs_forgotten: int = 0
    score_id: int | None = None
