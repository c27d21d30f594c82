"""The wire models: what a request may hold, checked by pydantic, and how it reads when it does not hold.

Nothing is guessed: a number in quotes, a time without an offset or a key that is not known is refused by name.
"""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    StringConstraints,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

from histories import clock
from histories.contract import Attribute

MOST_LEADS = 200
MOST_REASONS = 10
DEFAULT_REASONS = 3
LAST_AS_OF = clock.parse("2200-01-01")
_OFFSET = "write the time with its offset, such as 2026-01-31T09:30:00Z or 2026-01-31T10:30:00+01:00"
_ATTRIBUTE = "write a text, a number, true, false, null, or {value, known_at}, or a list of these"


def _moment(value: object) -> int:
    """UTC microseconds of an ISO 8601 time with an offset."""
    if not isinstance(value, str):
        raise PydanticCustomError("moment_type", "is not a text; {hint}", {"hint": _OFFSET})
    try:
        read = datetime.fromisoformat(value)
        moment = clock.micros(read) if read.tzinfo else None
    except (ValueError, OverflowError):
        raise PydanticCustomError("moment_format", "is not a time; {hint}", {"hint": _OFFSET}) from None
    if moment is None:
        raise PydanticCustomError("moment_offset", "has no offset; {hint}", {"hint": _OFFSET})
    if not 0 <= moment < clock.parse("9999-12-31"):
        raise PydanticCustomError("moment_range", "lies before 1970 or after 9999-12-30; correct the time")
    return moment


def _as_of(moment: int) -> int:
    if moment >= LAST_AS_OF:
        raise PydanticCustomError("as_of_range", "lies after 2199; name the moment that the score shall speak of")
    return moment


def _attribute_values(value: object) -> tuple[Attribute, ...]:
    """An attribute's values, still without its name: one, or several that became known at different times."""
    return tuple(_attribute_value(one) for one in (value if isinstance(value, list) else [value]))


def _attribute_value(value: object) -> Attribute:
    known_at = None
    if isinstance(value, dict):
        if not {"value"} <= value.keys() <= {"value", "known_at"}:
            raise PydanticCustomError(
                "attribute", "has other keys than value and known_at; {hint}", {"hint": _ATTRIBUTE}
            )
        if value.get("known_at") is not None:
            known_at = _known_at(value["known_at"])
        value = value["value"]
    if isinstance(value, bool):
        value = "true" if value else "false"
    if isinstance(value, str) and (len(value) > 1000 or "\x00" in value):
        raise PydanticCustomError("attribute", "is longer than 1000 characters or has a null character; shorten it")
    if isinstance(value, int):
        value = _finite(value)
    if isinstance(value, float) and not abs(value) < float("inf"):
        raise PydanticCustomError("attribute", "is not a finite number; leave it out where it is not known")
    if value is not None and not isinstance(value, str | float):
        raise PydanticCustomError("attribute", "is of no type that an attribute may have; {hint}", {"hint": _ATTRIBUTE})
    return Attribute("", value, known_at)


def _known_at(value: object) -> int:
    try:
        return _moment(value)
    except PydanticCustomError as error:
        raise PydanticCustomError("attribute", "known_at {why}", {"why": error.message()}) from None


def _finite(value: int) -> float:
    try:
        return float(value)
    except OverflowError:
        return float("inf")


Moment = Annotated[int, BeforeValidator(_moment), WithJsonSchema({"type": "string", "format": "date-time"})]
AsOf = Annotated[Moment, AfterValidator(_as_of)]
Identifier = Annotated[str, StringConstraints(min_length=1, max_length=256, pattern=r"^[^\x00]*$")]
Kind = Annotated[str, StringConstraints(min_length=1, max_length=1000, pattern=r"^[^\x00]*$")]
AttributeValues = Annotated[tuple[Attribute, ...], PlainValidator(_attribute_values), WithJsonSchema({})]


class Wire(BaseModel):
    """What all parts of a request share: no unknown keys, no coercion, no NaN, no input in an error."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False, hide_input_in_errors=True)


class WireInteraction(Wire):
    """One thing that happened. Without `interaction_id`, two with the same content count as one."""

    interaction_id: Identifier | None = None
    occurred_at: Moment
    received_at: Moment | None = None
    kind: Kind
    channel: Kind | None = None
    direction: Literal["inbound", "outbound"] | None = None
    value: float | None = None


class WireOutcome(Wire):
    """A stage that the lead has reached, and when."""

    stage: Literal["lead", "mql", "sql", "opportunity", "customer", "lost"]
    reached_at: Moment
    amount: float | None = None


class WireLead(Wire):
    """One lead and all that is known of it. `account_interactions` absent: unknown, not none."""

    lead_id: Identifier
    created_at: Moment
    account_id: Identifier | None = None
    attributes: dict[str, AttributeValues] = Field(default_factory=dict, max_length=1000)
    interactions: list[WireInteraction] = Field(default_factory=list)
    outcomes: list[WireOutcome] = Field(default_factory=list, max_length=1000)
    account_interactions: list[WireInteraction] | None = None


class PredictRequest(Wire):
    """The body of `/v1/predict`. Each lead is checked on its own, so that a bad one does not stop the others."""

    as_of: AsOf | None = None
    reasons: int = Field(default=DEFAULT_REASONS, ge=0, le=MOST_REASONS)
    leads: list[object] = Field(min_length=1, max_length=MOST_LEADS)


class PredictOneRequest(WireLead):
    """The body of `/v1/predict_one`: the lead's own fields beside `as_of` and `reasons`."""

    as_of: AsOf | None = None
    reasons: int = Field(default=DEFAULT_REASONS, ge=0, le=MOST_REASONS)
