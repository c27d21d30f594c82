"""The points of a lead as a list of entries that add up to them, exactly."""

from dataclasses import dataclass, replace
from enum import StrEnum

from histories.contract import Families, LeadHistory, Stage
from scoring.rulebook import Rulebook
from scoring.rules import AttributeCondition, EngagementRule
from scoring.standing import rule_grade, rule_stage
from scoring.tally import Tally, decayed, tally


class Group(StrEnum):
    """What an entry belongs to. `floor` gives back what would take the sum below 0."""

    ENGAGEMENT = "engagement"
    FIT = "fit"
    QUALIFICATION = "qualification"
    FLOOR = "floor"


@dataclass(frozen=True, slots=True)
class Entry:
    """What one interaction or attribute gives under one rule. Points in hundredths, times in UTC microseconds.

    `points` are the rule's, `decayed` what is left of them at the cutoff, `within_rule` what the rule's own limit leaves
    of that, `counted` what the group's then does. `at`: when the interaction happened or the attribute became known (with the
    lead, where that has no time of its own; the cutoff, for the floor). `interaction_id` None: not an interaction.
    """

    rule: str
    group: Group
    interaction_id: str | None
    at: int
    points: int
    decayed: int
    within_rule: int
    counted: int


@dataclass(frozen=True, slots=True)
class Ledger:
    """A lead's points at a cutoff, in hundredths.

    `entries`, oldest first, add up to `total` by their `counted`; those of a group add up to `engagement`, `fit`
    and `qualification` (a group may be below 0; `total` is not). `stage` is lead, mql or sql; `grade` is like
    "B2", None where the rulebook has no [grades]. `mql_at`, `sql_at`: since when the ledger has stood at that
    stage without a break; None where it does not.
    """

    cutoff: int
    entries: tuple[Entry, ...]
    engagement: int
    fit: int
    qualification: int
    total: int
    grade: str | None
    stage: Stage
    mql_at: int | None
    sql_at: int | None


def ledger(rulebook: Rulebook, families: Families, history: LeadHistory, cutoff: int) -> Ledger:
    """Return a lead's ledger at a cutoff, from what that cutoff sees alone."""
    return of(tally(rulebook, families, history), cutoff)


def of(lead: Tally, cutoff: int) -> Ledger:
    """Return the ledger of a tally."""
    book = lead.rulebook
    entries = [
        *_cut(_engagement(lead, cutoff), book.engagement_limit),
        *_cut(_fit(lead, cutoff), book.fit_limit),
        *_qualification(lead, cutoff),
    ]
    figures = lead.figures(cutoff)
    below = figures.total - (figures.engagement + figures.fit + figures.qualification)
    if below:
        entries.append(Entry("Points never go below 0", Group.FLOOR, None, cutoff, *(below,) * 4))
    entries.sort(key=_order)
    mql_at, sql_at = lead.crossings(cutoff)
    return Ledger(
        cutoff,
        tuple(entries),
        figures.engagement,
        figures.fit,
        figures.qualification,
        figures.total,
        rule_grade(book, figures),
        rule_stage(book, figures),
        mql_at,
        sql_at,
    )


def _order(entry: Entry) -> tuple[int, str, str]:
    return (entry.at, entry.interaction_id or "", entry.rule)


def _engagement(lead: Tally, cutoff: int) -> list[Entry]:
    entries = []
    for slot, rule in enumerate(lead.rulebook.engagement):
        room = rule.limit
        for match in lead.matches[slot]:
            if match.visible_from > cutoff:
                continue
            size = decayed(rule, cutoff - match.occurred_at)
            counted = size if room is None else min(size, room)
            room = None if room is None else room - counted
            entries.append(_engagement_entry(rule, match.interaction_id, match.occurred_at, size, counted))
    return entries


def _engagement_entry(rule: EngagementRule, interaction_id: str, at: int, size: int, counted: int) -> Entry:
    sign = 1 if rule.points > 0 else -1
    within = sign * counted
    return Entry(rule.name, Group.ENGAGEMENT, interaction_id, at, rule.points, sign * size, within, within)


def _fit(lead: Tally, cutoff: int) -> list[Entry]:
    entries = []
    for rule in lead.rulebook.fit:
        value = lead.value(rule.when.attribute, cutoff)
        if rule.when.holds(value.value):
            entries.append(Entry(rule.name, Group.FIT, None, value.known_at, *(rule.points,) * 4))
    return entries


def _qualification(lead: Tally, cutoff: int) -> list[Entry]:
    asked = lead.rulebook.qualification
    if asked is None:
        return []
    entries = []
    for slot, (name, condition) in enumerate(asked.parts, lead.first_part):
        known: tuple[str | None, int] | None = None
        if isinstance(condition, AttributeCondition):
            value = lead.value(condition.attribute, cutoff)
            known = (None, value.known_at) if condition.holds(value.value) else None
        elif match := lead.first_seen(slot, cutoff):
            known = (match.interaction_id, match.occurred_at)
        if known:
            entries.append(Entry(f"{name} is known", Group.QUALIFICATION, *known, *(asked.points_each,) * 4))
    return entries


def _cut(entries: list[Entry], limit: int | None) -> list[Entry]:
    """Cut a group's gains by its limit, oldest first; what a rule takes is never cut by it."""
    if limit is None:
        return entries
    cut, room = [], limit
    for entry in sorted(entries, key=_order):
        counted = min(entry.counted, room)
        room -= max(counted, 0)
        cut.append(entry if counted == entry.counted else replace(entry, counted=counted))
    return cut
