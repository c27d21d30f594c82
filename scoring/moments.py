"""When points cross a line: since when a lead has stood at a stage, and when decay alone next changes something."""

from bisect import bisect_right
from dataclasses import dataclass

from histories.clock import DAY
from histories.contract import Stage
from scoring.standing import rule_grade, rule_stage
from scoring.tally import Figures, Tally

LONGEST_VALIDITY = 7 * DAY


def crossings(lead: Tally, cutoff: int) -> tuple[int | None, int | None]:
    """Return since when the points have stood at mql, and at sql, without a break; None where they do not.

    The points are looked at as each interaction and attribute becomes known and just before the next one does.
    Where they rose between two of these because something taken away had decayed, the moment is found between
    them to the microsecond. A crossing is dated to when what caused it was known: it happened, or it arrived.
    """
    stage = _rank(lead, cutoff)
    if stage == Stage.LEAD.rank:
        return None, None
    walk = _Walk(lead, *_probes(lead, cutoff))
    return walk.since(Stage.MQL.rank), walk.since(Stage.SQL.rank) if stage == Stage.SQL.rank else None


def valid_until(lead: Tally, cutoff: int) -> int:
    """Return when decay or expiry alone next changes the stage or the grade, to the microsecond; at most 7 days on."""
    end = cutoff + LONGEST_VALIDITY
    if not lead.fades:
        return end
    found = _first_change(_Fading(lead, cutoff, lead.figures(cutoff)), cutoff, end)
    return end if found is None else found


def _rank(lead: Tally, cutoff: int) -> int:
    return rule_stage(lead.rulebook, lead.figures(cutoff)).rank


def _probes(lead: Tally, cutoff: int) -> tuple[list[int], list[int]]:
    """Return the moments to look at, from the lead's creation to the cutoff, and those at which attributes change."""
    changes = {one.visible_from for known in lead.values.values() for one in known}
    events = changes.union(*lead.shown)
    start = min(lead.created_at, cutoff)
    moments = {at - before for at in events for before in (0, 1) if start < at - before <= cutoff}
    return sorted(moments | {start, cutoff}), sorted(changes)


@dataclass(frozen=True, slots=True)
class _Walk:
    """The way back from a cutoff: `probes` are the moments to look at, `changes` those of attributes; sorted."""

    lead: Tally
    probes: list[int]
    changes: list[int]

    def since(self, rank: int) -> int:
        """Return since when the points have been at a stage, at which they are at the last probe."""
        below = self._last_below(rank, 0, len(self.probes) - 1)
        if below is None:
            return self.probes[0]
        before, after = self.probes[below], self.probes[below + 1]
        if after - before > 1:
            return _rise(self.lead, rank, before, after)
        return before if _known_as_it_happened(self.lead, after) else after

    def _last_below(self, rank: int, first: int, last: int) -> int | None:
        """Return the last of the probes from `first` to `last` below a stage; spans that nowhere are, are passed over."""
        start, end = self.probes[first], self.probes[last]
        constant = bisect_right(self.changes, start) == bisect_right(self.changes, end)
        if constant and rule_stage(self.lead.rulebook, self.lead.least(start, end)).rank >= rank:
            return None
        if first == last:
            return first
        middle = (first + last) // 2
        found = self._last_below(rank, middle + 1, last)
        return found if found is not None else self._last_below(rank, first, middle)


def _known_as_it_happened(lead: Tally, at: int) -> bool:
    """Tell whether something that happened just before `at` is what a cutoff there first sees, not a late arrival."""
    happened = any(match.occurred_at == at - 1 for found in lead.matches for match in found)
    return happened or any(one.visible_from == at for known in lead.values.values() for one in known)


def _rise(lead: Tally, rank: int, below: int, above: int) -> int:
    """Return, between a cutoff below a stage and a later one at it, the first from which it is there."""
    while above - below > 1:
        middle = (below + above) // 2
        if _rank(lead, middle) < rank:
            below = middle
        else:
            above = middle
    return above


@dataclass(frozen=True, slots=True)
class _Fading:
    """A lead to whom nothing new happens: interactions lose points, all else stays as in `now`."""

    lead: Tally
    cutoff: int
    now: Figures

    def moved(self, gains_at: int, losses_at: int) -> bool:
        """Tell whether stage or grade differ from now's, with gains and losses each decayed to a moment."""
        book, now = self.lead.rulebook, self.now
        then = now._replace(engagement=self.lead.engagement((self.cutoff, gains_at), (self.cutoff, losses_at)))
        return rule_stage(book, then) != rule_stage(book, now) or rule_grade(book, then) != rule_grade(book, now)


def _first_change(fading: _Fading, start: int, end: int) -> int | None:
    """Return the first moment in (start, end] at which stage or grade have moved, which they have not at `start`.

    Stage and grade rise with what is gained and fall with what is taken, and both only decay. So where gains as
    they end with losses as they begin stand no lower, and the reverse no higher, nothing changes in between.
    """
    if not fading.moved(end, start) and not fading.moved(start, end):
        return None
    if end - start == 1:
        return end if fading.moved(end, end) else None
    middle = (start + end) // 2
    found = _first_change(fading, start, middle)
    return found if found is not None else _first_change(fading, middle, end)
