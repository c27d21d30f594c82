"""One training run: an export, a recipe and a rulebook become a judged, registered, perhaps promoted bundle."""

import math
import signal
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from types import FrameType

from histories import origin as origins
from histories.clock import iso
from histories.contract import Histories, Target
from histories.origin import Origin
from scoring import bundle as bundles
from scoring import names, rulebook
from scoring.bundle import Bundle
from scoring.rulebook import Rulebook
from training import (
    fingerprint,
    gate,
    html_report,
    importance,
    leakage,
    leakage_report,
    lineup,
    logbook,
    other_rules,
    promote,
    recipe,
    rivals,
    trials,
)
from training.checks import Check
from training.fingerprint import Fingerprint
from training.fit import Prepared, fit_prepared, prepare
from training.fitted import Fitted, Progress, Score, silent
from training.gate import Decision, Lost, Verdict
from training.leakage import Audit
from training.lineup import MODEL, RULES, Lineup
from training.other_rules import InForce
from training.promote import Resolved
from training.recipe import Recipe
from training.records import Place, Version
from training.tracking import BUNDLE_PATH, RULEBOOK_PATH, Run, Tracker, open_tracker
from training.trials import Trial


@dataclass(frozen=True, eq=False)
class TrainingResult:
    """What a training run came to.

    `fitted` holds the bundle and what was measured, `lineups` the contenders of each target side by side.
    `version`: the bundle's number in the registry, with `alias` champion or challenger. `run_id` and `children`
    (by contender's name) are MLflow's; `place` is where it shows them side by side.
    """

    fitted: Fitted
    rulebook_version: str
    fingerprint: Fingerprint
    lineups: tuple[Lineup, ...]
    audit: Audit
    verdict: Verdict
    version: int
    alias: str
    run_id: str
    children: Mapping[str, str]
    place: Place

    @property
    def bundle(self) -> Bundle:
        """The trained bundle."""
        return self.fitted.bundle


# Where finished trials of a search are kept until their run has ended: in the working folder, by what was read.
TRIALS = Path(".lead-scoring", "trials")
NOT_COMPARED = "not_compared"


class Terminated(BaseException):
    """The process was asked to end (SIGTERM). No Exception, so that nothing on the way mistakes it for an error."""


@dataclass(frozen=True, eq=False)
class _Input:
    origin: Origin
    histories: Histories
    recipe: Recipe
    rules: Rulebook
    fingerprint: Fingerprint


def train(
    config: Path | Origin,
    recipe_file: Path | None,
    rulebook_file: Path,
    now: int,
    progress: Progress = silent,
    tracking_uri: str | None = None,
    allow_leaks: Sequence[str] = (),
) -> TrainingResult:
    """Train on an export (its crm.toml) or a store, measure, log, judge and register; promote where the gate lets it.

    `now`: the command's start, UTC microseconds; `recipe_file` None: the default recipe; `tracking_uri` None: as
    `open_tracker`; `allow_leaks`: fields that may stay in, whatever the leakage audit finds of them. The registry is
    written last: a run that fails or is killed before leaves it as it was, and is marked failed itself. Raises CallError where a file is wrong, DataError where the data do not allow it.
    """
    origin = origins.of(config)
    settings = recipe.read(recipe_file, origin.timezone()) if recipe_file else recipe.default()
    rules = rulebook.read(rulebook_file)
    tracker = open_tracker(tracking_uri)
    progress("reading the export", 0, 1)
    histories = origin.histories(now)
    names.check(rules, histories.families, histories.attribute_types, rulebook_file.name)
    read = fingerprint.of(histories)
    kept = TRIALS / read.sha256[:16]
    settings = recipe.keeping_trials(settings, kept)
    given = _Input(origin, histories, settings, rules, read)
    with (
        _ended_politely(),
        trials.told(kept, KeyboardInterrupt, Terminated),
        tracker.run("train", "train") as run,
        tempfile.TemporaryDirectory() as scratch,
    ):
        _log_input(run, given, other_rules.other(tracker, rules.version))
        prepared = prepare(histories, settings, progress)
        leakage.require(leakage.fields(histories, prepared.catalogue), allow_leaks)
        audit = _audit(run, given, prepared, allow_leaks)
        fitted = fit_prepared(histories, settings, rules, prepared, now=now, source=str(origin), progress=progress)
        progress("comparing with the champion", 0, 2)
        champion = promote.rival(tracker, Path(scratch) / "champion")
        lineups = rivals.lineups(histories, settings, fitted, champion)
        audit = _with_models(audit, fitted)
        verdict = _judge(tracker, fitted, lineups, audit, champion)
        progress("writing to MLflow", 1, 2)
        children = _log_output(run, given, fitted, lineups, audit, verdict, Path(scratch) / BUNDLE_PATH)
        version, alias = _register(tracker, run, given, fitted, verdict, champion, now, Path(scratch) / BUNDLE_PATH)
        progress("writing to MLflow", 2, 2)
    trials.forget(kept)
    return TrainingResult(
        fitted=fitted,
        rulebook_version=rules.version,
        fingerprint=given.fingerprint,
        lineups=lineups,
        audit=audit,
        verdict=verdict,
        version=version.number,
        alias=alias,
        run_id=run.run_id,
        children=children,
        place=tracker.compare_place(list(children.values())),
    )


