"""A history store filled with what leads did, and a predictor that answers from it."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from histories import clock
from histories.contract import LeadHistory
from histories.store import AttributeRow, InteractionRow, LeadRow, OutcomeRow, Store
from serving.predictor import Predictor

Row = TypeVar("Row")
RECORDED_AT = clock.parse("2026-01-01")


def fill(store: Store, leads: Iterable[LeadHistory]) -> None:
    """Take all of these leads in; of an account, all leads must be among them."""
    known = list(leads)
    for some in batched_rows([LeadRow(one.lead_id, one.created_at, one.account_id) for one in known]):
        store.add_leads(some, RECORDED_AT)
    for some in batched_rows([AttributeRow(one.lead_id, each) for one in known for each in one.attributes]):
        store.add_attributes(some, RECORDED_AT)
    for some in batched_rows([InteractionRow(one.lead_id, each) for one in known for each in one.interactions]):
        store.add_interactions(some, RECORDED_AT)
    for some in batched_rows([OutcomeRow(one.lead_id, each) for one in known for each in one.outcomes]):
        store.add_outcomes(some, RECORDED_AT)


def paired(leads: Sequence[LeadHistory]) -> list[LeadHistory]:
    """Put each two neighbours into one account, as colleagues of each other; the number of leads is even."""
    made = []
    for place, one in enumerate(leads):
        other = leads[place ^ 1]
        made.append(replace(one, account_id=f"account {place // 2}", account_interactions=other.interactions))
    return made


def batched_rows(rows: Sequence[Row]) -> Iterable[Sequence[Row]]:
    return (rows[start : start + 1_000] for start in range(0, len(rows), 1_000))


def asked(lead_id: str, as_of: int | None = None, **told: Any) -> bytes:
    """The body of `/v1/predict_one` that names a lead."""
    around = {} if as_of is None else {"as_of": clock.iso(as_of)}
    return json.dumps({"lead_id": lead_id, **around, **told}).encode()


def answer(predictor: Predictor, body: bytes, now: int, request_id: str = "r1") -> dict[str, Any]:
    return json.loads(predictor.predict_one(body, request_id, now).body)  # type: ignore[no-any-return]
