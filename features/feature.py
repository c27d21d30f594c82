"""What one column is: its name, unit and meaning, and what it says where nothing was seen."""

from dataclasses import dataclass

from histories.contract import AttributeType


@dataclass(frozen=True, slots=True)
class Feature:
    """One column of the feature matrix.

    `absence` is what the column holds where nothing was seen: `0` or `missing` (NaN). `monotone` is the direction
    that a salesperson would defend: 1 more is better, -1 more is worse, 0 none. `signal` is what the column is
    about, the same for all columns that say the same thing: `kind:demo_request`, `family:intent`, `stage:mql`,
    `attribute:industry`. `categorical`: the number is a code, not an amount.
    """

    name: str
    unit: str
    meaning: str
    absence: str
    monotone: int
    signal: str
    categorical: bool = False


@dataclass(frozen=True, slots=True)
class Signal:
    """A set of interactions that is counted. `what` completes "How many ..."; `favour` is 1, 0 or -1 for sales."""

    key: str
    name: str
    what: str
    favour: int


@dataclass(frozen=True, slots=True)
class AttributeSpec:
    """An attribute of leads. A category's code is its place in `categories`; any other text has the code after them."""

    name: str
    type: AttributeType
    categories: tuple[str, ...] = ()
