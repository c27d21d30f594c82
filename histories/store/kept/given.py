"""All answers given since a moment, and all leads handed over, as tables: what a monitor holds against what followed."""

from collections.abc import Iterator

import pyarrow as pa
import sqlalchemy as sa

from histories.store.database.schema import HANDOVERS, SCORES
from histories.store.facts.store import Store
from histories.store.known.merging import Merges
from histories.store.known.persons import all_merges, moment

GIVEN = pa.schema(
    [
        ("score_id", pa.int64()),
        ("lead_id", pa.string()),
        ("as_of", pa.int64()),
        ("answered_at", pa.int64()),
        ("what_if", pa.bool_()),
        ("bundle_version", pa.string()),
        ("rulebook_version", pa.string()),
        ("probability_sql", pa.float64()),
        ("probability_customer", pa.float64()),
        ("rule_points", pa.float64()),
    ]
)
HANDED_OVER = pa.schema(
    [
        ("list_id", pa.string()),
        ("lead_id", pa.string()),
        ("as_of", pa.int64()),
        ("explored", pa.bool_()),
        ("propensity", pa.float64()),
        ("score_id", pa.int64()),
    ]
)
_ROWS_AT_ONCE = 50_000


def given(store: Store, since: int, until: int) -> pa.Table:
    """Return the answers given from `since` to `until` (UTC microseconds, both in it), as GIVEN, by score_id.

    A lead that was merged into another has that one's `lead_id`. `what_if`: the request told something in addition to
    what the store knew. A null probability: the target's stage was reached. Raises StoreUnavailableError.
    """
    scores = SCORES.c
    what_if = sa.and_(scores.stored == 1, scores.given.is_not(None))
    columns = [what_if.label("what_if") if name == "what_if" else scores[name] for name in GIVEN.names]
    query = sa.select(*columns).where(scores.answered_at.between(since, until)).order_by(scores.score_id)
    return _table(store, query, GIVEN)


def handed_over(store: Store, since: int, until: int) -> pa.Table:
    """Return the leads handed over as of `since` to `until` (both in it), as HANDED_OVER, by list and place.

    `explored`: it was drawn by lot. A lead that was merged has the surviving one's `lead_id`; a null score_id: its
    answer was not kept. Raises StoreUnavailableError.
    """
    table = HANDOVERS.c
    query = sa.select(*(table[name] for name in HANDED_OVER.names)).where(table.as_of.between(since, until))
    return _table(store, query.order_by(table.as_of, table.list_id, table.place), HANDED_OVER)


def _table(store: Store, query: sa.Select[tuple[object, ...]], schema: pa.Schema) -> pa.Table:
    with store.database.reading() as connection:
        merges = all_merges(connection, moment(connection, None))
        found = connection.execute(query, execution_options={"yield_per": _ROWS_AT_ONCE})
        batches = [_batch(list(zip(*rows, strict=True)), schema, merges) for rows in found.partitions()]
    return pa.Table.from_batches(batches, schema=schema)


def _batch(columns: list[tuple[object, ...]], schema: pa.Schema, merges: Merges) -> pa.RecordBatch:
    arrays = []
    for field, column in zip(schema, columns, strict=True):
        values: Iterator[object] | tuple[object, ...] = column
        if field.name == "lead_id":
            values = (merges.survivor(str(one)) for one in column)
        elif field.type == pa.bool_():  # SQLite knows numbers alone
            values = (bool(one) for one in column)
        arrays.append(pa.array(list(values), field.type))
    return pa.record_batch(arrays, schema=schema)
