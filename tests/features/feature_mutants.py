"""Wrong ways to compute features, each with the check that must catch it and the families in which it shows."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np
from feature_cases import changed, received
from feature_families import FAMILIES
from feature_subject import HONEST, Company, Pairs, Subject, whole

from features.catalogue import Catalogue
from features.kernel.arrays import Floats
from histories.clock import DAY
from histories.contract import Interaction, LeadHistory, Outcome, Stage, without_duplicates

Events = tuple[Interaction, ...]


@dataclass(frozen=True)
class Mutant:
    """A subject that is wrong, and who must say so."""

    name: str
    subject: Subject
    caught_by: str
    blocks: tuple[str, ...]


def _alone(change: Callable[[LeadHistory, int], LeadHistory]) -> Subject:
    """Return a subject that sees every history through a change, alone and in the table."""

    def row(history: LeadHistory, cutoff: int, catalogue: Catalogue) -> Floats:
        return HONEST.alone(change(history, cutoff), cutoff, catalogue)

    return _of_rows(row)


def _of_rows(row: Callable[[LeadHistory, int, Catalogue], Floats]) -> Subject:
    def together(company: Company, pairs: Pairs, catalogue: Catalogue) -> Floats:
        return np.array([row(whole(company, lead_id), cutoff, catalogue) for lead_id, cutoff in pairs])

    return Subject(row, together)


def _events(change: Callable[[Events, int], Iterable[Interaction]]) -> Subject:
    """Return a subject that sees the lead's interactions, and those of the account, through a change."""

    def of_history(history: LeadHistory, cutoff: int) -> LeadHistory:
        others = history.account_interactions
        return replace(
            history,
            interactions=tuple(change(history.interactions, cutoff)),
            account_interactions=None if others is None else tuple(change(others, cutoff)),
        )

    return _alone(of_history)


def _each(change: Callable[[Interaction, int], Interaction]) -> Subject:
    return _events(lambda events, cutoff: [change(one, cutoff) for one in events])


def _moved(wrong: Callable[[int], bool], by: int) -> Subject:
    """Return a subject that takes interactions of some ages for older, in microseconds."""

    def move(one: Interaction, cutoff: int) -> Interaction:
        age = cutoff - one.occurred_at
        return changed(one, occurred_at=one.occurred_at - by) if wrong(age) else one

    return _each(move)


_EDGES = {days * DAY for days in (1, 3, 7, 14, 30, 90)}


def _outcomes_at_the_cutoff(history: LeadHistory, cutoff: int) -> LeadHistory:
    moved = tuple(replace(one, reached_at=min(one.reached_at, cutoff - 1)) for one in history.outcomes)
    return replace(history, outcomes=moved)


def _attributes_at_the_cutoff(history: LeadHistory, cutoff: int) -> LeadHistory:
    moved = tuple(one if one.known_at != cutoff else replace(one, known_at=cutoff - 1) for one in history.attributes)
    return replace(history, attributes=moved)


def _latest_copy(events: Events, _: int) -> Iterable[Interaction]:
    kept: dict[str, Interaction] = {}
    for one in sorted(events, key=lambda one: (received(one), one.occurred_at, one.kind)):
        kept[one.interaction_id] = one
    return kept.values()


def _first_copy(events: Events, _: int) -> Iterable[Interaction]:
    return {one.interaction_id: one for one in reversed(events)}.values()


def _ties_as_they_come(events: Events, _: int) -> Iterable[Interaction]:
    return _as_they_come(without_duplicates(events), events)


def _as_they_come(kept: Iterable[Interaction], events: Events) -> Iterable[Interaction]:
    return [changed(one, interaction_id=f"{events.index(one):04}") for one in kept]


def _known_kinds(events: Events, _: int) -> Iterable[Interaction]:
    return [one for one in events if "never" not in one.kind]


def _own_among_others(history: LeadHistory, _: int) -> LeadHistory:
    return replace(history, account_interactions=(history.account_interactions or ()) + history.interactions)


def _others_among_own(history: LeadHistory, _: int) -> LeadHistory:
    return replace(history, interactions=history.interactions + (history.account_interactions or ()))


def _stages_from_interactions(history: LeadHistory, _: int) -> LeadHistory:
    asked = [one for one in history.interactions if one.kind == "demo_request"]
    return replace(history, outcomes=history.outcomes + tuple(Outcome(Stage.MQL, one.occurred_at) for one in asked))


def _in_single_precision(company: Company, pairs: Pairs, catalogue: Catalogue) -> Floats:
    with np.errstate(over="ignore"):
        return HONEST.together(company, pairs, catalogue).astype(np.float32).astype(np.float64)


