"""What a receiver is told of a crossing: a small JSON document that names a lead by its id alone."""

import json
from typing import TYPE_CHECKING

from histories import clock
from histories.store.crossing.standing import GRADE, Line

if TYPE_CHECKING:
    from histories.store.database.score_row import ScoreRow

VERSION = 1


def event(row: "ScoreRow", line: Line, number: int, follow_up_by: int | None, now: int) -> str:
    """Return the body: the same bytes at each attempt. `number` is the crossing's place within the lead, from 1.

    `docs/webhooks.md` lists the fields. No attribute, no interaction and no account is in it.
    """
    data = {
        "lead_id": row.lead_id,
        "number": number,
        "before": line.before,
        "after": line.after,
        "probability_sql": row.probability_sql,
        "probability_customer": row.probability_customer,
        "score": row.score,
        "grade": row.grade,
        "rule_points": row.rule_points,
        "rule_grade": row.rule_grade,
        "rule_stage": row.rule_stage,
        "stage": row.stage,
        "next_action": row.next_action,
        "follow_up_by": clock.iso_or_none(follow_up_by),
        "as_of": clock.iso(row.as_of),
        "model_version": row.bundle_version,
        "rulebook_version": row.rulebook_version,
    }
    kind = "lead.grade_changed" if line.kind == GRADE else f"lead.reached_{line.kind}"
    return json.dumps({"type": kind, "version": VERSION, "timestamp": clock.iso(now), "data": data}, allow_nan=False)
