"""All that a monitor looks at, from what the store and the bundles say: no MLflow, no screen."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from histories.contract import AttributeType, Histories, Target
from scoring.bundle import Bundle
from scoring.rulebook import Rulebook
from training.fitted import Progress, silent
from training.monitor import drift, findings, kinds, lots, performance, worth
from training.monitor.counted import Counted, Question, count
from training.monitor.drift import FeatureDrift, ScoreDrift
from training.monitor.explored import Compared
from training.monitor.findings import Finding
from training.monitor.kinds import Unknown, Volume
from training.monitor.performance import Given, Performance
from training.monitor.worth import Learnt
from training.snapshots import groups

FEW_CONVERSIONS = 10


@dataclass(frozen=True, eq=False)
class Known:
    """What the store holds: histories, and the tables of answers and of leads handed over (histories.store.kept.given).

    `bundles` and `rulebooks` by version; what a version is not kept of cannot be judged. `newest`: the bundle and
    the rulebook that gave the newest answer; None where none is kept.
    """

    histories: Histories
    answers: pa.Table
    handed_over: pa.Table
    bundles: Mapping[str, Bundle]
    rulebooks: Mapping[str, Rulebook]
    newest: tuple[str, str] | None

    @property
    def bundle(self) -> Bundle | None:
        """The bundle that gave the newest answer."""
        return None if self.newest is None else self.bundles.get(self.newest[0])

    @property
    def rulebook(self) -> Rulebook | None:
        """The rulebook that gave the newest answer."""
        return None if self.newest is None else self.rulebooks.get(self.newest[1])


@dataclass(frozen=True, eq=False)
class Watched:
    """What a monitor saw. `since` and `now` in UTC microseconds; `findings` need a person.

    `features` and `scores`: None where no bundle is kept. `compared`: by target, on leads handed over by lot.
    `notices`: worth a look, no call; `not_known`: what cannot be known, or not yet, and why.
    """

    since: int
    now: int
    answers: int
    bundle: Bundle | None
    performances: tuple[Performance, ...]
    compared: Mapping[Target, Compared]
    features: FeatureDrift | None
    scores: ScoreDrift | None
    unknown: tuple[Unknown, ...]
    volumes: tuple[Volume, ...]
    findings: tuple[Finding, ...]
    notices: tuple[str, ...]
    not_known: tuple[str, ...]


def watch(known: Known, since: int, segments: Sequence[str], seed: int, progress: Progress = silent) -> Watched:
    """Look at everything. "Now" is the histories' `exported_at`; answers of `known` are those given from `since` on."""
    histories, bundle = known.histories, known.bundle
    progress("Answers against outcomes", 1, 4)
    judged = tuple(_judged(known, bundle, segments, seed)) if bundle else ()
    performances, by_lot = tuple(one for one, _ in judged), {one.counted.target: other for one, other in judged}
    progress("Drift of features", 2, 4)
    features = drift.of_features(histories, bundle) if bundle else None
    progress("Drift of scores", 3, 4)
    scores = drift.of_scores(histories, bundle) if bundle else None
    unknown = kinds.unknown(histories, bundle.catalogue) if bundle else ()
    volumes = kinds.volumes(histories)
    found = [finding for one in performances for finding in findings.of_performance(one)]
    found += findings.of_features(features) if features else ()
    found += findings.of_scores(scores) if scores else ()
    found += findings.of_kinds(unknown, volumes)
    progress("Done", 4, 4)
    return Watched(
        since=_since(known, since),
        now=histories.exported_at,
        answers=known.answers.num_rows,
        bundle=bundle,
        performances=performances,
        compared=by_lot,
        features=features,
        scores=scores,
        unknown=unknown,
        volumes=volumes,
        findings=tuple(found),
        notices=tuple(_notices(performances)),
        not_known=tuple(_not_known(known, performances, features, by_lot)),
    )


def _since(known: Known, asked: int) -> int:
    """The moment asked for, or that of the first answer where all are asked for."""
    first = pc.min(known.answers["answered_at"]).as_py()
    return asked or (known.histories.exported_at if first is None else int(first))


