"""Takes in what is posted: reads it row by row, gives it to the store, and says what became of each row."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

from pydantic import ValidationError

from histories.contract import AttributeType
from histories.store import Store
from histories.store.together import take_together
from serving.http import duplicates, structure
from serving.live import unavailable
from serving.live.entries import Entry
from serving.live.reader import Reader
from serving.live.taking import planned, touched, verdicts
from serving.wire import complaint
from serving.wire.bounds import json_of
from serving.wire.errors import Problem
from serving.wire.incoming import (
    IngestResponse,
    InteractionsRequest,
    LeadsRequest,
    OutcomesRequest,
    Status,
)
from serving.wire.reply import Counts, Reply


@dataclass(frozen=True, slots=True)
class Intake:
    """Answers the routes by which histories come in. `types` and `allow_personal` as for a prediction's attributes."""

    store: Store
    types: Mapping[str, AttributeType]
    allow_personal: frozenset[str]
    model_version: str

    def interactions(self, body: bytes, request_id: str, now: int) -> Reply:
        """Answer `/v1/interactions`. Raises RequestError, as all of them do."""
        rows = _rows(InteractionsRequest, "interactions", body)
        return self.kept("interactions", [self.reader(now).interaction(one) for one in rows], request_id, now)

    def outcomes(self, body: bytes, request_id: str, now: int) -> Reply:
        """Answer `/v1/outcomes`."""
        rows = _rows(OutcomesRequest, "outcomes", body)
        return self.kept("outcomes", [self.reader(now).outcome(one) for one in rows], request_id, now)

    def leads(self, body: bytes, request_id: str, now: int) -> Reply:
        """Answer `/v1/leads`."""
        rows = _rows(LeadsRequest, "leads", body)
        return self.kept("leads", [self.reader(now).lead(one) for one in rows], request_id, now)

    def reader(self, now: int) -> Reader:
        """Return what reads rows that arrive now."""
        return Reader(now, self.types, self.allow_personal)

    def kept(self, source: str, entries: Sequence[Entry], request_id: str, now: int) -> Reply:
        """Keep what rows amount to, in one transaction; `source` is what the quarantine and the metrics call them."""
        with unavailable.told():
            rows, taken = take_together(
                self.store, touched(entries), lambda known: planned(source, entries, known, now), now
            )
        found = tuple(verdicts(entries, rows, taken))
        counts = {status: sum(one.status == status for one in found) for status in get_args(Status)}
        response = IngestResponse(
            request_id=request_id,
            watermark=taken.watermark,
            added=counts["added"],
            duplicates=counts["duplicate"],
            refused=counts["refused"],
            ignored=counts["ignored"],
            rows=found,
        )
        told = tuple((source, status, number) for status, number in counts.items() if number)
        return Reply(response.model_dump_json().encode(), self.model_version, Counts(rows=told))


def _rows(
    model: type[InteractionsRequest | OutcomesRequest | LeadsRequest], field: str, body: bytes
) -> Sequence[object]:
    """Return a body's rows. Raises RequestError where it is no JSON, or has none or too many."""
    raw = parsed(body)
    bare = _bare(raw)
    try:
        found: Sequence[object] = getattr(model.model_validate(raw if bare is None else {field: bare}), field)
    except ValidationError as error:
        raise complaint.of(error, Problem.INVALID_REQUEST, model) from None
    return found


def parsed(body: bytes) -> object:
    """Return a body's JSON. Raises RequestError for one that is none, names a key twice, or has too many values."""
    structure.refuse(body)
    raw = json_of(body)
    duplicates.refuse(body)
    return raw


def _bare(raw: object) -> list[object] | None:
    """Rows without our envelope: a list of them, one call or event alone, or Segment's own batch."""
    if isinstance(raw, list):
        return raw
    if not isinstance(raw, dict):
        return None
    if isinstance(batch := raw.get("batch"), list):
        return batch
    return [raw] if "specversion" in raw or raw.get("type") in {"track", "identify"} else None
