"""What every feature family must pass on the day it is declared. Each check takes (subject, family, case).

A check raises AssertionError that names the columns. Bits are compared wherever one and the same number is meant;
the oracle adds in another order, and is held to nine digits.
"""

import math
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from feature_cases import Case, cases, changed, pairs_of_leads, received, shuffled, with_events
from feature_families import Family, Part, window
from feature_oracle import row as oracle_row
from feature_subject import Subject, whole
from hypothesis import strategies as st

from features.catalogue import Catalogue
from features.kernel.arrays import Floats
from histories.clock import DAY
from histories.contract import Attribute, Interaction, LeadHistory, Outcome, Stage

_WINDOWS = (1, 3, 7, 14, 30, 90)


@dataclass(frozen=True)
class Check:
    """A claim, and the cases it is tried on."""

    claim: Callable[[Subject, Family, Case], None]
    cases: Callable[[], st.SearchStrategy[Case]]

    @property
    def name(self) -> str:
        """What the claim is called."""
        return self.claim.__name__


def says_what_the_oracle_says(subject: Subject, family: Family, case: Case) -> None:
    """The row is what the definitions give, computed the slow and obvious way."""
    _agrees(subject, family, case.lead, case.cutoff, case.catalogue)


def ignores_what_happens_from_the_cutoff_on(subject: Subject, family: Family, case: Case) -> None:
    """What occurs, is learnt or is reached at the cutoff or later changes nothing, and nor does what arrives after."""
    stranger, cutoff = case.stranger, case.cutoff
    later = [one for one in stranger.interactions if one.occurred_at >= cutoff or received(one) > cutoff]
    now = [changed(one, occurred_at=cutoff, received_at=None) for one in stranger.interactions[:3]]
    grown = replace(
        with_events(case.lead, [*later, *now]),
        attributes=case.lead.attributes
        + tuple(replace(one, known_at=max(one.known_at or 0, cutoff)) for one in stranger.attributes),
        outcomes=case.lead.outcomes
        + tuple(Outcome(one.stage, max(one.reached_at, cutoff)) for one in stranger.outcomes),
    )
    _unchanged(subject, family, case, grown)


def ignores_order(subject: Subject, family: Family, case: Case) -> None:
    """The order in which things come in changes nothing."""
    (other,) = shuffled([case.lead], case.random)
    _unchanged(subject, family, case, other)


def ignores_duplicates(subject: Subject, family: Family, case: Case) -> None:
    """A repetition changes nothing, nor does what comes later under an id that was there."""
    lead, chance = case.lead, case.random
    strange = case.stranger.interactions

    def repeated(events: tuple[Interaction, ...]) -> tuple[Interaction, ...]:
        first: dict[str, int] = {}
        for one in events:
            first[one.interaction_id] = min(received(one), first.get(one.interaction_id, received(one)))
        later = [
            changed(one, interaction_id=name, received_at=max(first[name], one.occurred_at) + 1)
            for name, one in zip(sorted(first), strange, strict=False)
        ]
        return tuple(chance.sample([*events, *events[::2], *later], len(events) + len(events[::2]) + len(later)))

    others = lead.account_interactions
    twice = replace(
        lead,
        attributes=lead.attributes + lead.attributes[::2],
        interactions=repeated(lead.interactions),
        outcomes=lead.outcomes + lead.outcomes[::2],
        account_interactions=None if others is None else repeated(others),
    )
    _unchanged(subject, family, case, twice)


def begins_and_ends_at_the_microsecond(subject: Subject, family: Family, case: Case) -> None:
    """Something stands at the cutoff, a microsecond before and one after: it counts just before, and then only."""
    event, value = _some_event(case), Attribute("size", 7.0)
    for off in (-1, 0, 1):
        at = case.cutoff + off
        grown = replace(
            with_events(case.lead, [changed(event, occurred_at=at, received_at=None)]),
            attributes=(*case.lead.attributes, replace(value, known_at=at), Attribute("industry", "farm", at)),
            outcomes=(*case.lead.outcomes, Outcome(Stage.MQL, at)),
        )
        if off >= 0:
            _unchanged(subject, family, case, grown)
        _agrees(subject, family, grown, case.cutoff, case.catalogue)


def cuts_windows_at_the_microsecond(subject: Subject, family: Family, case: Case) -> None:
    """What stands on a window's edge is in it; what stands a microsecond before is in no column of it."""
    event, names = _some_event(case), family.names(case.catalogue)
    for days in _WINDOWS:
        narrow = [name for name in names if (width := window(family, name)) is not None and width <= days]
        for off in (-1, 0, 1):
            at = case.cutoff - days * DAY + off
            grown = with_events(case.lead, [changed(event, occurred_at=at, received_at=None, value=2.5)])
            _agrees(subject, family, grown, case.cutoff, case.catalogue)
            if off < 0:
                _unchanged(subject, family, case, grown, narrow)


