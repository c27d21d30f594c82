"""A sender's clock that goes ahead of the service's: a lead that was made just now is not one of the future."""

from dataclasses import replace

from histories import clock
from histories.contract import LeadHistory

TOLERANCE = 60 * clock.SECOND


def levelled(history: LeadHistory, as_of: int, asked_for: int | None) -> LeadHistory:
    """Return the lead as made at `as_of` where it says a moment of up to TOLERANCE later (UTC microseconds).

    Only where no moment was asked for (`asked_for` None), so that `as_of` is the service's own now.
    """
    if asked_for is None and as_of < history.created_at <= as_of + TOLERANCE:
        return replace(history, created_at=as_of)
    return history
