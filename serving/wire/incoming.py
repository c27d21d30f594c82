"""The wire models of what comes in to be kept: leads, interactions and outcomes, and what is said of each row."""

from typing import Annotated, Literal

from pydantic import Field

from serving.wire.answers import Outgoing
from serving.wire.api import Attributes, WireOutcome
from serving.wire.base import Identifier, Moment, Wire, WireInteraction

MOST_ROWS = 1_000

Status = Literal["added", "duplicate", "refused", "ignored"]
_Rows = Annotated[list[object], Field(min_length=1, max_length=MOST_ROWS)]


class WireIncomingInteraction(WireInteraction):
    """One thing that a lead did. A Segment call or a CloudEvent may stand in its place."""

    lead_id: Identifier


class WireIncomingOutcome(WireOutcome):
    """A stage that a lead has reached, and when."""

    lead_id: Identifier


class WireIncomingLead(Wire):
    """A lead itself, and what is known of it from the beginning or from a moment on."""

    lead_id: Identifier
    created_at: Moment
    account_id: Identifier | None = None
    attributes: Attributes = Field(default_factory=dict)


class InteractionsRequest(Wire):
    """The body of `/v1/interactions`. Each row is checked on its own, so that a bad one does not stop the others."""

    interactions: _Rows


class OutcomesRequest(Wire):
    """The body of `/v1/outcomes`, row by row likewise."""

    outcomes: _Rows


class LeadsRequest(Wire):
    """The body of `/v1/leads`, row by row likewise."""

    leads: _Rows


class WireVerdict(Outgoing):
    """What became of one row. `reason` is set where it was refused or ignored, and repeats nothing that was sent."""

    lead_id: str | None
    interaction_id: str | None
    status: Status
    reason: str | None


class IngestResponse(Outgoing):
    """What became of all rows, in the order of the request. When it is read, what it says was added is durable."""

    request_id: str
    watermark: int
    added: int
    duplicates: int
    refused: int
    ignored: int
    rows: tuple[WireVerdict, ...]
