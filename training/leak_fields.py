"""Fields without a date: every snapshot sees them as they stood when the export was taken, whatever happened since."""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from histories.contract import AttributeType, Histories, Stage, Target
from histories.funnel_table import Funnel, funnel_of
from training import leak_auc
from training.leak_bounds import auc_low, exceptions_high
from training.leak_finding import KIND, Finding, Probe, Verdict, of_auc
from training.snapshots import groups

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]
MOST_LEADS = 20_000
_COHORTS = 10
_SURE, _TIMES_SURER = 0.05, 5
_LEAST_DROP = 0.2  # of the share that is filled in
# Words in the names of CRM fields that change as a deal goes on. `statecode` is how Dynamics writes it: `state_code` and
# `StateCode` are parts of an address.
_CHANGING = (
    "stage|status|statecode|owner|owning|closed?|won|lost|outcome|last(?! ?name)|latest|recent|next|modified|modstamp"
    "|updated|converted|became|total|probability|forecast|is|actual ?value|estimated ?value|expected ?revenue"
)
# Words that CRMs write together with those, as in `lifecyclestage`.
_BESIDE = (
    "account|activity|actual|assigned|business|by|campaign|category|code|contact|contacted|date|deal|estimated|hold|id|in"
    "|lead|lifecycle|name|on|opportunity|reason|sales|time|unit|used|user"
)
_CHANGES = re.compile(rf"\b(?:{_BESIDE})*(?:{_CHANGING})(?:{_BESIDE}|{_CHANGING})*\b")
_BREAK = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|[\W\d_]+")


@dataclass(frozen=True, eq=False)
class Leads:
    """Leads that train, in the order of their creation: what they are called, and how they stood at the export.

    `group` and `cohort` (tenth by creation) number them; `fold` is for cross-fitting.
    """

    lead_id: pa.Array
    group: IntArray
    cohort: IntArray
    fold: IntArray
    ends: tuple["End", ...]


@dataclass(frozen=True, eq=False)
class End:
    """Something that had become of leads when the export was taken: `here` [leads]."""

    target: Target | None
    words: str
    here: BoolArray


def undated(histories: Histories) -> list[str]:
    """Return the attributes that have values without a date, by name."""
    rows = histories.attributes.filter(pc.is_null(histories.attributes["known_at"]))
    return sorted(pc.unique(rows["name"]).to_pylist())


def having(histories: Histories, fields: Collection[str]) -> BoolArray:
    """Tell which leads have, at any time, one of some attributes or kinds (`kind:demo`), [leads]."""
    kinds = [one.removeprefix(KIND) for one in fields if one.startswith(KIND)]
    parts = []
    for table, column, names in ((histories.attributes, "name", list(fields)), (histories.interactions, "kind", kinds)):
        rows = table.filter(pc.is_in(table[column], value_set=pa.array(names, pa.string())))
        parts.append(rows["lead_id"].combine_chunks())
    ids = histories.leads["lead_id"]
    there = [pc.is_in(ids, value_set=one) for one in parts]
    return np.asarray(pc.or_(*there).to_numpy(), dtype=np.bool_)


def leads(histories: Histories, trained: IntArray, targets: list[Target], seed: int) -> Leads:
    """Look up how the leads `trained` (numbers of `histories.leads`) stood at the export, MOST_LEADS at most."""
    if len(trained) > MOST_LEADS:
        trained = np.sort(np.random.default_rng(seed).choice(trained, MOST_LEADS, replace=False))
    created = np.asarray(histories.leads["created_at"].to_numpy(), dtype=np.int64)
    trained = trained[np.argsort(created[trained], kind="stable")]
    group = groups(histories)[trained]
    return Leads(
        lead_id=histories.leads["lead_id"].take(pa.array(trained)).combine_chunks(),
        group=group,
        cohort=np.arange(len(trained)) * _COHORTS // max(1, len(trained)),
        fold=leak_auc.dealt(group),
        ends=tuple(_ends(funnel_of(histories), trained, targets)),
    )


def _ends(funnel: Funnel, trained: IntArray, targets: list[Target]) -> Iterator[End]:
    begin, end = funnel.starts[trained], funnel.starts[trained + 1]
    last = np.where(end > begin, funnel.rank[np.maximum(end - 1, 0)] if len(funnel.rank) else 0, 0)
    yield End(None, "lost", last == Stage.LOST.rank)
    for target in targets:
        far = np.r_[0, np.cumsum(funnel.rank >= target.stage.rank)]
        yield End(target, target.value, far[end] > far[begin])


