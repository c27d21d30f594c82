"""How a lineup is written into MLflow: under equal names for every contender, so that its compare view lines them up."""

import math
from collections.abc import Mapping, Sequence

import pyarrow as pa
from matplotlib.figure import Figure

from histories.clock import iso
from training import canvas, figure_tables, figures, summary_figures
from training.bootstrap import Difference
from training.capacity import CAPACITY_MEASURES, AtCapacity
from training.evaluate import MEASURES, Figures
from training.findings import finding
from training.fingerprint import Fingerprint, rows_digest
from training.lineup import CHAMPION, MODEL, RULES, Contender, Lineup
from training.records import Dataset, Drawing
from training.segments import AGE, Segment
from training.tracking import Run

SNAPSHOTS_TABLE = "test_snapshots.json"
SEGMENTS_TABLE = "segments.json"
DATASET = "test snapshots"
CHALLENGER = "challenger"
_NOTHING = Difference(math.nan, math.nan, math.nan)
UNDIRECTED = ("uncertainty", "calls", "expected_value")  # a difference in them favours nobody
COUNTS = ("snapshots", "leads", "conversions", "converted_leads", "prevalence")


def metrics(lineups: Sequence[Lineup], name: str) -> dict[str, float]:
    """Return one contender's figures as `<target>/<measure>`, those at the team's capacity as `<measure>_at_capacity`.

    A figure that the labels do not define is left out.
    """
    found: dict[str, float] = {}
    for lineup in lineups:
        prefix, shown = lineup.target.value, shows(lineup, name)
        if shown in lineup.contenders:
            found |= {f"{prefix}/{key}": value for key, value in _figures(lineup.contenders[shown].figures).items()}
        if shown in lineup.capacity:
            found |= {f"{prefix}/{key}": value for key, value in _at_capacity(lineup.capacity[shown]).items()}
    return {key: value for key, value in found.items() if math.isfinite(value)}


def shows(lineup: Lineup, name: str) -> str:
    """Return whose figures a contender's run has for a target: where no model was learnt, the model's has the rules'."""
    return RULES if name == MODEL and MODEL not in lineup.contenders else name


def _figures(measured: Figures) -> dict[str, float]:
    measures = {key: float(getattr(measured.measures, key)) for key in MEASURES}
    return measures | {key: float(getattr(measured, key)) for key in COUNTS}


def _at_capacity(one: AtCapacity) -> dict[str, float]:
    measures = {f"{key}_at_capacity": float(getattr(one.measures, key)) for key in CAPACITY_MEASURES}
    return measures | {"boards": float(one.boards), "calls_per_week": float(one.calls_per_week)}


def difference_metrics(lineups: Sequence[Lineup]) -> dict[str, float]:
    """Return differences as `<target>/<measure>_difference` (model minus rules) and `..._difference_to_champion`.

    Each with `_low` and `_high`, its 95% interval.
    """
    found: dict[str, float] = {}
    for lineup in lineups:
        for other, suffix in ((RULES, "difference"), (CHAMPION, "difference_to_champion")):
            for measure, one in lineup.differences.get(other, {}).items():
                if measure not in UNDIRECTED:
                    found |= _difference(f"{lineup.target.value}/{measure}_{suffix}", one)
            for measure, one in lineup.capacity_differences.get(other, {}).items():
                if measure not in UNDIRECTED:
                    found |= _difference(f"{lineup.target.value}/{measure}_at_capacity_{suffix}", one)
    return {key: value for key, value in found.items() if math.isfinite(value)}


def _difference(name: str, one: Difference) -> dict[str, float]:
    return {name: one.value, f"{name}_low": one.low, f"{name}_high": one.high}


def dataset(lineups: Sequence[Lineup], source: str, fingerprint: Fingerprint) -> Dataset:
    """Name the snapshots that all contenders were measured on, by a digest of leads, cutoffs and labels."""
    rows = {one.target.value: one.rows.select(["lead_id", "cutoff", "label"]) for one in lineups}
    counts = {"leads_in_export": fingerprint.leads, "interactions_in_export": fingerprint.interactions}
    for one in lineups:
        counts[f"{one.target.value}_snapshots"] = one.rows.num_rows
        counts[f"{one.target.value}_conversions"] = int(one.labels.sum())
    columns = {"lead_id": "string", "cutoff": "datetime", "age": "string", "target": "string", "label": "integer"}
    return Dataset(DATASET, rows_digest(rows), source, columns, counts)


