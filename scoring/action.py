"""From both scores and the record to what should be done: the tables of docs/scores.md as functions."""

from collections.abc import Sequence

import numpy as np

from histories.clock import HOUR
from histories.contract import Stage
from scoring.answer import Agreement, NextAction
from scoring.judge import LAST_TWO_WAY, MQL_AT, SQL_AT
from scoring.moments import NEVER
from scoring.program import Ints
from scoring.rulebook import Rulebook
from scoring.standings import REACHED, STAGE


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


def follow_up_by(book: Rulebook, standings: Ints, judged: Ints, actions: Sequence[NextAction]) -> Ints:
    """Return until when somebody should have spoken to each lead, [n] UTC microseconds; NEVER where nothing is due.

    The agreed hours run from the crossing to sql, or where there is none from that to mql: when the record says that
    the stage was reached, otherwise when the ledger crossed it. Nothing is due for a lead that is left alone, lost,
    a customer or in a deal, where no hours are agreed, or once there was contact both ways after the crossing. The
    moment may lie in the past: then the follow-up is overdue. `standings`: rows of `standings.standings`, `judged`:
    of `judge.judged`.
    """
    due = np.full(len(judged), NEVER, dtype=np.int64)
    idle = [one in (NextAction.SUPPRESS, NextAction.NONE) for one in actions]
    still_open = ~(np.array(idle, dtype=np.bool_) | (standings[:, STAGE] == Stage.OPPORTUNITY.rank))
    for stage, column, hours in ((Stage.SQL, SQL_AT, book.sql_hours), (Stage.MQL, MQL_AT, book.mql_hours)):
        recorded = standings[:, REACHED + stage.rank]
        at = np.where(recorded == NEVER, judged[:, column], recorded)
        crossed = still_open & (at != NEVER)
        if hours is not None:
            # An answer is contact both ways after the crossing.
            waiting = crossed & (judged[:, LAST_TWO_WAY] <= at)
            due[waiting] = at[waiting] + round(hours * HOUR)
        still_open &= ~crossed
    return due
