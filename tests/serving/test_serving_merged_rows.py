"""In whatever form a CRM tells again what a lead did that was merged since, it counts once."""

import json
from pathlib import Path
from typing import Any

import pytest
from serving_intake import NOW, emptied, intake, posted, said

from histories import clock, store
from histories.store.privacy import people

AT = "2026-02-01T00:00:00Z"
OWN = {"lead_id": "1", "occurred_at": AT, "kind": "reply", "channel": "email"}
TRACK = {"type": "track", "event": "Demo", "userId": "1", "timestamp": AT}
EVENT = {"specversion": "1.0", "id": "7", "source": "/calls", "type": "call", "subject": "1", "time": AT}
HUBSPOT = {
    "subscriptionType": "contact.propertyChange",
    "objectId": 1,
    "occurredAt": clock.parse(AT) // 1_000,
    "propertyName": "hs_sales_email_last_replied",
    "propertyValue": str(clock.parse(AT) // 1_000),
}


@pytest.mark.parametrize(
    ("form", "whose"),
    [
        (OWN, "lead_id"),
        (OWN | {"interaction_id": "i1"}, "lead_id"),
        (TRACK, "userId"),
        (TRACK | {"messageId": "m1"}, "userId"),
        (EVENT, "subject"),
        (HUBSPOT, "objectId"),
    ],
)
def test_what_was_told_of_the_lead_that_ended_is_a_duplicate_under_the_other(
    form: dict[str, Any], whose: str, tmp_path: Path
) -> None:
    def told(lead_id: int) -> list[tuple[str, str | None]]:
        row = form | {whose: lead_id if form is HUBSPOT else str(lead_id)}
        if form is not HUBSPOT:
            return said(posted(one, "interactions", {"interactions": [row]}))
        return said(json.loads(one.hubspot({})(json.dumps([row]).encode(), "r", NOW).body))

    with emptied(tmp_path) as opened:
        one = intake(opened)
        leads = [{"lead_id": str(number), "created_at": "2026-01-01T00:00:00Z"} for number in (1, 2, 3)]
        posted(one, "leads", {"leads": leads})
        assert told(1) == [("added", None)]
        people.merge(opened, "1", "2", clock.parse("2026-02-10"), NOW)
        assert told(2) == [("duplicate", None)]
        assert len(store.lead(opened, "2").interactions) == 1
        assert opened.quarantined() == ()
