"""From the bytes of a request to the bytes of its answer: everything that HTTP is not needed for."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeVar

from pydantic import BaseModel, ValidationError

from histories import clock
from histories.contract import AttributeType, LeadHistory
from scoring import explanation as explanations
from scoring.answer import Status
from scoring.bundle import Bundle
from scoring.rulebook import Rulebook
from scoring.scorer import Scored, Scorer
from serving.http import duplicates, structure
from serving.request_log import RequestLog
from serving.wire import answers, complaint, counts, described, explanation, mapping, personal
from serving.wire.answers import PredictOneResponse, PredictResponse, WireAnswer
from serving.wire.api import PredictOneRequest, PredictRequest, WireLead
from serving.wire.bounds import json_of, refuse_crowds
from serving.wire.errors import Problem, RequestError
from serving.wire.reply import Counts, Reply

if TYPE_CHECKING:
    from histories.store import Store  # SQLAlchemy loads where there is a store

Body = TypeVar("Body", PredictRequest, PredictOneRequest)


class Predictor:
    """Answers every endpoint. The same body, `now`, bundle and rulebook give the same answer, bit for bit."""

    def __init__(
        self,
        bundle: Bundle,
        rulebook: Rulebook,
        max_interactions: int,
        log: RequestLog | None = None,
        allow_personal: frozenset[str] = frozenset(),
        store: "Store | None" = None,
    ) -> None:
        """`allow_personal`: attributes that may hold what reads like a person's name, address or number."""
        self._scorer, self._log = Scorer(bundle, rulebook), log
        self._versions = {"model_version": bundle.version, "rulebook_version": rulebook.version}
        self._types: dict[str, AttributeType] = {one.name: one.type for one in bundle.catalogue.attributes}
        self._max_interactions, self._allow_personal = max_interactions, allow_personal
        self._store = store

    @property
    def versions(self) -> Mapping[str, str]:
        """`model_version` and `rulebook_version`: those of the bundle and the rulebook, in every answer."""
        return self._versions

    @property
    def store(self) -> "Store":
        """The history store. Raises RequestError where the service has none."""
        if self._store is None:
            raise RequestError(Problem.NOT_FOUND, "this service has no history store; LEAD_SCORING_STORE names one")
        return self._store

    def warm_up(self) -> None:
        """Parse and compile everything that the first request would wait for."""
        self._scorer.warm_up()
        structure.refuse(b"{}")
        duplicates.refuse(b"{}")

    def predict(self, body: bytes, request_id: str, now: int) -> Reply:
        """Answer `/v1/predict`: a row for each lead, also for one that cannot be read. Raises RequestError."""
        request = self._request(PredictRequest, body)
        as_of = now if request.as_of is None else request.as_of
        read = [self._read(number, raw) for number, raw in enumerate(request.leads)]
        histories = [one for one in read if isinstance(one, LeadHistory)]
        scored = self._score(histories, request_id, as_of, request.reasons, now)
        answered = iter(scored.answers)
        rows = tuple(answers.row(next(answered)) if isinstance(one, LeadHistory) else one for one in read)
        response = PredictResponse(request_id=request_id, as_of=clock.iso(as_of), **self._versions, leads=rows)
        return self._reply(response, counts.of(scored, len(read) - len(histories)))

    def predict_one(self, body: bytes, request_id: str, now: int) -> Reply:
        """Answer `/v1/predict_one`. Raises RequestError, also where the lead cannot be scored."""
        _, as_of, scored = self._one(body, request_id, now)
        row = dict(answers.row(scored.answers[0]))
        response = PredictOneResponse(request_id=request_id, as_of=clock.iso(as_of), **self._versions, **row)
        return self._reply(response, counts.of(scored))

    def explain(self, body: bytes, request_id: str, now: int) -> Reply:
        """Answer `/v1/explain`, which takes what `/v1/predict_one` does. Raises RequestError likewise."""
        history, as_of, scored = self._one(body, request_id, now)
        bundle = self._scorer.bundle
        explained = explanations.of(bundle, self._scorer.rulebook, history, as_of, scored)
        response = explanation.response(explained, bundle.catalogue, request_id, as_of, self._versions)
        return self._reply(response, counts.of(scored))

    def model(self, body: bytes, request_id: str, now: int) -> Reply:
        """Answer `/v1/model`: which bundle and rulebook answer, and what they were made from."""
        del body, now
        return self._reply(described.response(self._scorer.bundle, self._scorer.rulebook, request_id), Counts())

    def _request(self, model: type[Body], body: bytes) -> Body:
        structure.refuse(body)
        raw = json_of(body)
        refuse_crowds(raw, self._max_interactions)
        duplicates.refuse(body)
        try:
            return model.model_validate(raw)
        except ValidationError as error:
            raise complaint.of(error, Problem.INVALID_REQUEST, model) from None

    def _reply(self, response: BaseModel, counted: Counts) -> Reply:
        return Reply(response.model_dump_json().encode(), self._versions["model_version"], counted)

    def _one(self, body: bytes, request_id: str, now: int) -> tuple[LeadHistory, int, Scored]:
        """Return the one lead of a body, the moment that is asked for, and what was scored."""
        request = self._request(PredictOneRequest, body)
        as_of = now if request.as_of is None else request.as_of
        history = self._history(request)
        scored = self._score([history], request_id, as_of, request.reasons, now)
        (answer,) = scored.answers
        if answer.status is Status.FAILED:
            raise RequestError(Problem.INVALID_LEAD, answer.error_message or "cannot be scored", code=answer.error_code)
        return history, as_of, scored

    def _score(self, histories: list[LeadHistory], request_id: str, as_of: int, reasons: int, now: int) -> Scored:
        scored = self._scorer.scored(histories, as_of, reasons)
        if self._log and scored.lead_ids:
            self._log.write(scored, self._scorer.bundle, request_id, as_of, now)
        return scored

    def _read(self, number: int, raw: object) -> LeadHistory | WireAnswer:
        try:
            refuse_crowds(raw, self._max_interactions)
            return self._history(WireLead.model_validate(raw))
        except ValidationError as error:
            problem = complaint.of(error, Problem.INVALID_LEAD, WireLead, ("leads", number))
        except RequestError as error:
            problem = RequestError(
                error.problem, error.message, ".".join(filter(None, (f"leads[{number}]", error.field)))
            )
        return answers.failed(_lead_id(raw), problem.problem.code, str(problem))

    def _history(self, lead: WireLead) -> LeadHistory:
        personal.refuse(lead.attributes.items(), self._allow_personal)
        return mapping.history(lead, self._types)


def _lead_id(raw: object) -> str | None:
    value = raw.get("lead_id") if isinstance(raw, dict) else None
    return value[:256] if isinstance(value, str) else None
