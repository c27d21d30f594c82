"""Whom a bundle's training knew, by what its card says: nobody of those can tell how good it is."""

import numpy as np
from numpy.typing import NDArray

from histories import clock
from histories.contract import Histories
from histories.funnel_table import NEVER
from scoring.card import Card
from training.recipe import Age
from training.sides import Lives, trains
from training.snapshots import lives


def seen(histories: Histories, card: Card) -> NDArray[np.bool_]:
    """Tell of each account, or lead without one, whether it was on the training side, [groups].

    Groups are numbered as `snapshots.groups` does. It goes by the training's own border, ages and share, so that
    another recipe, or a refit that learnt from everybody, does not move it. Where the card names no ages, everybody
    that was there before `trained_until` counts as seen.
    """
    ages = tuple(Age(text, clock.span(text)) for text in card.ages)
    return trains(_lives(histories, ages), card.trained_until, card.kept_share)


def _lives(histories: Histories, ages: tuple[Age, ...]) -> Lives:
    if ages:
        return lives(histories, ages)
    created = np.asarray(histories.leads["created_at"].to_numpy(), dtype=np.int64)
    found = lives(histories, (Age("0m", 0),))
    return Lives(found.group, first=created, last=np.full(len(created), NEVER), draw=found.draw)
