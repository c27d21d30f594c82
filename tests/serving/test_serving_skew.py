"""A lead that a sender with a fast clock has just made is scored as made now, and one of the future is not."""

import json

import pytest

from histories import clock
from serving.predictor import Predictor
from serving.wire.errors import RequestError

NOW = clock.parse("2026-03-01T09:00:00Z")
SECOND = clock.SECOND


def body(created_at: int, **fields: str) -> dict[str, str]:
    return {"lead_id": "L", "created_at": clock.iso(created_at), **fields}


def asked(predictor: Predictor, lead: dict[str, str]) -> dict[str, object]:
    return dict(json.loads(predictor.predict_one(json.dumps(lead).encode(), "r1", NOW).body))


@pytest.mark.parametrize("ahead", [1, 5 * SECOND, 60 * SECOND])
def test_up_to_a_minute_ahead_counts_as_made_now(predictor: Predictor, ahead: int) -> None:
    assert asked(predictor, body(NOW + ahead)) == asked(predictor, body(NOW))
    batch = json.dumps({"leads": [body(NOW + ahead), body(NOW)]}).encode()
    first, other = json.loads(predictor.predict(batch, "r1", NOW).body)["leads"]
    assert first == other
    assert first["status"] == "scored"


def test_beyond_a_minute_and_after_a_moment_that_was_asked_for_it_fails(predictor: Predictor) -> None:
    for late in (body(NOW + 60 * SECOND + 1), body(NOW + 1, as_of=clock.iso(NOW))):
        with pytest.raises(RequestError, match=r"^the lead was created after as_of; score it as of a later moment"):
            asked(predictor, late)