def findings(histories: Histories, of: Leads, z: float) -> Iterator[Finding]:
    """Hold each undated attribute against how the leads stood when the export was taken, and against its own name."""
    for name in undated(histories):
        values = _values(histories, name, of.lead_id)
        category = histories.attribute_types[name] is AttributeType.CATEGORY
        for end in of.ends:
            yield _end(name, values, category, of, end, z)
            yield from _only(name, values, of, end, z)
        yield from _changing(name)
        yield from _filled_later(name, values, z)


def _values(histories: Histories, name: str, lead_id: pa.Array) -> FloatArray:
    """Return each lead's undated value, a text as a number for it; nan where there is none."""
    table = histories.attributes
    rows = table.filter(pc.and_(pc.equal(table["name"], name), pc.is_null(table["known_at"])))
    category = histories.attribute_types[name] is AttributeType.CATEGORY
    column = pc.dictionary_encode(rows["text"].combine_chunks()).indices if category else rows["number"]
    place = pc.index_in(lead_id, value_set=rows["lead_id"].combine_chunks())
    found = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    return np.asarray(pc.cast(found.take(place), pa.float64()).to_numpy(zero_copy_only=False), dtype=np.float64)


def _end(name: str, values: FloatArray, category: bool, of: Leads, end: End, z: float) -> Finding:
    by_code = leak_auc.code_scores if category else leak_auc.bin_scores
    ways = [by_code(values, end.here, of.fold), np.isnan(values).astype(np.float64)]
    auc = max(leak_auc.within(of.cohort, one, end.here) for one in (ways if category else [*ways, values]))
    low = auc_low(auc, len(np.unique(of.group[end.here])), len(np.unique(of.group[~end.here])), z)
    sentence = (
        f"it has no date, and tells which leads stood as {end.words} when the export was taken (AUC {auc:.3f} among "
        f"leads created at the same time, at least {low:.3f})"
    )
    return Finding(name, Probe.END, end.target, auc, low, of_auc(auc, low), sentence)


def _only(name: str, values: FloatArray, of: Leads, end: End, z: float) -> Iterator[Finding]:
    """Look whether hardly any have it filled in but those that ended so."""
    there = ~np.isnan(values)
    having, ended = len(np.unique(of.group[there & end.here])), float(end.here.mean()) if len(end.here) else 0.0
    others = len(np.unique(of.group[there & ~end.here]))
    low = having / (having + exceptions_high(others, z))
    if low <= 1 - _SURE or (1 - low) * _TIMES_SURER > 1 - ended:
        return
    share = having / (having + others)
    sentence = (
        f"it has no date, and {share:.1%} of the leads where it is filled in stood as {end.words} when the export was "
        f"taken (at least {low:.1%})"
    )
    yield Finding(name, Probe.ONLY, end.target, share, low, Verdict.BLOCK, sentence)


def changes(name: str) -> bool:
    """Tell whether a field has a name of those that change as a deal goes on: `StageName`, `closedate`, `is_won`.

    A name is words between separators, digits and capitals. One of them must tell, or be made of such words alone.
    """
    return _CHANGES.search(_BREAK.sub(" ", name).lower()) is not None


def _changing(name: str) -> Iterator[Finding]:
    if changes(name):
        sentence = "it has no date, and fields of such a name change as a deal goes on"
        yield Finding(name, Probe.UNDATED, None, float("nan"), None, Verdict.LOOK, sentence)


def _filled_later(name: str, values: FloatArray, z: float) -> Iterator[Finding]:
    """Look whether the newest leads have it filled in far less often: then it is filled in as time goes on."""
    there = ~np.isnan(values)
    newest = len(values) - len(values) // _COHORTS
    new, old = there[newest:], there[:newest]
    if not len(new):
        return
    share, before = float(new.mean()), float(old.mean())
    spread = np.sqrt(before * (1 - before) * (1 / len(new) + 1 / len(old)))
    if before - share < max(_LEAST_DROP * before, z * spread) or not share < before / 2:
        return
    sentence = (
        f"it has no date, and is filled in for {share:.0%} of the newest tenth of the leads and {before:.0%} of those "
        "before: it seems to be filled in later"
    )
    yield Finding(name, Probe.UNDATED, None, share, None, Verdict.LOOK, sentence)
