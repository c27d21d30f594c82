"""Takes in what is posted: reads it row by row, gives it to the store, and says what became of each row."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

from pydantic import ValidationError

from histories.contract import AttributeType
from histories.store import Store
from histories.store.facts.definitions import attribute_types
from histories.store.facts.together import take_together
from serving.live import unavailable
from serving.live.entries import Entry
from serving.live.hubspot import Events, attributes_of, merge
from serving.live.hubspot_merges import complete, merged
from serving.live.reader import Reader, traits_of
from serving.live.taking import planned, touched, verdicts
from serving.wire import complaint, duplicates, structure
from serving.wire.bounds import json_of
from serving.wire.errors import Problem, RequestError
from serving.wire.incoming import (
    MOST_ROWS,
    IngestResponse,
    InteractionsRequest,
    LeadsRequest,
    OutcomesRequest,
    Status,
    WireVerdict,
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
        reader = self._reader(rows, now)
        return self._kept("interactions", [reader.interaction(one) for one in rows], request_id, now)

    def outcomes(self, body: bytes, request_id: str, now: int) -> Reply:
        """Answer `/v1/outcomes`."""
        rows = _rows(OutcomesRequest, "outcomes", body)
        reader = self._reader((), now)
        return self._kept("outcomes", [reader.outcome(one) for one in rows], request_id, now)

    def leads(self, body: bytes, request_id: str, now: int) -> Reply:
        """Answer `/v1/leads`."""
        rows = _rows(LeadsRequest, "leads", body)
        reader = self._reader(rows, now)
        return self._kept("leads", [reader.lead(one) for one in rows], request_id, now)

    def hubspot(self, names: Mapping[str, str]) -> Callable[[bytes, str, int], Reply]:
        """Return what answers `/v1/hubspot`. `names` are attributes by the properties that hold them."""

        def answer(body: bytes, request_id: str, now: int) -> Reply:
            raw = _events(body)
            read = Events(self._reader_of(attributes_of(raw, names), now), names)
            entries, merges = [], {}
            for place, one in enumerate(raw):
                event, entry = read.read(one)
                entries.append(entry)
                if event is not None and (told := merge(event)) is not None:
                    merges[place] = told
            with unavailable.told():
                watermark, found = self._taken("hubspot", entries, now)
                complete(self.store, touched(entries), now)
                for place, told in merges.items():
                    found[place] = merged(self.store, told, raw[place], now)
            return self._reply("hubspot", watermark, found, request_id)

        return answer

    def _reader(self, rows: Sequence[object], now: int) -> Reader:
        return self._reader_of(frozenset[str]().union(*map(traits_of, rows)), now)

    def _reader_of(self, attributes: Collection[str], now: int) -> Reader:
        """Return what reads rows in which these attributes have the types that their sender knows, or texts alone."""
        with unavailable.told():
            return Reader(now, self.types, attribute_types(self.store, attributes), self.allow_personal)

    def _kept(self, source: str, entries: Sequence[Entry], request_id: str, now: int) -> Reply:
        """Keep what rows amount to, in one transaction; `source` is what the quarantine and the metrics call them."""
        with unavailable.told():
            watermark, found = self._taken(source, entries, now)
        return self._reply(source, watermark, found, request_id)

    def _taken(self, source: str, entries: Sequence[Entry], now: int) -> tuple[int, list[WireVerdict]]:
        rows, taken = take_together(
            self.store, touched(entries), lambda known: planned(source, entries, known, now), now
        )
        return taken.watermark, list(verdicts(entries, rows, taken))

    def _reply(self, source: str, watermark: int, found: Sequence[WireVerdict], request_id: str) -> Reply:
        counts = {status: sum(one.status == status for one in found) for status in get_args(Status)}
        response = IngestResponse(
            request_id=request_id,
            watermark=watermark,
            added=counts["added"],
            duplicates=counts["duplicate"],
            refused=counts["refused"],
            ignored=counts["ignored"],
            rows=tuple(found),
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


def _events(body: bytes) -> Sequence[object]:
    raw = parsed(body)
    if not isinstance(raw, list) or not 1 <= len(raw) <= MOST_ROWS:
        raise RequestError(Problem.INVALID_REQUEST, f"the body is no list of 1 to {MOST_ROWS:,} events")
    return raw


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
