"""The wire models: what a request may hold, checked by pydantic, and how it reads when it does not hold."""

from typing import Annotated, Literal, cast

from pydantic import (
    AfterValidator,
    Field,
    PlainValidator,
    ValidationInfo,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError, PydanticKnownError

from histories import clock
from histories.contract import Attribute
from scoring.answer import MOST_REASONS
from serving.wire.base import FirstAlone, Identifier, Moment, NullAsAbsent, Wire, moment
from serving.wire.bounds import MOST_ATTRIBUTES
from serving.wire.foreign import AnyInteraction

MOST_LEADS = 200
MOST_OUTCOMES = 1000
DEFAULT_REASONS = 3
FROM_STORE = object()  # the context of validation where a history store knows leads; without it a lead is told whole
_ABSENT = object()
LAST_AS_OF = clock.parse("2200-01-01")
_ATTRIBUTE = "write a text, a number, true, false, null, or {value, known_at}, or a list of these"


def _as_of(value: int) -> int:
    if value >= LAST_AS_OF:
        raise PydanticCustomError("as_of_range", "lies after 2199; name the moment that the score shall speak of")
    return value


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
        return moment(value)
    except PydanticCustomError as error:
        raise PydanticCustomError("attribute", "known_at {why}", {"why": error.message()}) from None


def _finite(value: int) -> float:
    try:
        return float(value)
    except OverflowError:
        return float("inf")


def _created_at(value: object, info: ValidationInfo) -> int | None:
    if info.context is FROM_STORE and (value is None or value is _ABSENT):
        return None
    if value is _ABSENT:
        raise PydanticKnownError("missing")
    return moment(value)


def _absent() -> None:
    """The default of `created_at`, which validation sees and replaces."""
    return cast("None", _ABSENT)


AsOf = Annotated[Moment, AfterValidator(_as_of)]
CreatedAt = Annotated[
    Moment | None,
    PlainValidator(_created_at),
    WithJsonSchema({"type": "string", "format": "date-time", "nullable": True}),
    Field(default_factory=_absent, validate_default=True),
]
AttributeName = Annotated[Identifier, WithJsonSchema({"type": "string"})]
AttributeValues = Annotated[tuple[Attribute, ...], PlainValidator(_attribute_values), WithJsonSchema({})]


class WireOutcome(Wire):
    """A stage that the lead has reached, and when."""

    stage: Literal["lead", "mql", "sql", "opportunity", "customer", "lost"]
    reached_at: Moment
    amount: float | None = None


Attributes = Annotated[dict[AttributeName, AttributeValues], Field(max_length=MOST_ATTRIBUTES), NullAsAbsent(dict)]
Interactions = Annotated[list[AnyInteraction], FirstAlone()]
Outcomes = Annotated[list[WireOutcome], FirstAlone(), Field(max_length=MOST_OUTCOMES), NullAsAbsent(list)]
Reasons = Annotated[int, Field(ge=0, le=MOST_REASONS), NullAsAbsent(lambda: DEFAULT_REASONS)]


class WireLead(Wire):
    """One lead and all that is known of it. `account_interactions` absent: unknown, not none.

    Without `created_at` it is a lead that the history store knows, and what is told here is added to it.
    """

    lead_id: Identifier
    created_at: CreatedAt
    account_id: Identifier | None = None
    attributes: Attributes = Field(default_factory=dict)
    interactions: Annotated[Interactions, NullAsAbsent(list)] = Field(default_factory=list)
    outcomes: Outcomes = Field(default_factory=list)
    account_interactions: Interactions | None = None


class PredictRequest(Wire):
    """The body of `/v1/predict`. Each lead is checked on its own, so that a bad one does not stop the others."""

    as_of: AsOf | None = None
    reasons: Reasons = DEFAULT_REASONS
    leads: list[object] = Field(min_length=1, max_length=MOST_LEADS)


class PredictOneRequest(WireLead):
    """The body of `/v1/predict_one`: the lead's own fields beside `as_of` and `reasons`."""

    as_of: AsOf | None = None
    reasons: Reasons = DEFAULT_REASONS
