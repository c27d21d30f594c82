"""The stretches of time that a monitor looks at, and the ages of leads in them."""

from collections.abc import Sequence

from histories import clock
from histories.clock import DAY
from scoring.card import Card
from training.recipe import Age, default

CURRENT = 28 * DAY  # four whole weeks: no weekday weighs more than another
REFERENCE = 91 * DAY  # the quarter before the bundle's training ended
_AGES = ("0h", "1d", "7d", "30d", "90d")


def ages_of(card: Card) -> tuple[Age, ...]:
    """Return the ages at which training looked at leads; the default recipe's, where the card names none."""
    return tuple(Age(text, clock.span(text)) for text in card.ages) or default().ages


def age_range(name: str) -> str:
    """Return what `age_groups` calls a group, with its end.

    >>> age_range("7d"), age_range("90d")
    ('7d to 30d', '90d and more')
    """
    place = _AGES.index(name)
    return f"{name} to {_AGES[place + 1]}" if place + 1 < len(_AGES) else f"{name} and more"


def age_groups(ages: Sequence[int]) -> list[str]:
    """Name how old leads were (microseconds) by the largest of five spans that they had reached."""
    bounds = [(clock.span(text), text) for text in _AGES]
    return [next(text for least, text in reversed(bounds) if age >= least or least == 0) for age in ages]
