"""When a lead's points first reached mql, and sql."""

from collections.abc import Callable

from histories.contract import Stage
from scoring.rulebook import Rulebook
from scoring.standing import rule_stage
from scoring.tally import Tally, limited


def first_reached(lead: Tally, until: int) -> tuple[int | None, int | None]:
    """Return the first moments before `until` (UTC microseconds) at which the points stood at mql and at sql.

    Looked at when the lead is created and as each interaction and attribute becomes known: points rise then.
    None: not before `until`, or the rulebook has no such stage.
    """
    book = lead.rulebook
    cuts = [rule.points for rule in (book.mql, book.sql) if rule is not None]
    if not cuts or _most(lead) < min(cuts):
        return None, None
    moments = {one.visible_from for known in lead.values.values() for one in known}.union(*lead.shown)
    looks = [lead.created_at, *sorted(at for at in moments if lead.created_at < at)]
    mql: int | None = None
    for at in looks:
        if at >= until:
            break
        stage = rule_stage(book, lead.figures(at))
        if mql is None and stage.rank >= Stage.MQL.rank:
            mql = at
        if stage is Stage.SQL:
            return mql, at
        if mql is not None and book.sql is None:
            break
    return mql, None


def _most(lead: Tally) -> int:
    """Return points that no cutoff exceeds: everything at once, nothing decayed, nothing taken."""
    book: Rulebook = lead.rulebook
    engagement = sum(
        limited(rule.points * len(found), rule.limit)
        for rule, found in zip(book.engagement, lead.matches, strict=False)
        if rule.points > 0
    )
    fit = sum(rule.points for rule in book.fit if rule.points > 0 and _ever(lead, rule.when.attribute, rule.when.holds))
    asked = book.qualification
    parts = asked.points_each * len(asked.parts) if asked else 0
    return limited(engagement, book.engagement_limit) + limited(fit, book.fit_limit) + parts


def _ever(lead: Tally, attribute: str, holds: Callable[[str | float | None], bool]) -> bool:
    return holds(None) or any(holds(one.value) for one in lead.values.get(attribute, []))
