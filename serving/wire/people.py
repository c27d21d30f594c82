"""The wire models of what is said of a person: two leads that are one, and an objection."""

from typing import Annotated

from serving.wire.answers import Outgoing
from serving.wire.base import Identifier, Moment, NullAsAbsent, Wire


class MergeRequest(Wire):
    """The body of `/v1/merge`: `lead_id` turned out to be `into_lead`, which goes on."""

    lead_id: Identifier
    into_lead: Identifier
    known_at: Moment | None = None


class SuppressRequest(Wire):
    """The body of `/v1/suppress`: the lead objects to being scored, or, with `suppressed` false, no longer does."""

    lead_id: Identifier
    suppressed: Annotated[bool, NullAsAbsent(lambda: True)] = True


class PersonResponse(Outgoing):
    """What came of it. `changed`: false where the store knew it already, so that a request may be sent again."""

    request_id: str
    watermark: int
    changed: bool


class ObjectionResponse(PersonResponse):
    """What came of an objection. `known`: false where the store has no such lead yet; it holds when one comes."""

    known: bool