def counts_what_arrives_late_from_its_arrival_on(subject: Subject, family: Family, case: Case) -> None:
    """What occurred long ago and arrives a microsecond after the cutoff is not there; what arrives at it is."""
    age = case.random.choice([1, DAY - 1, 2 * DAY, 45 * DAY])
    event = changed(_some_event(case), occurred_at=case.cutoff - age)
    for off in (-1, 0, 1):
        grown = with_events(case.lead, [changed(event, received_at=case.cutoff + off)])
        if off > 0:
            _unchanged(subject, family, case, grown)
        _agrees(subject, family, grown, case.cutoff, case.catalogue)


def is_the_same_later_as_it_was_then(subject: Subject, family: Family, case: Case) -> None:
    """Computed then, from what had arrived, or later, from everything: the row of a cutoff is one."""
    lead, cutoff = case.lead, case.cutoff

    def arrived(events: tuple[Interaction, ...]) -> tuple[Interaction, ...]:
        return tuple(one for one in events if received(one) <= cutoff)

    then = replace(
        lead,
        attributes=tuple(one for one in lead.attributes if one.known_at is None or one.known_at <= cutoff),
        interactions=arrived(lead.interactions),
        outcomes=tuple(one for one in lead.outcomes if one.reached_at <= cutoff),
        account_interactions=None if lead.account_interactions is None else arrived(lead.account_interactions),
    )
    _unchanged(subject, family, case, then)


def tells_unseen_kinds_by_their_families_alone(subject: Subject, family: Family, case: Case) -> None:
    """A kind that training never saw has no name: another one of the same families gives the same row."""
    names = {"unseen": "never seen", "demo_unseen": "demo_never_seen", "stop": "stop"}

    def other_names(events: tuple[Interaction, ...]) -> tuple[Interaction, ...]:
        # Of several with one id the name may decide which is kept, so each has an id of its own.
        return tuple(
            changed(one, interaction_id=f"{place:03}", kind=names.get(one.kind, one.kind))
            for place, one in enumerate(events)
        )

    lead = case.lead
    others = lead.account_interactions
    numbered, other = (
        replace(
            lead,
            interactions=rename(lead.interactions),
            account_interactions=None if others is None else rename(others),
        )
        for rename in (_numbered, other_names)
    )
    found = [subject.alone(one, case.cutoff, case.catalogue) for one in (numbered, other)]
    _same(found[1], found[0], family.names(case.catalogue), case.catalogue)


def reads_nothing_else(subject: Subject, family: Family, case: Case) -> None:
    """Parts of a history that the family does not read may be anything: the account's others are not the lead's own."""
    lead, stranger = case.lead, case.stranger
    other = lead
    if Part.CREATION not in family.reads:
        other = replace(other, created_at=stranger.created_at)
    if Part.INTERACTIONS not in family.reads:
        other = replace(other, interactions=stranger.interactions)
    if Part.ATTRIBUTES not in family.reads:
        other = replace(other, attributes=stranger.attributes)
    if Part.OUTCOMES not in family.reads:
        other = replace(other, outcomes=stranger.outcomes)
    if Part.OTHERS not in family.reads:
        other = replace(other, account_interactions=stranger.interactions)
    _unchanged(subject, family, case, other)


def has_the_bits_of_the_lead_alone_in_the_table(subject: Subject, family: Family, case: Case) -> None:
    """A row of the table, in whatever order its interactions come, has the bits of the lead's row alone."""
    ids = [lead.lead_id for lead in case.company]
    found = subject.together(shuffled(case.company, case.random), [(one, case.cutoff) for one in ids], case.catalogue)
    for lead_id, row in zip(ids, found, strict=True):
        alone = subject.alone(whole(case.company, lead_id), case.cutoff, case.catalogue)
        _same(row, alone, family.names(case.catalogue), case.catalogue)


def answers_snapshots_together_as_alone(subject: Subject, family: Family, case: Case) -> None:
    """Many snapshots of a lead, in any order and the same one twice, have the rows that each has by itself."""
    chance = case.random
    ages = [0, 0, 1, DAY, 7 * DAY + 1, 30 * DAY, -1, -90 * DAY, *(chance.randrange(-9 * DAY, 99 * DAY) for _ in "abc")]
    cutoffs = [*(case.cutoff - age for age in ages), *_turning_points(case)]
    pairs = [(lead.lead_id, cutoff) for lead in case.company[:2] for cutoff in cutoffs]
    chance.shuffle(pairs)
    found = subject.together(case.company, pairs, case.catalogue)
    for (lead_id, cutoff), row in zip(pairs, found, strict=True):
        alone = subject.alone(whole(case.company, lead_id), cutoff, case.catalogue)
        _same(row, alone, family.names(case.catalogue), case.catalogue)


