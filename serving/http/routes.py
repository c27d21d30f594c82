"""What the service answers beyond its probes: each path once, who may ask it, what it takes and what it gives.

The door dispatches by this table, the specifications are generated from it, and the metrics' labels are its paths.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import BaseModel

from serving.http.permission import Permission
from serving.wire.answers import PredictOneResponse, PredictResponse
from serving.wire.api import PredictOneRequest, PredictRequest
from serving.wire.explanation import ExplainResponse
from serving.wire.identity import ModelResponse
from serving.wire.incoming import IngestResponse, InteractionsRequest, LeadsRequest, OutcomesRequest
from serving.wire.people import MergeRequest, ObjectionResponse, PersonResponse, SuppressRequest
from serving.wire.why import WhyRequest, WhyResponse

if TYPE_CHECKING:
    from serving.predictor import Predictor  # LightGBM and numba load in a worker's load thread alone
    from serving.wire.reply import Reply


JSON = ("application/json",)
CLOUD_EVENTS = (*JSON, "application/cloudevents+json", "application/cloudevents-batch+json")


@dataclass(frozen=True, slots=True)
class Route:
    """One path: `operation` is its short id in specifications, `request` the body's model, None where it has none.

    `answer` takes a predictor and returns what answers (body, request id, now in UTC microseconds), which may raise
    RequestError; the body of a route without one is empty. `media`: what the body may be announced as.
    """

    path: str
    method: str
    operation: str
    summary: str
    permission: Permission
    request: type[BaseModel] | None
    response: type[BaseModel]
    answer: "Callable[[Predictor], Callable[[bytes, str, int], Reply]]"
    media: tuple[str, ...] = JSON


@dataclass(frozen=True, slots=True)
class SignedRoute:
    """A path for a sender that knows no keys of ours: its signature says who it is. In no specification.

    `answer` as of a Route, given the attributes by the names that the sender has for them.
    """

    path: str
    method: str
    answer: "Callable[[Predictor, Mapping[str, str]], Callable[[bytes, str, int], Reply]]"


HUBSPOT = SignedRoute("/v1/hubspot", "POST", lambda predictor, names: predictor.intake.hubspot(names))

ROUTES: tuple[Route, ...] = (
    Route(
        "/v1/predict",
        "POST",
        "predict",
        "Score 1 to 200 leads",
        Permission.PREDICT,
        PredictRequest,
        PredictResponse,
        lambda predictor: predictor.predict,
    ),
    Route(
        "/v1/predict_one",
        "POST",
        "predictOne",
        "Score one lead; request and answer are flat",
        Permission.PREDICT,
        PredictOneRequest,
        PredictOneResponse,
        lambda predictor: predictor.predict_one,
    ),
    Route(
        "/v1/explain",
        "POST",
        "explain",
        "Say all that one lead's scores are made of",
        Permission.EXPLAIN,
        PredictOneRequest,
        ExplainResponse,
        lambda predictor: predictor.explain,
    ),
    Route(
        "/v1/why",
        "POST",
        "why",
        "Say why a lead's scores changed",
        Permission.EXPLAIN,
        WhyRequest,
        WhyResponse,
        lambda predictor: predictor.why_answers.why,
    ),
    Route(
        "/v1/model",
        "GET",
        "model",
        "Say which model and rulebook answer",
        Permission.PREDICT,
        None,
        ModelResponse,
        lambda predictor: predictor.model,
    ),
    Route(
        "/v1/interactions",
        "POST",
        "ingestInteractions",
        "Keep 1 to 1,000 interactions",
        Permission.INGEST,
        InteractionsRequest,
        IngestResponse,
        lambda predictor: predictor.intake.interactions,
        CLOUD_EVENTS,
    ),
    Route(
        "/v1/outcomes",
        "POST",
        "ingestOutcomes",
        "Keep 1 to 1,000 outcomes",
        Permission.INGEST,
        OutcomesRequest,
        IngestResponse,
        lambda predictor: predictor.intake.outcomes,
    ),
    Route(
        "/v1/leads",
        "POST",
        "ingestLeads",
        "Keep 1 to 1,000 leads and their attributes",
        Permission.INGEST,
        LeadsRequest,
        IngestResponse,
        lambda predictor: predictor.intake.leads,
    ),
    Route(
        "/v1/merge",
        "POST",
        "mergeLeads",
        "Say that two leads turned out to be one",
        Permission.INGEST,
        MergeRequest,
        PersonResponse,
        lambda predictor: predictor.people.merge,
    ),
    Route(
        "/v1/suppress",
        "POST",
        "suppressLead",
        "Honour a lead's objection to being scored, or end it",
        Permission.INGEST,
        SuppressRequest,
        ObjectionResponse,
        lambda predictor: predictor.people.suppress,
    ),
)
