"""How long ago the newest thing happened that the store was told of: silence looks like leads that do nothing."""

import logging

import pyarrow.compute as pc

from histories import clock
from histories.clock import DAY
from histories.contract import Histories

_log = logging.getLogger(__name__)
_OLD = 14 * DAY


def say_if_old(label: str, histories: Histories) -> None:
    """Log where the newest interaction lies more than 14 days before `exported_at`.

    An export ends when it was taken; a store goes on to now. What nobody told it since looks as if nothing had
    happened, and leads as if they had not converted.
    """
    newest = pc.max(histories.interactions["occurred_at"]).as_py()
    if newest is None or histories.exported_at - newest <= _OLD:
        return
    _log.warning(
        "%s: the newest interaction is of %s, %s days ago; since then it looks as if no lead had done anything. "
        "Bring in what is newer before you learn from it or go by its scores",
        label,
        clock.date(newest),
        f"{(histories.exported_at - newest) // DAY:,}",
    )
