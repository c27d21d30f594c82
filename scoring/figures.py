"""The points of one lead at a moment, and the stage and grade they give: compiled, in whole hundredths."""

from typing import NamedTuple

import numpy as np

from histories.compiled import compiled
from scoring.program import (
    ENGAGEMENT_CUTS,
    ENGAGEMENT_LIMIT,
    EXPIRY,
    FIRST_PART,
    FIT_CUTS,
    FIT_LIMIT,
    GAINS,
    GRADED,
    HALF_LIFE,
    LIMIT,
    MQL_POINTS,
    MQL_TWO_WAY,
    POINTS_EACH,
    SIZE,
    SQL_POINTS,
    SQL_TWO_WAY,
    Ints,
    Program,
)

LEAD, MQL, SQL = 0, 1, 2
# A row of `Matched.changes`.
ATTRIBUTE, SINCE, EFFECT = 0, 1, 2

Figures = tuple[int, int, int, bool]  # engagement, fit, qualification; contact both ways


class Matched(NamedTuple):
    """One lead's interactions by slot, in any order within one, and the changes of its attributes."""

    bounds: Ints  # [slots + 1]
    occurred: Ints
    visible: Ints  # the first cutoff that sees it
    earliest: Ints  # [slots]: the first cutoff that sees any; the greatest int64: none does
    changes: Ints  # [changes, 5]: attribute, first cutoff that sees it, then as in `Program.blank`; ascending


@compiled
def figures(program: Program, matched: Matched, cutoff: int) -> Figures:
    """Return the points of all that a cutoff sees, decayed to it."""
    return least(program, matched, cutoff, cutoff)


@compiled
def least(program: Program, matched: Matched, start: int, end: int) -> Figures:
    """Return figures that no cutoff in [start, end] falls below, if no attribute becomes known in between.

    What is seen at the start, decayed to the end, less what is seen at the end, decayed to the start.
    """
    points = engagement(program, matched, start, end, end, start)
    gained, lost, known = _steady(program, matched.changes, start)
    two_way = program.least.size - 1
    for slot in range(program.numbers[FIRST_PART], two_way - 1):
        known += matched.earliest[slot] <= start
    fit = _limited(gained, program.numbers[FIT_LIMIT]) - lost
    return points, fit, known * program.numbers[POINTS_EACH], matched.earliest[two_way] <= start


@compiled
def engagement(program: Program, matched: Matched, gained_by: int, gains_at: int, lost_by: int, losses_at: int) -> int:
    """Return the points of interactions: which cutoff's gains and losses are meant, each decayed to which moment."""
    limit = program.numbers[ENGAGEMENT_LIMIT]
    gained = lost = 0
    for slot in range(program.numbers[FIRST_PART]):
        if matched.bounds[slot] == matched.bounds[slot + 1]:
            continue
        if not program.rules[slot, GAINS]:
            lost += _sum(program, matched, slot, lost_by, losses_at)
        elif limit < 0 or gained < limit:
            gained += _sum(program, matched, slot, gained_by, gains_at)
    return _limited(gained, limit) - lost


@compiled
def total(of: Figures) -> int:
    """The rulebook's points: the sum of the groups, never below 0."""
    return max(0, of[0] + of[1] + of[2])


@compiled
def stage(program: Program, of: Figures) -> int:
    """Return LEAD, MQL or SQL. A lead that meets sql is past mql, whatever mql asks for."""
    numbers, points, two_way = program.numbers, total(of), of[3]
    if points >= numbers[SQL_POINTS] and (two_way or not numbers[SQL_TWO_WAY]):
        return SQL
    return MQL if points >= numbers[MQL_POINTS] and (two_way or not numbers[MQL_TWO_WAY]) else LEAD


@compiled
def grade(program: Program, of: Figures) -> int:
    """Return four times the place of fit among its cuts, and that of engagement; -1 where there are no grades."""
    if not program.numbers[GRADED]:
        return -1
    place = 0
    for cut in range(3):
        place += 4 * (of[1] < program.numbers[FIT_CUTS + cut]) + (of[0] < program.numbers[ENGAGEMENT_CUTS + cut])
    return place


@compiled
def fades(program: Program, matched: Matched) -> bool:
    """Tell whether anything of this lead loses points with time."""
    return _fades(program, matched, 0) or _fades(program, matched, 1)


@compiled
def losses_fade(program: Program, matched: Matched) -> bool:
    """Tell whether anything that was taken from this lead comes back with time."""
    return _fades(program, matched, 0)


@compiled
def _fades(program: Program, matched: Matched, gains: int) -> bool:
    for slot in range(program.numbers[FIRST_PART]):
        fading = min(program.fading[slot, HALF_LIFE], program.fading[slot, EXPIRY]) < np.inf
        if fading and program.rules[slot, GAINS] == gains and matched.bounds[slot] < matched.bounds[slot + 1]:
            return True
    return False


@compiled
def _sum(program: Program, matched: Matched, slot: int, cutoff: int, at: int) -> int:
    """Size of what a rule gives or takes of all that a cutoff sees, decayed to a moment."""
    size, limit = program.rules[slot, SIZE], program.rules[slot, LIMIT]
    half_life, expiry = program.fading[slot, HALF_LIFE], program.fading[slot, EXPIRY]
    found = 0
    for place in range(matched.bounds[slot], matched.bounds[slot + 1]):
        if matched.visible[place] <= cutoff:
            age = max(0, at - matched.occurred[place])
            if half_life < np.inf:
                found += int(size * np.exp2(-age / half_life) + 0.5)
            elif age <= expiry:
                found += size
            if 0 <= limit <= found:
                return int(limit)
    return found


@compiled
def _limited(points: int, limit: int) -> int:
    return points if limit < 0 or points < limit else limit


@compiled
def _steady(program: Program, changes: Ints, cutoff: int) -> tuple[int, int, int]:
    """Return what attributes give as a cutoff sees them: fit gained, fit lost, parts known."""
    blank = program.blank
    gained = lost = known = row = 0
    for attribute in range(blank.shape[0]):
        seen = -1
        while row < changes.shape[0] and changes[row, ATTRIBUTE] == attribute:
            if changes[row, SINCE] <= cutoff:
                seen = row
            row += 1
        if seen < 0:
            gained, lost, known = gained + blank[attribute, 0], lost + blank[attribute, 1], known + blank[attribute, 2]
        else:
            gained += changes[seen, EFFECT]
            lost += changes[seen, EFFECT + 1]
            known += changes[seen, EFFECT + 2]
    return gained, lost, known
