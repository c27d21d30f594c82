"""What the parts of a request are made of: moments, identifiers, and one thing that happened.

Nothing is guessed: a number in quotes, a time without an offset or a key that is not known is refused by name.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal, cast

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    StringConstraints,
    WithJsonSchema,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from histories import clock

_OFFSET = "write the time with its offset, such as 2026-01-31T09:30:00Z or 2026-01-31T10:30:00+01:00"
_END = clock.parse("9999-12-31")
_EPOCH, _MICROSECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)
_UTC = ("Z", "+00:00")
# Python's reader takes any character at all between date and time, RFC 3339 takes these.
_FORM = re.compile(r"[0-9W-]{7,10}(?:[Tt ][0-9:.,]+(?:[Zz]|[+-][0-9:.]+)?)?")


def moment(value: object) -> int:
    """Return UTC microseconds of an ISO 8601 time with an offset. Raises PydanticCustomError, which quotes nothing."""
    # A request has thousands of times. With a T in this place and one of these ends, Python's reader takes no more than
    # RFC 3339 does.
    if isinstance(value, str) and value[10:11] == "T" and value.endswith(_UTC):
        try:
            found = (datetime.fromisoformat(value) - _EPOCH) // _MICROSECOND
        except ValueError:
            return _strictly(value)
        if 0 <= found < _END:
            return found
    return _strictly(value)


def _strictly(value: object) -> int:
    if not isinstance(value, str):
        raise PydanticCustomError("moment_type", "is not a text; {hint}", {"hint": _OFFSET})
    try:
        read = datetime.fromisoformat(value.upper() if _FORM.fullmatch(value) else "")
        found = clock.micros(read) if read.tzinfo else None
    except (ValueError, OverflowError):
        raise PydanticCustomError("moment_format", "is not a time; {hint}", {"hint": _OFFSET}) from None
    if found is None:
        raise PydanticCustomError("moment_offset", "has no offset; {hint}", {"hint": _OFFSET})
    if not 0 <= found < _END:
        raise PydanticCustomError("moment_range", "lies before 1970 or after 9999-12-30; correct the time")
    return found


Moment = Annotated[int, BeforeValidator(moment), WithJsonSchema({"type": "string", "format": "date-time"})]
Identifier = Annotated[str, StringConstraints(min_length=1, max_length=256, pattern=r"^[^\x00]*$")]
Kind = Annotated[str, StringConstraints(min_length=1, max_length=1000, pattern=r"^[^\x00]*$")]


class FirstAlone:
    """Stops a list at its first bad entry, which is all that an answer names.

    A body full of bad entries must not fill the memory with errors. (pydantic's own FailFast cannot stand in a union.)
    """

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Return the list's own schema, that stops early."""
        return cast("CoreSchema", {**handler(source), "fail_fast": True})


class NullAsAbsent:
    """Takes null for the field's absence: what imports specifications often sends it for what was not set."""

    def __init__(self, absent: Callable[[], object]) -> None:
        self._absent = absent

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Return the field's own schema, with null replaced before it."""
        absent = self._absent
        return core_schema.no_info_before_validator_function(
            lambda value: absent() if value is None else value, handler(source)
        )

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Say that null may stand there."""
        inner = cast("core_schema.BeforeValidatorFunctionSchema", schema)["schema"]
        return handler(core_schema.nullable_schema(inner))


class Wire(BaseModel):
    """What all parts of a request share: no unknown keys, no coercion, no NaN, no input in an error."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False, hide_input_in_errors=True)


class WireInteraction(Wire):
    """One thing that happened. Without `interaction_id`, two with the same content count as one.

    A Segment `track` call or a CloudEvent may stand in its place.
    """

    interaction_id: Identifier | None = None
    occurred_at: Moment
    received_at: Moment | None = None
    kind: Kind
    channel: Kind | None = None
    direction: Literal["inbound", "outbound"] | None = None
    value: float | None = None
