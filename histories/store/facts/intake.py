"""How each kind of row becomes values of a table, what is wrong with it, and what makes two rows the same."""

import math
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Generic, NamedTuple, TypeVar

import sqlalchemy as sa

from histories import clock
from histories.contract import Direction
from histories.store.database import schema
from histories.store.database.values import (
    IDENTIFIER,
    KIND,
    MOMENT,
    NUMBER,
    OPTIONAL_IDENTIFIER,
    OPTIONAL_MOMENT,
    TEXT,
    Check,
    Value,
    Values,
)
from histories.store.facts.rows import AttributeRow, InteractionRow, LeadRow, OutcomeRow

Row = TypeVar("Row")
_MOMENTS = (MOMENT, OPTIONAL_MOMENT)
# An enumeration's `value` is a call of Python's; there are hundreds in a batch.
_DIRECTIONS: dict[Direction | None, str | None] = {None: None, **{one: one.value for one in Direction}}


class Prepared(NamedTuple):
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
    checks: tuple[Check, ...]
    key: tuple[int, ...]
    content: tuple[int, ...]
    values: Callable[[Row], Values]

    @property
    def lookup(self) -> str:
        """The column by which rows that are there already are looked up."""
        return self.columns[self.key[0]]

    def prepared(self, rows: Sequence[Row]) -> list[Prepared]:
        """Return the rows' values, checked."""
        made = list(map(self.values, rows))
        if all(
            check.faultless(column) for check, column in zip(self.checks, zip(*made, strict=True), strict=bool(made))
        ):
            return [Prepared(values, None) for values in made]
        return [Prepared(values, self._wrong(values)) for values in made]

    @property
    def key_of(self) -> Callable[[Values], Hashable]:
        """What names a row, made from its values."""
        return itemgetter(*self.key)

    def difference(self, one: Sequence[Value], other: Sequence[Value]) -> str | None:
        """Name the columns in which two rows of one key differ; None: they are the same."""
        names = [self.columns[place] for place in self.content if one[place] != other[place]]
        if not names:
            return None
        identity = ", ".join(self.columns[place] for place in self.key)
        return f"another row has this {identity}; it differs in {', '.join(names)}"

    def told(self, values: Values) -> dict[str, Value]:
        """Return a row as people read it: moments are written in ISO 8601 where they are moments."""
        return {
            name: clock.iso(value) if isinstance(value, int) and check in _MOMENTS and not check.wrong(value) else value
            for name, check, value in zip(self.columns, self.checks, values, strict=True)
        }

    def _wrong(self, values: Values) -> str | None:
        for name, check, value in zip(self.columns, self.checks, values, strict=True):
            said = check.wrong(value)
            if said is not None:
                return f"{name} {said}"
        return None


def _float(value: float | None) -> float | None:
    """A whole number too large for a float becomes infinite, which is refused."""
    try:
        return None if value is None else float(value)
    except OverflowError:
        return math.inf


def _interaction(row: InteractionRow) -> Values:
    one = row.interaction
    return (
        one.interaction_id,
        row.lead_id,
        one.occurred_at,
        one.received_at,
        one.kind,
        one.channel,
        _DIRECTIONS[one.direction],
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
    (IDENTIFIER, MOMENT, OPTIONAL_IDENTIFIER),
    key=(0,),
    content=(1, 2),
    values=lambda row: (row.lead_id, row.created_at, row.account_id),
)
# A retry tells another arrival: `received_at` is no part of what happened, and the first one stays.
INTERACTIONS: Intake[InteractionRow] = Intake(
    schema.INTERACTIONS,
    ("interaction_id", "lead_id", "occurred_at", "received_at", "kind", "channel", "direction", "value"),
    (IDENTIFIER, IDENTIFIER, MOMENT, OPTIONAL_MOMENT, KIND, TEXT, TEXT, NUMBER),
    key=(0,),
    content=(1, 2, 4, 5, 6, 7),
    values=_interaction,
)
ATTRIBUTES: Intake[AttributeRow] = Intake(
    schema.ATTRIBUTES,
    ("lead_id", "name", "text", "number", "known_at"),
    (IDENTIFIER, IDENTIFIER, TEXT, NUMBER, OPTIONAL_MOMENT),
    key=(0, 1, 4),
    content=(2, 3),
    values=_attribute,
)
OUTCOMES: Intake[OutcomeRow] = Intake(
    schema.OUTCOMES,
    ("lead_id", "stage", "reached_at", "amount"),
    (IDENTIFIER, TEXT, MOMENT, NUMBER),
    key=(0, 1, 2),
    content=(3,),
    values=lambda row: (row.lead_id, row.outcome.stage.value, row.outcome.reached_at, _float(row.outcome.amount)),
)
