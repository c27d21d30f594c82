"""Takes one batch in, within one transaction: what is new, what is there already, what is refused."""

import hashlib
import json
from collections.abc import Collection, Hashable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from histories.contract import AttributeType
from histories.store.database.among import among, one_of, packed
from histories.store.database.bulk import asked_at_once, write
from histories.store.database.schema import ATTRIBUTE_TYPES, DEFINITIONS, QUARANTINE, WATERMARK
from histories.store.database.values import Values
from histories.store.facts.intake import ATTRIBUTES, INTERACTIONS, Intake, Prepared, Row
from histories.store.facts.retyped import retyped, with_numbers
from histories.store.facts.rows import BatchResult, RowResult, Verdict
from histories.store.facts.same_person import as_told_first
from histories.store.facts.tombstones import REASON, SALT, forgotten
from histories.store.facts.traces import texts

_ADDED, _DUPLICATE = RowResult(Verdict.ADDED), RowResult(Verdict.DUPLICATE)
_GIVEN = "given"
_RAISED = sa.update(WATERMARK).values(value=WATERMARK.c.value + sa.literal_column("1")).returning(WATERMARK.c.value)
_TEXT, _NUMBER = ATTRIBUTES.columns.index("text"), ATTRIBUTES.columns.index("number")


@dataclass(frozen=True, slots=True)
class _Look:
    """What was found once the watermark was raised: whether anybody was ever forgotten, and rows under the batch's names."""

    watermark: int
    forgotten: bool
    found: Sequence[Values]


def take_in(
    connection: sa.Connection, intake: Intake[Row], prepared: Sequence[Prepared], recorded_at: int
) -> BatchResult:
    """Write a batch under the next watermark. Whoever comes next waits until this transaction has ended."""
    if connection.dialect.name == "postgresql":
        wanted = {_GIVEN: packed("postgresql", _names(intake, prepared))}
        raised, salts, found = asked_at_once(connection, _at_once(intake.table, intake.columns, intake.lookup), wanted)
        look = _Look(int(raised[0][0] or 0), bool(salts), found)
    else:
        watermark = next_watermark(connection)
        look = _Look(watermark, True, _found(connection, intake, prepared))
    return BatchResult(look.watermark, tuple(_taken(connection, look, intake, prepared, recorded_at)))


def take_in_under(
    connection: sa.Connection, watermark: int, intake: Intake[Row], prepared: Sequence[Prepared], recorded_at: int
) -> list[RowResult]:
    """Write a part of a batch under the watermark that this transaction has raised; say what became of each row."""
    look = _Look(watermark, True, _found(connection, intake, prepared))
    return _taken(connection, look, intake, prepared, recorded_at)


def _taken(
    connection: sa.Connection, look: _Look, intake: Intake[Row], prepared: Sequence[Prepared], recorded_at: int
) -> list[RowResult]:
    if look.forgotten:
        prepared = _without_forgotten(connection, intake, prepared)
    found, as_it_came = look.found, prepared
    if intake is INTERACTIONS:
        prepared, found = as_told_first(connection, prepared, found)
    if intake is ATTRIBUTES:
        numbers = retyped(connection)
        prepared, found = _typed(connection, prepared, numbers, look.watermark), with_numbers(found, numbers)
    first: dict[Hashable, Values] = {}
    key_of = intake.key_of
    for one in prepared:
        if one.wrong is None:
            first.setdefault(key_of(one.values), one.values)
    there = {key: row for row in found if (key := key_of(row)) in first}
    # Under the watermark nobody else writes: what was not found is not there when it is inserted.
    new = [row for key, row in first.items() if key not in there]
    if new:
        constants = {"recorded_at": recorded_at, "watermark": look.watermark}
        write(connection, intake.table, intake.columns, new, constants)
    if len(new) == len(prepared):
        return [_ADDED] * len(prepared)
    results = _results(intake, prepared, first, there)
    refused = [(one.values, told.reason) for one, told in zip(as_it_came, results, strict=True) if told.reason]
    if refused:
        _quarantine(connection, intake, refused, recorded_at, look.watermark)
    return results


def _names(intake: Intake[Row], prepared: Sequence[Prepared]) -> set[str]:
    place = intake.key[0]
    return {str(one.values[place]) for one in prepared if one.wrong is None}


def _found(connection: sa.Connection, intake: Intake[Row], prepared: Sequence[Prepared]) -> list[Values]:
    names = _names(intake, prepared)
    if not names:
        return []
    query = sa.select(*(intake.table.c[name] for name in intake.columns))
    return [
        tuple(row) for row in connection.execute(query.where(among(connection, intake.table.c[intake.lookup], names)))
    ]


