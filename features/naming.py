"""Names for columns: made from what a CRM calls its kinds, and safe for LightGBM, Parquet and expressions."""

import re
from collections.abc import Iterable

_UNSAFE = re.compile(r"[^A-Za-z0-9_.]")
_LONGEST = 80


def slug(text: str) -> str:
    """Return a name of letters, digits, `_` and single dots that begins with no digit.

    >>> slug("session:pricing_page"), slug("W_Nabellen offertes-COMPLETE"), slug("2nd call"), slug("价格")
    ('session.pricing_page', 'W_Nabellen_offertes_COMPLETE', '_2nd_call', '__')
    """
    safe = _UNSAFE.sub("_", text.replace(":", "."))[:_LONGEST]
    parts = [part for part in safe.split(".") if part]
    return ".".join(f"_{part}" if part[0].isdigit() else part for part in parts) or "_"


def unique(names: Iterable[str], taken: Iterable[str] = ()) -> tuple[str, ...]:
    """Give each name a number where it is taken already, in order, so that all differ.

    >>> unique(["a", "b", "a"], taken=["b"])
    ('a', 'b_2', 'a_2')
    """
    used, result = set(taken), []
    for name in names:
        free, number = name, 2
        while free in used:
            free, number = f"{name}_{number}", number + 1
        used.add(free)
        result.append(free)
    return tuple(result)
