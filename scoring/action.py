"""From both scores and the record to what should be done: the tables of docs/scores.md as functions."""

from histories.clock import HOUR
from histories.contract import Stage
from histories.funnel import Standing
from scoring.answer import Agreement, NextAction
from scoring.ledger import Ledger
from scoring.tally import Tally


def agreement(model_high: bool | None, rules_high: bool) -> Agreement | None:
    """Say which of model and rules hold the lead for one to call; None where the model has nothing to say."""
    if model_high is None:
        return None
    if model_high:
        return Agreement.BOTH_HIGH if rules_high else Agreement.MODEL_ONLY
    return Agreement.RULES_ONLY if rules_high else Agreement.BOTH_LOW


def next_action(stage: Stage, objected: bool, model_high: bool | None, rules_high: bool) -> NextAction:
    """Return the first that applies: suppress, none, engage, hand_to_sales, nurture."""
    if objected:
        return NextAction.SUPPRESS
    if stage in (Stage.CUSTOMER, Stage.LOST):
        return NextAction.NONE
    if stage.rank >= Stage.SQL.rank:
        return NextAction.ENGAGE
    return NextAction.HAND_TO_SALES if model_high or rules_high else NextAction.NURTURE


def objected(lead: Tally, cutoff: int) -> bool:
    """Tell whether the lead has unsubscribed, complained or otherwise objected before a cutoff.

    That is any interaction of family `negative` but a bounce (a kind with `bounce` in its name): an address that does
    not work is no wish to be left alone. In doubt a lead is left alone.
    """
    return any(match.visible_from <= cutoff for match in lead.objections)


def follow_up_by(lead: Tally, standing: Standing, ledger: Ledger, action: NextAction) -> int | None:
    """Return until when somebody should have spoken to the lead, in UTC microseconds; None where nothing is due.

    The agreed hours run from the crossing to sql, or where there is none from that to mql: when the record says that
    the stage was reached, otherwise when the ledger crossed it. Nothing is due for a lead that is left alone, lost,
    a customer or in a deal, where no hours are agreed, or once there was contact both ways after the crossing. The
    moment may lie in the past: then the follow-up is overdue.
    """
    if action in (NextAction.SUPPRESS, NextAction.NONE) or standing.stage is Stage.OPPORTUNITY:
        return None
    book = lead.rulebook
    for stage, crossed_at, hours in (
        (Stage.SQL, ledger.sql_at, book.sql_hours),
        (Stage.MQL, ledger.mql_at, book.mql_hours),
    ):
        recorded_at = standing.reached[stage.rank]
        at = crossed_at if recorded_at is None else recorded_at
        if at is not None:
            return None if hours is None or _answered(lead, at, ledger.cutoff) else at + round(hours * HOUR)
    return None


def _answered(lead: Tally, since: int, cutoff: int) -> bool:
    """Tell whether a cutoff sees contact both ways after a moment."""
    return any(match.occurred_at > since and match.visible_from <= cutoff for match in lead.two_way)
