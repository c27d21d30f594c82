"""How each kind of row becomes values of a table, what is wrong with it, and what makes two rows the same."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import sqlalchemy as sa

from histories.clock import DAY
from histories.store import schema
from histories.store.rows import AttributeRow, InteractionRow, LeadRow, OutcomeRow

Value = str | int | float | None
Values = tuple[Value, ...]
Row = TypeVar("Row")

# The end of the year 9999: what Python, and most of what reads a date, can still write.
_LATEST = 2_932_897 * DAY - 1
_LONGEST_ID = 256


@dataclass(frozen=True, slots=True)
class Prepared:
    """A row as its table's values, and what is wrong with it; None: nothing."""

    values: Values
    wrong: str | None


@dataclass(frozen=True, slots=True)
class Intake(Generic[Row]):
    """A table and how its rows are made.

    `columns` and `checks` go with the values by place. `key`: the places that name a row, `lookup` the first of them
    that an index knows. `content`: the places that must be equal where a row of one key comes again.
    """

    table: sa.Table
    columns: tuple[str, ...]
    checks: tuple[Callable[[Value], str | None], ...]
    key: tuple[int, ...]
    content: tuple[int, ...]
    values: Callable[[Row], Values]

    @property
    def lookup(self) -> str:
        """The column by which rows that are there already are looked up."""
        return self.columns[self.key[0]]

    def prepared(self, rows: Sequence[Row]) -> list[Prepared]:
        """Return the rows' values, checked."""
        return [Prepared(values, self._wrong(values)) for values in map(self.values, rows)]

    def key_of(self, values: Sequence[Value]) -> Values:
        """Return what names the row."""
        return tuple(values[place] for place in self.key)

    def difference(self, one: Sequence[Value], other: Sequence[Value]) -> str | None:
        """Name the columns in which two rows of one key differ; None: they are the same."""
        names = [self.columns[place] for place in self.content if one[place] != other[place]]
        if not names:
            return None
        identity = ", ".join(self.columns[place] for place in self.key)
        return f"another row has this {identity}; it differs in {', '.join(names)}"

    def _wrong(self, values: Values) -> str | None:
        for name, check, value in zip(self.columns, self.checks, values, strict=True):
            said = check(value)
            if said is not None:
                return f"{name} {said}"
        return None


def _identifier(value: Value) -> str | None:
    if not isinstance(value, str) or not value:
        return "is missing"
    if len(value) > _LONGEST_ID:
        return f"is longer than {_LONGEST_ID} characters"
    return _text(value)


def _optional_identifier(value: Value) -> str | None:
    return None if value is None else _identifier(value)


def _text(value: Value) -> str | None:
    if value is None or not isinstance(value, str) or (value.isascii() and "\0" not in value):
        return None
    if "\0" in value:
        return "has a NUL character"
    try:
        value.encode()
    except UnicodeEncodeError:
        return "has half of a surrogate pair, which is no character"
    return None


def _kind(value: Value) -> str | None:
    return _text(value) if value else "is missing"


def _moment(value: Value) -> str | None:
    if not isinstance(value, int):
        return "is missing"
    return None if 0 <= value <= _LATEST else "lies before 1970 or after 9999"


def _optional_moment(value: Value) -> str | None:
    return None if value is None else _moment(value)


def _number(value: Value) -> str | None:
    return None if value is None or (isinstance(value, float) and math.isfinite(value)) else "is not a finite number"


def _float(value: float | None) -> float | None:
    """A whole number too large for a float becomes infinite, which is refused."""
    try:
        return None if value is None else float(value)
    except OverflowError:
        return math.inf


def _interaction(row: InteractionRow) -> Values:
    one = row.interaction
    direction = None if one.direction is None else one.direction.value
    return (
        one.interaction_id,
        row.lead_id,
        one.occurred_at,
        one.received_at,
        one.kind,
        one.channel,
        direction,
        _float(one.value),
    )


def _attribute(row: AttributeRow) -> Values:
    one = row.attribute
    text = one.value if isinstance(one.value, str) else None
    number = None if isinstance(one.value, str) else _float(one.value)
    return row.lead_id, one.name, text, number, one.known_at


LEADS: Intake[LeadRow] = Intake(
    schema.LEADS,
    ("lead_id", "created_at", "account_id"),
    (_identifier, _moment, _optional_identifier),
    key=(0,),
    content=(1, 2),
    values=lambda row: (row.lead_id, row.created_at, row.account_id),
)
# A retry tells another arrival: `received_at` is no part of what happened, and the first one stays.
INTERACTIONS: Intake[InteractionRow] = Intake(
    schema.INTERACTIONS,
    ("interaction_id", "lead_id", "occurred_at", "received_at", "kind", "channel", "direction", "value"),
    (_identifier, _identifier, _moment, _optional_moment, _kind, _text, _text, _number),
    key=(0,),
    content=(1, 2, 4, 5, 6, 7),
    values=_interaction,
)
ATTRIBUTES: Intake[AttributeRow] = Intake(
    schema.ATTRIBUTES,
    ("lead_id", "name", "text", "number", "known_at"),
    (_identifier, _identifier, _text, _number, _optional_moment),
    key=(0, 1, 4),
    content=(2, 3),
    values=_attribute,
)
OUTCOMES: Intake[OutcomeRow] = Intake(
    schema.OUTCOMES,
    ("lead_id", "stage", "reached_at", "amount"),
    (_identifier, _text, _moment, _number),
    key=(0, 1, 2),
    content=(3,),
    values=lambda row: (row.lead_id, row.outcome.stage.value, row.outcome.reached_at, _float(row.outcome.amount)),
)
