"""The store itself: opened at a URL, written to in batches."""

from collections.abc import Sequence
from types import TracebackType
from typing import Self

import sqlalchemy as sa

from histories.errors import CallError, DataError
from histories.store.database import migrate
from histories.store.database.connections import Database
from histories.store.database.schema import QUARANTINE, WATERMARK
from histories.store.facts import intake
from histories.store.facts.intake import Intake, Row
from histories.store.facts.rows import (
    MOST_ROWS,
    AttributeRow,
    BatchResult,
    InteractionRow,
    LeadRow,
    OutcomeRow,
    Quarantined,
)
from histories.store.facts.writing import take_in


class Store:
    """What is known of leads, as it came in. Safe for threads; another process opens it by its URL, never by a fork.

    Each `add_*` takes 1 to 1,000 rows in one transaction: when it returns, all of them are durable, and the result
    says row by row what became of them. A row that is there already changes nothing, one that says something else
    under the same name is refused to quarantine. `recorded_at` is the moment at which the store takes the batch in
    (UTC microseconds). They raise CallError where the batch is empty or too large, StoreUnavailableError where the
    database does not answer; the batch may be sent again then.
    """

    def __init__(self, database: Database) -> None:
        self.database = database

    @classmethod
    def open(cls, url: str) -> Self:
        """Open the store at `sqlite:///PATH` or `postgresql://USER@HOST/DATABASE`.

        Raises CallError where the URL is neither, DataError where the store is not made or of another version,
        StoreUnavailableError where the database does not answer.
        """
        database = Database(url)
        try:
            migrate.refuse_other_shapes(database)
        except DataError:
            database.close()
            raise
        return cls(database)

    def __repr__(self) -> str:
        """Name the place, never the password."""
        return f"Store({self.database.label!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections."""
        self.database.close()

    def watermark(self) -> int:
        """Return the number of the newest batch; 0: nothing came yet."""
        with self.database.reading() as connection:
            return known_watermark(connection, None)

    def add_leads(self, rows: Sequence[LeadRow], recorded_at: int) -> BatchResult:
        """Take leads in; a lead is named by its lead_id."""
        return self._add(intake.LEADS, rows, recorded_at)

    def add_interactions(self, rows: Sequence[InteractionRow], recorded_at: int) -> BatchResult:
        """Take interactions in; one is named by its interaction_id, and the first `received_at` stays."""
        return self._add(intake.INTERACTIONS, rows, recorded_at)

    def add_attributes(self, rows: Sequence[AttributeRow], recorded_at: int) -> BatchResult:
        """Take versions of attributes in; one is named by lead, name and known_at. The first value makes the type."""
        return self._add(intake.ATTRIBUTES, rows, recorded_at)

    def add_outcomes(self, rows: Sequence[OutcomeRow], recorded_at: int) -> BatchResult:
        """Take outcomes in; one is named by lead, stage and reached_at."""
        return self._add(intake.OUTCOMES, rows, recorded_at)

    def quarantined(self, watermark: int | None = None) -> tuple[Quarantined, ...]:
        """Return what was refused up to a watermark (None: now), in the order in which it first came."""
        with self.database.reading() as connection:
            known = known_watermark(connection, watermark)
            table = QUARANTINE.c
            query = sa.select(table.source, table.row, table.reason, table.received_at)
            query = query.where(table.watermark <= known).order_by(table.watermark, table.digest)
            return tuple(Quarantined(*row) for row in connection.execute(query))

    def newest_quarantined(self, most: int, source: str | None = None) -> tuple[Quarantined, ...]:
        """Return the newest so many refused rows, the newest first; of one source, or of all."""
        table = QUARANTINE.c
        query = sa.select(table.source, table.row, table.reason, table.received_at).where(_of(source))
        with self.database.reading() as connection:
            rows = connection.execute(query.order_by(table.watermark.desc(), table.digest.desc()).limit(most))
            return tuple(Quarantined(*row) for row in rows)

    def quarantine_counts(self, source: str | None = None) -> dict[tuple[str, str], int]:
        """Return how many rows were refused, by source and reason, the most first."""
        table, count = QUARANTINE.c, sa.func.count()
        query = sa.select(table.source, table.reason, count).where(_of(source)).group_by(table.source, table.reason)
        with self.database.reading() as connection:
            rows = connection.execute(query.order_by(count.desc(), table.source, table.reason))
            return {(where, reason): number for where, reason, number in rows}

    def _add(self, how: Intake[Row], rows: Sequence[Row], recorded_at: int) -> BatchResult:
        if not 1 <= len(rows) <= MOST_ROWS:
            raise CallError(f"a batch has {len(rows):,} rows; allowed are 1 to {MOST_ROWS:,}: send several batches")
        prepared = how.prepared(rows)
        return self.database.written(lambda connection: take_in(connection, how, prepared, recorded_at))


def _of(source: str | None) -> sa.ColumnElement[bool]:
    return sa.true() if source is None else QUARANTINE.c.source == source


def known_watermark(connection: sa.Connection, wanted: int | None) -> int:
    """Return the watermark to read at; None is the newest. Raises DataError where the store has not come to it."""
    newest = int(connection.execute(sa.select(WATERMARK.c.value)).scalar_one())
    if wanted is None:
        return newest
    if not 0 <= wanted <= newest:
        raise DataError(f"watermark {wanted} is none of this store's; it has 0 to {newest}")
    return wanted
