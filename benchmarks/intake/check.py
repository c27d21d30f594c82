"""What must hold when all is in: each acknowledged interaction once, points and features as from the export itself."""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from benchmarks.intake import oracle
from benchmarks.intake.load import Load
from benchmarks.intake.run import Acknowledged
from features import table as features
from histories import select, store
from histories.contract import Histories, LeadHistory
from histories.store import Definitions, Store
from scoring import bundle as bundles
from scoring import ledger, rulebook
from scoring.scorer import Scorer

_LEADS_AT_ONCE = 500


def lost(opened: Store, load: Load, acknowledged: Acknowledged) -> Iterator[str]:
    """Yield a sentence where an acknowledged interaction is missing, there twice, or was never posted."""
    with acknowledged.lock:
        batches = sorted(acknowledged.batches)
    there = Counter(store.histories(opened, 2**62).interactions["interaction_id"].to_pylist())
    known = {one for writer, number in batches for one in load.ids[writer][number]}
    if missing := known - there.keys():
        yield f"{len(missing):,} acknowledged interactions are not there"
    if twice := [one for one, times in there.items() if times > 1]:
        yield f"{len(twice):,} interactions are there twice"
    if beyond := there.keys() - {one for writer in load.ids for batch in writer for one in batch}:
        yield f"{len(beyond):,} interactions were never posted"


def broken(
    opened: Store, load: Load, acknowledged: Acknowledged, exported: Histories, bundle: Path, rules: Path, leads: int
) -> Iterator[str]:
    """Yield a sentence for each promise that does not hold. Points are looked at for so many leads."""
    yield from lost(opened, load, acknowledged)
    if len(acknowledged.batches) < sum(map(len, load.ids)):
        yield "not every batch was acknowledged"
    if acknowledged.refused:
        yield f"{acknowledged.refused:,} rows were refused"
    declared = Definitions(exported.timezone, exported.families, exported.attribute_types)
    found = store.histories(opened, exported.exported_at, declared=declared)
    for name in ("leads", "attributes", "interactions", "outcomes"):
        if not getattr(found, name).equals(getattr(exported, name)):
            yield f"{name} are not those of the export"
    yield from _features(found, exported, bundle)
    yield from _points(opened, exported, bundle, rules, leads)


def _features(found: Histories, exported: Histories, bundle: Path) -> Iterator[str]:
    """Bit for bit, of every lead when the export was taken."""
    catalogue = bundles.read(bundle).catalogue
    cutoffs = pa.array([exported.exported_at] * exported.leads.num_rows, pa.int64())
    snapshots = pa.table({"lead_id": exported.leads["lead_id"], "cutoff": cutoffs})
    one, other = (features.compute(of, snapshots, catalogue).matrix for of in (found, exported))
    differing = int((one.view(np.uint64) != other.view(np.uint64)).sum())
    if differing:
        yield f"{differing:,} of {one.size:,} features differ from the export's"


def _points(opened: Store, exported: Histories, bundle: Path, rules: Path, leads: int) -> Iterator[str]:
    """The points of an answer, the sum of its ledger and a naive count over what was posted."""
    step = max(1, exported.leads.num_rows // leads)
    posted = [one for place, one in enumerate(select.each(exported)) if place % step == 0]
    read = bundles.read(bundle)
    book, families = rulebook.read(rules), read.catalogue.families
    scorer, at = Scorer(read, book), exported.exported_at
    for start in range(0, len(posted), _LEADS_AT_ONCE):
        some = posted[start : start + _LEADS_AT_ONCE]
        _, kept = store.leads(opened, [one.lead_id for one in some])
        stored: Sequence[LeadHistory] = [kept[one.lead_id] for one in some]
        for lead, known, answer in zip(some, stored, scorer.score(stored, at, 0), strict=True):
            entries = ledger.ledger(book, families, known, at)
            added = sum(one.counted for one in entries.entries)
            wanted = oracle.points(book, families, lead, at)
            if not (answer.rule_points == wanted / 100 and entries.total == added == wanted):
                yield f"a lead has {answer.rule_points} points, {entries.total / 100} in its ledger, {wanted / 100} due"