def _judged(known: Known, bundle: Bundle, segments: Sequence[str], seed: int) -> Iterator[tuple[Performance, Compared]]:
    asked = _categories(known.histories, segments)
    for target in (Target.CUSTOMER, Target.SQL):
        if target in bundle.models:
            counted, learnt = _counted(known, bundle, target), _learnt(known, bundle, target)
            some = len(counted.row) > 0
            measured = _measured(known, counted, learnt, asked, seed) if some else performance.nothing(counted)
            handed = lots.handed_over(known.histories, known.answers, known.handed_over, counted)
            yield measured, lots.compared(handed, learnt, seed)


def _categories(histories: Histories, segments: Sequence[str]) -> list[str]:
    """The segments asked for, or without any the categories of the store, whose values are few by their nature."""
    found = sorted(name for name, kind in histories.attribute_types.items() if kind is AttributeType.CATEGORY)
    return [name for name in found if not segments or name in segments]


def _counted(known: Known, bundle: Bundle, target: Target) -> Counted:
    questions = {
        version: Question(one.models[target].horizon_days, one.card.trained_until)
        for version, one in known.bundles.items()
        if target in one.models
    }
    return count(known.answers, known.histories, target, questions, bundle.models[target].horizon_days)


def _learnt(known: Known, bundle: Bundle, target: Target) -> Learnt | None:
    if known.rulebook is None:
        return None
    days = bundle.models[target].horizon_days
    return worth.before_training(known.histories, known.rulebook, bundle.card, target, days)


def _measured(known: Known, counted: Counted, learnt: Learnt | None, segments: Sequence[str], seed: int) -> Performance:
    rows = known.answers.take(pa.array(counted.row))
    probability = np.asarray(rows[f"probability_{counted.target.value}"].to_numpy(), dtype=np.float64)
    given = Given(probability, np.asarray(rows["rule_points"].to_numpy(), dtype=np.float64))
    group = groups(known.histories)[counted.lead]
    points = worth.probabilities(learnt, given.points, counted.label, group)
    return performance.measure(known.histories, counted, given, points, segments, seed)


def _notices(performances: Sequence[Performance]) -> Iterator[str]:
    for one in performances:
        for segment in one.lineup.segments if one.lineup else ():
            yield from (f"{one.title}: {flag}" for flag in segment.flags)


def _not_known(
    known: Known, performances: Sequence[Performance], features: FeatureDrift | None, by_lot: Mapping[Target, Compared]
) -> Iterator[str]:
    if not known.answers.num_rows:
        yield "No answer was kept in this time: nothing can be held against what became of the leads."
    elif known.bundle is None:
        yield "The bundle of the newest answer is not kept in the store: answers and drift cannot be judged."
    for one in performances:
        yield from _not_mature(one)
    if features is not None and not features.shifts:
        yield (
            f"Drift of features: {features.reference:,} snapshots of leads from the quarter before the training's end and "
            f"{features.current:,} of the last four weeks are in the store; both are needed."
        )
    if not known.handed_over.num_rows:
        yield "No lead was handed over by lot (`lead-scoring today store:// --explore 0.05`): nobody knows what the score caused."
    for target, compared in by_lot.items():
        if compared.missing and known.handed_over.num_rows:
            yield f"{target.value}: leads handed over by lot cannot compare model and rules yet: {compared.missing}."
    if pc.sum(known.answers["what_if"]).as_py():
        yield f"{pc.sum(known.answers['what_if']).as_py():,} answers to what-if questions are left out."


def _not_mature(one: Performance) -> Iterator[str]:
    tally, when = one.counted.tally, performance.known_from(one)
    if tally.not_mature:
        yield f"{one.title}: {tally.not_mature:,} answers whose horizon goes on; the next ends on {when}."
    if one.lineup is None:
        yield f"{one.title}: no answer's horizon has ended yet, so nothing can be said of how it held up."
    elif (converted := one.lineup.contenders["model"].figures.converted_leads) < FEW_CONVERSIONS:
        yield (
            f"{one.title}: {converted} leads converted after the {tally.counted:,} answers that count; below "
            f"{FEW_CONVERSIONS}, hardly anything can be told from luck."
        )
