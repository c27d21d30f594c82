"""A monitor's look as a run in MLflow: figures under the names that training uses, tables and pictures. No lead's id."""

import math
from collections.abc import Iterator, Mapping, Sequence

import pyarrow as pa

from histories.clock import iso
from training import figure_tables, logbook
from training.lineup import CHAMPION, MODEL, RULES, Lineup
from training.monitor import kinds, pictures
from training.monitor.findings import moved_features
from training.monitor.performance import Performance
from training.monitor.told import status
from training.monitor.watch import Watched
from training.records import Drawing
from training.tracking import Run, Tracker

_MOST_DESCRIBED = 10
_NAMES = {MODEL: CHAMPION, RULES: RULES}


def log(tracker: Tracker, watched: Watched, source: str) -> str:
    """Write a run `monitor` with a child for model and rules each; return its id. `source`: the store, no password."""
    with tracker.run("monitor", "monitor") as run:
        bundle = "" if watched.bundle is None else watched.bundle.version
        run.tags({"status": status(watched), "bundle_version": bundle, "store": source})
        run.describe(_described(watched))
        run.metrics(metrics(watched))
        for path, table in _tables(watched).items():
            if table.num_rows:
                run.table(table, path)
        for path, drawing in _pictures(watched).items():
            run.figure(drawing, path)
        _children(run, _lineups(watched))
    return run.run_id


def _lineups(watched: Watched) -> list[Lineup]:
    return [one.lineup for one in watched.performances if one.lineup is not None]


def metrics(watched: Watched) -> Mapping[str, float]:
    """Return the run's own figures by name; docs/metrics.md says what each is. What is not defined is left out."""
    found: dict[str, float] = {
        "monitor/findings": len(watched.findings),
        "monitor/answers": watched.answers,
        "monitor/unknown_kinds": len(watched.unknown),
        "monitor/fallen_kinds": len(kinds.fallen(watched.volumes)),
        "monitor/silent_kinds": len(watched.silent),
    }
    if watched.features is not None:
        found["monitor/features_moved"] = len(moved_features(watched.features))
        found["monitor/features_told"] = sum(one.told for one in watched.features.shifts.values())
    if watched.scores is not None and watched.scores.shift.told:
        found |= {"monitor/score_psi": watched.scores.shift.psi, "monitor/score_psi_bound": watched.scores.shift.bound}
    for one in watched.performances:
        found |= _counts(one)
    found |= _by_lot(watched)
    found |= logbook.difference_metrics(_lineups(watched))
    return {name: float(value) for name, value in found.items() if math.isfinite(value)}


def _counts(one: Performance) -> Mapping[str, float]:
    prefix, tally = one.counted.target.value, one.counted.tally
    found: dict[str, float] = {
        f"{prefix}/answers_counted": tally.counted,
        f"{prefix}/answers_not_mature": tally.not_mature,
    }
    if MODEL in one.ratios:
        ratio = one.ratios[MODEL]
        found |= {f"{prefix}/calibration_low": ratio.low, f"{prefix}/calibration_high": ratio.high}
    return found


def _by_lot(watched: Watched) -> Mapping[str, float]:
    found: dict[str, float] = {}
    for target, one in watched.compared.items():
        found |= {f"{target.value}/by_lot_explored": one.explored, f"{target.value}/by_lot_converted": one.converted}
        for measure in ("auc", "log_loss") if one.differences else ():
            apart = one.differences[measure]
            name = f"{target.value}/by_lot_{measure}_difference"
            found |= {name: apart.value, f"{name}_low": apart.low, f"{name}_high": apart.high}
    return found


def _described(watched: Watched) -> str:
    """The text on the run's first page; MLflow keeps 8,000 characters of it, and findings.json has all findings."""
    parts = [f"**{one.subject}: {one.what}** {one.why} {one.do}" for one in watched.findings[:_MOST_DESCRIBED]]
    parts = parts or ["**Nothing needs a person.**"]
    if len(watched.findings) > _MOST_DESCRIBED:
        parts.append(f"and {len(watched.findings) - _MOST_DESCRIBED} more in findings.json")
    parts += [f"- {one}" for one in (*watched.not_known, *watched.notices)[:_MOST_DESCRIBED]]
    return "\n\n".join(parts)


def _tables(watched: Watched) -> Mapping[str, pa.Table]:
    rows: dict[str, list[dict[str, object]]] = {
        "findings.json": [
            {"code": one.code, "subject": one.subject, "what": one.what, "why": one.why, "do": one.do}
            for one in watched.findings
        ],
        "cohorts.json": [row for one in watched.performances for row in _cohorts(one)],
        "drift.json": [
            {"feature": name, "psi": one.psi, "by_luck": one.by_luck, "bound": one.bound, "moved": one.moved}
            for name, one in (watched.features.shifts.items() if watched.features else ())
            if one.told
        ],
        "volumes.json": [
            {"kind": one.kind, "a_day": one.a_day, "before": one.before, "told": one.told} for one in watched.volumes
        ],
        "silent_kinds.json": [
            {"kind": one.kind, "before": one.before, "last": iso(one.last)} for one in watched.silent
        ],
        "unknown_kinds.json": [
            {"kind": one.kind, "interactions": one.interactions, "leads": one.leads} for one in watched.unknown
        ],
    }
    tables = {path: pa.Table.from_pylist(found) for path, found in rows.items()}
    lineups = _lineups(watched)
    if lineups:
        tables[logbook.SEGMENTS_TABLE] = logbook.segments(lineups)
        drawn = figure_tables.tables(_with_both_outcomes(lineups), {})
        tables |= {f"tables/{name}.json": table for name, table in drawn.items()}
    return tables


def _cohorts(one: Performance) -> Iterator[dict[str, object]]:
    for cohort in one.cohorts:
        for name, ratio in cohort.ratios.items():
            ends = (ratio.value, ratio.low, ratio.high, cohort.log_loss[name])
            value, low, high, loss = (end if math.isfinite(end) else None for end in ends)
            yield {
                "target": one.counted.target.value,
                "cohort": cohort.period.name,
                "score": name,
                "answers": cohort.counted,
                "not_mature": cohort.waiting,
                "converted": cohort.converted,
                "predicted": ratio.predicted,
                "predicted_over_observed": value,
                "low": low,
                "high": high,
                "log_loss": loss,
            }


def _pictures(watched: Watched) -> Mapping[str, Drawing]:
    drawn: dict[str, Drawing] = {}
    for one in watched.performances:
        if any(cohort.counted for cohort in one.cohorts):
            drawn[f"figures/{one.counted.target.value}_cohorts.png"] = pictures.cohorts(one)
    if watched.features is not None and watched.scores is not None and watched.features.shifts:
        drawn["figures/drift.png"] = pictures.drift(watched.features, watched.scores)
    if watched.volumes:
        drawn["figures/volumes.png"] = pictures.volumes(watched.volumes, kinds.fallen(watched.volumes))
    return drawn | dict(logbook.pictures(_with_both_outcomes(_lineups(watched)), {}))


def _with_both_outcomes(lineups: Sequence[Lineup]) -> list[Lineup]:
    """Those that have something to draw: where all labels are alike, no curve means anything."""
    return [one for one in lineups if 0 < one.labels.sum() < len(one.labels)]


def _children(run: Run, lineups: Sequence[Lineup]) -> None:
    """One run for each score, under the names that training and comparing use, so that MLflow lines them up."""
    for name in logbook.contenders(lineups):
        with run.child(_NAMES[name]) as child:
            child.params({"score": name})
            child.metrics(logbook.metrics(lineups, name))
