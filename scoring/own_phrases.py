"""What a team's own feature says of a lead, in words with its number: its meaning where one is written."""

import math
import re
from collections.abc import Callable

from features.feature import Feature
from features.own.expression import Expression
from features.own.features import Aggregate, Aggregation, OwnFeature
from features.own.predicate import Predicate
from scoring import words
from scoring.calibration import Floats

Phrase = Callable[[Floats], str]
"""From a lead's feature row to what one of its features says."""

_WINDOWED = re.compile(r"(.+)_(\d+d|all)")
_PLAIN_UNITS = ("count", "number", "ratio", "the values' own")


def phrase(own: OwnFeature, feature: Feature, place: int) -> Phrase:
    """Return the phrase of the own feature whose column stands at `place` of a row."""
    if own.meaning is None and isinstance(own.formula, Aggregate):
        say = _aggregate(own.formula)
    else:
        said = own.meaning.rstrip(".") if own.meaning else _name(own)
        say = _labelled(said[:1].upper() + said[1:], feature.unit)
    return lambda row: say(float(row[place]))


def _name(own: OwnFeature) -> str:
    """The column's name in words, with its window."""
    windowed = _WINDOWED.fullmatch(own.name)
    if windowed is None or not isinstance(own.formula, Expression):
        return words.attribute(own.name)
    return f"{words.attribute(windowed[1])} {words.within(windowed[2])}"


def _labelled(label: str, unit: str) -> Callable[[float], str]:
    return lambda value: f"{label} ({'not known' if math.isnan(value) else _amount(value, unit)})"


def _amount(value: float, unit: str) -> str:
    if unit == "share":
        return f"{value:.0%}"
    if unit in {"days", "hours"} and value >= 0:
        return words.span(value if unit == "days" else value / 24)
    return words.number(value) if unit in _PLAIN_UNITS else f"{words.number(value)} {unit}"


def _aggregate(formula: Aggregate) -> Callable[[float], str]:
    one, rest = _counted(formula.predicate)
    many = words.plural(one) + rest
    match formula.aggregation:
        case Aggregation.COUNT:
            return lambda value: f"{words.counted(value, one)}{rest} {words.within(formula.span)}"
        case Aggregation.SUM:
            return lambda value: f"Values of {many} {words.within(formula.span)}, {words.number(value)} in all,"
        case Aggregation.DECAYED:
            days = words.span(float(formula.span.removesuffix("d")))
            return lambda value: f"{many[:1].upper()}{many[1:]}, each worth half after {days} ({words.number(value)})"
        case Aggregation.AGE | Aggregation.SINCE_FIRST:
            which = "latest" if formula.aggregation is Aggregation.AGE else "first"
            return lambda value: (
                f"No {one}{rest} so far" if math.isnan(value) else f"The {which} {one}{rest}, {words.span(value)} ago,"
            )


def _counted(predicate: Predicate) -> tuple[str, str]:
    """What is counted, in the singular, and what stays behind it in the plural too."""
    one, rest = _interaction(predicate)
    if predicate.direction:
        one = f"{predicate.direction.value} {one}"
    if predicate.channel is not None:
        rest += f" by {words.kind(predicate.channel)}"
    if predicate.at_least is not None:
        rest += f" with a value of at least {words.number(predicate.at_least)}"
    return one, rest


def _interaction(predicate: Predicate) -> tuple[str, str]:
    if predicate.family is not None:
        return words.family(predicate.family), ""
    if len(predicate.kinds) == 1:
        return words.pattern(predicate.kinds[0]), ""
    return "interaction", f" ({' or '.join(dict.fromkeys(words.pattern(one) for one in predicate.kinds))})"
