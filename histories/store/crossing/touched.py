"""Which leads are to be scored again: new rows came, or what was said of them ends."""

from collections.abc import Mapping
from typing import NamedTuple

import sqlalchemy as sa

from histories.store.database.schema import ATTRIBUTES, INTERACTIONS, LEADS, MERGES, OUTCOMES, STANDINGS, SUPPRESSIONS
from histories.store.facts.rows import MOST_ROWS
from histories.store.facts.store import known_watermark

_ROWS = 5 * MOST_ROWS  # of one table; a batch may have more, as leads with their attributes have
_SOURCES = (
    (LEADS, LEADS.c.lead_id),
    (INTERACTIONS, INTERACTIONS.c.lead_id),
    (ATTRIBUTES, ATTRIBUTES.c.lead_id),
    (OUTCOMES, OUTCOMES.c.lead_id),
    (MERGES, MERGES.c.into_lead),
    (SUPPRESSIONS, SUPPRESSIONS.c.lead_id),
)


class Touched(NamedTuple):
    """The leads of all rows beyond one watermark, up to `watermark`, each with the newest that touched it.

    `newest` is the store's own watermark.
    """

    watermark: int
    newest: int
    leads: dict[str, int]


def touched(connection: sa.Connection, after: int) -> Touched:
    """Return the leads that the batches after a watermark touched: of all, or of the first few thousand rows.

    Of one batch at least, whatever it has.
    """
    newest = upto = known_watermark(connection, None)
    found: list[tuple[int, str]] = []
    for table, lead_id in _SOURCES:
        query = sa.select(table.c.watermark, lead_id).where(table.c.watermark > after, table.c.watermark <= upto)
        rows = connection.execute(query.order_by(table.c.watermark).limit(_ROWS)).all()
        if len(rows) == _ROWS:
            first, last = rows[0][0], rows[-1][0]
            upto = max(first, last - 1)  # the last batch may have been cut
            if first == last:
                rows = connection.execute(query.where(table.c.watermark == first).distinct()).all()
        found += [(watermark, lead) for watermark, lead in rows]
    leads: dict[str, int] = {}
    for watermark, lead in found:
        if watermark <= upto:
            leads[lead] = max(watermark, leads.get(lead, 0))
    return Touched(upto, newest, leads)


def ended(connection: sa.Connection, now: int, most: int) -> list[str]:
    """Return leads whose standing is to be looked at again by now, the longest overdue first."""
    query = sa.select(STANDINGS.c.lead_id).where(STANDINGS.c.rescore_at <= now)
    return list(connection.execute(query.order_by(STANDINGS.c.rescore_at).limit(most)).scalars())


def look_again(connection: sa.Connection, moments: Mapping[str, int | None]) -> None:
    """Have leads scored again at a moment, or before where that is said already; None: never of itself."""
    at = sa.bindparam("at", type_=sa.BigInteger)
    there = STANDINGS.c.rescore_at
    earlier = sa.case((at.is_(None), None), (there < at, there), else_=at)
    update = sa.update(STANDINGS).where(STANDINGS.c.lead_id == sa.bindparam("lead")).values(rescore_at=earlier)
    values = [{"lead": lead_id, "at": moment} for lead_id, moment in sorted(moments.items())]
    if values:
        connection.execute(update, values)
