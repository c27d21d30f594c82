"""Of rows that may have come before: those that the store does not have yet, or has with another content."""

from collections.abc import Sequence
from dataclasses import replace

import sqlalchemy as sa

from histories.store.facts.intake import ATTRIBUTES, Intake, Row
from histories.store.facts.retyped import retyped, with_numbers
from histories.store.facts.rows import AttributeRow
from histories.store.facts.store import Store


def missing(store: Store, how: Intake[Row], rows: Sequence[Row]) -> list[Row]:
    """Return the rows that are not there as they are; reading tells, so that a load that goes on writes little."""
    prepared = [one.values for one in how.prepared(rows)]
    known = {how.key_of(one): one for one in _stored(store, how, {one[how.key[0]] for one in prepared})}
    found = []
    for row, values in zip(rows, prepared, strict=True):
        there = known.get(how.key_of(values))
        if there is None or how.difference(there, values) is not None:
            found.append(row)
    return found


def missing_attributes(store: Store, rows: Sequence[AttributeRow], exported_at: int) -> list[AttributeRow]:
    """Return what `missing` does of attributes, as an export of that moment (UTC microseconds) tells them.

    An export tells undated what it has now. Where the store has another value from before, the new one is known from
    the export on.
    """
    prepared = [one.values for one in ATTRIBUTES.prepared(rows)]
    versions: dict[tuple[object, object], dict[int, object]] = {}
    for lead_id, name, text, number, known_at in _stored(store, ATTRIBUTES, {one[0] for one in prepared}):
        versions.setdefault((lead_id, name), {})[-1 if known_at is None else int(known_at)] = (text, number)
    found = []
    for row, (lead_id, name, text, number, known_at) in zip(rows, prepared, strict=True):
        there = versions.get((lead_id, name), {})
        if known_at is not None:
            if there.get(int(known_at)) != (text, number):
                found.append(row)
            continue
        before = [at for at in there if at <= exported_at]
        if not before:
            found.append(row)
        elif there[max(before)] != (text, number):
            found.append(replace(row, attribute=replace(row.attribute, known_at=exported_at)))
    return found


def _stored(
    store: Store, how: Intake[Row], names: set[str | int | float | None]
) -> list[tuple[str | int | float | None, ...]]:
    columns = [how.table.c[name] for name in how.columns]
    with store.database.reading() as connection:
        query = sa.select(*columns).where(how.table.c[how.lookup].in_(names))
        rows = [tuple(row) for row in connection.execute(query)]
        return with_numbers(rows, retyped(connection)) if how is ATTRIBUTES else rows
