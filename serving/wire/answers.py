"""What leaves the service: the wire models of an answer, and an Answer written as one."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from histories import clock
from scoring.answer import Answer, Reason, RuleReason


class Outgoing(BaseModel):
    """What all parts of an answer share: they are made by us and never change."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())


class WireReason(Outgoing):
    """Why a score is what it is. `effect`: on the log-odds for the model, in points for the rules."""

    code: str
    text: str
    effect: float


class WireAnswer(Outgoing):
    """One lead's row; docs/scores.md says what each field means. Times are ISO 8601 with a Z."""

    lead_id: str | None
    status: Literal["scored", "failed"]
    error_code: str | None = None
    error_message: str | None = None
    probability_sql: float | None = None
    probability_customer: float | None = None
    score: float | None = None
    grade: str | None = None
    rule_points: float | None = None
    rule_grade: str | None = None
    rule_stage: str | None = None
    stage: str | None = None
    agreement: str | None = None
    next_action: str | None = None
    follow_up_by: str | None = None
    reasons: tuple[WireReason, ...] = ()
    rule_reasons: tuple[WireReason, ...] = ()
    valid_until: str | None = None
    warnings: tuple[str, ...] = ()


class Around(Outgoing):
    """What goes with every answer: which request, which moment, which bundle and which rulebook."""

    request_id: str
    as_of: str
    model_version: str
    rulebook_version: str


class PredictResponse(Around):
    """The answer of `/v1/predict`: one row for each lead, in the order of the request."""

    leads: tuple[WireAnswer, ...]


class PredictOneResponse(WireAnswer, Around):
    """The answer of `/v1/predict_one`, flat."""


def row(answer: Answer) -> WireAnswer:
    """Return the row that tells this answer."""
    return WireAnswer(
        lead_id=answer.lead_id,
        status=answer.status.value,
        error_code=answer.error_code,
        error_message=answer.error_message,
        probability_sql=answer.probability_sql,
        probability_customer=answer.probability_customer,
        score=answer.score,
        grade=answer.grade,
        rule_points=answer.rule_points,
        rule_grade=answer.rule_grade,
        rule_stage=answer.rule_stage,
        stage=answer.stage,
        agreement=answer.agreement,
        next_action=answer.next_action,
        follow_up_by=clock.iso_or_none(answer.follow_up_by),
        reasons=tuple(map(_reason, answer.reasons)),
        rule_reasons=tuple(map(_reason, answer.rule_reasons)),
        valid_until=clock.iso_or_none(answer.valid_until),
        warnings=answer.warnings,
    )


def failed(lead_id: str | None, code: str, message: str) -> WireAnswer:
    """Return the row of a lead that could not be scored."""
    return WireAnswer(lead_id=lead_id, status="failed", error_code=code, error_message=message)


def _reason(one: Reason | RuleReason) -> WireReason:
    return WireReason(code=one.code, text=one.text, effect=one.effect)
