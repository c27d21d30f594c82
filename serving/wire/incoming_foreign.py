"""Segment's calls and CloudEvents that come in to be kept: what `serving.wire.foreign` reads, and whose it is."""

from typing import Literal

from pydantic import Field

from serving.wire.base import Identifier
from serving.wire.foreign import CloudEvent, SegmentCall, SegmentTrack


class OfUser(SegmentCall):
    """A call names its user, or the visitor before it is known who that is."""

    user_id: Identifier | None = Field(None, alias="userId")
    anonymous_id: Identifier | None = Field(None, alias="anonymousId")

    @property
    def lead_id(self) -> str | None:
        """Whose call it is."""
        return self.anonymous_id if self.user_id is None else self.user_id


class IncomingTrack(SegmentTrack, OfUser):
    """A `track` call: an interaction of its user."""


class IncomingIdentify(OfUser):
    """An `identify` call: its user is a lead, of which the traits are known from the call's moment on."""

    type: Literal["identify"]
    traits: dict[str, object] | None = None


class IncomingCloudEvent(CloudEvent):
    """An event whose `subject` is the lead."""

    subject: Identifier
