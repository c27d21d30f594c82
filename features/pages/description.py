"""The catalogue as rows: one a feature, with all that is to be known of it."""

import csv
import io
from typing import NamedTuple

from features.catalogue import Catalogue
from features.feature import Feature
from features.own.expression import Expression

MONOTONE = {1: "more is better", -1: "more is worse", 0: ""}


class Description(NamedTuple):
    """One feature in words. `kinds`: what it is counted from; `absence`: what it holds where nothing was seen.

    `monotone` is the direction that a salesperson would defend; empty: none.
    """

    name: str
    unit: str
    meaning: str
    absence: str
    monotone: str
    kinds: str


def rows(catalogue: Catalogue) -> tuple[Description, ...]:
    """Return one row a feature, in the catalogue's order."""
    return tuple(
        Description(
            one.name, one.unit, one.meaning, one.absence, MONOTONE[one.monotone], "; ".join(sources(one, catalogue))
        )
        for one in catalogue.features
    )


def as_csv(catalogue: Catalogue) -> str:
    """Return the rows as CSV with a header."""
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow(Description._fields)
    writer.writerows(rows(catalogue))
    return written.getvalue()


def sources(feature: Feature, catalogue: Catalogue) -> tuple[str, ...]:
    """Return the kinds (`*` allowed) that a feature is counted from, or what else it is read from; never empty."""
    topic, _, name = feature.signal.partition(":")
    if topic == "own":
        return _own_sources(feature, catalogue)
    if topic == "account":
        family = next((one for one in ("intent", "two_way") if f"_{one}_" in feature.name), None)
        return _family(family, catalogue) if family else ("every kind",)
    if topic == "kind":
        return (name,)
    if topic in {"family", "replies"}:
        return _family(name or "two_way", catalogue)
    return (_ELSE[topic],)


_ELSE = {
    "direction": "every kind by its direction",
    "contact": "every kind by its direction",
    "interactions": "every kind",
    "rhythm": "every kind",
    "variety": "every kind",
    "latest_kinds": "every kind",
    "latest_time": "every kind",
    "other": "every kind without columns of its own",
    "lead_age": "no kind: when the lead was created",
    "stage": "no kind: the lead's outcomes",
    "attribute": "no kind: the lead's attributes",
}


def _family(name: str, catalogue: Catalogue) -> tuple[str, ...]:
    return catalogue.families.patterns.get(name) or (f"no kind: family {name} is not declared",)


def _own_sources(feature: Feature, catalogue: Catalogue) -> tuple[str, ...]:
    formula = next(one.formula for one in catalogue.own if one.name == feature.name)
    if isinstance(formula, Expression):
        columns = {one.name: one for one in catalogue.features}
        found = (one for name in formula.columns for one in sources(columns[name], catalogue))
        return tuple(dict.fromkeys(found))
    family = formula.predicate.family
    return formula.predicate.kinds if family is None else _family(family, catalogue)
