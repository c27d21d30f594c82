"""What is given to the store, and what it says of each row."""

from dataclasses import dataclass
from enum import StrEnum

from histories.contract import Attribute, Interaction, Outcome

MOST_ROWS = 1_000


@dataclass(frozen=True, slots=True)
class LeadRow:
    """A lead itself; `created_at` in UTC microseconds."""

    lead_id: str
    created_at: int
    account_id: str | None = None


@dataclass(frozen=True, slots=True)
class InteractionRow:
    """What a lead did. The interaction's `received_at` is the contract's: None means that it was known as it happened.

    So what a CRM sends as it happens gets the moment of its arrival here, unless it tells its own.
    """

    lead_id: str
    interaction: Interaction


@dataclass(frozen=True, slots=True)
class AttributeRow:
    """A value of a lead's attribute, from the moment on at which it became known."""

    lead_id: str
    attribute: Attribute


@dataclass(frozen=True, slots=True)
class OutcomeRow:
    """A lead's arrival at a stage."""

    lead_id: str
    outcome: Outcome


class Verdict(StrEnum):
    """What became of a row: taken in, there already with the same content, or put into quarantine."""

    ADDED = "added"
    DUPLICATE = "duplicate"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class RowResult:
    """What became of one row; `reason` is set where it was refused, and holds no value of the row."""

    verdict: Verdict
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class BatchResult:
    """What became of a batch, row by row in the order given. `watermark` is the batch's number."""

    watermark: int
    rows: tuple[RowResult, ...]

    def count(self, verdict: Verdict) -> int:
        """Return how many rows have this verdict."""
        return sum(one.verdict is verdict for one in self.rows)


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A refused row: the table it was meant for, its JSON, why, when it first came (UTC microseconds)."""

    source: str
    row: str
    reason: str
    received_at: int
