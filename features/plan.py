"""From a catalogue to the arrays that tell the kernel which column is which."""

from functools import lru_cache
from itertools import accumulate

import numpy as np

from features import declaration, kernel
from features.arrays import Plan
from features.catalogue import Catalogue
from features.zone import transitions
from histories.clock import DAY

_PLACES = {
    "sums": kernel.SUMS,
    "trends": kernel.TRENDS,
    "contact": kernel.CONTACT,
    "rhythm": kernel.RHYTHM,
    "variety": kernel.VARIETY,
    "latest": kernel.LATEST,
    "lead": kernel.LEAD,
    "stages": kernel.STAGES,
    "attributes": kernel.ATTRIBUTES,
    "account": kernel.ACCOUNT,
}


@lru_cache(maxsize=8)
def plan(catalogue: Catalogue) -> Plan:
    """Return the kernel's view of a catalogue; equal catalogues share it."""
    signatures = catalogue.signatures()
    layout = np.zeros(kernel.COLUMNS + 1, dtype=np.int64)
    layout[kernel.GROUPS] = signatures.groups
    layout[kernel.SESSION_GAP] = declaration.SESSION_GAP
    layout[kernel.INTENT] = signatures.family_bit("intent")
    layout[kernel.TWO_WAY] = signatures.family_bit("two_way")
    starts = accumulate((len(block) for block in catalogue.blocks.values()), initial=0)
    for name, start in zip(catalogue.blocks, starts, strict=False):
        if name in _PLACES:
            layout[_PLACES[name]] = start
    layout[kernel.COLUMNS] = len(catalogue.features)
    valued = [signal.key in catalogue.valued for signal in catalogue.signals]
    slots = np.where(valued, np.cumsum(valued) - 1, -1).astype(np.int64)
    return Plan(
        layout=layout,
        sum_slots=slots,
        edges=np.array(declaration.WINDOWS, dtype=np.int64) * DAY,
        half_lives=np.array(declaration.HALF_LIVES, dtype=np.float64),
        # A copy of its own: numba tells read-only arrays from others, and would compile twice.
        zone=transitions(catalogue.timezone).copy(),
        least=catalogue.own_program.least,
        program=catalogue.own_program.program,
        constants=catalogue.own_program.constants,
    )
