"""Which stage and grade a rulebook gives to points."""

from histories.contract import Stage
from scoring.rulebook import Rulebook
from scoring.rules import StageRule
from scoring.tally import Figures


def rule_stage(rulebook: Rulebook, figures: Figures) -> Stage:
    """Return lead, mql or sql. A lead that meets sql is past mql, whatever mql asks for."""
    if _meets(rulebook.sql, figures):
        return Stage.SQL
    return Stage.MQL if _meets(rulebook.mql, figures) else Stage.LEAD


def rule_grade(rulebook: Rulebook, figures: Figures) -> str | None:
    """Return fit as A to D with engagement as 1 to 4, such as "B2"; None where the rulebook has no [grades]."""
    if rulebook.grades is None:
        return None
    return (
        "ABCD"[_place(rulebook.grades.fit, figures.fit)]
        + "1234"[_place(rulebook.grades.engagement, figures.engagement)]
    )


def _place(cuts: tuple[int, int, int], points: int) -> int:
    """How many of the falling cuts lie above the points."""
    return sum(points < cut for cut in cuts)


def _meets(rule: StageRule | None, figures: Figures) -> bool:
    return rule is not None and figures.total >= rule.points and (figures.two_way or not rule.two_way)
