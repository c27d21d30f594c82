"""The registry of feature families: one for each block of the catalogue, and what its columns may depend on."""

import re
from dataclasses import dataclass
from enum import Enum, auto

from features.catalogue import Catalogue
from histories.contract import LeadHistory


class Part(Enum):
    """What a lead's history is made of."""

    CREATION = auto()
    INTERACTIONS = auto()
    ATTRIBUTES = auto()
    OUTCOMES = auto()
    OTHERS = auto()


@dataclass(frozen=True)
class Family:
    """The columns of one block, and the parts of a history that they may read beside the cutoff."""

    block: str
    reads: frozenset[Part]

    def names(self, catalogue: Catalogue) -> tuple[str, ...]:
        """Return the columns of this family."""
        return tuple(feature.name for feature in catalogue.blocks.get(self.block, ()))

    def places(self, catalogue: Catalogue) -> list[int]:
        """Return where this family's columns stand in a row."""
        place = {name: number for number, name in enumerate(catalogue.names)}
        return [place[name] for name in self.names(catalogue)]

    def tolerance(self, history: LeadHistory) -> float:
        """Return how far a column may lie from the oracle's: the order in which values are added is not fixed."""
        if self.block not in {"sums", "own"}:
            return 1e-9
        return 1e-9 + 1e-12 * sum(abs(value) for value in _values(history))


def _values(history: LeadHistory) -> list[float]:
    return [one.value for one in history.interactions if one.value is not None and abs(one.value) < float("inf")]


def window(family: Family, name: str) -> int | None:
    """Return the days that a column's window has; None where it has none, or looks beyond it."""
    found = re.search(r"(?:_count|_sum|^active_days|_distinct)_(\d+)d$", name)
    return int(found[1]) if found and family.block != "own" else None


_INTERACTIONS = frozenset({Part.INTERACTIONS})

FAMILIES = {
    one.block: one
    for one in (
        Family("signals", _INTERACTIONS),
        Family("sums", _INTERACTIONS),
        Family("trends", _INTERACTIONS),
        Family("contact", _INTERACTIONS),
        Family("rhythm", _INTERACTIONS),
        Family("variety", _INTERACTIONS),
        Family("latest", _INTERACTIONS),
        Family("lead", frozenset({Part.CREATION})),
        Family("stages", frozenset({Part.OUTCOMES})),
        Family("attributes", frozenset({Part.ATTRIBUTES})),
        Family("account", frozenset({Part.OTHERS})),
        Family("own", frozenset(Part)),
    )
}
