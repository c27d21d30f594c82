"""The history store: what happens is taken in once, for good, and what was known at any moment can be read again."""

from histories.store.database.connections import StoreUnavailableError
from histories.store.database.migrate import downgrade, upgrade
from histories.store.facts.definitions import Definitions, define, definitions
from histories.store.facts.rows import (
    AttributeRow,
    BatchResult,
    InteractionRow,
    LeadRow,
    OutcomeRow,
    Quarantined,
    RowResult,
    Verdict,
)
from histories.store.facts.store import Store
from histories.store.known.persons import suppressed
from histories.store.known.reading import histories
from histories.store.known.single import Asked, asked, lead, leads

__all__ = [
    "Asked",
    "AttributeRow",
    "BatchResult",
    "Definitions",
    "InteractionRow",
    "LeadRow",
    "OutcomeRow",
    "Quarantined",
    "RowResult",
    "Store",
    "StoreUnavailableError",
    "Verdict",
    "asked",
    "define",
    "definitions",
    "downgrade",
    "histories",
    "lead",
    "leads",
    "suppressed",
    "upgrade",
]
