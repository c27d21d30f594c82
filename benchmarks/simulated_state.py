"""What the simulated hazards of a sample go by, for each lead at a cutoff: what a model would see that was told everything.

With recorded hazards alone the state follows from the record, so these columns hold nothing that a model could not
have found by itself: they say what is left to gain by better features, and what only more leads would bring.
"""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from histories.clock import SECOND
from histories.compiled import compiled
from histories.sample import Parameters
from histories.sample import vocabulary as v
from histories.sample.hazards import Hazards
from histories.sample.life import NOBODY, begin, eve, new_sink
from histories.sample.population import EVENTS, Population
from histories.sample.simulate import advance
from histories.sample.state import (
    ASKED,
    BOUNCED,
    INTENT,
    MAILED,
    NOTED,
    NOTES,
    OPTED_OUT,
    STANDING,
    STREAK,
    TWO_WAY,
    WARM,
    Sink,
    Watch,
    decay,
)
from histories.sample.streams import operational, stream

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
NAMES = (
    "fit",
    "warm",
    "intent",
    "two_way",
    "asked",
    "mailed",
    "notes",
    "streak",
    "opted_out",
    "bounced",
    "noted_budget",
    "noted_authority",
    "noted_need",
    "noted_timeline",
    "colleagues",
    "age",
    "age_root",
    "at_mql",
    "at_sql",
    "at_opportunity",
)
_STATE = np.array([WARM, INTENT, TWO_WAY, ASKED, MAILED, NOTES, STREAK, OPTED_OUT, BOUNCED])
_CAPS = np.array([6.0, 4.0, 3.0, 2.0, 2.0, np.inf, 4.0, 1.0, 1.0])


def states(parameters: Parameters, table: pa.Table) -> FloatArray:
    """Return [rows of `table` (lead_id, cutoff), NAMES], such that the hazards go along a line of each one's logarithm.

    That is how a ridge takes its numbers: each is capped as the hazards of the stages cap it, and what `straight` undoes.
    """
    population = parameters.population()
    leads = np.array([int(one[1:]) - 1 for one in table.column("lead_id").to_pylist()], dtype=np.int64)
    cutoffs = -(-table.column("cutoff").to_numpy().astype(np.int64) // SECOND)
    found = np.zeros((len(leads), len(NAMES)))
    _fill(population, parameters.seed, leads, cutoffs, parameters.hazards, NOBODY, new_sink(0), found)
    return np.asarray(np.sign(found) * np.expm1(np.abs(found)), dtype=np.float64)


@compiled
def _fill(
    population: Population,
    seed: int,
    leads: IntArray,
    cutoffs: IntArray,
    h: Hazards,
    nobody: Watch,
    sink: Sink,
    found: FloatArray,
) -> None:
    """Live each row's account up to its cutoff. A life that is stopped on the way would go on with other numbers."""
    for place in range(len(leads)):
        number = int(np.searchsorted(population.first, leads[place], side="right")) - 1
        row = leads[place] - population.first[number]
        account = begin(population, number, population.first[number + 1] - population.first[number])
        until = operational(float(cutoffs[place]))
        advance(account, eve(account), until, stream(seed, EVENTS, number, 0), sink, h, nobody)
        others = 0.0
        for one in range(len(account.created)):
            if account.created[one] <= until:
                decay(account.state[one], until, h.shock_half_life)
                others += account.state[one, INTENT]
        state, told, age = account.state[row], found[place], until - account.created[row]
        told[0] = account.fit[row]
        for at in range(len(_STATE)):
            told[1 + at] = min(state[_STATE[at]], _CAPS[at])
        for note in range(4):
            told[10 + note] = float((int(state[NOTED]) >> note) & 1)
        told[14] = min(others - state[INTENT], 4.0)
        told[15], told[16] = age / 30.0, np.sqrt(max(age, 0.0) / 30.0)
        for stage in range(v.AT_MQL, v.AT_CUSTOMER):
            told[16 + stage] = 1.0 if state[STANDING] == stage else 0.0
