"""Reasons for the points: what each rule gives or takes, read off the ledger."""

from histories.clock import DAY
from scoring import words
from scoring.answer import RuleReason
from scoring.ledger import Entry, Group, Ledger
from scoring.rulebook import Rulebook
from scoring.rules import HUNDREDTHS


def of(rulebook: Rulebook, ledger: Ledger, most: int) -> tuple[RuleReason, ...]:
    """Return the `most` rules with the strongest effect, in whole points; equal ones by code.

    Without `most` they would add up to the points.
    """
    if not most:
        return ()
    limits = {rule.name: rule.limit for rule in rulebook.engagement}
    by_rule: dict[str, list[Entry]] = {}
    for entry in ledger.entries:
        if entry.counted:
            by_rule.setdefault(entry.rule, []).append(entry)
    effects = [(name, sum(entry.counted for entry in entries)) for name, entries in by_rule.items()]
    effects.sort(key=lambda one: (-abs(one[1]), one[0]))
    return tuple(_reason(name, by_rule[name], total, limits.get(name), ledger.cutoff) for name, total in effects[:most])


def _reason(name: str, entries: list[Entry], total: int, limit: int | None, cutoff: int) -> RuleReason:
    text = f"{name}: {words.points(total)}"
    if limit is not None:
        text += f" of {words.number((limit if total > 0 else -limit) / HUNDREDTHS)}"
    if entries[0].group is Group.ENGAGEMENT:
        latest = max(entry.at for entry in entries)
        age = words.span((cutoff - latest) / DAY)
        text += f" from {words.counted(len(entries), 'interaction')}, latest {age} ago"
    return RuleReason(f"rule:{name}", text, total / HUNDREDTHS)