def _at_the_latest_cutoff(company: Company, pairs: Pairs, catalogue: Catalogue) -> Floats:
    latest = dict(sorted(pairs))
    return HONEST.together(company, [(lead_id, latest[lead_id]) for lead_id, _ in pairs], catalogue)


def _accounts_cut_up(company: Company, pairs: Pairs, catalogue: Catalogue) -> Floats:
    """The first lead of a table is nobody's colleague."""
    seen = company[1:]
    rows = [
        HONEST.alone(
            whole([*(one for one in seen if one.lead_id != lead_id), *_only(company, lead_id)], lead_id), at, catalogue
        )
        for lead_id, at in pairs
    ]
    return np.array(rows)


def _only(company: Company, lead_id: str) -> Company:
    return [one for one in company if one.lead_id == lead_id]


def _off_in_the_seventh_digit(history: LeadHistory, cutoff: int, catalogue: Catalogue) -> Floats:
    return HONEST.alone(history, cutoff, catalogue) * (1 + 1e-7) + 1e-7


_OF_INTERACTIONS = ("signals", "rhythm", "variety", "account")

MUTANTS = (
    Mutant("the seventh digit is off", _of_rows(_off_in_the_seventh_digit), "says_what_the_oracle_says", tuple(FAMILIES)),
    Mutant("the cutoff itself counts", _moved(lambda age: age == 0, 1), "begins_and_ends_at_the_microsecond", (*_OF_INTERACTIONS, "latest", "trends")),
    Mutant("a stage reached at the cutoff counts", _alone(_outcomes_at_the_cutoff), "begins_and_ends_at_the_microsecond", ("stages",)),
    Mutant("an attribute known at the cutoff counts", _alone(_attributes_at_the_cutoff), "begins_and_ends_at_the_microsecond", ("attributes",)),
    Mutant("the last microsecond does not count", _moved(lambda age: age == 1, -1), "begins_and_ends_at_the_microsecond", (*_OF_INTERACTIONS, "latest", "trends")),
    Mutant("windows begin a microsecond early", _moved(lambda age: age - 1 in _EDGES, -1), "cuts_windows_at_the_microsecond", (*_OF_INTERACTIONS, "sums", "trends", "own")),
    Mutant("windows begin a microsecond late", _moved(lambda age: age in _EDGES, 1), "cuts_windows_at_the_microsecond", (*_OF_INTERACTIONS, "sums", "trends", "own")),
    Mutant("the future counts", _each(lambda one, cutoff: changed(one, occurred_at=min(one.occurred_at, cutoff - 1))), "ignores_what_happens_from_the_cutoff_on", (*_OF_INTERACTIONS, "latest")),
    Mutant("later stages count", _alone(_outcomes_at_the_cutoff), "ignores_what_happens_from_the_cutoff_on", ("stages",)),
    Mutant("arrival is ignored", _each(lambda one, _: changed(one, received_at=None)), "counts_what_arrives_late_from_its_arrival_on", (*_OF_INTERACTIONS, "latest", "contact")),
    Mutant("what arrives at the cutoff waits", _each(lambda one, cutoff: changed(one, received_at=cutoff + 1) if one.received_at == cutoff else one), "counts_what_arrives_late_from_its_arrival_on", _OF_INTERACTIONS),
    Mutant("the latest copy is kept", _events(_latest_copy), "is_the_same_later_as_it_was_then", ("signals", "account")),
    Mutant("the first copy that comes is kept", _events(_first_copy), "ignores_order", ("signals", "account")),
    Mutant("ties stay as they come", _events(_ties_as_they_come), "ignores_order", ("latest",)),
    Mutant("copies count", _events(lambda events, _: [changed(one, interaction_id=f"{place:04}") for place, one in enumerate(events)]), "ignores_duplicates", ("signals", "account")),
    Mutant("what training never saw is dropped", _events(_known_kinds), "tells_unseen_kinds_by_their_families_alone", ("signals", "variety", "account")),
    Mutant("the lead counts among the account's others", _alone(_own_among_others), "reads_nothing_else", ("account",)),
    Mutant("the others count as the lead's own", _alone(_others_among_own), "reads_nothing_else", ("signals", "rhythm", "contact")),
    Mutant("interactions make stages", _alone(_stages_from_interactions), "reads_nothing_else", ("stages",)),
    Mutant("the table rounds", Subject(HONEST.alone, _in_single_precision), "has_the_bits_of_the_lead_alone_in_the_table", ("signals", "lead")),
    Mutant("snapshots of a lead share a cutoff", Subject(HONEST.alone, _at_the_latest_cutoff), "answers_snapshots_together_as_alone", (*_OF_INTERACTIONS, "lead")),
    Mutant("accounts are cut up", Subject(HONEST.alone, _accounts_cut_up), "adds_up_from_shards", ("account",)),
)  # fmt: skip
