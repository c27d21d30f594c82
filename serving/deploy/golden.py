"""Golden requests: open leads asked for over HTTP, whose answers must be the scorer's own bit for bit."""

import http.client
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from histories import clock
from histories.contract import LeadHistory
from histories.errors import DataError
from scoring.answer import Answer
from scoring.scorer import Scorer
from serving.wire import answers
from serving.wire.errors import Problem
from serving.wire.mapping import Json, request_of

_REASONS = 3
_BATCH = 20  # leads with long histories stay well under the limit on a body
_SINGLE = 10
_TIMEOUT = 60.0
_JSON = {"content-type": "application/json"}


@dataclass(frozen=True, slots=True)
class Checked:
    """How many leads were asked for in batches, how many on their own, and how many faulty requests were refused."""

    leads: int
    single: int
    faulty: int


@dataclass(frozen=True, slots=True)
class _Faulty:
    """A request that must be refused with this problem."""

    method: str
    path: str
    body: bytes
    media: str
    problem: Problem


_FAULTY = (
    _Faulty("POST", "/v1/predict", b"", "application/json", Problem.INVALID_JSON),
    _Faulty("POST", "/v1/predict", b'{"leads": [', "application/json", Problem.INVALID_JSON),
    _Faulty("POST", "/v1/predict", b'{"leads": []}', "application/json", Problem.INVALID_REQUEST),
    _Faulty("POST", "/v1/predict", b'{"leads": [{}], "golden": 1}', "application/json", Problem.INVALID_REQUEST),
    _Faulty("POST", "/v1/predict_one", b'{"lead_id": "x"}', "application/json", Problem.INVALID_REQUEST),
    _Faulty("POST", "/v1/predict", b"{}", "text/plain", Problem.UNSUPPORTED_MEDIA_TYPE),
    _Faulty("GET", "/v1/predict", b"", "application/json", Problem.METHOD_NOT_ALLOWED),
    _Faulty("GET", "/nowhere", b"", "application/json", Problem.NOT_FOUND),
)


def spread(scored: Sequence[Answer], count: int) -> list[str]:
    """Return the ids of `count` leads from the least likely customer to the likeliest, evenly; all where there are fewer."""
    ordered = sorted(scored, key=lambda one: (one.probability_customer or 0.0, one.lead_id))
    if len(ordered) <= count:
        return [one.lead_id for one in ordered]
    return [ordered[round(place * (len(ordered) - 1) / max(count - 1, 1))].lead_id for place in range(count)]


def check(url: str, key: str, scorer: Scorer, leads: Sequence[LeadHistory], as_of: int) -> Checked:
    """Ask the service, with its key, for these leads as of a moment (UTC microseconds), and for what it must refuse.

    Raises DataError, naming lead and field, where an answer over HTTP is not the scorer's own.
    """
    asking = _Asking(url, key)
    asking.ready()
    for batch in (leads[start : start + _BATCH] for start in range(0, len(leads), _BATCH)):
        expected = [_row(one) for one in scorer.score(batch, as_of, _REASONS)]
        body: Json = {"as_of": clock.iso(as_of), "reasons": _REASONS, "leads": [request_of(one) for one in batch]}
        found = asking.answer("/v1/predict", body, 200)
        _same_versions(found, scorer)
        rows = found.get("leads")
        _same_rows(rows if isinstance(rows, list) else [], expected, batch)
    alone = leads[:: max(len(leads) // _SINGLE, 1)][:_SINGLE]
    for lead in alone:
        (answer,) = scorer.score([lead], as_of, _REASONS)
        found = asking.answer("/v1/predict_one", request_of(lead, as_of, _REASONS), 200)
        _same_versions(found, scorer)
        _same_rows([{name: found.get(name) for name in _row(answer)}], [_row(answer)], [lead])
    for faulty in _FAULTY:
        asking.refusal(faulty)
    return Checked(len(leads), len(alone), len(_FAULTY))


class _Asking:
    """One connection after another to a service on this machine; it asks no proxy."""

    def __init__(self, url: str, key: str) -> None:
        self._place, self._shown = urlsplit(url).netloc, {"x-api-key": key}

    def ready(self) -> None:
        for path in ("/livez", "/healthz", "/readyz"):
            status, _ = self._ask("GET", path, b"", {})
            if status != 200:
                raise DataError(f"golden requests: {path} answers {status}, not 200")

    def answer(self, path: str, body: Json, wanted: int) -> dict[str, Json]:
        status, content = self._ask("POST", path, json.dumps(body).encode(), _JSON)
        if status != wanted or not isinstance(content, dict):
            raise DataError(f"golden requests: {path} answers {status}, not {wanted}: {_error(content)}")
        return content

    def refusal(self, one: _Faulty) -> None:
        status, content = self._ask(one.method, one.path, one.body, {"content-type": one.media})
        error = content.get("error") if isinstance(content, dict) else None
        formed = isinstance(error, dict) and list(error) == ["code", "message", "field", "request_id"]
        if (status, formed and isinstance(error, dict) and error["code"]) != (one.problem.status, one.problem.code):
            raise DataError(
                f"golden requests: {one.method} {one.path} with a mistake in it answers {status} {_error(content)}, "
                f"not {one.problem.status} {one.problem.code}"
            )

    def _ask(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, Json]:
        connection = http.client.HTTPConnection(self._place, timeout=_TIMEOUT)
        try:
            connection.request(method, path, body, headers | self._shown)
            response = connection.getresponse()
            return response.status, json.loads(response.read())
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise DataError(f"golden requests: {path} cannot be read ({type(error).__name__}: {error})") from None
        finally:
            connection.close()


def _row(answer: Answer) -> dict[str, Json]:
    """The row as JSON writes it and reads it back: times as texts, tuples as lists, floats to the last bit."""
    read: dict[str, Json] = json.loads(answers.row(answer).model_dump_json())
    return read


def _same_versions(found: dict[str, Json], scorer: Scorer) -> None:
    wanted = {"model_version": scorer.bundle.version, "rulebook_version": scorer.rulebook.version}
    for name, value in wanted.items():
        if found.get(name) != value:
            raise DataError(f"golden requests: {name} is {found.get(name)} over HTTP, and {value} in the registry")


def _same_rows(rows: list[Json], expected: Sequence[dict[str, Json]], leads: Sequence[LeadHistory]) -> None:
    if len(rows) != len(expected):
        raise DataError(f"golden requests: {len(rows)} rows over HTTP for {len(expected)} leads")
    for row, wanted, lead in zip(rows, expected, leads, strict=True):
        for name, over_http, own in _differing(row if isinstance(row, dict) else {}, wanted):
            raise DataError(
                f"golden requests: lead {lead.lead_id}: {name} is {over_http!r} over HTTP, the scorer's own is {own!r}"
            )


def _differing(row: dict[str, Json], wanted: dict[str, Json]) -> Iterator[tuple[str, Json, Json]]:
    if row.get("status") == "failed" and wanted.get("status") != "failed":
        yield "error_message", row.get("error_message"), None
    for name in {**wanted, **row}:
        if row.get(name) != wanted.get(name):
            yield name, row.get(name), wanted.get(name)


def _error(content: Json) -> str:
    error = content.get("error") if isinstance(content, dict) else None
    return (
        f"{error.get('code')} {error.get('field') or ''} {error.get('message')}"
        if isinstance(error, dict)
        else "no JSON object"
    )
