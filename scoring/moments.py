"""When points cross a line: since when a lead has stood at a stage, and when decay alone next changes something."""

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
    seen = _first_cutoffs(lead, cutoff)
    mql_at = _since(lead, Stage.MQL.rank, seen, cutoff)
    return mql_at, _since(lead, Stage.SQL.rank, seen, cutoff) if stage == Stage.SQL.rank else None


def valid_until(lead: Tally, cutoff: int) -> int:
    """Return when decay or expiry alone next changes the stage or the grade, to the microsecond; at most 7 days on."""
    end = cutoff + LONGEST_VALIDITY
    if not lead.fades:
        return end
    found = _first_change(_Fading(lead, cutoff, lead.figures(cutoff)), cutoff, end)
    return end if found is None else found


def _rank(lead: Tally, cutoff: int) -> int:
    return rule_stage(lead.rulebook, lead.figures(cutoff)).rank


def _first_cutoffs(lead: Tally, cutoff: int) -> list[int]:
    """The cutoffs up to this one that first see something that matters to the points, newest first."""
    seen = {at for shown in lead.shown for at in shown if at <= cutoff}
    seen.update(one.visible_from for known in lead.values.values() for one in known if one.visible_from <= cutoff)
    return sorted((at for at in seen if at > lead.created_at), reverse=True)


def _since(lead: Tally, rank: int, seen: list[int], cutoff: int) -> int:
    """Walk back from the cutoff to where the points were last below a stage."""
    later = cutoff
    for at in seen:
        if at < later and _rank(lead, at) < rank:
            return _rise(lead, rank, at, later)
        later = at
        if _rank(lead, at - 1) < rank:
            return at - 1 if _known_as_it_happened(lead, at) else at
        later = at - 1
    start = lead.created_at
    return _rise(lead, rank, start, later) if start < later and _rank(lead, start) < rank else start


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
        then = now._replace(engagement=self.lead.engagement(self.cutoff, gains_at, losses_at))
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
