"""What became of a log's feature rows when they were computed again, as values."""

from dataclasses import dataclass

from features.replay.causes import Cause


@dataclass(frozen=True, slots=True)
class Example:
    """A value that differs: of which request, lead and moment. NaN: missing."""

    request_id: str
    lead_id: str
    as_of: int
    logged: float
    recomputed: float


@dataclass(frozen=True, slots=True)
class FeatureReplay:
    """How often a feature came out as it was logged; `missing`: the export has not what it is computed from.

    `block` is the one of the catalogue that it stands in.
    `example` is the largest difference; `largest` is its size, None where a value stands against a missing one.
    """

    name: str
    block: str
    same: int
    different: int
    missing: int
    largest: float | None
    example: Example | None


@dataclass(frozen=True, slots=True)
class CauseFound:
    """What is likely to be behind differences, in how many rows, and one of them."""

    cause: Cause
    rows: int
    lead_id: str
    as_of: int


@dataclass(frozen=True, slots=True)
class Problem:
    """Why lines gave no row: how many, and where the first is."""

    text: str
    lines: int
    first: str


@dataclass(frozen=True, slots=True)
class Replay:
    """What became of a log's rows. `features` have the worst first; `first` and `last` are moments of the rows."""

    rows: int
    same_rows: int
    different_rows: int
    unknown_rows: int
    unknown_leads: tuple[str, ...]
    first: int
    last: int
    bundles: tuple[str, ...]
    features: tuple[FeatureReplay, ...]
    causes: tuple[CauseFound, ...]
    problems: tuple[Problem, ...]

    @property
    def compared_rows(self) -> int:
        """Rows of leads that the export has."""
        return self.same_rows + self.different_rows

    @property
    def unreadable_lines(self) -> int:
        """Lines that gave no row."""
        return sum(one.lines for one in self.problems)

    @property
    def differs(self) -> bool:
        """Whether any value came out otherwise than it was logged."""
        return self.different_rows > 0

    @property
    def failed(self) -> bool:
        """Whether the log cannot be said to be the same: a value differs, a line gave no row, or most were left out."""
        return self.differs or self.unreadable_lines > 0 or self.unknown_rows > self.compared_rows
