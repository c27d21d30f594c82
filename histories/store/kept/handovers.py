"""Which leads were handed over to sales, in what order, and how likely each was to be on the list."""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from histories.store.database.schema import HANDOVERS
from histories.store.facts.store import Store
from histories.store.facts.tombstones import forgotten


@dataclass(frozen=True, slots=True)
class Handover:
    """A lead on a list of calls.

    `place` counts from 1; `explored`: it was drawn by lot; `propensity`: how likely this lead was to be on this list,
    above 0 and at most 1, whatever the lot; `score_id`: the answer that was kept of it.
    """

    list_id: str
    lead_id: str
    as_of: int
    place: int
    explored: bool
    propensity: float
    score_id: int | None = None


def is_handed_over(store: Store, list_id: str) -> bool:
    """Tell whether a list is written down already. Raises StoreUnavailableError."""
    with store.database.reading() as connection:
        rows = sa.select(HANDOVERS.c.list_id).where(HANDOVERS.c.list_id == list_id)
        return connection.execute(rows.limit(1)).scalar() is not None


def hand_over(store: Store, rows: Sequence[Handover]) -> int:
    """Write down a list; return how many rows are new. The same list again changes nothing, of forgotten leads nothing is kept.

    Raises ValueError for a propensity that is none, StoreUnavailableError.
    """
    for one in rows:
        if not 0 < one.propensity <= 1:
            raise ValueError(f"propensity {one.propensity!r} of place {one.place}: above 0 and at most 1")
    given = [
        {
            "list_id": one.list_id,
            "lead_id": one.lead_id,
            "as_of": one.as_of,
            "place": one.place,
            "explored": int(one.explored),
            "propensity": one.propensity,
            "score_id": one.score_id,
        }
        for one in rows
    ]

    def work(connection: sa.Connection) -> int:
        insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
        statement = insert(HANDOVERS).on_conflict_do_nothing().execution_options(preserve_rowcount=True)
        written = {one.lead_id: 0 for one in rows}
        for one, row in zip(rows, given, strict=True):
            written[one.lead_id] += connection.execute(statement, row).rowcount
        # Inserted first: who forgets a lead waits for this transaction, or is seen here.
        gone = forgotten(connection, written)
        if gone:
            connection.execute(sa.delete(HANDOVERS).where(HANDOVERS.c.lead_id.in_(gone)))
        return sum(count for lead_id, count in written.items() if lead_id not in gone)

    return store.database.written(work)
