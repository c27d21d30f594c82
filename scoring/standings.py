"""Where many leads stand at a moment: what histories.funnel says of one, compiled for all."""

import numpy as np
import pyarrow as pa

from features.encoding.places import Places
from histories.compiled import compiled
from histories.contract import FUNNEL, Histories, Stage
from histories.funnel import instant_order
from scoring.moments import NEVER
from scoring.program import Ints

# A row of `standings`.
STAGE, REACHED = 0, 1
_STAGES = (*FUNNEL, Stage.LOST)
LOST = len(FUNNEL)


def standings(histories: Histories, cutoff: int) -> Ints:
    """Return the standing of each lead just before a cutoff, in the order of `histories.leads`, int64 [leads, 6].

    The place of its stage in the funnel, LOST where it is lost; then when each stage of the funnel was reached, NEVER
    where it was not.
    """
    table = histories.outcomes
    owners = Places(histories.leads["lead_id"]).of_all(table["lead_id"], "outcomes").astype(np.int64)
    places = {one.value: place for place, one in enumerate(_STAGES)}
    stages = table["stage"].cast(pa.string()).to_pylist()
    stage = np.array([places[one] for one in stages], dtype=np.int64)
    at_once = np.array([instant_order(one) for one in _STAGES], dtype=np.int64)[stage]
    reached_at = np.asarray(table["reached_at"].combine_chunks()).astype(np.int64)
    order = np.lexsort((at_once, reached_at, owners))
    found = np.full((histories.leads.num_rows, 1 + len(FUNNEL)), NEVER, dtype=np.int64)
    found[:, STAGE] = 0
    _stand(owners[order], reached_at[order], stage[order], cutoff, found)
    return found


@compiled
def _stand(owners: Ints, reached_at: Ints, stage: Ints, cutoff: int, found: Ints) -> None:
    for row in range(owners.size):
        if reached_at[row] >= cutoff:
            continue
        lead = found[owners[row]]
        if stage[row] == LOST:
            lead[STAGE] = LOST
            continue
        if lead[STAGE] == LOST:
            lead[STAGE] = 0
            lead[REACHED:] = NEVER
        lead[STAGE] = max(lead[STAGE], stage[row])
        for rank in range(stage[row] + 1):
            if lead[REACHED + rank] == NEVER:
                lead[REACHED + rank] = reached_at[row]
