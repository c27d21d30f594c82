"""What marketing and sales agreed, as the store counts it."""

from histories.clock import HOUR
from histories.store.crossing.standing import Agreed
from scoring.rulebook import Rulebook


def agreed(book: Rulebook) -> Agreed:
    """Return the hours of a rulebook's `[follow_up]`, rounded as answers round them."""
    return Agreed(_micros(book.mql_hours), _micros(book.sql_hours))


def _micros(hours: float | None) -> int | None:
    return None if hours is None else round(hours * HOUR)
