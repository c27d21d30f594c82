"""One lead's ledger under two rulebooks, side by side."""

from dataclasses import dataclass

from histories.contract import Families, LeadHistory
from scoring.ledger import Entry, Group, Ledger, ledger
from scoring.rulebook import Rulebook


@dataclass(frozen=True, slots=True)
class Line:
    """What one interaction or attribute gives under one rule, before and after; hundredths, after all limits.

    None: that rulebook has no such entry. `at` and `interaction_id` as in the ledger's entry.
    """

    rule: str
    group: Group
    interaction_id: str | None
    at: int
    before: int | None
    after: int | None


@dataclass(frozen=True, slots=True)
class Preview:
    """Both ledgers at one cutoff, and their entries in pairs, oldest first.

    The lines' `before` add up to `before.total`, their `after` to `after.total`, exactly.
    """

    before: Ledger
    after: Ledger
    lines: tuple[Line, ...]


def preview(old: Rulebook, new: Rulebook, families: Families, history: LeadHistory, cutoff: int) -> Preview:
    """Hold one lead against two rulebooks at a cutoff (UTC microseconds). Entries pair by rule and what met it."""
    before, after = (ledger(book, families, history, cutoff) for book in (old, new))
    olds, news = ({_key(entry): entry for entry in one.entries} for one in (before, after))
    lines = [
        Line(key[0], key[1], key[2], key[3], _counted(olds.get(key)), _counted(news.get(key)))
        for key in dict.fromkeys([*olds, *news])
    ]
    lines.sort(key=lambda line: (line.group is Group.FLOOR, line.at, line.interaction_id or "", line.rule))
    return Preview(before, after, tuple(lines))


def _key(entry: Entry) -> tuple[str, Group, str | None, int]:
    return entry.rule, entry.group, entry.interaction_id, entry.at


def _counted(entry: Entry | None) -> int | None:
    return None if entry is None else entry.counted
