"""What a monitor saw as JSON: for a scheduler, and for whoever keeps it."""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict

from histories.clock import iso, iso_or_none
from training.bootstrap import Difference
from training.evaluate import MEASURES
from training.lineup import RULES, Lineup
from training.monitor.drift import FeatureDrift, ScoreDrift
from training.monitor.explored import Compared
from training.monitor.findings import moved_features
from training.monitor.performance import Cohort, OfBundle, Performance
from training.monitor.watch import Watched
from training.segments import Segment

Fields = Mapping[str, object]
NEEDED, QUIET = "needs_a_person", "quiet"


def status(watched: Watched) -> str:
    """Return `needs_a_person` where anything was found, else `quiet`."""
    return NEEDED if watched.findings else QUIET


def told(watched: Watched, run_id: str) -> str:
    """Return all of it as JSON; what is not defined is null. `run_id`: MLflow's."""
    content = {
        "status": status(watched),
        "as_of": iso(watched.now),
        "since": iso(watched.since),
        "answers": watched.answers,
        "bundle_version": None if watched.bundle is None else watched.bundle.version,
        "findings": [asdict(one) for one in watched.findings],
        "notices": list(watched.notices),
        "not_known": list(watched.not_known),
        "targets": {one.counted.target.value: _performance(one) for one in watched.performances},
        "by_lot": {target.value: _compared(one) for target, one in watched.compared.items()},
        "drift": {"features": _features(watched.features), "scores": _scores(watched.scores)},
        "unknown_kinds": [asdict(one) for one in watched.unknown],
        "volumes": [asdict(one) for one in watched.volumes],
        "silent_kinds": [{**asdict(one), "last": iso(one.last)} for one in watched.silent],
        "mlflow_run": run_id,
    }
    return json.dumps(_defined(content), indent=2, allow_nan=False)


def _performance(one: Performance) -> Fields:
    return {
        "horizon_days": one.counted.horizon_days,
        "answers": asdict(one.counted.tally),
        "next_known_at": iso_or_none(one.counted.known_from),
        "design_effect": one.design,
        "points_learnt_from": one.worth or None,
        "predicted_over_observed": {name: asdict(ratio) for name, ratio in one.ratios.items()},
        "scores": {} if one.lineup is None else _lineup(one.lineup),
        "difference": {} if one.lineup is None else _ends(one.lineup.differences.get(RULES, {})),
        "bundles": [_bundle(bundle) for bundle in one.bundles],
        "cohorts": [_cohort(cohort) for cohort in one.cohorts],
        "segments": [] if one.lineup is None else [_segment(segment) for segment in one.lineup.segments],
    }


def _lineup(lineup: Lineup) -> Fields:
    counts = ("snapshots", "leads", "conversions", "converted_leads", "prevalence")
    return {
        name: {**{key: getattr(one.figures, key) for key in counts}, **_ends(one.intervals)}
        for name, one in lineup.contenders.items()
    }


def _ends(found: Mapping[str, Difference]) -> Fields:
    return {name: asdict(found[name]) for name in MEASURES if name in found}


def _bundle(one: OfBundle) -> Fields:
    return {
        "bundle_version": one.version,
        "from": iso(one.since),
        "counted": one.counted,
        "converted": one.converted,
        "predicted_over_observed": asdict(one.ratio),
    }


def _cohort(one: Cohort) -> Fields:
    return {
        "cohort": one.period.name,
        "from": iso(one.period.begin),
        "until": iso(one.period.end),
        "counted": one.counted,
        "not_mature": one.waiting,
        "converted": one.converted,
        "predicted_over_observed": {name: asdict(ratio) for name, ratio in one.ratios.items()},
        "log_loss": dict(one.log_loss),
    }


def _segment(one: Segment) -> Fields:
    return {
        "segment": one.name,
        "value": one.value,
        "answers": one.snapshots,
        "converted_leads": one.converted_leads,
        "auc": {name: asdict(score.auc) for name, score in one.scores.items()},
        "predicted_over_observed": {name: asdict(score.predicted_over_observed) for name, score in one.scores.items()},
        "flags": list(one.flags),
    }


def _compared(one: Compared) -> Fields:
    return {
        "handed_over": one.handed_over,
        "explored": one.explored,
        "explored_converted": one.converted,
        "effective": one.worth,
        "missing": one.missing or None,
        "scores": {name: {key: asdict(span) for key, span in spans.items()} for name, spans in one.scores.items()},
        "difference": {key: asdict(span) for key, span in one.differences.items()},
    }


def _features(one: FeatureDrift | None) -> Fields | None:
    if one is None:
        return None
    return {
        "reference": one.reference,
        "current": one.current,
        "features": len(one.shifts),
        "told": sum(shift.told for shift in one.shifts.values()),
        "moved": {name: asdict(shift) for name, shift in moved_features(one).items()},
    }


def _scores(one: ScoreDrift | None) -> Fields | None:
    if one is None:
        return None
    grades = {grade: {"reference": was, "now": now} for grade, (was, now) in one.grades.items()}
    moved = {"moved": one.shift.moved, **asdict(one.shift)}
    return {"reference": one.reference, "current": one.current, **moved, "grades": grades}


def _defined(value: object) -> object:
    """Null for what JSON has no number for."""
    if isinstance(value, Mapping):
        return {str(name): _defined(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_defined(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