@cache
def _at_once(table: sa.Table, columns: tuple[str, ...], lookup: str) -> tuple[str, str, str]:
    """SQL for PostgreSQL: raise the watermark; whether anybody was forgotten; the rows under the names given.

    Three statements, not one: each sees what was committed while the first waited for its turn.
    """
    given: sa.BindParameter[str] = sa.bindparam(_GIVEN, type_=sa.Text())
    rows = sa.select(*(table.c[name] for name in columns)).where(one_of("postgresql", table.c[lookup], given))
    salt: sa.Select[*tuple[Any, ...]] = sa.select(sa.literal_column("1")).where(
        DEFINITIONS.c.name == sa.literal_column(f"'{SALT}'")
    )
    dialect = postgresql.psycopg.dialect()  # type: ignore[no-untyped-call]
    return str(_RAISED.compile(dialect=dialect)), str(salt.compile(dialect=dialect)), str(rows.compile(dialect=dialect))


def next_watermark(connection: sa.Connection) -> int:
    """Raise the watermark. Its row stays locked until the end: watermarks are committed in their own order."""
    return int(connection.execute(_RAISED).scalar_one())


def _without_forgotten(
    connection: sa.Connection, intake: Intake[Row], prepared: Sequence[Prepared]
) -> Sequence[Prepared]:
    """Refuse rows of leads that were forgotten. Under the watermark: nobody forgets one in the meantime."""
    place = intake.columns.index("lead_id")
    gone = forgotten(connection, {str(one.values[place]) for one in prepared})
    if not gone:
        return prepared
    return [one._replace(wrong=REASON) if one.values[place] in gone else one for one in prepared]


def _results(
    intake: Intake[Row], prepared: Sequence[Prepared], first: dict[Hashable, Values], there: dict[Hashable, Values]
) -> list[RowResult]:
    results = []
    added: set[Hashable] = set()
    for one in prepared:
        if one.wrong is not None:
            results.append(RowResult(Verdict.REFUSED, one.wrong))
            continue
        key = intake.key_of(one.values)
        if key not in there and key not in added:
            added.add(key)
            results.append(_ADDED)
            continue
        difference = intake.difference(there.get(key, first[key]), one.values)
        results.append(_DUPLICATE if difference is None else RowResult(Verdict.REFUSED, difference))
    return results


def _typed(
    connection: sa.Connection, prepared: Sequence[Prepared], numbers: Collection[str], watermark: int
) -> list[Prepared]:
    """Refuse values of another type than their attribute's, which is that of the first value that came.

    Without this, one row could make the store unreadable: a table of attributes has one type a name. `numbers` are
    attributes that came as texts and are numbers now.
    """
    names = {str(one.values[1]) for one in prepared if one.wrong is None}
    query = sa.select(ATTRIBUTE_TYPES.c.name, ATTRIBUTE_TYPES.c.type).where(
        among(connection, ATTRIBUTE_TYPES.c.name, names)
    )
    types = {name: AttributeType.NUMBER.value if name in numbers else kind for name, kind in connection.execute(query)}
    known, checked = set(types), []
    for one in prepared:
        given = _type(one.values)
        if one.wrong is not None or given is None:
            checked.append(one)
            continue
        wanted = types.setdefault(str(one.values[1]), given.value)
        checked.append(one if given.value == wanted else one._replace(wrong=f"value is not a {wanted}"))
    new = [(name, kind) for name, kind in types.items() if name not in known]
    if new:
        write(connection, ATTRIBUTE_TYPES, ("name", "type"), new, {"watermark": watermark})
    return checked


def _type(values: Values) -> AttributeType | None:
    if values[_TEXT] is not None:
        return AttributeType.CATEGORY
    return None if values[_NUMBER] is None else AttributeType.NUMBER


def _quarantine(
    connection: sa.Connection,
    intake: Intake[Row],
    refused: Iterable[tuple[Values, str]],
    received_at: int,
    watermark: int,
) -> None:
    texts = ((json.dumps(intake.told(values)), reason) for values, reason in refused)
    keep_aside(connection, intake.table.name, texts, received_at, watermark)


def keep_aside(
    connection: sa.Connection, source: str, refused: Iterable[tuple[str, str]], received_at: int, watermark: int
) -> None:
    """Keep refused rows (JSON and reason) in quarantine, once: a client that retries sends them again.

    Nothing is kept of rows that name a lead which was forgotten.
    """
    rows: dict[str, Values] = {}
    named = [(text, reason, texts(text)) for text, reason in refused]
    gone = forgotten(connection, frozenset[str]().union(*(one for _, _, one in named)))
    for text, reason in ((text, reason) for text, reason, one in named if one.isdisjoint(gone)):
        digest = _digest(source, text, reason)
        rows.setdefault(digest, (digest, source, text, reason))
    there = connection.execute(sa.select(QUARANTINE.c.digest).where(among(connection, QUARANTINE.c.digest, rows)))
    for digest in there.scalars():
        del rows[digest]
    if rows:
        constants = {"received_at": received_at, "watermark": watermark}
        write(connection, QUARANTINE, ("digest", "source", "row", "reason"), list(rows.values()), constants)


def _digest(source: str, text: str, reason: str) -> str:
    """What names a refused row. A retry tells another arrival, or was given one: it is no part of the name."""
    row = json.loads(text)
    if isinstance(row, dict):
        row.pop("received_at", None)
    return hashlib.sha256(json.dumps([source, row, reason]).encode()).hexdigest()
