"""What a value must be so that it comes back from a database as it was: of one row, or of a whole column at once.

Most batches are faultless. A column is looked over in a few calls; only where that finds anything are rows looked at
one by one, and told apart.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from histories.clock import DAY

Value = str | int | float | None
Values = tuple[Value, ...]

# The end of the year 9999: what Python, and most of what reads a date, can still write.
_LATEST = 2_932_897 * DAY - 1
_LONGEST_ID = 256


@dataclass(frozen=True, slots=True)
class Check:
    """`wrong` says what is wrong with a value, None: nothing. `faultless` of a column: nothing is wrong with any of it.

    `faultless` may be False of a column whose values are all right; they are then looked at one by one.
    """

    wrong: Callable[[Value], str | None]
    faultless: Callable[[Sequence[Value]], bool]


def _wrong_identifier(value: Value) -> str | None:
    if not isinstance(value, str) or not value:
        return "is missing"
    if len(value) > _LONGEST_ID:
        return f"is longer than {_LONGEST_ID} characters"
    return _wrong_text(value)


def _wrong_text(value: Value) -> str | None:
    if value is None or not isinstance(value, str) or (value.isascii() and "\0" not in value):
        return None
    if "\0" in value:
        return "has a NUL character"
    try:
        value.encode()
    except UnicodeEncodeError:
        return "has half of a surrogate pair, which is no character"
    return None


def _wrong_moment(value: Value) -> str | None:
    if not isinstance(value, int) or isinstance(value, bool):
        return "is missing"
    return None if 0 <= value <= _LATEST else "lies before 1970 or after 9999"


def _wrong_number(value: Value) -> str | None:
    return None if value is None or (isinstance(value, float) and math.isfinite(value)) else "is not a finite number"


def _texts(column: Sequence[Value]) -> bool:
    if not set(map(type, column)) <= {str}:
        return False
    together = "".join(column)  # type: ignore[arg-type]  # texts, as the line above has found
    return together.isascii() and "\0" not in together


def _kinds(column: Sequence[Value]) -> bool:
    return all(column) and _texts(column)


def _identifiers(column: Sequence[Value]) -> bool:
    return _kinds(column) and max(map(len, column), default=0) <= _LONGEST_ID  # type: ignore[arg-type]  # as above


def _moments(column: Sequence[Value]) -> bool:
    if not set(map(type, column)) <= {int}:
        return False
    return not column or (min(column) >= 0 and max(column) <= _LATEST)  # type: ignore[type-var,operator]  # as above


def _numbers(column: Sequence[Value]) -> bool:
    return set(map(type, column)) <= {float} and all(map(math.isfinite, column))  # type: ignore[arg-type]  # as above


def _optional(check: Check) -> Check:
    return Check(
        lambda value: None if value is None else check.wrong(value),
        lambda column: check.faultless([value for value in column if value is not None]),
    )


IDENTIFIER = Check(_wrong_identifier, _identifiers)
KIND = Check(lambda value: _wrong_text(value) if value else "is missing", _kinds)
MOMENT = Check(_wrong_moment, _moments)
OPTIONAL_IDENTIFIER = _optional(IDENTIFIER)
OPTIONAL_MOMENT = _optional(MOMENT)
TEXT = _optional(Check(_wrong_text, _texts))
NUMBER = _optional(Check(_wrong_number, _numbers))
