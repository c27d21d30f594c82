"""Where a lead stands, and which lines an answer crosses: without a database."""

from dataclasses import dataclass
from typing import NamedTuple

from histories.clock import DAY, MINUTE
from histories.contract import Stage

# Clocks of the machines that ask and answer differ; an answer as of a later moment is about what may be.
LENIENCE = 5 * MINUTE
# What a lead had reached so long ago is no news: an answer about then is a look back, or an export that is asked for.
NEWS = 7 * DAY
_RANKS = {Stage.LEAD.value: 0, Stage.MQL.value: 1, Stage.SQL.value: 2}
GRADE = "grade"
# Sales is in a deal with the lead, or has made one: it is past both lines, and that it is comes from sales.
_PAST = (Stage.OPPORTUNITY.value, Stage.CUSTOMER.value)
_ON_RECORD = {Stage.MQL.value: Stage.MQL.value, Stage.SQL.value: Stage.SQL.value} | dict.fromkeys(
    _PAST, Stage.SQL.value
)


@dataclass(frozen=True, slots=True)
class Standing:
    """Where the newest answer about a lead put it: stage (as `stage` says it), grade, the moment and the watermark.

    `rescore_at`: when the lead is to be scored again though nothing came; None: not of itself.
    """

    stage: str | None
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


class Agreed(NamedTuple):
    """Within how long an mql, and an sql, is to be followed up, in microseconds; None: nothing is agreed, or known."""

    mql: int | None
    sql: int | None


NOT_KNOWN = Agreed(None, None)


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


def stage(rule_stage: str | None, on_record: str | None) -> str | None:
    """Return where a lead stands: the higher of its stage by the points and the one on record, at most sql.

    A deal and a customer stand at sql; of a lost lead the points alone tell.

    >>> stage("lead", "mql"), stage("sql", "mql"), stage("mql", "opportunity"), stage("mql", "lost")
    ('mql', 'sql', 'sql', 'mql')
    """
    recorded = _ON_RECORD.get(on_record or "")
    if recorded is None or (rule_stage is not None and _RANKS[rule_stage] >= _RANKS[recorded]):
        return rule_stage
    return recorded


def crossed(standing: Standing | None, rule_stage: str | None, on_record: str | None, grade: str | None) -> list[Line]:
    """Return the lines that an answer crosses: as `lines`; of a deal and a customer, changes of the grade alone."""
    reached = None if on_record in _PAST else stage(rule_stage, on_record)
    return lines(standing, reached, grade)


def lines(standing: Standing | None, stage: str | None, grade: str | None) -> list[Line]:
    """Return the lines between where a lead stood and where it stands, the stage before the grade.

    Up to mql or sql alone; where both are reached at once, sql says it for both. A first answer crosses a stage's
    line where the lead is beyond it: nobody was told yet. A grade changes from one to another, in either direction;
    the first one, and none, is no change.

    >>> lines(Standing("lead", "C", 0, 0), "sql", "B")
    [Line(kind='sql', before='lead', after='sql'), Line(kind='grade', before='C', after='B')]
    >>> lines(None, "lead", "A")
    []
    """
    before = standing.stage if standing else None
    found = []
    if stage is not None and _RANKS[stage] > _RANKS[before or Stage.LEAD.value]:
        found.append(Line(stage, before, stage))
    if standing and standing.grade and grade and grade != standing.grade:
        found.append(Line(GRADE, standing.grade, grade))
    return found


def clock(standing: Standing | None, line: Line, follow_up_by: int | None, as_of: int, agreed: Agreed) -> int | None:
    """Return when the clock that a line starts ends; None: it starts none.

    `follow_up_by` is the answer's own: the agreed time after the ledger, or the record, says that the line was
    crossed. Where that is before the last answer, which said otherwise, nobody can have known of it then: a rulebook
    was edited, or rows of earlier days came. Such a clock starts with this answer, `as_of`. Clocks differ by minutes.

    >>> was, line = Standing("lead", None, 50 * DAY, 1), Line("mql", "lead", "mql")
    >>> ends = [clock(was, line, at + DAY, 80 * DAY, Agreed(DAY, None)) for at in (70 * DAY, 20 * DAY)]
    >>> [end // DAY for end in ends]
    [71, 81]
    """
    if line.kind == GRADE or follow_up_by is None:
        return None
    hours = agreed.sql if line.kind == Stage.SQL.value else agreed.mql
    if hours is None or standing is None or follow_up_by - hours > standing.as_of - LENIENCE:
        return follow_up_by
    return as_of + hours
