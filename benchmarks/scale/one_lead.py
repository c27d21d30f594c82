"""One lead: from its interactions as Python objects to its row of features, as a request has it."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from benchmarks.scale import workload
from benchmarks.scale.contender_ours import prepare
from benchmarks.scale.events import Files
from features.encoding.encode import encode
from features.kernel import kernel
from features.kernel.plan import plan
from features.one import Rows
from histories.assemble import assemble
from histories.clock import DAY
from histories.contract import Direction, Families, Interaction, LeadHistory

__all__ = ["lengths", "prepare"]

SHORT, USUAL, HOT = 20, 200, 1_000_000
_CUTOFF = workload.END


@dataclass(frozen=True, slots=True)
class OneLead:
    """Medians in seconds: from objects to the row, and of that the call of the kernel on arrays."""

    printed: ClassVar[bool] = True
    short: float
    short_kernel: float
    usual: float
    usual_kernel: float
    hot: float
    hot_kernel: float


def lengths(files: Files) -> OneLead:
    """Measure a lead of 20 interactions, one of 200 and one of a million. Needs none of the files."""
    del files
    short, usual, hot = _measure(SHORT, 5_000), _measure(USUAL, 5_000), _measure(HOT, 5)
    return OneLead(*short, *usual, *hot)


def history(interactions: int, seed: int) -> LeadHistory:
    """Return a lead whose interactions lie in the 200 days before the cutoff, ascending, as a CRM hands them over."""
    random, kinds = np.random.default_rng(seed), workload.KINDS
    moments = np.sort(random.integers(_CUTOFF - 200 * DAY, _CUTOFF, interactions)).tolist()
    shares = np.array([kind.share for kind in kinds])
    drawn = random.choice(len(kinds), interactions, p=shares / shares.sum()).tolist()
    return LeadHistory(
        "lead-0000001",
        _CUTOFF - 200 * DAY,
        interactions=tuple(
            _interaction(place, moment, workload.KINDS[kind], chance)
            for place, (moment, kind, chance) in enumerate(
                zip(moments, drawn, random.random(interactions).tolist(), strict=True)
            )
        ),
    )


def _interaction(place: int, moment: int, kind: workload.Kind, chance: float) -> Interaction:
    direction = None
    if chance < kind.inbound + kind.outbound:
        direction = Direction.INBOUND if chance < kind.inbound else Direction.OUTBOUND
    value = kind.mean_value * chance if kind.mean_value else None
    return Interaction(f"i-{place:010d}", moment, kind.name, None, kind.channel, direction, value)


def _measure(interactions: int, rounds: int) -> tuple[float, float]:
    lead, catalogue = history(interactions, seed=1), workload.catalogue()
    ready = Rows(catalogue)
    whole = _median(lambda: ready.row(lead, _CUTOFF), rounds)
    encoded = encode(assemble([lead], exported_at=_CUTOFF, families=Families(workload.FAMILIES)), catalogue)
    out, columns = np.empty(len(catalogue.features)), plan(catalogue)
    return whole, _median(lambda: kernel.row(out, 0, _CUTOFF, encoded, columns), rounds)


def _median(call: Callable[[], object], rounds: int) -> float:
    call()
    taken = []
    for _ in range(rounds):
        begun = time.perf_counter()
        call()
        taken.append(time.perf_counter() - begun)
    return statistics.median(taken)
