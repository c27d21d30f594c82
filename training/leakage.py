"""The leakage audit: what in an export tells the answer, looked for before anything is learnt.

It judges what the training snapshots can see: one field at a time, by its value and by whether it is filled in; fields
without a date by how the leads ended; what hardly any have but those who convert; and what a small model lives on.
Bounds keep few conversions from stopping anything. What lies after the outcome is told, and stops nothing.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from features import table as feature_table
from features.catalogue import Catalogue
from histories.contract import Histories, Target
from histories.errors import CallError, DataError, listed, nearest
from training import leak_after, leak_columns, leak_fields, leak_gain, leak_view
from training.fit import Question
from training.leak_bounds import deviations
from training.leak_finding import KIND, MODEL, Finding, Probe, Verdict, field_of, of_auc
from training.leak_view import View
from training.snapshots import subset


@dataclass(frozen=True, eq=False)
class Audit:
    """What the audit found: the gravest first, what is clear too. `allowed`: fields that somebody answers for.

    `fields`: everything that was looked at and may be allowed.
    """

    findings: tuple[Finding, ...]
    fields: frozenset[str]
    allowed: frozenset[str] = frozenset()

    @property
    def blocking(self) -> tuple[Finding, ...]:
        """Return what stops: a bundle that learnt from it must not serve. Allowed fields stop nothing."""
        return tuple(one for one in self.findings if one.verdict is Verdict.BLOCK and one.field not in self.allowed)

    @property
    def looks(self) -> tuple[Finding, ...]:
        """Return what asks for a look, and stops nothing; fields that stop anyway are not named again."""
        named = self.allowed | {one.field for one in self.blocking}
        return tuple(one for one in self.findings if one.verdict is Verdict.LOOK and one.field not in named)

    @property
    def notes(self) -> tuple[Finding, ...]:
        """Return what is only told."""
        return tuple(one for one in self.findings if one.verdict is Verdict.NOTE)

    @property
    def stops_promotion(self) -> bool:
        """Tell whether something stops."""
        return bool(self.blocking)

    @property
    def why(self) -> str:
        """What stops, what was allowed, what to look at, in a sentence."""
        if self.blocking and all(one.field == MODEL for one in self.blocking):
            return (
                f"Too good to be true: {self.blocking[0].sentence}. Find the field that tells the answer, or answer for it "
                f"with --allow-leak {MODEL}."
            )
        if self.blocking:
            return (
                f"{_named(self.blocking)} may tell the answer: {self.blocking[0].field}: {self.blocking[0].sentence}."
            )
        said = "Nothing in the export tells the answer."
        if self.allowed:
            said = f"Nothing else than {', '.join(sorted(self.allowed))} (allowed) may tell the answer."
        return f"{said} Look at {_named(self.looks)}." if self.looks else said

    def allow(self, fields: Collection[str]) -> "Audit":
        """Let fields pass whatever was found of them. Raises CallError for one that was not looked at."""
        require(self.fields, fields)
        return replace(self, allowed=self.allowed | frozenset(fields))

    def with_model(self, target: Target, auc: float, low: float) -> "Audit":
        """Judge the AUC that a whole model has on its test, by the same bounds as a field's; `low`: its lower bound."""
        sentence = f"the model's AUC on the test for {target.value} is {auc:.3f}, at least {low:.3f}"
        found = Finding(MODEL, Probe.MODEL, target, auc, low, of_auc(auc, low), sentence)
        return replace(self, findings=_gravest_first([*self.findings, found]))


def fields(histories: Histories, catalogue: Catalogue) -> frozenset[str]:
    """Return everything that an audit looks at, by the names under which it may be allowed."""
    found = {field_of(one.signal) for one in catalogue.features}
    return frozenset(found | set(leak_fields.undated(histories)) | {MODEL})


def require(known: Collection[str], allowed: Collection[str]) -> None:
    """Raise CallError for a field that is to be allowed and is none that an audit looks at."""
    for field in allowed:
        if field not in known:
            raise CallError(
                f"--allow-leak {field}: nothing of that name is looked at; name an attribute as crm.toml does, a "
                f"kind as kind:NAME, or model{nearest(field, sorted(known))}"
            )


