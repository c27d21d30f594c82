"""Reads rows of our own form, Segment's calls and CloudEvents."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from pydantic import ValidationError
from pydantic_core import PydanticCustomError

from histories import clock
from histories.contract import Attribute, AttributeType
from histories.store import InteractionRow, LeadRow, OutcomeRow
from serving.live.entries import Entry, SeenLead, ToldLead, Wrong
from serving.live.scrubbed import scrubbed
from serving.wire import complaint, mapping, personal
from serving.wire.base import Wire, WireInteraction
from serving.wire.bounds import refuse_crowds
from serving.wire.content import content_id
from serving.wire.errors import Problem, RequestError
from serving.wire.incoming import MOST_ROWS, WireIncomingInteraction, WireIncomingLead, WireIncomingOutcome
from serving.wire.incoming_foreign import IncomingCloudEvent, IncomingIdentify, IncomingTrack

_Model = TypeVar("_Model", bound=Wire)
_LONGEST_TRAIT, _LARGEST = 1_000, 1e300
_LATEST = clock.DAY  # after arrival: clocks go wrong, by hours where a zone was mistaken
_OTHER_CALL = "is no call that tells an interaction or a lead; send track and identify calls"
_TO_COME = "lies more than a day after its arrival; send what has happened, with the offset of its time"
_NO_USER = "has neither userId nor anonymousId; send the lead's id in one of them"


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads rows. `now` is their arrival; `types` are those of the attributes that the models learnt from.

    `stored` are those that attributes have in the store, as far as these rows have values whose senders know no types.
    """

    now: int
    types: Mapping[str, AttributeType]
    stored: Mapping[str, AttributeType]
    allow_personal: frozenset[str]

    def interaction(self, raw: object) -> Entry:
        """Read an interaction of our own form, a Segment call or a CloudEvent."""
        return self._read(raw, self._interaction)

    def outcome(self, raw: object) -> Entry:
        """Read an outcome."""
        return self._read(raw, self._outcome)

    def lead(self, raw: object) -> Entry:
        """Read a lead of our own form, or an identify call."""
        return self._read(raw, self._lead)

    def _read(self, raw: object, read: Callable[[dict[str, object]], Entry]) -> Entry:
        try:
            refuse_crowds(raw, MOST_ROWS)
            return read(_object(raw))
        except RequestError as error:
            reason = str(error)
        except PydanticCustomError as error:
            reason = error.message()
        return Entry(id_of(raw, "lead_id"), id_of(raw, "interaction_id"), Wrong(reason, scrubbed(raw)))

    def _interaction(self, raw: dict[str, object]) -> Entry:
        if "specversion" in raw:
            event = _valid(IncomingCloudEvent, raw)
            return self._kept(event.subject, event.told())
        if "type" in raw:
            return self._call(raw)
        one = _valid(WireIncomingInteraction, raw)
        return self._kept(one.lead_id, one)

    def _call(self, raw: Mapping[str, object]) -> Entry:
        if raw["type"] == "identify":
            return self._identify(raw)
        if raw["type"] != "track" and "kind" not in raw:
            raise RequestError(Problem.INVALID_REQUEST, _OTHER_CALL, "type")
        if "kind" in raw:  # ours, with a key too many: its own message names it
            _valid(WireIncomingInteraction, raw)
        call = _valid(IncomingTrack, raw)
        return self._kept(_user(call), call.told())

    def _kept(self, lead_id: str, one: WireInteraction) -> Entry:
        self._happened(occurred_at=one.occurred_at, received_at=one.received_at)
        name = one.interaction_id or content_id(lead_id, one)
        received_at = self.now if one.received_at is None else one.received_at
        made = mapping.interaction(one)._replace(interaction_id=name, received_at=received_at)
        return Entry(lead_id, name, InteractionRow(lead_id, made))

    def _outcome(self, raw: dict[str, object]) -> Entry:
        one = _valid(WireIncomingOutcome, raw)
        self._happened(reached_at=one.reached_at)
        return Entry(one.lead_id, None, OutcomeRow(one.lead_id, mapping.outcome(one)))

    def _lead(self, raw: dict[str, object]) -> Entry:
        if raw.get("type") == "identify":
            return self._identify(raw)
        one = _valid(WireIncomingLead, raw)
        self._happened(created_at=one.created_at)
        personal.refuse(one.attributes.items(), self.allow_personal)
        attributes = tuple(mapping.attributes(one.attributes, self.types))
        return Entry(one.lead_id, None, ToldLead(LeadRow(one.lead_id, one.created_at, one.account_id), attributes))

    def _identify(self, raw: Mapping[str, object]) -> Entry:
        call = _valid(IncomingIdentify, raw)
        lead_id, moment = _user(call), call.moment()
        self._happened(timestamp=moment)
        return Entry(lead_id, call.message_id, SeenLead(lead_id, moment, tuple(self._traits(call, moment))))

    def _happened(self, **moments: int | None) -> None:
        """Raise RequestError where a moment lies after the row's arrival: what is kept once can never be corrected."""
        for name, moment in moments.items():
            if moment is not None and moment > self.now + _LATEST:
                raise RequestError(Problem.INVALID_REQUEST, _TO_COME, name)

    def _traits(self, call: IncomingIdentify, moment: int) -> list[Attribute]:
        """Those that an attribute can be. A call has names, addresses and objects too: they are passed over."""
        found = []
        for name, value in (call.traits or {}).items():
            one = self.dated(name, value, moment)
            if one is not None and not self.personal(one):
                found.append(one)
        return found

    def dated(self, name: str, value: object, moment: int) -> Attribute | None:
        """Return a plain value as an attribute known from a moment on; None: it is of no type that an attribute has.

        A text becomes a number where the store has the attribute as one, or else the models, and the other way round.
        A text that is none where the store has numbers stays one: the store refuses it, and says so.
        """
        if not name or len(name) > 256 or "\0" in name:
            return None
        wanted = self.stored.get(name, self.types.get(name))
        if isinstance(value, bool):
            value = "true" if value else "false"
        if isinstance(value, str) and wanted is AttributeType.NUMBER:
            found = number(value)
            value = value if found is None and name in self.stored else found
        elif isinstance(value, int | float) and wanted is AttributeType.CATEGORY:
            value = f"{value:.15g}"
        if isinstance(value, int | float) and -_LARGEST < value < _LARGEST:
            return Attribute(name, float(value), moment)
        if isinstance(value, str) and len(value) <= _LONGEST_TRAIT and "\0" not in value:
            return Attribute(name, value, moment)
        return None

    def personal(self, one: Attribute) -> bool:
        """Tell whether an attribute would be refused as a person's data."""
        try:
            personal.refuse([(one.name, [one])], self.allow_personal)
        except RequestError:
            return True
        return False


def traits_of(raw: object) -> frozenset[str]:
    """Return the names of the traits of a row; none where it is no identify call."""
    if not isinstance(raw, dict) or raw.get("type") != "identify" or not isinstance(raw.get("traits"), dict):
        return frozenset()
    return frozenset(raw["traits"])


def number(text: str) -> float | None:
    """Return the number that a text is; None: it is none, or one of no bearable size."""
    try:
        found = float(text)
    except ValueError:
        return None
    return found if -_LARGEST < found < _LARGEST else None


def id_of(raw: object, key: str) -> str | None:
    """Return an id of a row that may be none, for the answer."""
    value = raw.get(key) if isinstance(raw, dict) else None
    return value[:256] if isinstance(value, str) else None


def _object(raw: object) -> dict[str, object]:
    if not isinstance(raw, dict):
        raise RequestError(Problem.INVALID_REQUEST, "the row is not an object; write one in braces")
    return raw


def _user(call: IncomingTrack | IncomingIdentify) -> str:
    if call.lead_id is None:
        raise RequestError(Problem.INVALID_REQUEST, _NO_USER)
    return call.lead_id


def _valid(model: type[_Model], raw: object) -> _Model:
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        raise complaint.of(error, Problem.INVALID_REQUEST, model) from None
