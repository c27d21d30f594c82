"""What the reader of an answer should know about what it was made from."""

from features import one
from features.catalogue import Catalogue
from histories.contract import LeadHistory
from scoring.tally import Tally

_MOST_NAMED = 10


def warnings(history: LeadHistory, catalogue: Catalogue, lead: Tally, cutoff: int) -> tuple[str, ...]:
    """Say which kinds and attributes are unknown, what was left out, and which attributes are missing.

    Kinds and attributes are named as they came, values never.
    """
    later = sum(each.occurred_at >= cutoff for each in history.interactions)
    late = sum(
        each.occurred_at < cutoff and each.received_at is not None and each.received_at > cutoff
        for each in history.interactions
    )
    asked = {spec.name for spec in catalogue.attributes} | lead.attributes
    unasked = sorted({each.name for each in history.attributes} - asked)
    found = (
        _listed("Kinds that training never saw count as other", one.unknown_kinds(history, catalogue, cutoff)),
        _left_out(later, "at or after as_of"),
        _left_out(late, "received after as_of"),
        _listed("Attributes that neither model nor rulebook knows were left out", unasked),
        _listed("Missing attributes", one.missing_attributes(history, catalogue, cutoff)),
    )
    return tuple(text for text in found if text)


def _left_out(count: int, which: str) -> str:
    if not count:
        return ""
    return f"{count} interaction{' was' if count == 1 else 's were'} left out: {which}"


def _listed(what: str, names: tuple[str, ...] | list[str]) -> str:
    if not names:
        return ""
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return f"{what}: {', '.join(names[:_MOST_NAMED])}{more}"
