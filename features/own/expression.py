"""Arithmetic over columns, as text and as steps for a machine with a stack.

The grammar is + - * / with parentheses, numbers, names of columns, and the functions min, max and log1p. A parser of
our own, since columns are called what a CRM calls its kinds and attributes: `attribute.class` is no name to Python.
"""

import math
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple, NoReturn

from histories.errors import CallError, nearest

MOST_NESTED = 20
LONGEST = 1000
_TOKEN = re.compile(
    r"(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|(?P<name>[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*)"
    r"|(?P<sign>[-+*/(),])",
    re.ASCII,
)
_ALLOWED = "allowed are names of columns, numbers, + - * / ( ) and min, max, log1p"


class Operation(StrEnum):
    """What is done with the latest value, or the latest two."""

    ADD = "+"
    SUBTRACT = "-"
    MULTIPLY = "*"
    DIVIDE = "/"
    MIN = "min"
    MAX = "max"
    LOG1P = "log1p"
    NEGATE = "negate"


@dataclass(frozen=True, slots=True)
class Column:
    """The value of a column."""

    name: str


Step = Column | float | Operation
"""A column's value or a number is put onto the stack; an operation takes its values from there and puts its result."""

FUNCTIONS = (Operation.MIN, Operation.MAX, Operation.LOG1P)
_UNARY = (Operation.LOG1P, Operation.NEGATE)
_PLAIN: Mapping[Operation, Callable[[float, float], float]] = {
    Operation.ADD: operator.add,
    Operation.SUBTRACT: operator.sub,
    Operation.MULTIPLY: operator.mul,
    Operation.DIVIDE: operator.truediv,
    Operation.MIN: min,
    Operation.MAX: max,
}


@dataclass(frozen=True, slots=True)
class Expression:
    """An arithmetic expression: `text` as it was written, on one line."""

    text: str

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps that compute it. Raises CallError, without a place, where the text is no arithmetic."""
        return _steps(self.text)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it names, each once, in their order."""
        return tuple(dict.fromkeys(step.name for step in self.steps if isinstance(step, Column)))

    @property
    def always_missing(self) -> bool:
        """Whether its numbers alone make it missing, whatever its columns hold, as in `x / 0`."""
        stack: list[float | None] = []
        try:
            for step in self.steps:
                _fold(stack, step)
        except (ArithmeticError, ValueError):
            return True
        return False

    def of_constants(self, values: Mapping[str, float]) -> float:
        """Return its value where its columns hold these; NaN where that is missing. For descriptions, not for rows."""
        stack: list[float] = []
        try:
            for step in self.steps:
                _do(stack, values[step.name] if isinstance(step, Column) else step)
        except (ArithmeticError, ValueError):
            return math.nan
        return stack[0] + 0.0


def parse(text: str) -> Expression:
    """Read an expression. Raises CallError, without a place, where it is no arithmetic over columns."""
    found = Expression(" ".join(text.split()))
    if not found.columns:
        raise CallError(f"{found.text!r} names no column; {_ALLOWED}")
    return found


def _do(stack: list[float], step: float | Operation) -> None:
    if not isinstance(step, Operation):
        stack.append(step)
    elif step in _UNARY:
        latest = stack.pop()
        stack.append(-latest if step is Operation.NEGATE else math.log1p(latest))
    else:
        right, left = stack.pop(), stack.pop()
        stack.append(_PLAIN[step](left, right))
    if not math.isfinite(stack[-1]):
        raise ArithmeticError


def _fold(stack: list[float | None], step: Step) -> None:
    """Do a step of which only the numbers are known: a column is None, and so is what it goes into."""
    if not isinstance(step, Operation):
        stack.append(None if isinstance(step, Column) else step)
        return
    count = 1 if step in _UNARY else 2
    taken = stack[-count:]
    del stack[-count:]
    known = [one for one in taken if one is not None]
    if len(known) == count:
        _do(known, step)
        stack.append(known[0])
    elif step is Operation.DIVIDE and taken[1] == 0:
        raise ZeroDivisionError
    else:
        stack.append(None)


class _Token(NamedTuple):
    kind: str
    text: str
    place: int


