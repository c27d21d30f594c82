"""All that a monitor looks at, from what the store and the bundles say: no MLflow, no screen."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pyarrow.compute as pc

from histories.contract import Target
from scoring.bundle import Bundle
from training.fitted import Progress, silent
from training.lineup import MODEL
from training.monitor import drift, findings, judging, kinds, performance
from training.monitor.drift import FeatureDrift, ScoreDrift
from training.monitor.explored import Compared
from training.monitor.findings import Finding
from training.monitor.judging import Judged
from training.monitor.kinds import Silent, Unknown, Volume
from training.monitor.known import Known
from training.monitor.performance import Performance

FEW_CONVERSIONS = 10


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
    silent: tuple[Silent, ...]
    findings: tuple[Finding, ...]
    notices: tuple[str, ...]
    not_known: tuple[str, ...]


def watch(known: Known, since: int, segments: Sequence[str], seed: int, progress: Progress = silent) -> Watched:
    """Look at everything. "Now" is the histories' `exported_at`; answers of `known` are those given from `since` on."""
    histories, bundle = known.histories, known.bundle
    progress("Answers against outcomes", 1, 4)
    judged = tuple(judging.judge(known, bundle, segments, seed)) if bundle else ()
    performances, by_lot = tuple(one.whole for one in judged), {one.target: one.by_lot for one in judged}
    progress("Drift of features", 2, 4)
    features = drift.of_features(histories, bundle) if bundle else None
    progress("Drift of scores", 3, 4)
    scores = drift.of_scores(histories, bundle) if bundle else None
    unknown = kinds.unknown(histories, bundle.catalogue) if bundle else ()
    volumes = kinds.volumes(histories)
    gone = kinds.silent(histories, bundle.catalogue, bundle.card.trained_until) if bundle else ()
    found = [finding for one in judged if one.newest for finding in findings.of_performance(one.newest)]
    found += findings.of_features(features) if features else ()
    found += findings.of_scores(scores) if scores else ()
    found += findings.of_kinds(unknown, volumes, gone)
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
        silent=gone,
        findings=tuple(found),
        notices=tuple(_notices(judged)),
        not_known=tuple(_not_known(known, judged, features)),
    )


def _since(known: Known, asked: int) -> int:
    """The moment asked for, or that of the first answer where all are asked for."""
    first = pc.min(known.answers["answered_at"]).as_py()
    return asked or (known.histories.exported_at if first is None else int(first))


def _notices(judged: Sequence[Judged]) -> Iterator[str]:
    for each in judged:
        one = each.whole
        if each.earlier is not None and findings.is_off(each.earlier):
            yield (
                f"{one.title}: answers of earlier bundles promised {findings.how_much(each.earlier)}, "
                f"{each.earlier.predicted:.1f} conversions, and {each.earlier.observed} came. The newest bundle has learnt "
                "since, and is judged by its own."
            )
        yield from _segments(one)


def _segments(one: Performance) -> Iterator[str]:
    """Segments that fall out. Where all answers together do, those that fall out no further are counted."""
    as_all = 0
    for segment in one.lineup.segments if one.lineup else ():
        whole, own = one.ratios[MODEL], segment.scores[MODEL].predicted_over_observed
        if not whole.low <= 1 <= whole.high and own.low <= whole.value <= own.high:
            as_all += bool(segment.flags)
        else:
            yield from (f"{one.title}: {flag}" for flag in segment.flags)
    if as_all:
        yield f"{one.title}: {as_all} segments fall out as all answers together do; --json and MLflow name them."


def _not_known(known: Known, judged: Sequence[Judged], features: FeatureDrift | None) -> Iterator[str]:
    if not known.answers.num_rows:
        yield "No answer was kept in this time: nothing can be held against what became of the leads."
    elif known.bundle is None:
        yield "The bundle of the newest answer is not kept in the store: answers and drift cannot be judged."
    for one in judged:
        yield from _not_mature(one.whole)
        if one.newest is None and one.whole.lineup is not None:
            yield (
                f"{one.whole.title}: no answer of the newest bundle has its horizon behind it; what calls a person goes by "
                "these alone."
            )
    if features is not None and not features.shifts:
        yield (
            f"Drift of features: {features.reference:,} snapshots of leads from the quarter before the training's end and "
            f"{features.current:,} of the last four weeks are in the store; both are needed."
        )
    if not known.handed_over.num_rows:
        yield "No lead was handed over by lot (`lead-scoring today store:// --explore 0.05`): nobody knows what the score caused."
    for one in judged:
        if one.by_lot.missing and known.handed_over.num_rows:
            yield f"{one.target.value}: leads by lot cannot compare model and rules yet: {one.by_lot.missing}."
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
