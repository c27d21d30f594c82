"""The stages of leads as steps: what had been reached as of each outcome. The meaning is that of histories.funnel."""

import numpy as np

from features.kernel.arrays import Ints
from histories.compiled import compiled
from histories.contract import Stage

# A stage as a number: at one instant, outcomes count in the order of their numbers.
CODES = {Stage.LEAD: 0, Stage.MQL: 1, Stage.SQL: 2, Stage.OPPORTUNITY: 3, Stage.LOST: 8, Stage.CUSTOMER: 9}
_LOST = CODES[Stage.LOST]
_COUNTED = 3  # mql, sql and opportunity
_NEVER = -(2**63)


@compiled
def steps(outcomes: Ints) -> tuple[Ints, Ints]:
    """Return one step for each moment of a lead at which it has outcomes: whose it is, and the step, int64 [steps, 4].

    `outcomes` is [outcomes, 3]: the lead, when the stage was reached, its number; ascending. A step is that moment
    and when mql, sql and opportunity had been reached just after it (the least int64: not). Reaching a stage reaches
    every earlier one; what follows upon a loss begins anew.
    """
    owners, found = np.empty(outcomes.shape[0], np.int64), np.empty((outcomes.shape[0], 1 + _COUNTED), np.int64)
    reached, lost, count = np.full(_COUNTED, _NEVER), False, 0
    for row in range(outcomes.shape[0]):
        lead, moment, code = outcomes[row, 0], outcomes[row, 1], outcomes[row, 2]
        another = row == 0 or lead != owners[count - 1]
        if another:
            reached[:] = _NEVER
            lost = False
        if another or moment != found[count - 1, 0]:
            owners[count], found[count, 0] = lead, moment
            count += 1
        if code == _LOST:
            lost = True
        else:
            if lost:
                reached[:] = _NEVER
                lost = False
            for stage in range(min(code, _COUNTED)):
                if reached[stage] == _NEVER:
                    reached[stage] = moment
        found[count - 1, 1:] = reached
    return owners[:count].copy(), found[:count].copy()
