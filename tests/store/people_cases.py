"""A person, a colleague of the same account and somebody else, with a row of each in every table of the store."""

import json
from pathlib import Path

import sqlalchemy as sa

from histories.contract import Attribute, Interaction, Outcome, Stage
from histories.store import AttributeRow, InteractionRow, LeadRow, OutcomeRow, Store
from histories.store.database.schema import CROSSINGS, HANDOVERS, METADATA, SCORES, STANDINGS, SUPPRESSIONS

PERSON, COLLEAGUE, OTHER = "lead-Zoë:77", "lead-col", "lead-other"
VALUE = "a-most-telling-value"
NOW = 1_000


def fill(store: Store) -> None:
    """Take rows of all three in: nothing of the other two names the person, or the value."""
    leads = (PERSON, "acme", VALUE), (COLLEAGUE, "acme", "plain"), (OTHER, None, "plain")
    store.add_leads([LeadRow(one, 1, account) for one, account, _ in leads], NOW)
    store.add_interactions([interaction(one, 10, value) for one, _, value in leads], NOW)
    store.add_attributes([AttributeRow(one, Attribute("note", value, 2)) for one, _, value in leads], NOW)
    store.add_outcomes([OutcomeRow(one, Outcome(Stage.SQL, 20, 5.0)) for one, _, _ in leads], NOW)
    store.add_outcomes([OutcomeRow(one, Outcome(Stage.SQL, 20, 6.0)) for one, _, _ in leads], NOW)  # refused
    with store.database.engine.begin() as connection:
        for one, _, _ in leads:
            answers(connection, one, store.watermark())


def interaction(lead_id: str, moment: int, channel: str = "web", name: str | None = None) -> InteractionRow:
    return InteractionRow(lead_id, Interaction(name or f"i:{lead_id}:{moment}", moment, "call", channel=channel))


def answers(connection: sa.Connection, lead_id: str, watermark: int) -> None:
    """One row of the lead in each table that is no fact."""
    kept(connection, lead_id, watermark)
    connection.execute(sa.insert(STANDINGS).values(lead_id=lead_id, as_of=30, watermark=watermark))
    connection.execute(
        sa.insert(HANDOVERS).values(list_id="l", lead_id=lead_id, as_of=30, place=1, explored=0, propensity=1.0)
    )
    connection.execute(sa.insert(SUPPRESSIONS).values(lead_id=lead_id, watermark=0, suppressed=0, recorded_at=NOW))
    crossing(connection, lead_id, 1)


def crossing(connection: sa.Connection, lead_id: str, number: int, state: str = "pending") -> None:
    row = {
        "crossing_id": f"msg:{lead_id}:{number}",
        "lead_id": lead_id,
        "number": number,
        "kind": "mql",
        "after": "mql",
    }
    more = {"as_of": 30, "score_id": 1, "made_at": 30, "state": state, "attempts": 0, "next_attempt_at": 31}
    connection.execute(sa.insert(CROSSINGS).values(**row, **more, payload=json.dumps({"lead_id": lead_id})))


def kept(
    connection: sa.Connection, lead_id: str, watermark: int, as_of: int = 30, given: str | None = None, stored: int = 1
) -> None:
    """Keep an answer."""
    row = {"request_id": "r", "lead_id": lead_id, "as_of": as_of, "answered_at": 40, "watermark": watermark}
    more = {"stored": stored, "given": given, "bundle_version": "b", "rulebook_version": "r", "rule_points": 1.0}
    connection.execute(sa.insert(SCORES).values(**row, **more, inputs_forgotten=0))


def naming(store: Store, *words: str) -> dict[str, int]:
    """How many rows of each table hold one of these words anywhere; tables without any are left out."""
    found: dict[str, int] = {}
    with store.database.reading() as connection:
        for table in METADATA.sorted_tables:
            rows = [
                json.dumps([str(value) for value in row], ensure_ascii=False)
                for row in connection.execute(sa.select(table))
            ]
            escaped = [json.dumps(word)[1:-1].replace("\\", "\\\\") for word in words]
            count = sum(any(word in row for word in (*words, *escaped)) for row in rows)
            found |= {table.name: count} if count else {}
    return found


def bytes_of(place: Path) -> bytes:
    """All bytes of a database file and what lies beside it."""
    return b"".join(one.read_bytes() for one in sorted(place.parent.glob(f"{place.name}*")))
