"""What the reader of an answer should know about what it was made from."""

from collections.abc import Sequence
from typing import Self

_MOST_NAMED = 10


class Caveat(str):
    """A sentence for the reader, with a stable `code` and how many kinds, attributes or interactions it speaks of."""

    __slots__ = ("code", "count")

    code: str
    count: int  # type: ignore[assignment]  # str's own, which counts letters, is given up for it

    def __new__(cls, code: str, count: int, text: str) -> Self:
        """Return the text, with code and count."""
        caveat = super().__new__(cls, text)
        caveat.code, caveat.count = code, count
        return caveat


def caveats(
    *,
    unknown_kinds: Sequence[str],
    later: int,
    late: int,
    unknown_attributes: Sequence[str],
    missing_attributes: Sequence[str],
) -> tuple[Caveat, ...]:
    """Say which kinds and attributes are unknown, what was left out, and which attributes are missing.

    `later` and `late` are numbers of interactions. Kinds and attributes are named as they came, values never.
    """
    found = (
        _listed("unknown_kinds", "Kinds that training never saw count as other", unknown_kinds),
        _left_out("later_interactions", later, "at or after as_of"),
        _left_out("late_interactions", late, "received after as_of"),
        _listed(
            "unknown_attributes", "Attributes that neither model nor rulebook knows were left out", unknown_attributes
        ),
        _listed("missing_attributes", "Missing attributes", missing_attributes),
    )
    return tuple(one for one in found if one.count)


def _left_out(code: str, count: int, which: str) -> Caveat:
    return Caveat(code, count, f"{count} interaction{' was' if count == 1 else 's were'} left out: {which}")


def _listed(code: str, what: str, names: Sequence[str]) -> Caveat:
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return Caveat(code, len(names), f"{what}: {', '.join(names[:_MOST_NAMED])}{more}")
