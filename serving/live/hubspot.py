"""HubSpot's webhooks: what its events say of contacts, as rows to keep.

An event is {subscriptionType, objectId, occurredAt in milliseconds, ...}; property changes come with propertyName and
propertyValue, always a text. Generic subscriptions say object.* and name the type of object: 0-1 is a contact.
`eventId` is not promised to be unique, so that what is kept is named by its content.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import ValidationError

from histories.contract import Attribute, Direction, Interaction, Outcome, Stage
from histories.store import InteractionRow, OutcomeRow
from serving.live.entries import Entry, Ignored, SeenLead, Told, Wrong
from serving.live.reader import Reader, number
from serving.live.scrubbed import scrubbed
from serving.wire import complaint
from serving.wire.errors import Problem
from serving.wire.hubspot import CONTACT, WireHubspotEvent

_MILLISECOND = 1_000
_LAST = 253_402_214_400_000  # 9999-12-31 in milliseconds
_LIFECYCLE = "lifecyclestage"
# HubSpot's own stages; those of a portal's own making, and the two that say nothing of the way to a deal, are ignored.
_STAGES = {
    "lead": Stage.LEAD,
    "marketingqualifiedlead": Stage.MQL,
    "salesqualifiedlead": Stage.SQL,
    "opportunity": Stage.OPPORTUNITY,
    "customer": Stage.CUSTOMER,
}
_STAGE_DATES = {f"hs_lifecyclestage_{name}_date": stage for name, stage in _STAGES.items()}
# Properties that hold the moment of the newest of its kind: each change is one that happened.
_HAPPENED: Mapping[str, tuple[str, str, Direction]] = {
    "hs_sales_email_last_replied": ("reply", "email", Direction.INBOUND),
    "hs_email_last_reply_date": ("reply", "email", Direction.INBOUND),
    "hs_email_last_send_date": ("email_sent", "email", Direction.OUTBOUND),
    "hs_email_last_open_date": ("email_open", "email", Direction.INBOUND),
    "hs_sales_email_last_opened": ("email_open", "email", Direction.INBOUND),
    "hs_email_last_click_date": ("email_click", "email", Direction.INBOUND),
    "hs_sales_email_last_clicked": ("email_click", "email", Direction.INBOUND),
    "recent_conversion_date": ("form_submission", "web", Direction.INBOUND),
    "hs_analytics_last_timestamp": ("page_view", "web", Direction.INBOUND),
    "engagements_last_meeting_booked": ("meeting", "meeting", Direction.INBOUND),
}
_FORGET = "a person's data are to be deleted; remove the lead with `lead-scoring forget`"
_PERSONAL = "is taken for a person's name, address or number, of which nothing is kept"


@dataclass(frozen=True, slots=True)
class Events:
    """Reads events. `names` are attributes by the properties that hold them, where the two have different names."""

    reader: Reader
    names: Mapping[str, str]

    def read(self, raw: object) -> tuple[WireHubspotEvent | None, Entry]:
        """Return an event, None where it is none, and what it amounts to.

        A merge is `Ignored` here, and carried out by whoever has all events.
        """
        try:
            event = WireHubspotEvent.model_validate(raw)
        except ValidationError as error:
            reason = str(complaint.of(error, Problem.INVALID_REQUEST, WireHubspotEvent))
            return None, Entry(None, None, Wrong(reason, scrubbed(raw)))
        return event, self._entry(event, raw)

    def _entry(self, event: WireHubspotEvent, raw: object) -> Entry:
        if not event.is_of(CONTACT):
            return Entry(None, None, Ignored("is about no contact"))
        lead_id, moment = str(event.objectId), event.occurredAt * _MILLISECOND
        match event.what:
            case "creation" | "restore":
                return Entry(lead_id, None, SeenLead(lead_id, moment, ()))
            case "propertyChange":
                return self._changed(lead_id, moment, event)
            case "privacyDeletion":
                return Entry(lead_id, None, Wrong(_FORGET, scrubbed(raw)))
            case _:
                return Entry(lead_id, None, Ignored(f"{event.subscriptionType[:100]} says nothing of a lead"))

    def _changed(self, lead_id: str, moment: int, event: WireHubspotEvent) -> Entry:
        name, value = event.propertyName or "", event.text
        if name == _LIFECYCLE:
            stage = _STAGES.get(value)
            return Entry(lead_id, None, _outcome(lead_id, stage, moment) if stage else Ignored("is no stage of a lead"))
        if name in _STAGE_DATES or name in _HAPPENED:
            at = _moment(value)
            if at is None:
                return Entry(lead_id, None, Ignored("has no moment"))
            if name in _STAGE_DATES:
                return Entry(lead_id, None, _outcome(lead_id, _STAGE_DATES[name], at))
            return self._happened(lead_id, at, name)
        return Entry(lead_id, None, self._attribute(lead_id, moment, name, value))

    def _happened(self, lead_id: str, at: int, name: str) -> Entry:
        kind, channel, direction = _HAPPENED[name]
        # Two properties may tell one reply: the id has what happened in it, not who told.
        digest = hashlib.sha256(json.dumps([lead_id, kind, at]).encode()).hexdigest()
        interaction_id = f"hubspot:{digest[:32]}"
        made = Interaction(interaction_id, at, kind, max(at, self.reader.now), channel, direction)
        return Entry(lead_id, interaction_id, InteractionRow(lead_id, made))

    def _attribute(self, lead_id: str, moment: int, name: str, value: str) -> Told:
        called = self.names.get(name, name)
        # A property that was emptied: from then on the value is known to be missing.
        one = self.reader.dated(called, value, moment) if value else Attribute(called, None, moment)
        if one is None or not name:
            return Ignored("has no value that an attribute can be")
        if self.reader.personal(one):
            return Ignored(_PERSONAL)
        return SeenLead(lead_id, None, (one,))


def attributes_of(raw: Sequence[object], names: Mapping[str, str]) -> frozenset[str]:
    """Return the attributes that events may tell; `names` as of `Events`."""
    said = (one.get("propertyName") for one in raw if isinstance(one, dict))
    return frozenset(names.get(one, one) for one in said if isinstance(one, str))


def _outcome(lead_id: str, stage: Stage, reached_at: int) -> OutcomeRow:
    return OutcomeRow(lead_id, Outcome(stage, reached_at))


def _moment(value: str) -> int | None:
    """UTC microseconds of a property that is a moment: milliseconds in a text."""
    found = number(value)
    return int(found) * _MILLISECOND if found is not None and 0 <= found < _LAST else None


@dataclass(frozen=True, slots=True)
class Merge:
    """Contacts that turned out to be one, which goes on as `into`; `moment` in UTC microseconds."""

    ended: tuple[str, ...]
    into: str
    moment: int


def merge(event: WireHubspotEvent) -> Merge | None:
    """Return the merge that an event tells; None: it tells none.

    HubSpot makes a new contact of those that are merged, or lets the first of them go on.
    """
    if event.what != "merge" or not event.is_of(CONTACT):
        return None
    first = event.objectId if event.primaryObjectId is None else event.primaryObjectId
    into = first if event.newObjectId is None else event.newObjectId
    ids = dict.fromkeys((first, *(event.mergedObjectIds or ())))
    ended = tuple(str(one) for one in ids if one is not None and one != into)
    return Merge(ended, str(into), event.occurredAt * _MILLISECOND) if into is not None else None
