"""Interactions in the forms that others write: `track` calls of the Segment Spec, and CloudEvents 1.0.

Either is read as the interaction that it tells. Keys that have no meaning here are passed over, as both forms ask of
whoever reads them; nothing is fetched that they point to.
"""

from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    StringConstraints,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from serving.wire.base import Identifier, Kind, Moment, Wire, WireInteraction

OURS, SEGMENT, CLOUD_EVENTS = "ours", "segment", "cloudevents"
_SEGMENTS_OWN = {"event", "messageId", "properties", "timestamp", "originalTimestamp", "userId", "anonymousId"}


class Foreign(Wire):
    """A form that is not ours: its unknown keys are no mistakes."""

    model_config = ConfigDict(extra="ignore")


_DIRECTIONS = ("inbound", "outbound")
_LONGEST_CHANNEL = 1000


def _channel_or_none(value: object) -> str | None:
    fits = isinstance(value, str) and 0 < len(value) <= _LONGEST_CHANNEL and "\x00" not in value
    return str(value) if fits else None


def _direction_or_none(value: object) -> object:
    return value if value in _DIRECTIONS else None


class Told(Foreign):
    """What `properties` or `data` may say in our own words.

    Senders have meanings of their own for `channel` and `direction` (an object, `north`): those are passed over.
    """

    channel: Annotated[Kind | None, BeforeValidator(_channel_or_none)] = None
    direction: Annotated[Literal["inbound", "outbound"] | None, BeforeValidator(_direction_or_none)] = None
    value: float | None = None


class SegmentCall(Foreign):
    """What calls have in common. `timestamp` is when it happened by Segment's clock: it goes before the sender's."""

    message_id: Identifier | None = Field(None, alias="messageId")
    timestamp: Moment | None = None
    original_timestamp: Moment | None = Field(None, alias="originalTimestamp")
    received_at: Moment | None = Field(None, alias="receivedAt")

    def moment(self) -> int:
        """Return when it happened. Raises PydanticCustomError where nothing tells."""
        occurred_at = self.original_timestamp if self.timestamp is None else self.timestamp
        if occurred_at is None:
            raise PydanticCustomError("segment_time", "has neither timestamp nor originalTimestamp; send one of them")
        return occurred_at


class SegmentTrack(SegmentCall):
    """A `track` call."""

    type: Literal["track"]
    event: Kind
    properties: Told | None = None

    def told(self) -> WireInteraction:
        """Return the interaction that it tells."""
        return _interaction(self.message_id, self.moment(), self.received_at, self.event, self.properties)


def _object_or_none(value: object) -> object:
    return value if isinstance(value, dict) else None


def _reference(value: str) -> str:
    if any(one.isspace() or one == "\x00" for one in value):
        raise PydanticCustomError("event_source", "has a space or a null character; no URI reference has one")
    return value


class CloudEvent(Foreign):
    """An event in the JSON format. `source` and `id` together name it. Only a JSON object in `data` is read."""

    specversion: Literal["1.0"]
    id: Identifier
    source: Annotated[str, StringConstraints(min_length=1, max_length=1000), AfterValidator(_reference)]
    type: Kind
    time: Moment
    data: Annotated[Told | None, BeforeValidator(_object_or_none)] = None

    def told(self) -> WireInteraction:
        """Return the interaction that it tells."""
        # No URI reference has a space in it, so that no two pairs are written alike.
        return _interaction(f"{self.source} {self.id}", self.time, None, self.type, self.data)


def _interaction(
    interaction_id: str | None, occurred_at: int, received_at: int | None, kind: str, told: Told | None
) -> WireInteraction:
    said = told or Told()
    return WireInteraction.model_construct(
        interaction_id=interaction_id,
        occurred_at=occurred_at,
        received_at=received_at,
        kind=kind,
        channel=said.channel,
        direction=said.direction,
        value=said.value,
    )


class _OrForeign:
    """Reads an interaction in our own form and, only where that does not fit, in the others'."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        ours = handler(source)
        segment = core_schema.no_info_after_validator_function(SegmentTrack.told, handler.generate_schema(SegmentTrack))
        cloud = core_schema.no_info_after_validator_function(CloudEvent.told, handler.generate_schema(CloudEvent))
        return core_schema.union_schema([(ours, OURS), (segment, SEGMENT), (cloud, CLOUD_EVENTS)], mode="left_to_right")

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Show our own form alone: what imports specifications into a CRM knows no choices between objects."""
        del schema
        return handler(WireInteraction.__pydantic_core_schema__)


AnyInteraction = Annotated[WireInteraction, _OrForeign()]


def meant(unknown: set[str]) -> str:
    """Return the form that an entry is meant to have; `unknown` are its keys that our own does not know.

    >>> meant({"specversion", "type"}), meant({"type", "event"}), meant({"type"})
    ('cloudevents', 'segment', 'ours')
    """
    if "specversion" in unknown:
        return CLOUD_EVENTS
    return SEGMENT if "type" in unknown and unknown & _SEGMENTS_OWN else OURS
