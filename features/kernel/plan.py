"""From a catalogue to the arrays that tell the kernel which column is which."""

from functools import lru_cache
from itertools import accumulate

import numpy as np

from features import declaration
from features.catalogue import Catalogue
from features.encoding.zone import transitions
from features.kernel import layout
from features.kernel.arrays import Floats, Ints, Plan
from histories.clock import DAY

_PLACES = {
    "sums": layout.SUMS,
    "trends": layout.TRENDS,
    "contact": layout.CONTACT,
    "rhythm": layout.RHYTHM,
    "variety": layout.VARIETY,
    "latest": layout.LATEST,
    "lead": layout.LEAD,
    "stages": layout.STAGES,
    "attributes": layout.ATTRIBUTES,
    "account": layout.ACCOUNT,
    "own": layout.OWN,
}


@lru_cache(maxsize=8)
def plan(catalogue: Catalogue) -> Plan:
    """Return the kernel's view of a catalogue; equal catalogues share it."""
    own = catalogue.own_program
    return Plan(
        layout=_layout(catalogue),
        blank=_blank(catalogue),
        # A copy of its own: numba tells read-only arrays from others, and would compile twice.
        zone=transitions(catalogue.timezone).copy(),
        least=own.least,
        program=own.program,
        constants=own.constants,
    )


def _layout(catalogue: Catalogue) -> Ints:
    signatures, signals = catalogue.signatures(), catalogue.signals
    valued = np.array([signal.key in catalogue.valued for signal in signals])
    found = np.zeros(layout.SUM_SLOTS + len(signals), dtype=np.int64)
    found[layout.GROUPS] = signatures.groups
    found[layout.HIDDEN] = len(catalogue.predicates)
    found[layout.SESSION_GAP] = declaration.SESSION_GAP
    found[layout.INTENT] = signatures.family_bit("intent")
    found[layout.TWO_WAY] = signatures.family_bit("two_way")
    bits = [*valued[: signatures.groups].tolist(), *(True for _ in catalogue.predicates)]
    found[layout.VALUED_GROUPS] = sum(1 << group for group, has_sums in enumerate(bits) if has_sums)
    starts = accumulate((len(block) for block in catalogue.blocks.values()), initial=0)
    for name, start in zip(catalogue.blocks, starts, strict=False):
        if name in _PLACES:
            found[_PLACES[name]] = start
    found[layout.COLUMNS] = len(catalogue.features)
    found[layout.EDGES : layout.EDGES + layout.WINDOWS - 1] = np.array(declaration.WINDOWS) * DAY
    found[layout.HALF_LIVES : layout.HALF_LANES] = declaration.HALF_LIVES[-1] * DAY
    found[layout.HALF_LIVES : layout.HALF_LIVES + layout.HALVES] = np.array(declaration.HALF_LIVES) * DAY
    found[layout.HALF_LANES] = layout.HALF_LANES - layout.HALF_LIVES
    found[layout.SUM_SLOTS :] = np.where(valued, np.cumsum(valued) - 1, -1)
    return found


def _blank(catalogue: Catalogue) -> Floats:
    """Return the row of a lead of whom nothing is known, as the columns themselves declare it."""
    return np.array([_ABSENT.get(feature.absence, np.nan) for feature in catalogue.features])


# What is missing without an account is missing on a blank row, which knows none. Own columns are always computed.
_ABSENT = {"0": 0.0, "1": 1.0, "never absent": 0.0}
