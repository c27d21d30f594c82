"""What one row of a request amounts to, before the store has seen it."""

from dataclasses import dataclass

from histories.contract import Attribute
from histories.store import InteractionRow, LeadRow, OutcomeRow


@dataclass(frozen=True, slots=True)
class ToldLead:
    """A lead as its CRM has it. An undated value of a lead that is known already became known as it came in."""

    lead: LeadRow
    attributes: tuple[Attribute, ...]


@dataclass(frozen=True, slots=True)
class SeenLead:
    """What somebody saw of a lead. Where there is none yet, it exists since `created_at`; None: it waits for one."""

    lead_id: str
    created_at: int | None
    attributes: tuple[Attribute, ...]


@dataclass(frozen=True, slots=True)
class Wrong:
    """A row that cannot be kept: why, and what the quarantine may hold of it."""

    reason: str
    row: str


@dataclass(frozen=True, slots=True)
class Ignored:
    """A row that means nothing here."""

    reason: str


Told = InteractionRow | OutcomeRow | ToldLead | SeenLead | Wrong | Ignored


@dataclass(frozen=True, slots=True)
class Entry:
    """A row: what it amounts to, and by which ids its sender knows it, where they could be read."""

    lead_id: str | None
    interaction_id: str | None
    told: Told
