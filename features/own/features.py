"""A team's own features: `[[features]]` of recipe.toml as value classes. docs/own-features.md says how to write one."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NoReturn

from features.declaration import EVERY, HALVES
from features.own import expression, predicate
from features.own.expression import FUNCTIONS, Expression
from features.own.predicate import Predicate
from histories.contract import Direction
from histories.errors import CallError, nearest
from histories.toml_file import Table

_NAME = re.compile(r"[a-z][a-z0-9_]{0,79}")
# Columns that stand beside the features where they are written.
_RESERVED = ("lead_id", "cutoff", "position", *FUNCTIONS)
_SAID = ("name", "unit", "meaning", "monotone")


class Aggregation(StrEnum):
    """What an aggregate computes of the interactions that its predicate takes."""

    COUNT = "count"
    SUM = "sum"
    DECAYED = "decayed"
    AGE = "age"
    SINCE_FIRST = "since_first"


_SPANS: Mapping[Aggregation, tuple[str, tuple[str, ...]]] = {
    Aggregation.COUNT: ("window", EVERY),
    Aggregation.SUM: ("window", EVERY),
    Aggregation.DECAYED: ("half_life", HALVES),
}


@dataclass(frozen=True, slots=True)
class Aggregate:
    """An aggregate over a predicate; `span`: the window of a count or sum, the half-life of a decayed count, else ""."""

    aggregation: Aggregation
    predicate: Predicate
    span: str = ""


@dataclass(frozen=True, slots=True)
class OwnFeature:
    """One own feature. `unit` and `meaning` None: made from the formula; `monotone` as in `Feature`.

    `places`: where a key stands in the file, for messages; no part of what the feature is.
    """

    name: str
    formula: Aggregate | Expression
    unit: str | None = None
    meaning: str | None = None
    monotone: int = 0
    places: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)

    def fail(self, key: str, problem: str) -> NoReturn:
        """Raise the CallError that says where the key stands and what the problem is."""
        raise CallError(f"{self.places.get(key, f'[[features]] {self.name}, {key}')}: {problem}")

    def to_json(self) -> dict[str, object]:
        """Return what `from_json` reads."""
        said: dict[str, object] = {
            "name": self.name,
            "unit": self.unit,
            "meaning": self.meaning,
            "monotone": self.monotone,
        }
        if isinstance(self.formula, Expression):
            return said | {"expression": self.formula.text}
        one = self.formula.predicate
        return said | {
            "aggregate": self.formula.aggregation,
            "span": self.formula.span,
            "kinds": one.kinds,
            "family": one.family,
            "channel": one.channel,
            "direction": one.direction,
            "at_least": one.at_least,
        }


def from_json(content: Mapping[str, Any]) -> OwnFeature:
    """Read what `to_json` returned. Raises ValueError, TypeError, KeyError or CallError on anything else."""
    formula: Aggregate | Expression
    if "expression" in content:
        formula = expression.parse(str(content["expression"]))
    else:
        direction, least = content["direction"], content["at_least"]
        one = Predicate(
            kinds=tuple(content["kinds"]),
            family=content["family"],
            channel=content["channel"],
            direction=None if direction is None else Direction(direction),
            at_least=None if least is None else float(least),
        )
        formula = Aggregate(Aggregation(content["aggregate"]), one, content["span"])
    return OwnFeature(content["name"], formula, content["unit"], content["meaning"], int(content["monotone"]))


def read(tables: Sequence[Table]) -> tuple[OwnFeature, ...]:
    """Read the `[[features]]` of a recipe, in their order.

    Raises CallError with file, line, key and what is allowed. Whether columns and families exist shows once they
    meet a catalogue, which raises it then.
    """
    found = tuple(_feature(one) for one in tables)
    for place, one in enumerate(found):
        if one.name in {other.name for other in found[:place]}:
            one.fail("name", f"{one.name!r} is the name of another feature above; give each its own")
    return found


def _feature(table: Table) -> OwnFeature:
    name = _name(table)
    formula = _formula(table)
    places = {key: table.place(key) for key in ("name", "expression", "aggregate", "family")}
    unit, meaning = (table.optional_text(key) for key in ("unit", "meaning"))
    return OwnFeature(name, formula, _line(unit), _line(meaning), table.whole("monotone", -1, 1) or 0, places)


def _line(text: str | None) -> str | None:
    return None if text is None else " ".join(text.split())


def _name(table: Table) -> str:
    name = table.text("name", 'name the feature, as name = "long_visits_30d"')
    if not _NAME.fullmatch(name):
        table.fail("name", f"{name!r} is no name for a column; write lower-case letters, digits and _, 80 at most")
    if name in _RESERVED:
        table.fail("name", f"{name!r} means something else already; choose another name")
    return name


def _formula(table: Table) -> Aggregate | Expression:
    if "expression" in table and "aggregate" in table:
        table.fail("expression", "stands beside aggregate; a feature is one of the two: leave one of them out")
    if "expression" in table:
        _only(table, (*_SAID, "expression"))
        text = table.text("expression")
        try:
            found = expression.parse(text)
        except CallError as error:
            table.fail("expression", str(error))
        if found.always_missing:
            table.fail(
                "expression",
                f"{found.text!r} is missing for every lead: its numbers divide by 0, leave log1p nothing, or are too "
                "large together; change them",
            )
        return found
    allowed = [one.value for one in Aggregation]
    if "aggregate" not in table:
        _only(table, (*_SAID, "aggregate", "expression", *predicate.KEYS, "window", "half_life"))
        table.missing("aggregate", f"write aggregate = one of {', '.join(allowed)}, or an expression")
    aggregation = Aggregation(table.choice("aggregate", allowed) or "")
    span_key, spans = _SPANS.get(aggregation, ("", ()))
    _only(table, (*_SAID, "aggregate", *predicate.KEYS, *filter(None, [span_key])))
    return Aggregate(aggregation, predicate.read(table), _span(table, span_key, spans) if span_key else "")


def _span(table: Table, key: str, allowed: Sequence[str]) -> str:
    span = table.choice(key, allowed)
    if span is None:
        table.missing(key, f"write one of {', '.join(allowed)}")
    return span


def _only(table: Table, allowed: Collection[str]) -> None:
    """Refuse unknown keys before missing ones: a key that is misspelt is both."""
    for key in table.keys():  # noqa: SIM118 -- not a dict
        if key not in allowed:
            table.fail(key, f"is not a known key here; allowed are {', '.join(sorted(allowed))}{nearest(key, allowed)}")
