"""An answer as the history store keeps it. It loads SQLAlchemy: a service without a store does not import it."""

from dataclasses import dataclass
from enum import StrEnum

from histories.store.database.score_row import ScoreRow
from scoring.answer import Answer, Status


@dataclass(frozen=True, slots=True)
class Asked:
    """What an answer is kept with: who asked, for which moment, and what it was made from. As in `ScoreRow`."""

    request_id: str
    as_of: int
    answered_at: int
    watermark: int
    bundle_version: str
    rulebook_version: str


# What an answer says; the other fields of its row say who asked, and what it was made from.
SAID = (
    "probability_sql",
    "probability_customer",
    "score",
    "grade",
    "rule_points",
    "rule_grade",
    "rule_stage",
    "stage",
    "agreement",
    "next_action",
    "follow_up_by",
    "valid_until",
)
Value = str | int | float | None


def said(answer: Answer) -> dict[str, Value]:
    """Return what an answer says, by field, in the types of its row."""
    values = ((name, getattr(answer, name)) for name in SAID)
    return {name: value.value if isinstance(value, StrEnum) else value for name, value in values}


def row(answer: Answer, asked: Asked, *, stored: bool, given: str | None) -> ScoreRow:
    """Return the row of an answer that was scored; `stored` and `given` say where the lead's history came from."""
    if answer.status is not Status.SCORED:
        raise ValueError("a lead that was not scored has no answer to keep")
    return ScoreRow(
        request_id=asked.request_id,
        lead_id=answer.lead_id,
        as_of=asked.as_of,
        answered_at=asked.answered_at,
        watermark=asked.watermark,
        stored=int(stored),
        given=given,
        bundle_version=asked.bundle_version,
        rulebook_version=asked.rulebook_version,
        **said(answer),  # type: ignore[arg-type]  # each field has the type of its row's
    )