def adds_up_from_shards(subject: Subject, family: Family, case: Case) -> None:
    """Accounts dealt out to any number of shards have the rows that they have in the whole."""
    count = case.random.randrange(2, 6)
    company = shuffled(case.company, case.random)
    pairs = [(lead.lead_id, case.cutoff) for lead in company]
    rows = dict(zip(pairs, subject.together(company, pairs, case.catalogue), strict=True))
    for shard in range(count):
        part = [lead for lead in case.company if _shard(lead, count) == shard]
        mine = [(lead.lead_id, case.cutoff) for lead in part]
        for pair, row in zip(mine, subject.together(part, mine, case.catalogue), strict=True):
            _same(row, rows[pair], family.names(case.catalogue), case.catalogue)


CHECKS = {
    one.name: one
    for one in (
        Check(says_what_the_oracle_says, pairs_of_leads),
        Check(ignores_what_happens_from_the_cutoff_on, pairs_of_leads),
        Check(ignores_order, pairs_of_leads),
        Check(ignores_duplicates, pairs_of_leads),
        Check(begins_and_ends_at_the_microsecond, pairs_of_leads),
        Check(cuts_windows_at_the_microsecond, pairs_of_leads),
        Check(counts_what_arrives_late_from_its_arrival_on, pairs_of_leads),
        Check(is_the_same_later_as_it_was_then, pairs_of_leads),
        Check(tells_unseen_kinds_by_their_families_alone, pairs_of_leads),
        Check(reads_nothing_else, pairs_of_leads),
        Check(has_the_bits_of_the_lead_alone_in_the_table, cases),
        Check(answers_snapshots_together_as_alone, cases),
        Check(adds_up_from_shards, cases),
    )
}


def _some_event(case: Case) -> Interaction:
    kind = case.random.choice(["pricing", "mail", "reply", "stop", "unseen"])
    return Interaction("event", 0, kind, channel="web", value=1.5)


def _turning_points(case: Case) -> list[int]:
    """Return moments at which something is first seen: the company's first interaction, and some others."""
    events = [event for lead in case.company for event in lead.interactions]
    some = case.random.sample(events, min(3, len(events)))
    first = [min(event.occurred_at for event in events) + off for off in (0, 1)] if events else []
    return first + [max(event.occurred_at + 1, received(event)) for event in some]


def _numbered(events: tuple[Interaction, ...]) -> tuple[Interaction, ...]:
    return tuple(changed(one, interaction_id=f"{place:03}") for place, one in enumerate(events))


def _shard(lead: LeadHistory, count: int) -> int:
    return zlib.crc32((lead.account_id or lead.lead_id).encode()) % count


_oracle = lru_cache(4096)(oracle_row)


def _agrees(subject: Subject, family: Family, lead: LeadHistory, cutoff: int, catalogue: Catalogue) -> None:
    names = family.names(catalogue)
    wanted = _oracle(lead, cutoff, catalogue)
    found = dict(zip(catalogue.names, subject.alone(lead, cutoff, catalogue).tolist(), strict=True))
    tolerance = family.tolerance(lead)
    differ = [
        f"{name} is {found[name]!r}, the oracle says {float(wanted[name])!r}"
        for name in names
        if not _close(found[name], float(wanted[name]), tolerance)
    ]
    assert not differ, "; ".join(differ)


def _close(one: float, other: float, tolerance: float) -> bool:
    if math.isnan(one) or math.isnan(other):
        return math.isnan(one) and math.isnan(other)
    return one == other or abs(one - other) <= max(tolerance, 1e-9 * abs(other))


def _unchanged(
    subject: Subject, family: Family, case: Case, other: LeadHistory, names: Sequence[str] | None = None
) -> None:
    before = subject.alone(case.lead, case.cutoff, case.catalogue)
    after = subject.alone(other, case.cutoff, case.catalogue)
    _same(after, before, family.names(case.catalogue) if names is None else names, case.catalogue)


def _same(found: Floats, wanted: Floats, names: Sequence[str], catalogue: Catalogue) -> None:
    places = {name: place for place, name in enumerate(catalogue.names)}
    differ = [
        f"{name} is {float(found[places[name]])!r}, not {float(wanted[places[name]])!r}"
        for name in names
        if found[places[name]].tobytes() != wanted[places[name]].tobytes()
    ]
    assert not differ, "; ".join(differ)
