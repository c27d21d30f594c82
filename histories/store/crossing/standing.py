"""Where a lead stands, and which lines an answer crosses: without a database."""

from dataclasses import dataclass

from histories.clock import DAY, MINUTE
from histories.contract import Stage

# Clocks of the machines that ask and answer differ; an answer as of a later moment is about what may be.
LENIENCE = 5 * MINUTE
# What a lead had reached so long ago is no news: an answer about then is a look back, or an export that is asked for.
NEWS = 7 * DAY
_RANKS = {Stage.LEAD.value: 0, Stage.MQL.value: 1, Stage.SQL.value: 2}
GRADE = "grade"


@dataclass(frozen=True, slots=True)
class Standing:
    """What the newest answer about a lead said: its stage by the rules, its grade, the moment and the watermark.

    `rescore_at`: when the lead is to be scored again though nothing came; None: not of itself.
    """

    rule_stage: str | None
    grade: str | None
    as_of: int
    watermark: int
    rescore_at: int | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """A line that was crossed: `kind` is the stage that was reached, or `grade`; `before` None: nothing was known."""

    kind: str
    before: str | None
    after: str


def is_newer(standing: Standing | None, as_of: int, watermark: int, *, stored: bool, now: int) -> bool:
    """Tell whether an answer says more of a lead than its standing does.

    One as of an earlier moment never does, nor one that knew less of the store: else a lead would fall back to what it
    was, and rise once more. An answer as of a moment to come says nothing about now, nor does a first one as of a
    moment that is long over.
    """
    if as_of > now + LENIENCE:
        return False
    if standing is None:
        return as_of >= now - NEWS
    return as_of >= standing.as_of and (not stored or watermark >= standing.watermark)


def look_at(standing: Standing, as_of: int, watermark: int, now: int) -> int | None:
    """Return when a lead of the store is to be looked at again, of which an answer was passed over; None: no sooner.

    Of two answers, as clocks of machines differ, the later one may not have seen a row that the earlier one saw. The
    look has to wait for the standing's moment: one before it would be passed over again.
    """
    due = standing.rescore_at is not None and standing.rescore_at <= now
    differs = watermark != standing.watermark and as_of >= standing.as_of - LENIENCE
    return max(now, standing.as_of) if due or differs else None


def lines(standing: Standing | None, rule_stage: str | None, grade: str | None) -> list[Line]:
    """Return the lines that an answer crosses, the stage before the grade.

    Up to mql or sql alone; where both are reached at once, sql says it for both. A first answer crosses a stage's
    line where the lead is beyond it: nobody was told yet. A grade changes from one to another, in either direction;
    the first one, and none, is no change.

    >>> lines(Standing("lead", "C", 0, 0), "sql", "B")
    [Line(kind='sql', before='lead', after='sql'), Line(kind='grade', before='C', after='B')]
    >>> lines(None, "lead", "A")
    []
    """
    before = standing.rule_stage if standing else None
    found = []
    if rule_stage is not None and _RANKS[rule_stage] > _RANKS[before or Stage.LEAD.value]:
        found.append(Line(rule_stage, before, rule_stage))
    if standing and standing.grade and grade and grade != standing.grade:
        found.append(Line(GRADE, standing.grade, grade))
    return found
