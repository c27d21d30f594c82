"""What is checked: the two ways to a row, behind one face, so that a check can be shown what it must refuse."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from feature_histories import histories, snapshots

from features import one, table
from features.catalogue import Catalogue
from features.kernel.arrays import Floats
from histories.contract import LeadHistory

Company = Sequence[LeadHistory]
Pairs = Sequence[tuple[str, int]]


@dataclass(frozen=True)
class Subject:
    """`alone(history, cutoff, catalogue)` is one row, `together(company, pairs, catalogue)` a row for each pair."""

    alone: Callable[[LeadHistory, int, Catalogue], Floats]
    together: Callable[[Company, Pairs, Catalogue], Floats]


def _together(company: Company, pairs: Pairs, catalogue: Catalogue) -> Floats:
    return table.compute(histories(company), snapshots(pairs), catalogue).matrix


HONEST = Subject(one.row, _together)


def remembering(subject: Subject) -> Subject:
    """Return a subject that computes the same row once: the families ask for it one after the other."""
    together = lru_cache(4096)(subject.together)
    return Subject(
        lru_cache(4096)(subject.alone),
        lambda company, pairs, catalogue: together(tuple(company), tuple(pairs), catalogue),
    )


def whole(company: Company, lead_id: str) -> LeadHistory:
    """Return a lead with what its account's others did, put together without the project's own reader."""
    lead = next(one for one in company if one.lead_id == lead_id)
    if lead.account_id is None:
        return lead
    others = [one for one in company if one.account_id == lead.account_id and one.lead_id != lead_id]
    return replace(lead, account_interactions=tuple(event for one in others for event in one.interactions))
