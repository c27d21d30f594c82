"""Answers what a CRM says of a person: two leads that turned out to be one, and an objection to being scored."""

from dataclasses import dataclass
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from histories.store import Store
from histories.store.privacy import people
from histories.store.privacy.people import Changed, MergeRefusedError
from serving.live import unavailable
from serving.live.intake import parsed
from serving.wire import complaint
from serving.wire.errors import Problem, RequestError
from serving.wire.people import MergeRequest, ObjectionResponse, PersonResponse, SuppressRequest
from serving.wire.reply import Counts, Reply

Body = TypeVar("Body", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class People:
    """Answers the routes by which a CRM says who is who, and who objects."""

    store: Store
    model_version: str

    def merge(self, body: bytes, request_id: str, now: int) -> Reply:
        """Answer `/v1/merge`. Raises RequestError, also where the leads cannot be merged."""
        request = _read(MergeRequest, body)
        known_at = now if request.known_at is None else request.known_at
        try:
            with unavailable.told():
                done = people.merge(self.store, request.lead_id, request.into_lead, known_at, now)
        except MergeRefusedError as error:
            raise RequestError(Problem.INVALID_REQUEST, error.reason, error.field) from None
        return self._reply(_said(done, request_id))

    def suppress(self, body: bytes, request_id: str, now: int) -> Reply:
        """Answer `/v1/suppress`. Raises RequestError."""
        request = _read(SuppressRequest, body)
        with unavailable.told():
            done = (people.suppress if request.suppressed else people.lift)(self.store, request.lead_id, now)
        said = _said(done, request_id)
        return self._reply(ObjectionResponse(**said.model_dump(), known=done.known))

    def _reply(self, response: PersonResponse) -> Reply:
        return Reply(response.model_dump_json().encode(), self.model_version, Counts())


def _said(done: Changed, request_id: str) -> PersonResponse:
    return PersonResponse(request_id=request_id, watermark=done.watermark, changed=done.changed)


def _read(model: type[Body], body: bytes) -> Body:
    raw = parsed(body)
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        raise complaint.of(error, Problem.INVALID_REQUEST, model) from None