def audit(histories: Histories, questions: Mapping[Target, Question], catalogue: Catalogue, seed: int) -> Audit:
    """Look for leaks in what a training by these questions would learn from.

    Features are computed of no more snapshots than are looked at; `seed` draws those.
    """
    undated = leak_fields.undated(histories)
    looked_at = {field_of(one.signal) for one in catalogue.features}
    z = deviations(len(questions) * len(looked_at) + (len(questions) + 1) * len(undated))
    trained = np.unique(np.concatenate([one.snapshots.lead[one.split.train] for one in questions.values()]))
    leads = leak_fields.leads(histories, trained, list(questions), seed)
    found = list(leak_fields.findings(histories, leads, z))
    views = _views(histories, questions, catalogue, seed)
    for one in views:
        found += leak_columns.findings(one, z)
        found += _counted(histories, questions[one.target], one, found, z, seed)
    stopped = {one.field for one in found if one.verdict is Verdict.BLOCK}
    if any(field.startswith(KIND) for field in stopped):  # whatever is counted from several kinds holds it too
        stopped |= {field_of(one.signal) for one in catalogue.features if not one.signal.startswith(leak_columns.PLAIN)}
    for one in views:
        found += leak_gain.findings(one, stopped, z, seed)
    found += leak_after.findings(histories)
    return Audit(_gravest_first(found), fields(histories, catalogue))


def _counted(
    histories: Histories, question: Question, sampled: View, found: Sequence[Finding], z: float, seed: int
) -> list[Finding]:
    """Look again, among those who have it, at what the sample is too thin to judge and nothing has stopped yet."""
    stopped = {one.field for one in found if one.verdict is Verdict.BLOCK}
    signals = [one for one in leak_columns.nearly_sure(sampled, z) if field_of(one) not in stopped]
    if not signals:
        return []
    leads = leak_fields.having(histories, {field_of(one) for one in signals})
    rows = leak_view.having(question.snapshots, question.split, leads, seed)
    matrix = feature_table.compute(histories, subset(question.snapshots.table, rows), sampled.catalogue).matrix
    those = replace(leak_view.view(question.snapshots, question.split, sampled.catalogue, rows, matrix), weight=1.0)
    return leak_columns.counted(those, signals, leak_columns.base(sampled), z)


def _views(histories: Histories, questions: Mapping[Target, Question], catalogue: Catalogue, seed: int) -> list[View]:
    drawn = {target: leak_view.drawn(one.snapshots, one.split, seed) for target, one in questions.items()}
    tables = [subset(questions[target].snapshots.table, rows) for target, rows in drawn.items()]
    matrix = feature_table.compute(histories, pa.concat_tables(tables), catalogue).matrix
    parts = np.split(matrix, np.cumsum([len(rows) for rows in drawn.values()])[:-1])
    return [
        leak_view.view(questions[target].snapshots, questions[target].split, catalogue, rows, part)
        for (target, rows), part in zip(drawn.items(), parts, strict=True)
    ]


def refuse(audited: Audit) -> None:
    """Raise DataError where something stops: which field, by what figure, and what to do about it."""
    if not audited.blocking:
        return
    worst: dict[str, Finding] = {}
    for one in sorted(audited.blocking, key=lambda found: -found.figure):
        worst.setdefault(one.field, one)
    fields = sorted(worst)
    lines = [f"  {field}: {worst[field].sentence}" for field in fields]
    allow = " ".join(f"--allow-leak {_quoted(field)}" for field in fields)
    raise DataError(
        f"the leakage audit stops the training: {_named(audited.blocking)} would tell the answer\n"
        + "\n".join(lines)
        + f"\n{' '.join(_advice(fields))} Where you know better, train with {allow}; that is kept with the run."
    )


def _advice(fields: Sequence[str]) -> list[str]:
    kinds = [one for one in fields if one.startswith(KIND)]
    attributes = [one for one in fields if ":" not in one and one != MODEL]
    said = []
    if attributes:
        said.append(
            f"Take {listed(attributes)} out of crm.toml, or give the values their dates with [[attributes]] and known_at."
        )
    if kinds:
        said.append(
            f"Leave {listed(kinds)} out of [[interactions]] with where, or correct occurred_at and received_at there."
        )
    return said or ["Look at where crm.toml takes them from."]


def _named(findings: Sequence[Finding]) -> str:
    return listed(dict.fromkeys(one.field for one in findings))


def _quoted(field: str) -> str:
    return f"'{field}'" if " " in field else field


def _gravest_first(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    order = list(Verdict)
    return tuple(sorted(findings, key=lambda one: (order.index(one.verdict), one.field, one.probe, one.target or "")))
