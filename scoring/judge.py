"""What a rulebook says of many leads at a cutoff: points, stage, grade, and when they were and will be others."""

from typing import NamedTuple

import numpy as np

from features.threads import ranges, share
from histories.compiled import compiled
from scoring.figures import Matched, figures, grade, stage, total
from scoring.moments import NEVER, crossings, valid_until
from scoring.program import Floats, Ints, Program

# A row of `Evidence.leads`.
CREATED, FIRST, END, CHANGE, CHANGE_END = 0, 1, 2, 3, 4
# A row of what `judged` returns.
ENGAGEMENT, FIT, QUALIFICATION, TOTAL, STAGE, GRADE, MQL_AT, SQL_AT = 0, 1, 2, 3, 4, 5, 6, 7
VALID_UNTIL, OBJECTED, LAST_TWO_WAY, LATER, LATE, WIDTH = 8, 9, 10, 11, 12, 13
NAMES = (
    *("engagement", "fit", "qualification", "total", "stage", "grade", "mql_at", "sql_at"),
    *("valid_until", "objected", "last_two_way", "later", "late"),
)
_PARTS_A_THREAD, _LEAST_LEADS = 8, 2_000


class Evidence(NamedTuple):
    """What rules look at in leads' histories; the order of interactions changes nothing."""

    leads: Ints  # [leads, 5]: creation, where its interactions and the changes of its attributes lie
    occurred: Ints
    visible: Ints  # the first cutoff that sees it
    value: Floats  # NaN: none
    match: Ints  # which of the sets of slots an interaction may fill
    bounds: Ints  # [sets + 1]: where the slots of each set lie
    slots: Ints
    changes: Ints  # as in `Matched`, by lead


def judged(program: Program, evidence: Evidence, cutoff: int, threads: int = 1) -> Ints:
    """Return what the rules say of each lead at a cutoff, int64 [leads, WIDTH].

    MQL_AT and SQL_AT as `moments.crossings` says them. LAST_TWO_WAY: when contact both ways that the cutoff sees last
    happened, NEVER: it did not. LATER and LATE count interactions that the cutoff does not see because they come at
    or after it, or were received after it.
    """
    found = np.empty((len(evidence.leads), WIDTH), dtype=np.int64)
    parts = _parts(len(found), threads)
    share(lambda part: _judge(program, evidence, cutoff, part[0], part[1], found), parts, threads)
    return found


def totals(program: Program, evidence: Evidence, cutoff: int, threads: int = 1) -> Ints:
    """Return the points of each lead at a cutoff alone, int64 [leads]."""
    found = np.empty(len(evidence.leads), dtype=np.int64)
    parts = _parts(len(found), threads)
    share(lambda part: _total(program, evidence, cutoff, part[0], part[1], found), parts, threads)
    return found


def _parts(leads: int, threads: int) -> list[tuple[int, int]]:
    return ranges(leads, min(_PARTS_A_THREAD * threads, 1 + leads // _LEAST_LEADS))


@compiled
def _judge(program: Program, evidence: Evidence, cutoff: int, first: int, end: int, found: Ints) -> None:
    objections, two_way = program.least.size - 2, program.least.size - 1
    for lead in range(first, end):
        matched = _matched(program, evidence, lead)
        now = figures(program, matched, cutoff)
        found[lead, ENGAGEMENT], found[lead, FIT], found[lead, QUALIFICATION], _ = now
        found[lead, TOTAL], found[lead, STAGE], found[lead, GRADE] = (
            total(now),
            stage(program, now),
            grade(program, now),
        )
        found[lead, MQL_AT], found[lead, SQL_AT] = crossings(program, matched, evidence.leads[lead, CREATED], cutoff)
        found[lead, VALID_UNTIL] = valid_until(program, matched, cutoff)
        found[lead, OBJECTED] = matched.earliest[objections] <= cutoff
        last = NEVER
        for place in range(matched.bounds[two_way], matched.bounds[two_way + 1]):
            if matched.visible[place] <= cutoff:
                last = max(last, matched.occurred[place])
        found[lead, LAST_TWO_WAY] = last
        later = late = 0
        for row in range(evidence.leads[lead, FIRST], evidence.leads[lead, END]):
            later += evidence.occurred[row] >= cutoff
            late += evidence.occurred[row] < cutoff and evidence.visible[row] > cutoff
        found[lead, LATER], found[lead, LATE] = later, late


@compiled
def _total(program: Program, evidence: Evidence, cutoff: int, first: int, end: int, found: Ints) -> None:
    for lead in range(first, end):
        found[lead] = total(figures(program, _matched(program, evidence, lead), cutoff))


@compiled
def _matched(program: Program, evidence: Evidence, lead: int) -> Matched:
    """Sort a lead's interactions into slots, by counting."""
    first, end = evidence.leads[lead, FIRST], evidence.leads[lead, END]
    match, at, slots, value, floor = evidence.match, evidence.bounds, evidence.slots, evidence.value, program.least
    bounds = np.zeros(floor.size + 1, dtype=np.int64)
    for row in range(first, end):
        for place in range(at[match[row]], at[match[row] + 1]):
            if np.isnan(floor[slots[place]]) or value[row] >= floor[slots[place]]:
                bounds[slots[place] + 1] += 1
    for slot in range(floor.size):
        bounds[slot + 1] += bounds[slot]
    occurred, visible = np.empty(bounds[-1], dtype=np.int64), np.empty(bounds[-1], dtype=np.int64)
    earliest, ends = np.full(floor.size, np.iinfo(np.int64).max), bounds[:-1].copy()
    for row in range(first, end):
        for place in range(at[match[row]], at[match[row] + 1]):
            slot = slots[place]
            if np.isnan(floor[slot]) or value[row] >= floor[slot]:
                occurred[ends[slot]], visible[ends[slot]] = evidence.occurred[row], evidence.visible[row]
                ends[slot] += 1
                earliest[slot] = min(earliest[slot], evidence.visible[row])
    changes = evidence.changes[evidence.leads[lead, CHANGE] : evidence.leads[lead, CHANGE_END]]
    return Matched(bounds, occurred, visible, earliest, changes)
