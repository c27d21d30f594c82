"""From the bytes of a request to the bytes of its answer: everything that HTTP is not needed for."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from pydantic import BaseModel, ValidationError

from histories import clock
from histories.contract import AttributeType, LeadHistory
from scoring import explanation as explanations
from scoring.answer import Status
from scoring.bundle import Bundle
from scoring.rulebook import Rulebook
from scoring.scorer import Scored, Scorer
from serving.asked import Leads, Look, Moments, Told, ToldLeads
from serving.request_log import RequestLog
from serving.wire import (
    additions,
    answers,
    complaint,
    counts,
    described,
    duplicates,
    explanation,
    mapping,
    personal,
    skew,
    structure,
)
from serving.wire.answers import PredictOneResponse, PredictResponse, WireAnswer
from serving.wire.api import FROM_STORE, PredictOneRequest, PredictRequest, WireLead
from serving.wire.bounds import json_of, refuse_crowds
from serving.wire.errors import Problem, RequestError
from serving.wire.reply import Counts, Reply

if TYPE_CHECKING:
    from histories.store import Store  # SQLAlchemy loads where there is a store
    from serving.live.intake import Intake
    from serving.live.people import People
    from serving.live.why import WhyAnswers

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
        """`max_interactions`: of a lead and its account, told or read from the store.

        `allow_personal`: attributes that may hold what reads like a person's name, address or number.
        """
        self._scorer, self._log = Scorer(bundle, rulebook), log
        self._store, self._leads = store, _leads(store, bundle, rulebook, max_interactions)
        self._context = FROM_STORE if store else None
        self._versions = {"model_version": bundle.version, "rulebook_version": rulebook.version}
        self._types: dict[str, AttributeType] = {one.name: one.type for one in bundle.catalogue.attributes}
        self._max_interactions, self._allow_personal = max_interactions, allow_personal

    @property
    def versions(self) -> Mapping[str, str]:
        """`model_version` and `rulebook_version`: those of the bundle and the rulebook, in every answer."""
        return self._versions

    @property
    def scorer(self) -> Scorer:
        """What answers."""
        return self._scorer

    @property
    def max_interactions(self) -> int:
        """How many interactions a lead and its account may have."""
        return self._max_interactions

    @property
    def store(self) -> "Store":
        """The history store. Raises RequestError where the service has none."""
        if self._store is None:
            raise RequestError(Problem.NO_STORE, "this service has no history store; LEAD_SCORING_STORE names one")
        return self._store

    @property
    def intake(self) -> "Intake":
        """Takes in what is to be kept in the history store. Raises RequestError where the service has none."""
        from serving.live.intake import Intake  # noqa: PLC0415  # as above

        return Intake(self.store, self._types, self._allow_personal, self._versions["model_version"])

    @property
    def people(self) -> "People":
        """Takes in who is who, and who objects. Raises RequestError where the service has no store."""
        from serving.live.people import People  # noqa: PLC0415  # as above

        return People(self.store, self._versions["model_version"])

    @cached_property
    def why_answers(self) -> "WhyAnswers":
        """Answers why scores changed. Raises RequestError where the service has no store."""
        from serving.live.why import WhyAnswers  # noqa: PLC0415  # as above

        return WhyAnswers(self.store, self._scorer, self._max_interactions)

    def warm_up(self) -> None:
        """Parse and compile everything that the first request would wait for."""
        self._scorer.warm_up()
        structure.marks(b"{}")
        duplicates.refuse(b"{}")

    def archive(self, now: int) -> None:
        """Keep in the history store what answers, before it answers. Raises RequestError without one, or DataError."""
        from serving.live import asking  # noqa: PLC0415  # as above

        asking.archive(self.store, self._scorer.bundle, self._scorer.rulebook, now)

    def predict(self, body: bytes, request_id: str, now: int) -> Reply:
        """Answer `/v1/predict`: a row for each lead, also for one that cannot be read. Raises RequestError."""
        request = self._request(PredictRequest, body)
        as_of = now if request.as_of is None else request.as_of
        read = [self._read(number, raw, as_of, request.as_of) for number, raw in enumerate(request.leads)]
        look = self._leads.look_up([one for one in read if not isinstance(one, WireAnswer)])
        scored = self._score(look, Moments(request_id, as_of, now), request.reasons)
        rows = tuple(_rows(read, look, scored))
        response = PredictResponse(request_id=request_id, as_of=clock.iso(as_of), **self._versions, leads=rows)
        return self._reply(response, counts.of(scored, len(rows) - len(scored.answers)))

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
            return model.model_validate(raw, context=self._context)
        except ValidationError as error:
            raise complaint.of(error, Problem.INVALID_REQUEST, model) from None

    def _reply(self, response: BaseModel, counted: Counts) -> Reply:
        return Reply(response.model_dump_json().encode(), self._versions["model_version"], counted)

    def _one(self, body: bytes, request_id: str, now: int) -> tuple[LeadHistory, int, Scored]:
        """Return the one lead of a body, the moment that is asked for, and what was scored."""
        request = self._request(PredictOneRequest, body)
        as_of = now if request.as_of is None else request.as_of
        look = self._leads.look_up([self._told(request, as_of, request.as_of)])
        (history,) = look.leads
        if isinstance(history, RequestError):
            raise history
        scored = self._score(look, Moments(request_id, as_of, now), request.reasons)
        (answer,) = scored.answers
        if answer.status is Status.FAILED:
            raise RequestError(Problem.INVALID_LEAD, answer.error_message or "cannot be scored", code=answer.error_code)
        return history, as_of, scored

    def _score(self, look: Look, moments: Moments, reasons: int) -> Scored:
        """Score the leads that were found. When it returns, what the answers are made from is kept."""
        scored = self._scorer.scored(look.histories, moments.as_of, reasons)
        gone = self._leads.keep(look, scored.answers, moments)
        if self._log:
            self._log.write(scored, self._scorer.bundle, moments.request_id, moments.as_of, moments.now, gone)
        return scored

    def _read(self, number: int, raw: object, as_of: int, asked_for: int | None) -> Told | WireAnswer:
        try:
            refuse_crowds(raw, self._max_interactions)
            return self._told(WireLead.model_validate(raw, context=self._context), as_of, asked_for)
        except ValidationError as error:
            problem = complaint.of(error, Problem.INVALID_LEAD, WireLead, ("leads", number))
        except RequestError as error:
            problem = _within(number, error)
        return answers.failed(_lead_id(raw), problem.problem.code, str(problem))

    def _told(self, lead: WireLead, as_of: int, asked_for: int | None) -> Told:
        personal.refuse(lead.attributes.items(), self._allow_personal)
        if lead.created_at is None:
            return additions.of(lead, self._types, as_of)
        return skew.levelled(mapping.history(lead, self._types), as_of, asked_for)


def _rows(read: Sequence[Told | WireAnswer], look: Look, scored: Scored) -> Iterator[WireAnswer]:
    """Yield the answers' rows in the order of the request."""
    found, answered = iter(look.leads), iter(scored.answers)
    for number, one in enumerate(read):
        if isinstance(one, WireAnswer):
            yield one
            continue
        lead = next(found)
        if isinstance(lead, RequestError):
            yield answers.failed(one.lead_id, lead.problem.code, str(_within(number, lead)))
        else:
            yield answers.row(next(answered))


def _within(number: int, error: RequestError) -> RequestError:
    """The error of a lead as one of its request."""
    return RequestError(error.problem, error.message, ".".join(filter(None, (f"leads[{number}]", error.field))))


def _leads(store: "Store | None", bundle: Bundle, rulebook: Rulebook, max_interactions: int) -> Leads:
    if store is None:
        return ToldLeads()
    from serving.live.asking import StoredLeads  # noqa: PLC0415  # with SQLAlchemy, for those who have a store

    return StoredLeads(store, bundle, rulebook, max_interactions)


def _lead_id(raw: object) -> str | None:
    value = raw.get("lead_id") if isinstance(raw, dict) else None
    return value[:256] if isinstance(value, str) else None
