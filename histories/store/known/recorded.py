"""What the store had been told by a moment: the watermark before the first row that was recorded later."""

import sqlalchemy as sa

from histories.store.database.schema import ATTRIBUTES, INTERACTIONS, LEADS, MERGES, OUTCOMES, SUPPRESSIONS
from histories.store.facts.store import Store, known_watermark

_FACTS = (LEADS, INTERACTIONS, ATTRIBUTES, OUTCOMES, MERGES, SUPPRESSIONS)


def watermark_by(store: Store, moment: int) -> int:
    """Return the newest watermark up to which everything was recorded by a moment (UTC microseconds).

    All rows are looked at: an index on what is asked once a day would cost each batch. Raises StoreUnavailableError.
    """
    with store.database.reading() as connection:
        newest = known_watermark(connection, None)
        later = [
            connection.execute(sa.select(sa.func.min(table.c.watermark)).where(table.c.recorded_at > moment)).scalar()
            for table in _FACTS
        ]
    return min([newest, *(int(one) - 1 for one in later if one is not None)])
