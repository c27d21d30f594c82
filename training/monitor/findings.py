"""What needs a person: what was found, why it is more than luck, and what to do."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from histories import clock
from training.bootstrap import Difference
from training.checks import ENOUGH_CONVERSIONS, LEAST_RATIO, MOST_RATIO
from training.lineup import MODEL, RULES, Lineup
from training.monitor import kinds
from training.monitor.drift import FeatureDrift, ScoreDrift
from training.monitor.kinds import Silent, Unknown, Volume
from training.monitor.performance import Performance
from training.monitor.psi import Shift
from training.monitor.ratio import Ratio

_SHOWN = 5
_TAILS = (0.005, 0.995)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that needs a person. `code` is stable; `what`, `why` and `do` are sentences."""

    code: str
    subject: str
    what: str
    why: str
    do: str


def of_performance(one: Performance) -> Iterator[Finding]:
    """Yield what is wrong with the answers to one question."""
    if one.lineup is None or one.sure is None:
        return
    if is_off(one.sure):
        yield _calibration("calibration", one.title, one.sure, "a 99% interval")
    of_cohorts = [cohort for cohort in one.cohorts if cohort.sure is not None and is_off(cohort.sure)]
    for cohort in of_cohorts if not is_off(one.sure) else []:
        assert cohort.sure is not None  # noqa: S101 -- filtered above; mypy cannot know
        where = f"{one.title}, {cohort.period.name}"
        yield _calibration("cohort_calibration", where, cohort.sure, "an interval at 99% for all cohorts together")
    yield from _ranking(one.title, one.lineup)


def is_off(one: Ratio) -> bool:
    """Tell whether the whole interval lies outside of what the gate allows."""
    return one.low > MOST_RATIO or one.high < LEAST_RATIO


def how_much(one: Ratio) -> str:
    """Say in which direction a ratio that is off is."""
    return "too much" if one.low > MOST_RATIO else "too little"


def _calibration(code: str, subject: str, one: Ratio, interval: str) -> Finding:
    value = "" if math.isinf(one.value) else f", {one.value:.2f} times as many"
    return Finding(
        code,
        subject,
        f"The model promises {how_much(one)}: {one.predicted:.1f} conversions predicted, {one.observed} observed{value}.",
        f"{interval[0].upper()}{interval[1:]} of the ratio is {one.low:.2f} to {_high(one.high)}; allowed is "
        f"{LEAST_RATIO:g} to {MOST_RATIO:g}.",
        "Train on the store's newest deals (`lead-scoring train store://`) and promote what passes the gate.",
    )


def _high(value: float) -> str:
    return "any number" if math.isinf(value) else f"{value:.2f}"


def _ranking(title: str, lineup: Lineup) -> Iterator[Finding]:
    model, rules = lineup.contenders[MODEL], lineup.contenders[RULES]
    loss = _sure(
        model.figures.measures.log_loss - rules.figures.measures.log_loss,
        model.samples["log_loss"] - rules.samples["log_loss"],
    )
    # Where the bundle answers with the points themselves, there is no other score to fall back on.
    enough = model.figures.converted_leads >= ENOUGH_CONVERSIONS
    if enough and loss.low > 0 and not alike(lineup):
        yield Finding(
            "rules_better",
            title,
            "The rules' points predict better than the model.",
            f"Log loss, model minus rules: {loss.value:+.4f}, 99% interval {loss.low:+.4f} to {loss.high:+.4f}.",
            "Compare (`lead-scoring compare store://`); train again, or roll back (`lead-scoring promote --rollback`).",
        )
    auc = _sure(model.figures.measures.auc, model.samples["auc"])
    if enough and auc.low <= 0.5:
        yield Finding(
            "ranking",
            title,
            "The model's order of leads cannot be told from chance.",
            f"AUC {auc.value:.3f}, 99% interval {auc.low:.3f} to {auc.high:.3f}, with "
            f"{model.figures.converted_leads:,} converted leads.",
            "Look at the features that drifted and at what the CRM sends; then train again.",
        )


def alike(lineup: Lineup) -> bool:
    """Tell whether model and rules have the leads in one order, as where the bundle answers with points."""
    model, rules = (np.argsort(lineup.contenders[one].score, kind="stable") for one in (MODEL, RULES))
    return np.array_equal(model, rules)