def _audit(run: Run, given: _Input, prepared: Prepared, allow_leaks: Sequence[str]) -> Audit:
    """Look for leaks, keep what was found with the run, and stop where a field tells the answer."""
    found = leakage.audit(given.histories, prepared.questions, prepared.catalogue, given.recipe.seed).allow(allow_leaks)
    run.table(leakage_report.table(found), leakage_report.PATH)
    if allow_leaks:
        run.params({"allow_leak": ", ".join(allow_leaks)})
    leakage.refuse(found)
    return found


@contextmanager
def _ended_politely() -> Iterator[None]:
    """Let SIGTERM end the block as an error would, so that the run is closed. Only a main thread can ask for that."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 -- a signal handler's form
        raise Terminated

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    except Terminated:
        signal.signal(signal.SIGTERM, before)
        signal.raise_signal(signal.SIGTERM)  # all is closed: end in the way that whoever asked for it expects
        raise
    finally:
        signal.signal(signal.SIGTERM, before)


def _log_input(run: Run, given: _Input, in_force: InForce | None) -> None:
    run.params(_recipe_params(given.recipe))
    run.text(given.recipe.source, "recipe.toml")
    run.text(given.rules.source, RULEBOOK_PATH)
    run.text(given.fingerprint.to_json(), "fingerprint.json")
    run.tags({"data_sha256": given.fingerprint.sha256, "rulebook_version": given.rules.version})
    if in_force is not None:
        run.tags({other_rules.IN_FORCE: in_force.version})


def _recipe_params(settings: Recipe) -> dict[str, object]:
    """The recipe as names and values; what is not set is left out."""
    params: dict[str, object] = {f"{target.value}.horizon_days": days for target, days in settings.horizons.items()}
    params |= {
        "seed": settings.seed,
        "snapshots.ages": " ".join(age.text for age in settings.ages),
        "split.test_from": None if settings.test_from is None else iso(settings.test_from),
        "split.test_share": settings.test_share,
        "split.kept_share": settings.kept_share,
        "split.ship": settings.ship.value,
        "grades": " ".join(f"{grade:g}" for grade in settings.grades),
        "gate.margin": settings.gate_margin,
        "report.segments": " ".join(settings.segments) or None,
    }
    params |= {f"business.{name}": value for name, value in asdict(settings.business).items()}
    if settings.search is not None:
        params["search.minutes"] = settings.search.minutes
        params |= {f"search.trials.{target.value}": number for target, number in (settings.search.trials or {}).items()}
    return {name: value for name, value in params.items() if value is not None}


def _judge(
    tracker: Tracker, fitted: Fitted, lineups: Sequence[Lineup], audit: Audit, champion: Resolved | Lost | None
) -> Verdict:
    answering = [(one.target, fitted.results[one.target].answering) for one in lineups]
    rival = rivals.rival(champion, lineups) if isinstance(champion, Resolved) else champion
    clean = Check("leakage", len(audit.blocking), 0, not audit.stops_promotion, audit.why, "nothing that stops")
    margin = fitted.recipe.gate_margin
    verdict = gate.judge(fitted.bundle.version, answering, clean, rival, fitted.test_start, margin)
    return promote.heeding(verdict, promote.taken_back(tracker, fitted.bundle.version))


def _with_models(audit: Audit, fitted: Fitted) -> Audit:
    """Judge how well each whole model does by the audit's bounds: too good to be true is a leak that nobody found."""
    for target, result in fitted.results.items():
        if lineup.MODEL in result.lineup.contenders:
            auc = result.lineup.contenders[lineup.MODEL].intervals["auc"]
            if not math.isnan(auc.value):
                audit = audit.with_model(target, auc.value, auc.low)
    return audit


