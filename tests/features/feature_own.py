"""Own features for tests, and their values from the definitions: Python's own arithmetic in place of our program."""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from features.own.expression import Expression
from features.own.features import Aggregate, Aggregation, OwnFeature
from features.own.predicate import Predicate
from histories.contract import Direction, Interaction

_DAY = 86_400_000_000


def _of(name: str, aggregation: Aggregation, span: str, **narrowed: Any) -> OwnFeature:
    return OwnFeature(name, Aggregate(aggregation, Predicate(**narrowed), span))


def _computed(name: str, text: str) -> OwnFeature:
    return OwnFeature(name, Expression(text))


OWN = (
    _of("dear_mail_30d", Aggregation.COUNT, "30d", kinds=("mail", "pri*"), at_least=0.1),
    _of("dear_mail_sum", Aggregation.SUM, "all", kinds=("mail", "pri*"), at_least=0.1),
    _of("dear_mail_age", Aggregation.AGE, "", kinds=("mail", "pri*"), at_least=0.1),
    _computed("dear_share", "dear_mail_30d / interactions_count_30d"),
    _of("phoned_decayed", Aggregation.DECAYED, "7d", kinds=("*",), channel="phone"),
    _of("their_intent_first", Aggregation.SINCE_FIRST, "", family="intent", direction=Direction.INBOUND),
    _of("their_intent_3d", Aggregation.COUNT, "3d", family="intent", direction=Direction.INBOUND),
    _of("our_refunds_90d", Aggregation.SUM, "90d", kinds=("*",), direction=Direction.OUTBOUND, at_least=-1e9),
    _computed("size_for_each", "max(attribute.size, 2) / (their_intent_3d - 1)"),
    _computed("warmth", "log1p(intent_count_30d) - 0.5*min(phoned_decayed, 3, 1e1) * -dear_share"),
    _computed("spread", "log1p(-mail_count_1d) + lead_age_days"),
)


def own_row(own: Sequence[OwnFeature], columns: Mapping[str, float], mine: "Naive") -> dict[str, float]:
    """Return own features by name, NaN where missing; `columns` are the others of the row."""
    known = dict(columns)
    for one in own:
        if isinstance(one.formula, Expression):
            known[one.name] = evaluated(one.formula.text, known)
        else:
            known[one.name] = mine.aggregate(one.formula)
    return {one.name: known[one.name] for one in own}


class Naive:
    """The visible interactions of a lead, oldest first, with their families, directions and the cutoff."""

    def __init__(self, events: Sequence[tuple[Interaction, frozenset[str], str | None]], cutoff: int) -> None:
        self._events, self._cutoff = events, cutoff

    def aggregate(self, formula: Aggregate) -> float:
        """Return an aggregate over the interactions that its predicate takes."""
        wanted = formula.predicate
        taken = [
            one
            for one, families, direction in self._events
            if (wanted.family in families if wanted.family else _like(one.kind, wanted.kinds))
            and wanted.channel in (None, one.channel)
            and wanted.direction in (None, direction)
            and (wanted.at_least is None or (one.value is not None and one.value >= wanted.at_least))
        ]
        ages = [(self._cutoff - one.occurred_at) / _DAY for one in taken]
        days = math.inf if formula.span in {"all", ""} else int(formula.span.removesuffix("d"))
        recent = [one for one in taken if self._cutoff - one.occurred_at <= days * _DAY]
        values = [one.value for one in recent if one.value is not None and math.isfinite(one.value)]
        return {
            Aggregation.COUNT: lambda: float(len(recent)),
            Aggregation.SUM: lambda: math.fsum(values),
            Aggregation.DECAYED: lambda: math.fsum(0.5 ** (age / days) for age in ages),
            Aggregation.AGE: lambda: min(ages, default=math.nan),
            Aggregation.SINCE_FIRST: lambda: max(ages, default=math.nan),
        }[formula.aggregation]()


def _like(kind: str, patterns: Sequence[str]) -> bool:
    return any(re.fullmatch(".*".join(map(re.escape, one.split("*"))), kind, re.DOTALL) for one in patterns)


class _Number:
    """A number to calculate with, or NaN once anything was missing, endless or divided by 0."""

    def __init__(self, value: float) -> None:
        self.value = value if math.isfinite(value) else math.nan

    def __add__(self, other: "_Number") -> "_Number":
        return _Number(self.value + other.value)

    def __sub__(self, other: "_Number") -> "_Number":
        return _Number(self.value - other.value)

    def __mul__(self, other: "_Number") -> "_Number":
        return _Number(self.value * other.value)

    def __truediv__(self, other: "_Number") -> "_Number":
        return _Number(self.value / other.value if other.value else math.nan)

    def __neg__(self) -> "_Number":
        return _Number(-self.value)

    def __pos__(self) -> "_Number":
        return self


def _extreme(pick: Callable[[list[float]], float]) -> Callable[..., _Number]:
    def found(*numbers: _Number) -> _Number:
        values = [one.value for one in numbers]
        return _Number(math.nan if any(map(math.isnan, values)) else pick(values))

    return found


def _log1p(one: _Number) -> _Number:
    return _Number(math.log1p(one.value) if one.value > -1 else math.nan)


_WORD = re.compile(r"(?<![\w.])(\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?|[A-Za-z_][\w.]*)", re.ASCII)


def evaluated(text: str, columns: Mapping[str, float]) -> float:
    def word(found: re.Match[str]) -> str:
        name = found[1]
        if name in {"min", "max", "log1p"}:
            return name
        return f"number({columns[name] if name in columns else float(name)!r})"

    functions = {
        "number": _Number,
        "nan": math.nan,
        "inf": math.inf,
        "min": _extreme(min),
        "max": _extreme(max),
        "log1p": _log1p,
    }
    found: _Number = eval(_WORD.sub(word, text), {"__builtins__": {}}, functions)  # noqa: S307 -- a text of the tests
    return found.value
