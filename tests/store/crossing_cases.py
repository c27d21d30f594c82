"""Answers about leads, as they are kept, and what is noted of them."""

from dataclasses import replace
from itertools import count

import sqlalchemy as sa

from histories.store import Store
from histories.store.crossing import crossings, deliveries
from histories.store.crossing.crossings import STATES, Crossing
from histories.store.crossing.standing import NOT_KNOWN, Agreed
from histories.store.database.score_row import ScoreRow

_NUMBERS = count(1)
PLAIN = ScoreRow(
    request_id="r",
    lead_id="a",
    as_of=100,
    answered_at=100,
    watermark=1,
    stored=1,
    given=None,
    bundle_version="b1",
    rulebook_version="r1",
    probability_sql=0.5,
    probability_customer=0.25,
    score=81.5,
    grade="C",
    rule_points=45.0,
    rule_grade="B2",
    rule_stage="lead",
    stage="lead",
    agreement="both_low",
    next_action="nurture",
    follow_up_by=None,
    valid_until=None,
)


def answer(lead_id: str, rule_stage: str, as_of: int, **changes: object) -> ScoreRow:
    """An answer from the store, with a number of its own."""
    row = replace(PLAIN, lead_id=lead_id, rule_stage=rule_stage, as_of=as_of, answered_at=as_of)
    return replace(row, score_id=next(_NUMBERS), **changes)  # type: ignore[arg-type]


def begin(store: Store, *lead_ids: str) -> None:
    """Give leads a standing of which nothing was known, where they have none."""
    store.database.written(lambda connection: crossings.begin(connection, [], dict.fromkeys(lead_ids)))


def note(store: Store, *rows: ScoreRow, now: int | None = None, agreed: Agreed = NOT_KNOWN) -> None:
    """Note answers in a transaction, at the moment of the last of them, of leads that rescoring has begun."""
    at = rows[-1].as_of if now is None else now
    begin(store, *(row.lead_id for row in rows if row.stored))
    store.database.written(lambda connection: crossings.note(connection, rows, at, agreed))


def there(store: Store, lead_id: str | None = None) -> list[Crossing]:
    """All crossings, in order within each lead."""
    with store.database.reading() as connection:
        found = deliveries.listed(connection, STATES, lead_id, 100_000)
    return sorted(found, key=lambda one: (one.lead_id, one.number))


def told(store: Store, lead_id: str = "a") -> list[tuple[str, str | None, str]]:
    """Kind, before and after of a lead's crossings."""
    return [(one.kind, one.before, one.after) for one in there(store, lead_id)]


def take(store: Store, now: int, until: int | None = None) -> Crossing | None:
    """Take what is due."""
    end = now + 30 if until is None else until
    return store.database.written(lambda connection: deliveries.take(connection, now, end))


def deliver(store: Store, crossing: Crossing, now: int) -> bool:
    """Say that one was delivered."""
    return store.database.written(lambda connection: deliveries.delivered(connection, crossing, now))


def changed(store: Store, statement: sa.Update) -> None:
    """Change the store behind everybody's back."""
    store.database.written(lambda connection: connection.execute(statement))