def _log_output(
    run: Run,
    given: _Input,
    fitted: Fitted,
    lineups: tuple[Lineup, ...],
    audit: Audit,
    verdict: Verdict,
    folder: Path,
) -> dict[str, str]:
    rows = logbook.dataset(lineups, str(given.origin), given.fingerprint)
    run.dataset(rows, "test")
    run.params({"test_start": iso(fitted.test_start), **_counts(fitted), **_learning(fitted)})
    run.metrics(logbook.difference_metrics(lineups))
    run.tags({"verdict": verdict.decision, "bundle_version": fitted.bundle.version})
    if verdict.uncompared:
        run.tags({NOT_COMPARED: " ".join(verdict.uncompared)})
    run.params({f"{one.target.value}.left_out": one.left_out for one in lineups if one.left_out})
    run.describe(logbook.describe(lineups, verdict.sentence))
    run.text(verdict.to_json(), "verdict.json")
    run.table(logbook.segments(lineups), logbook.SEGMENTS_TABLE)
    if tried := _tried(fitted):
        run.table(trials.table(tried), trials.TABLE)
    models = {target: one.model for target, one in fitted.results.items() if one.model is not None}
    shares = importance.of_lineups(lineups, models, fitted.bundle.catalogue, given.rules, given.histories)
    drawn = logbook.write_figures(run, lineups, shares)
    page = html_report.of_training(fitted, lineups, verdict, audit, given.fingerprint, given.rules.version, drawn)
    run.text(page, html_report.PATH)
    bundles.write(fitted.bundle, folder)
    run.folder(folder, BUNDLE_PATH)
    versions = {MODEL: {"version": fitted.bundle.version}, RULES: {"version": given.rules.version}}
    return logbook.write_children(run, lineups, rows, versions, logbook.CHALLENGER)


def _counts(fitted: Fitted) -> dict[str, object]:
    return {
        f"{target.value}.{name}": value
        for target, result in fitted.results.items()
        for name, value in asdict(result.counts).items()
    }


def _tried(fitted: Fitted) -> dict[Target, Sequence[Trial]]:
    """The settings that were tried for each target; targets without a search are left out."""
    learnt = {target: one.learning for target, one in fitted.results.items()}
    return {target: one.tried for target, one in learnt.items() if one is not None and one.tried}


def _learning(fitted: Fitted) -> dict[str, object]:
    """How each model was learnt. Kept on the parent: children hold what model and rules can be compared in."""
    learnt: dict[str, object] = {}
    for target, result in fitted.results.items():
        learnt[f"{target.value}.in_bundle"] = MODEL if result.champion is Score.MODEL else RULES
        learnt |= {f"{target.value}.step": result.step.value, f"{target.value}.step_why": result.why}
        if result.learning is not None:
            learnt |= {f"{target.value}.{name}": value for name, value in result.learning.params().items()}
            learnt[f"{target.value}.trials"] = result.learning.trials
            if (route := result.learning.route) is not None:
                learnt |= {f"{target.value}.{name}": value for name, value in route.params().items()}
    return learnt


def _register(
    tracker: Tracker,
    run: Run,
    given: _Input,
    fitted: Fitted,
    verdict: Verdict,
    beside: Resolved | Lost | None,
    now: int,
    folder: Path,
) -> tuple[Version, str]:
    """Enter the bundle into the registry and point an alias at it. The champion itself is not entered again.

    `beside`: whom the verdict speaks of.
    """
    serving = tracker.alias(promote.CHAMPION)
    if serving is not None and verdict.decision is Decision.SAME:
        return serving, promote.CHAMPION
    tags = {
        promote.BUNDLE_VERSION: fitted.bundle.version,
        promote.BUNDLE_SHA256: fingerprint.folder_sha256(folder),
        promote.VERDICT: verdict.decision.value,
        promote.VERDICT_SENTENCE: verdict.sentence,
        promote.VERDICT_CHAMPION: "" if verdict.champion is None else str(verdict.champion),
        promote.RULEBOOK_VERSION: given.rules.version,
        "data_sha256": given.fingerprint.sha256,
        "trained_until": iso(fitted.bundle.card.trained_until),
    }
    if back := promote.taken_back(tracker, fitted.bundle.version):
        tags[promote.ROLLED_BACK_VERSION] = str(back.number)
        run.tags({promote.ROLLED_BACK_VERSION: str(back.number)})
    version = tracker.register(run, tags)
    return version, promote.settle(tracker, version, verdict.serves, beside, now)