def _sure(value: float, samples: np.ndarray) -> Difference:
    """A figure with a 99% interval: a person is called by less than one in a hundred strokes of luck."""
    defined = samples[np.isfinite(samples)]
    if not len(defined) or not math.isfinite(value):
        return Difference(value, -math.inf, math.inf)
    low, high = np.quantile(defined, _TAILS)
    return Difference(value, float(low), float(high))


def of_features(one: FeatureDrift) -> Iterator[Finding]:
    """Yield one finding for all features that moved: they move together."""
    moved = moved_features(one)
    if moved:
        named = ", ".join(f"{name} ({shift.psi:.2f})" for name, shift in list(moved.items())[:_SHOWN])
        more = f" and {len(moved) - _SHOWN} more" if len(moved) > _SHOWN else ""
        worst = next(iter(moved.values()))
        yield Finding(
            "feature_drift",
            "features",
            f"Leads look other than those that the model learnt from: {named}{more} (PSI).",
            f"Luck alone would bring {worst.by_luck:.2f} of the first, and more than {worst.bound:.2f} of any of "
            f"{len(one.shifts)} features in one run of a hundred ({one.current:,} snapshots against {one.reference:,}).",
            "Look whether a source or a form changed; if leads did, train again.",
        )


def moved_features(one: FeatureDrift) -> Mapping[str, Shift]:
    """Return the features that moved, the furthest first."""
    found = [(name, shift) for name, shift in one.shifts.items() if shift.moved]
    return dict(sorted(found, key=lambda pair: (pair[1].by_luck - pair[1].psi, pair[0])))


def of_scores(one: ScoreDrift) -> Iterator[Finding]:
    """Yield whether grades still mean what they did."""
    if one.shift.moved:
        shares = ", ".join(f"{grade} {now:.0%} (was {was:.0%})" for grade, (was, now) in one.grades.items())
        yield Finding(
            "score_drift",
            "customer probability",
            f"The open leads' probabilities are no longer those of the reference: grades are now {shares}.",
            f"PSI {one.shift.psi:.2f}; luck alone would bring {one.shift.by_luck:.2f}, and more than "
            f"{one.shift.bound:.2f} once in a hundred runs ({one.current:,} open leads against {one.reference:,}).",
            "Train again: grades and the calling line are read off the reference.",
        )


def of_kinds(
    unknown: tuple[Unknown, ...], volumes: tuple[Volume, ...], silent: tuple[Silent, ...]
) -> Iterator[Finding]:
    """Yield what is wrong with what comes in."""
    if silent:
        yield _silent(silent)
    for one in kinds.alarming(unknown):
        yield Finding(
            "unknown_kind",
            one.kind,
            f"The model does not know this kind: {one.interactions:,} interactions of {one.leads:,} leads in four weeks.",
            f"That is {one.share:.1%} of all interactions; {kinds.ENOUGH_LEADS} leads, or {kinds.LARGE_SHARE:.0%}, call "
            "a person.",
            "If the CRM renamed a kind, map it to the old name; if it is new, put it into a family and train again.",
        )
    for volume in kinds.fallen(volumes):
        yield Finding(
            "falling_volume",
            volume.kind,
            f"{volume.a_day:.1f} a day in the last week, {volume.before:.1f} a day in the weeks before.",
            f"Luck alone would bring so few once in {1 / max(volume.p, 1e-9):,.0f} weeks.",
            "Look whether the source still sends (`lead-scoring ingest`, the CRM's webhooks), and what was refused.",
        )


def _silent(found: tuple[Silent, ...]) -> Finding:
    """One finding for all kinds that come no more: they mostly come from one source."""
    named = ", ".join(f"{one.kind} (last on {clock.date(one.last)})" for one in found[:_SHOWN])
    more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    return Finding(
        "silent_kind",
        found[0].kind if len(found) == 1 else f"{len(found)} kinds",
        f"Nothing came for four weeks of what the model learnt from: {named}{more}.",
        f"{found[0].kind} came {found[0].before:.1f} times a day before the model was trained, and each of them in every "
        f"one of the {kinds.WEEKS} weeks.",
        "Look whether the source still sends (`lead-scoring ingest`, the CRM's webhooks); if it is gone for good, train "
        "again.",
    )
