"""The day's call list: whom to call first, by what a call is expected to bring."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from histories import select
from histories.contract import Histories
from scoring.answer import Answer, NextAction
from scoring.calibration import Floats
from scoring.scorer import Scorer
from serving.board.exploring import Drawn, Lot, draw

_IDLE = (NextAction.SUPPRESS, NextAction.NONE)


@dataclass(frozen=True, slots=True)
class Terms:
    """What a won deal and a call are worth, in the CRM's currency. `deal_value` None: nobody has said."""

    deal_value: float | None = None
    call_cost: float = 0.0


@dataclass(frozen=True, slots=True)
class Call:
    """A lead to call. `expected_value`: P(customer) x `deal_value` - the call's cost; None where no value is known.

    `explored`: it was drawn by lot; `propensity`: how likely it was to be on the list, whatever the lot.
    """

    answer: Answer
    account_id: str | None
    deal_value: float | None
    expected_value: float | None
    explored: bool = False
    propensity: float = 1.0


@dataclass(frozen=True, slots=True)
class CallList:
    """The calls, the best first but for those drawn by lot, and of the `open_leads` those that are not among them.

    `later`: worth a call, but there are no more calls; `not_worth`: expected to bring less than a call costs;
    `suppressed`: have objected, or nothing is to be done with them.
    """

    calls: tuple[Call, ...]
    as_of: int
    open_leads: int
    later: int
    not_worth: int
    suppressed: int


def choose(
    scorer: Scorer,
    histories: Histories,
    as_of: int,
    count: int,
    terms: Terms,
    reasons: int = 3,
    lot: Lot | None = None,
) -> CallList:
    """Return the `count` open leads that a call at `as_of` (UTC microseconds) brings most from, equals by lead_id.

    A lead's deal is worth the newest amount on its record, else `terms.deal_value`. Where that is None, leads are
    ordered by P(customer) alone. Leads that have objected are left out, and those that a call costs more than it brings;
    with a `lot`, a share of the calls goes to leads drawn from all that may be called, these too.
    """
    ids, chances, may_call = _board(scorer, histories, as_of)
    deals = _deals(histories, ids, as_of, terms.deal_value)
    expected = chances if deals is None else chances * deals - terms.call_cost
    worth = may_call & (expected > 0)
    order = np.lexsort((np.array(ids, dtype=object).astype(str), -expected))
    order = order[may_call[order]]
    drawn = _drawn([ids[place] for place in order.tolist()], int(worth.sum()), count, lot)
    chosen = order[drawn.rank].tolist()
    histories_of = [select.lead(histories, ids[place]) for place in chosen]
    answers = scorer.score(histories_of, as_of, reasons)
    calls = tuple(
        Call(
            answer=answer,
            account_id=history.account_id,
            deal_value=None if deals is None else float(deals[at]),
            expected_value=None if deals is None else float(expected[at]),
            explored=bool(explored),
            propensity=float(propensity),
        )
        for answer, history, at, explored, propensity in zip(
            answers, histories_of, chosen, drawn.explored, drawn.propensity, strict=True
        )
    )
    on_list = np.zeros(len(ids), dtype=bool)
    on_list[chosen] = True
    return CallList(
        calls,
        as_of,
        open_leads=len(ids),
        later=int((worth & ~on_list).sum()),
        not_worth=int((may_call & ~worth & ~on_list).sum()),
        suppressed=int((~may_call).sum()),
    )


def _drawn(leads: Sequence[str], worth: int, count: int, lot: Lot | None) -> Drawn:
    if lot is not None:
        return draw(leads, worth, count, lot)
    calls = min(worth, count)
    return Drawn(np.arange(calls), np.zeros(calls, dtype=np.bool_), np.ones(calls))


def _board(scorer: Scorer, histories: Histories, as_of: int) -> tuple[list[str], Floats, np.ndarray]:
    """Return id, P(customer) (0 where there is none) and whether it may be called, of each open lead."""
    ids: list[str] = []
    chances, may_call = [np.zeros(0)], [np.zeros(0, dtype=bool)]
    for scores in scorer.boards(histories, as_of):
        ids += scores.lead_ids
        chances.append(np.nan_to_num(scores.customer))
        may_call.append(np.array([action not in _IDLE for action in scores.actions], dtype=bool))
    return ids, np.concatenate(chances), np.concatenate(may_call)


def _deals(histories: Histories, ids: list[str], as_of: int, usual: float | None) -> Floats | None:
    if usual is None:
        return None
    amounts = _amounts(histories, as_of)
    return np.array([amounts.get(lead_id, usual) for lead_id in ids], dtype=np.float64)


def _amounts(histories: Histories, as_of: int) -> Mapping[str, float]:
    """Return each lead's newest amount that was on record before `as_of`."""
    outcomes = histories.outcomes.select(["lead_id", "reached_at", "amount"]).sort_by("reached_at")
    return {
        lead_id: amount
        for lead_id, reached_at, amount in zip(*(column.to_pylist() for column in outcomes.columns), strict=True)
        if amount is not None and reached_at < as_of
    }
