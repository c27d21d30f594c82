"""The history store: what happens is taken in once, for good, and what was known at any moment can be read again."""

from histories.store.connections import StoreUnavailableError
from histories.store.migrate import downgrade, upgrade
from histories.store.reading import histories, lead
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
from histories.store.store import Store

__all__ = [
    "AttributeRow",
    "BatchResult",
    "InteractionRow",
    "LeadRow",
    "OutcomeRow",
    "Quarantined",
    "RowResult",
    "Store",
    "StoreUnavailableError",
    "Verdict",
    "downgrade",
    "histories",
    "lead",
    "upgrade",
]
