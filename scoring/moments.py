"""When points cross a line: since when a lead has stood at a stage, and when decay alone next changes something."""

import numpy as np

from histories.clock import DAY
from histories.compiled import compiled
from scoring.figures import (
    MQL,
    SINCE,
    SQL,
    Figures,
    Matched,
    engagement,
    fades,
    figures,
    grade,
    least,
    losses_fade,
    stage,
)
from scoring.program import Ints, Program

LONGEST_VALIDITY = 7 * DAY
NEVER = np.iinfo(np.int64).min
_MOST_SPANS = 256  # put aside while a span is halved again and again: one for each halving, of which there are 64


@compiled
def crossings(program: Program, matched: Matched, created_at: int, cutoff: int) -> tuple[int, int]:
    """Return since when the points have stood at mql, and at sql, without a break; NEVER where they do not.

    The points are looked at as each interaction and attribute becomes known and just before the next one does.
    Where they rose between two of these because something taken away had decayed, the moment is found between
    them to the microsecond. A crossing is dated to when what caused it was known: it happened, or it arrived.
    """
    at = stage(program, figures(program, matched, cutoff))
    if at < MQL:
        return NEVER, NEVER
    probes, changes = _probes(matched, created_at, cutoff)
    mql_at = _since(program, matched, probes, changes, MQL)
    return mql_at, _since(program, matched, probes, changes, SQL) if at == SQL else NEVER


@compiled
def valid_until(program: Program, matched: Matched, cutoff: int) -> int:
    """Return when decay or expiry alone next changes the stage or the grade, to the microsecond; at most 7 days on."""
    end = cutoff + LONGEST_VALIDITY
    if not fades(program, matched):
        return end
    now = figures(program, matched, cutoff)
    if losses_fade(program, matched):
        return _first_move(program, matched, now, cutoff, end)
    # Gains decay and losses stay: once stage or grade has fallen, it stays below.
    if not _moved(program, matched, now, cutoff, end, end):
        return end
    same, moved = cutoff, end
    while moved - same > 1:
        middle = (same + moved) // 2
        if _moved(program, matched, now, cutoff, middle, middle):
            moved = middle
        else:
            same = middle
    return moved


@compiled
def _first_move(program: Program, matched: Matched, now: Figures, cutoff: int, end: int) -> int:
    """Return the first moment, up to the end, at which stage or grade differ from now's, where losses fade too."""
    spans, count = np.empty((_MOST_SPANS, 2), dtype=np.int64), 1
    spans[0, 0], spans[0, 1] = cutoff, end
    # Stage and grade rise with what is gained and fall with what is taken, and both only decay. So where gains as
    # they end with losses as they begin stand no lower, and the reverse no higher, nothing changes in a span.
    while count:
        count -= 1
        start, until = spans[count, 0], spans[count, 1]
        if not _moved(program, matched, now, cutoff, until, start) and not _moved(
            program, matched, now, cutoff, start, until
        ):
            continue
        if until - start == 1:
            if _moved(program, matched, now, cutoff, until, until):
                return int(until)
            continue
        middle = (start + until) // 2
        spans[count, 0], spans[count, 1] = middle, until
        spans[count + 1, 0], spans[count + 1, 1] = start, middle
        count += 2
    return end


@compiled
def _moved(program: Program, matched: Matched, now: Figures, cutoff: int, gains_at: int, losses_at: int) -> bool:
    """Tell whether stage or grade differ from now's, with gains and losses each decayed to a moment."""
    then = (engagement(program, matched, cutoff, gains_at, cutoff, losses_at), now[1], now[2], now[3])
    return stage(program, then) != stage(program, now) or grade(program, then) != grade(program, now)


@compiled
def _probes(matched: Matched, created_at: int, cutoff: int) -> tuple[Ints, Ints]:
    """Return the moments to look at, from the lead's creation to the cutoff, and those at which attributes change."""
    changes, start, count = matched.changes[:, SINCE].copy(), min(created_at, cutoff), 2
    _sort(changes)
    found = np.empty(2 * (matched.visible.size + changes.size) + 2, dtype=np.int64)
    found[0], found[1] = start, cutoff
    for moments in (matched.visible, changes):
        for moment in moments:
            for before in range(2):
                if moment > start and start < moment - before <= cutoff:
                    found[count] = moment - before
                    count += 1
    found = found[:count]
    _sort(found)
    distinct = 1
    for place in range(1, count):
        if found[place] != found[distinct - 1]:
            found[distinct] = found[place]
            distinct += 1
    return found[:distinct], changes


@compiled
def _sort(values: Ints) -> None:
    """Sort in place, by Shell's method with Knuth's gaps: numpy's own sort takes seconds to compile."""
    gap = 1
    while gap < values.size // 3:
        gap = 3 * gap + 1
    while gap:
        for start in range(gap, values.size):
            moved, place = values[start], start
            while place >= gap and values[place - gap] > moved:
                values[place] = values[place - gap]
                place -= gap
            values[place] = moved
        gap //= 3


@compiled
def _since(program: Program, matched: Matched, probes: Ints, changes: Ints, rank: int) -> int:
    """Return since when the points have been at a stage, at which they are at the last probe."""
    below = _last_below(program, matched, probes, changes, rank)
    if below < 0:
        return int(probes[0])
    before, after = probes[below], probes[below + 1]
    if after - before > 1:
        return _rise(program, matched, rank, before, after)
    return int(before if _known_as_it_happened(matched, after) else after)


@compiled
def _last_below(program: Program, matched: Matched, probes: Ints, changes: Ints, rank: int) -> int:
    """Return the last of the probes below a stage, -1: none is; spans that nowhere are, are passed over."""
    spans, count = np.empty((_MOST_SPANS, 2), dtype=np.int64), 1
    spans[0, 0], spans[0, 1] = 0, probes.size - 1
    while count:
        count -= 1
        first, last = spans[count, 0], spans[count, 1]
        start, end = probes[first], probes[last]
        constant = _upto(changes, start) == _upto(changes, end)
        if constant and stage(program, least(program, matched, start, end)) >= rank:
            continue
        if first == last:
            return int(first)
        middle = (first + last) // 2
        spans[count, 0], spans[count, 1] = first, middle
        spans[count + 1, 0], spans[count + 1, 1] = middle + 1, last
        count += 2
    return -1


@compiled
def _upto(changes: Ints, moment: int) -> int:
    """Return how many changes a cutoff at a moment sees."""
    count = 0
    while count < changes.size and changes[count] <= moment:
        count += 1
    return count


@compiled
def _known_as_it_happened(matched: Matched, at: int) -> bool:
    """Tell whether something that happened just before `at` is what a cutoff there first sees, not a late arrival."""
    for occurred in matched.occurred:
        if occurred == at - 1:
            return True
    return bool((matched.changes[:, SINCE] == at).any())


@compiled
def _rise(program: Program, matched: Matched, rank: int, below: int, above: int) -> int:
    """Return, between a cutoff below a stage and a later one at it, the first from which it is there."""
    while above - below > 1:
        middle = (below + above) // 2
        if stage(program, figures(program, matched, middle)) < rank:
            below = middle
        else:
            above = middle
    return above