def snapshots(lineups: Sequence[Lineup], name: str) -> pa.Table:
    """Return one contender's scores, one row a (target, lead, cutoff), in the same order for every contender.

    Columns: target, lead_id, cutoff (ISO 8601), age, label, probability, score (what ranks: points for the rules).
    """
    shown = [(one, shows(one, name)) for one in lineups]
    return pa.concat_tables(_scores(one, one.contenders[name]) for one, name in shown if name in one.contenders)


def _scores(lineup: Lineup, one: Contender) -> pa.Table:
    return pa.table(
        {
            "target": pa.array([lineup.target.value] * lineup.rows.num_rows, pa.string()),
            "lead_id": lineup.rows["lead_id"],
            "cutoff": pa.array([iso(moment) for moment in lineup.rows["cutoff"].to_pylist()], pa.string()),
            "age": lineup.rows["age"],
            "label": lineup.rows["label"],
            "probability": one.probability.round(6),
            "score": one.score.round(6),
        }
    )


def pictures(lineups: Sequence[Lineup], shares: Mapping[str, Mapping[str, float]]) -> Mapping[str, Figure]:
    """Return the figures of all lineups by their path within a run; `shares` as in `figure_tables.tables`."""
    drawn: dict[str, Figure] = {}
    for lineup in lineups:
        labels, title = lineup.labels.astype(float), lineup.title
        scored = {name: figures.Scored(one.score, one.probability) for name, one in lineup.contenders.items()}
        folder = f"figures/{lineup.target.value}"
        drawn[f"{folder}_reliability.png"] = figures.reliability(f"{title}: predicted and observed", labels, scored)
        drawn[f"{folder}_gains_lift.png"] = figures.gains_and_lift(f"{title}: what the top holds", labels, scored)
        drawn[f"{folder}_distributions.png"] = figures.distributions(f"{title}: who scores high", labels, scored)
        if MODEL in lineup.contenders:
            probability = lineup.contenders[MODEL].probability
            drawn[f"{folder}_quadrants.png"] = figures.quadrants(
                f"{title}: model against rules", labels, lineup.points, probability
            )
        drawn |= _summaries(lineup, shares.get(lineup.target.value, {}))
    return drawn


def _summaries(lineup: Lineup, shares: Mapping[str, float]) -> Mapping[str, Figure]:
    drawn: dict[str, Figure] = {}
    folder, title = f"figures/{lineup.target.value}", lineup.title
    curves = figure_tables.curves(lineup)
    if curves:
        calls = next(iter(lineup.capacity.values())).calls_per_week
        drawn[f"{folder}_precision_at_capacity.png"] = summary_figures.precision_at_capacity(
            f"{title}: what a week's calls find", calls, curves
        )
    ages = [one for one in lineup.segments if one.name == AGE]
    aucs = {name: [one.scores[name].auc for one in ages] for name in lineup.contenders}
    drawn[f"{folder}_auc_by_age.png"] = summary_figures.auc_by_age(
        f"{title}: AUC by age of the lead", [str(one.value) for one in ages], aucs
    )
    if shares:
        drawn[f"{folder}_importance.png"] = summary_figures.importance(f"{title}: what the model goes by", shares)
    return drawn


def write_figures(
    run: Run, lineups: Sequence[Lineup], shares: Mapping[str, Mapping[str, float]]
) -> Mapping[str, Figure]:
    """Write the figures of all lineups, which are returned by path, and the tables behind them.

    `shares`: of families in what the models go by, by target (`importance.of_lineups`).
    """
    drawn = pictures(lineups, shares)
    for path, drawing in drawn.items():
        canvas.lay_out(drawing)
        run.figure(drawing, path)
    for name, table in figure_tables.tables(lineups, shares).items():
        run.table(table, f"tables/{name}.json")
    return drawn


def own_pictures(lineups: Sequence[Lineup], name: str) -> Mapping[str, Drawing]:
    """Return one contender's figures by their path, the same for each, so that the compare view shows them abreast."""
    drawn: dict[str, Drawing] = {}
    for lineup in lineups:
        shown = shows(lineup, name)
        if shown in lineup.contenders:
            one = lineup.contenders[shown]
            scored = {shown: figures.Scored(one.score, one.probability)}
            title = f"{lineup.title}: predicted and observed"
            path = f"figures/{lineup.target.value}_reliability.png"
            drawn[path] = figures.reliability(title, lineup.labels.astype(float), scored)
    return drawn


