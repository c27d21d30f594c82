"""The history store: what happens is taken in once, for good, and what was known at any moment can be read again."""

from histories.store.connections import StoreUnavailableError
from histories.store.definitions import Definitions, define, definitions
from histories.store.migrate import downgrade, upgrade
from histories.store.persons import suppressed
from histories.store.reading import histories
from histories.store.rows import (
    AttributeRow,
    BatchResult,
    InteractionRow,
    LeadRow,
    OutcomeRow,
    Quarantined,
    RowResult,
    Verdict,
)
from histories.store.single import Asked, asked, lead, leads
from histories.store.store import Store

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
