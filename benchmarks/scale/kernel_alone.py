"""The kernel by itself, on encoded leads: one snapshot a lead, and eight of the same leads."""

import time
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from benchmarks.scale import contender_ours, workload
from benchmarks.scale.contender_ours import prepare
from benchmarks.scale.events import Files
from features.encoding.encode import encode
from features.kernel import kernel
from features.kernel.arrays import Encoded, Floats, Ints
from features.kernel.plan import plan

__all__ = ["prepare", "snapshots_of_a_lead"]

# Rows that one call fills, in a buffer that all calls share: what is measured is the kernel, not memory's allocation.
ROWS_A_CALL = 4096
MANY = 8


@dataclass(frozen=True, slots=True)
class Snapshots:
    """Seconds of one thread, for one snapshot a lead and for `MANY`; `rate` is interactions a second for one."""

    printed: ClassVar[bool] = True
    one: float
    many: float
    rows_a_second: float
    interactions_a_second: float


def snapshots_of_a_lead(files: Files) -> Snapshots:
    """Measure the kernel over all leads of the files; cutoffs lie at random between a lead's creation and the end."""
    histories, catalogue = contender_ours.read(files), workload.catalogue()
    encoded, random = encode(histories, catalogue), np.random.default_rng(1)
    buffer = np.empty((ROWS_A_CALL, len(catalogue.features)))
    one, many = (_snapshots(encoded, each, random) for each in (1, MANY))
    seconds = {each: min(_run(buffer, wanted, encoded) for _ in range(3)) for each, wanted in ((1, one), (MANY, many))}
    leads, interactions = histories.leads.num_rows, histories.interactions.num_rows
    return Snapshots(seconds[1], seconds[MANY], leads / seconds[1], interactions / seconds[1])


def _snapshots(encoded: Encoded, each: int, random: np.random.Generator) -> Ints:
    """Return [snapshots, 3]: lead, cutoff, row in the buffer; sorted by account, lead and cutoff."""
    created, account = encoded.leads[:, 0], encoded.leads[:, 3]
    lead = np.repeat(np.argsort(account, kind="stable"), each)
    cutoff = np.sort(random.integers(created[lead] + 1, workload.END + 1).reshape(-1, each), axis=1).ravel()
    return np.column_stack([lead, cutoff, np.arange(lead.size) % ROWS_A_CALL])


def _run(buffer: Floats, snapshots: Ints, encoded: Encoded) -> float:
    columns = plan(workload.catalogue())
    begun = time.perf_counter()
    for first in range(0, len(snapshots), ROWS_A_CALL):
        kernel.rows(buffer, snapshots[first : first + ROWS_A_CALL], encoded, columns)
    return time.perf_counter() - begun
