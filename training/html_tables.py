"""The report's other tables: segments, disputed leads, the gate's checks, what the audit found."""

from collections.abc import Sequence

from histories.clock import date
from training import checks_table
from training.checks import Check
from training.disagreement import Disputed
from training.findings import converted_leads, too_few
from training.html_table import Table, number, spread, table
from training.leak_finding import Verdict as Found
from training.leakage import Audit
from training.lineup import MODEL, RULES, Lineup
from training.plainly import reached
from training.segments import Segment

_SAID = {Found.BLOCK: "stops", Found.LOOK: "look at it", Found.NOTE: "only told"}
MOST_FINDINGS = 20


def segments(lineup: Lineup) -> Table | None:
    """Return one row a segment, those that fall out marked; None where there are none."""
    if not lineup.segments:
        return None
    called = [name for name in (MODEL, RULES) if name in lineup.capacity]
    head = ["Who", "Leads", "Converted", "Share of snapshots that did", "Promised for each that came"]
    head += [f"Called, by the {name}" for name in called]
    compared = RULES in lineup.differences
    if compared:
        head.append("Model against rules")
    rows = [_segment(lineup, one, called, compared) for one in lineup.segments]
    words = {0, len(head) - 1} if compared else {0}
    return table(head, rows, words, [place for place, one in enumerate(lineup.segments) if one.flags])


def _segment(lineup: Lineup, one: Segment, called: Sequence[str], compared: bool) -> list[str]:
    cells = [one.title, f"{one.leads:,}", f"{one.converted_leads:,}", number(one.rate, ".1%")]
    cells.append(spread(one.scores[lineup.chosen].predicted_over_observed, ".2f"))
    cells += [number(one.scores[name].selected, ".0%") for name in called]
    if compared:
        cells.append(_who_is_better(lineup, one))
    return cells


def _who_is_better(lineup: Lineup, one: Segment) -> str:
    # A segment is drawn towards the whole: where that cannot be told, it would say so by the whole's own figures.
    if too_few(converted_leads(lineup)):
        return "cannot tell"
    loss = one.log_loss_differences[RULES]
    if loss.high < 0:
        return "model better"
    return "rules better" if loss.low > 0 else "no clear difference"


def disputed(lineup: Lineup, leads: Sequence[Disputed]) -> Table:
    """Return one row a lead: who it is, how both scores saw it, and what became of it."""
    one, days = reached(lineup.target, 1), lineup.horizon_days
    rows = [
        (
            lead.lead_id,
            date(lead.cutoff),
            lead.age,
            f"{lead.probability:.1%}",
            f"{lead.model_rank:.0%}",
            f"{lead.points:,.0f}",
            f"{lead.rules_rank:.0%}",
            f"{one} within {days} days" if lead.converted else "not within the time",
        )
        for lead in leads
    ]
    head = ("Lead", "Looked at on", "Age", "Model says", "above", "Rules' points", "above", "What became of it")
    marked = [place for place, lead in enumerate(leads) if lead.converted]
    return table(head, rows, (0, 7), marked)


def checks(found: Sequence[Check]) -> Table:
    """Return one row a check of the gate, those that did not pass marked."""
    rows = [
        (
            "passed" if one.passed else "not passed",
            one.sentence,
            checks_table.figure(one),
            one.asked,
            one.name,
        )
        for one in found
    ]
    marked = [place for place, one in enumerate(found) if not one.passed]
    return table(("", "Check", "Figure", "Asked for", "Name"), rows, (0, 1, 3, 4), marked)


def findings(audit: Audit) -> Table | None:
    """Return one row a finding of the audit that says something, the gravest first, so many at most; None: none."""
    named = [one for one in audit.findings if one.verdict in _SAID][:MOST_FINDINGS]
    if not named:
        return None
    rows = [
        (
            "allowed" if one.field in audit.allowed else _SAID[one.verdict],
            one.field,
            "both" if one.target is None else one.target.value,
            one.sentence,
        )
        for one in named
    ]
    return table(("", "Field", "Target", "What was found"), rows, range(4))
