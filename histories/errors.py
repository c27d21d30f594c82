"""What a user may read when something is wrong: one message, no traceback."""

import difflib
import textwrap
from collections.abc import Iterable


class LeadScoringError(Exception):
    """Something the user can mend. The message names the thing, shows the value, lists what is allowed."""

    exit_status = 1


class CallError(LeadScoringError):
    """The call was wrong: an argument, a missing file, a key or value in one of the three TOML files."""

    exit_status = 2


class DataError(LeadScoringError):
    """The call was right, the data say no: too many unreadable rows, no conversions, a damaged bundle."""


def nearest(name: str, allowed: Iterable[str]) -> str:
    """`; did you mean 'created_at'?` for a near miss, otherwise nothing.

    >>> nearest("creatd_at", ["lead_id", "created_at"])
    "; did you mean 'created_at'?"
    >>> nearest("zebra", ["lead_id", "created_at"])
    ''
    """
    close = difflib.get_close_matches(name, list(allowed), n=1, cutoff=0.6)
    return f"; did you mean {close[0]!r}?" if close else ""


def listed(names: Iterable[str]) -> str:
    r"""The names with commas between, on one line: 40 at the most, each in its first 60 characters; `none` without any.

    >>> listed(["id", "two\nlines"]), listed([])
    ('id, two lines', 'none')
    """
    shown = [textwrap.shorten(one, 60, placeholder=" …") if len(one) > 60 else " ".join(one.split()) for one in names]
    more = [f"and {len(shown) - 40:,} more"] if len(shown) > 40 else []
    return ", ".join([*shown[:40], *more]) or "none"