def _tokens(text: str) -> list[_Token]:
    """Cut a text into tokens; an empty one, of kind `end`, stands last."""
    if len(text) > LONGEST:
        raise CallError(f"is {len(text):,} characters long; at most {LONGEST:,} are read: declare parts of it first")
    found, place = [], 0
    while place < len(text):
        if text[place] == " ":
            place += 1
            continue
        match = _TOKEN.match(text, place)
        if match is None:
            raise CallError(f"{text!r}: {text[place]!r} at character {place + 1} is no arithmetic; {_ALLOWED}")
        found.append(_Token(match.lastgroup or "", match[0], place))
        place = match.end()
    return [*found, _Token("end", "", len(text))]


@lru_cache(maxsize=256)
def _steps(text: str) -> tuple[Step, ...]:
    return tuple(_Parser(text).read())


class _Parser:
    """Recursive descent: a sum of products of atoms. Steps come out in the order in which they are done."""

    def __init__(self, text: str) -> None:
        self._text, self._tokens, self._place, self._nested = text, _tokens(text), 0, 0
        self._steps: list[Step] = []

    def read(self) -> Sequence[Step]:
        self._sum()
        if self._next.kind != "end":
            self._fail("an operator")
        return self._steps

    @property
    def _next(self) -> _Token:
        return self._tokens[self._place]

    def _take(self, *signs: str) -> str | None:
        """Go on behind the next token if it is one of these signs."""
        token = self._next
        if token.kind != "sign" or token.text not in signs:
            return None
        self._place += 1
        return token.text

    def _need(self, sign: str) -> None:
        if self._take(sign) is None:
            self._fail(repr(sign))

    def _fail(self, wanted: str) -> NoReturn:
        found = "the text ends" if self._next.kind == "end" else f"{self._next.text!r} stands"
        raise CallError(
            f"{self._text!r}: {found} at character {self._next.place + 1}, where {wanted} should; {_ALLOWED}"
        )

    def _sum(self) -> None:
        self._product()
        while sign := self._take("+", "-"):
            self._product()
            self._steps.append(Operation(sign))

    def _product(self) -> None:
        self._signed()
        while sign := self._take("*", "/"):
            self._signed()
            self._steps.append(Operation(sign))

    def _signed(self) -> None:
        negative = False
        while sign := self._take("+", "-"):
            negative ^= sign == "-"
        self._atom()
        if negative:
            self._steps.append(Operation.NEGATE)

    def _atom(self) -> None:
        token = self._next
        if self._take("("):
            self._inside()
        elif token.kind == "number":
            self._place += 1
            self._number(token.text)
        elif token.kind == "name":
            self._place += 1
            if self._take("("):
                self._call(token.text)
            else:
                self._steps.append(Column(token.text))
        else:
            self._fail("a column, a number or '('")

    def _number(self, text: str) -> None:
        if not math.isfinite(float(text)):
            raise CallError(f"{self._text!r}: {text} is too large a number; write one below 1e308")
        self._steps.append(float(text))

    def _call(self, name: str) -> None:
        allowed = [one.value for one in FUNCTIONS]
        if name not in allowed:
            raise CallError(
                f"{self._text!r}: {name!r} is no function; allowed are {', '.join(allowed)}{nearest(name, allowed)}"
            )
        function = Operation(name)
        count = self._inside(function)
        if function is Operation.LOG1P:
            self._steps.append(function)
        if (count == 1) != (function is Operation.LOG1P):
            wanted = "one value" if function is Operation.LOG1P else "two values or more"
            raise CallError(f"{self._text!r}: {name} takes {wanted} in its parentheses, {count} stand there")

    def _inside(self, function: Operation | None = None) -> int:
        """Read what stands between parentheses, and the closing one; return how many values there are."""
        self._nested += 1
        if self._nested > MOST_NESTED:
            raise CallError(f"is nested more than {MOST_NESTED} deep; declare parts of it as features of their own")
        self._sum()
        count = 1
        while function and self._take(","):
            self._sum()
            count += 1
            if function is not Operation.LOG1P:
                self._steps.append(function)
        self._need(")")
        self._nested -= 1
        return count
