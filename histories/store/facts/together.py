"""Rows of several kinds in one transaction, made from what the store knows when they come."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import TypeVar

import sqlalchemy as sa

from histories.store.database.schema import ATTRIBUTES, LEADS
from histories.store.facts import intake
from histories.store.facts.intake import Intake, Row
from histories.store.facts.retyped import as_stored, retyped
from histories.store.facts.rows import AttributeRow, InteractionRow, LeadRow, OutcomeRow, RowResult
from histories.store.facts.store import Store
from histories.store.facts.writing import keep_aside, next_watermark, take_in_under

_IDS_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class Known:
    """What the store knew of some leads: which there are, and the newest value of each of their attributes.

    `newest` has a value by lead_id and name; None: known to be missing.
    """

    leads: frozenset[str]
    newest: Mapping[tuple[str, str], str | float | None]


@dataclass(frozen=True, slots=True)
class Refused:
    """A row that was none: the table it was meant for, its JSON, and why."""

    source: str
    row: str
    reason: str


@dataclass(frozen=True)
class Rows:
    """Rows of all kinds, any number of each."""

    leads: tuple[LeadRow, ...] = ()
    attributes: tuple[AttributeRow, ...] = ()
    interactions: tuple[InteractionRow, ...] = ()
    outcomes: tuple[OutcomeRow, ...] = ()
    refused: tuple[Refused, ...] = ()


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of them, kind by kind in the order given, under one watermark."""

    watermark: int
    leads: tuple[RowResult, ...]
    attributes: tuple[RowResult, ...]
    interactions: tuple[RowResult, ...]
    outcomes: tuple[RowResult, ...]


Made = TypeVar("Made", bound=Rows)


def take_together(
    store: Store, lead_ids: Collection[str], made: Callable[[Known], Made], recorded_at: int
) -> tuple[Made, Taken]:
    """Take in what `made` makes of what is known of these leads, as a whole; return both, durable.

    `made` may be called again, where another writer came in between. Raises StoreUnavailableError.
    """

    def work(connection: sa.Connection) -> tuple[Made, Taken]:
        watermark = next_watermark(connection)
        rows = made(_known(connection, sorted(lead_ids)))

        def take(how: Intake[Row], some: tuple[Row, ...]) -> tuple[RowResult, ...]:
            if not some:
                return ()
            return tuple(take_in_under(connection, watermark, how, how.prepared(some), recorded_at))

        taken = Taken(
            watermark,
            take(intake.LEADS, rows.leads),
            take(intake.ATTRIBUTES, rows.attributes),
            take(intake.INTERACTIONS, rows.interactions),
            take(intake.OUTCOMES, rows.outcomes),
        )
        for source in {one.source for one in rows.refused}:
            texts = [(one.row, one.reason) for one in rows.refused if one.source == source]
            keep_aside(connection, source, texts, recorded_at, watermark)
        return rows, taken

    return store.database.written(work)


def _known(connection: sa.Connection, lead_ids: list[str]) -> Known:
    leads: set[str] = set()
    newest: dict[tuple[str, str], str | float | None] = {}
    numbers = retyped(connection) if lead_ids else frozenset[str]()
    for start in range(0, len(lead_ids), _IDS_AT_ONCE):
        some = lead_ids[start : start + _IDS_AT_ONCE]
        leads.update(connection.execute(sa.select(LEADS.c.lead_id).where(LEADS.c.lead_id.in_(some))).scalars())
        table = ATTRIBUTES.c
        query = sa.select(table.lead_id, table.name, table.text, table.number).where(table.lead_id.in_(some))
        for lead_id, name, text, number in connection.execute(query.order_by(sa.func.coalesce(table.known_at, -1))):
            newest[lead_id, name] = as_stored(name, text, number, numbers)
    return Known(frozenset(leads), newest)