def segments(lineups: Sequence[Lineup]) -> pa.Table:
    """Return one row a (target, segment, value, score).

    Columns: what `Segment` and `SegmentScore` say, then every measure of the score there. `log_loss_difference` with
    its interval is the model's row minus the rules', drawn towards the whole's; `flags` are those of the score that
    the bundle answers with. What is not defined is null.
    """
    rows = [
        _segment(lineup, segment, name) for lineup in lineups for segment in lineup.segments for name in segment.scores
    ]
    return pa.Table.from_pylist(rows)


def _segment(lineup: Lineup, segment: Segment, name: str) -> dict[str, object]:
    score = segment.scores[name]
    ratio, apart = score.predicted_over_observed, segment.log_loss_differences.get(RULES, _NOTHING)
    if name != MODEL:
        apart = _NOTHING
    figures_there = {f"auc{end}": one for end, one in _ends(score.auc)}
    figures_there |= {f"predicted_over_observed{end}": one for end, one in _ends(ratio)}
    figures_there |= {f"log_loss_difference{end}": one for end, one in _ends(apart)}
    figures_there |= {"selected": score.selected, "conversion_rate": segment.rate}
    own = {key: getattr(score.figures.measures, key) for key in MEASURES if key not in figures_there}
    return {
        "target": lineup.target.value,
        "segment": segment.name,
        "value": segment.value,
        "score": name,
        "in_bundle": name == lineup.chosen,
        "snapshots": segment.snapshots,
        "leads": segment.leads,
        "converted_leads": segment.converted_leads,
        **{key: value if math.isfinite(value) else None for key, value in (figures_there | own).items()},
        "flags": " ".join(segment.flags) if name == lineup.chosen else None,
    }


def _ends(one: Difference) -> tuple[tuple[str, float], ...]:
    return ("", one.value), ("_low", one.low), ("_high", one.high)


def contenders(lineups: Sequence[Lineup]) -> list[str]:
    """Return the names of all contenders of any target, in the order of the first that has most."""
    return [name for name in (MODEL, RULES, CHAMPION) if any(name in one.contenders for one in lineups)]


def write_children(
    parent: Run,
    lineups: Sequence[Lineup],
    rows: Dataset,
    params: Mapping[str, Mapping[str, object]],
    model: str,
) -> dict[str, str]:
    """Write one child run for each contender and return their ids by contender. `params`: settings by contender.

    `model` is what the run of the model is called: `challenger` where it is new, `champion` where it serves. There is
    one whatever was learnt, so that the compare view has two runs to show.
    """
    ids = {}
    for name in dict.fromkeys((MODEL, *contenders(lineups))):
        with parent.child(model if name == MODEL else name) as child:
            shown = {f"{one.target.value}.shows": shows(one, name) for one in lineups if name == MODEL}
            child.params({"score": name, **params.get(name, {}), **shown})
            child.dataset(rows, "test")
            child.metrics(metrics(lineups, name))
            child.table(snapshots(lineups, name), SNAPSHOTS_TABLE)
            for path, drawing in own_pictures(lineups, name).items():
                child.figure(drawing, path)
            ids[name] = child.run_id
    return ids


def describe(lineups: Sequence[Lineup], sentence: str) -> str:
    """Return the text on a run's first page, in Markdown: the verdict, then the contenders' figures."""
    parts = ["  \n".join(f"**{line}**" for line in sentence.splitlines())]
    for lineup in lineups:
        names = list(lineup.contenders)
        figures_of = {name: lineup.contenders[name].figures for name in names}
        first = figures_of[names[0]]
        parts.append(
            f"### {lineup.title}\n\n{first.snapshots:,} test snapshots of {first.leads:,} leads, "
            f"{first.converted_leads:,} of them converted. {finding(lineup)}\n"
        )
        lines = [f"| measure | {' | '.join(names)} |", f"|---|{'---:|' * len(names)}"]
        lines += [
            f"| {measure} | {' | '.join(f'{getattr(figures_of[name].measures, measure):.4f}' for name in names)} |"
            for measure in MEASURES
        ]
        parts.append("\n".join(lines))
    return "\n\n".join(parts)
