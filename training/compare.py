"""The champion beside the rules on the newest leads whose outcome is known, none of which its training saw."""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from histories import origin as origins
from histories.clock import date
from histories.contract import Histories, Target
from histories.errors import DataError
from histories.origin import Origin
from scoring import names, points, rulebook
from scoring.bundle import Bundle
from scoring.model import Model
from scoring.rulebook import Rulebook
from training import fingerprint, html_report, importance, lineup, logbook, measured, recipe, scores
from training.findings import headline
from training.fingerprint import Fingerprint
from training.fitted import Progress, silent
from training.lineup import CHAMPION, MODEL, RULES, Lineup
from training.points_model import calibrated_points, whole_points
from training.promote import champion_as_trained
from training.recipe import Recipe
from training.records import Place
from training.snapshots import Snapshots, draw, subset
from training.tracking import RULEBOOK_PATH, Tracker, open_tracker
from training.unseen import seen

IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Comparison:
    """The champion (`version`, as `model`) and the rules on snapshots from `since` on (UTC microseconds)."""

    version: int
    bundle: Bundle
    rulebook_version: str
    since: int
    lineups: tuple[Lineup, ...]
    fingerprint: Fingerprint
    sentence: str
    run_id: str
    children: Mapping[str, str]
    place: Place


def compare(
    config: Path | Origin,
    recipe_file: Path | None,
    rulebook_file: Path,
    now: int,
    progress: Progress = silent,
    tracking_uri: str | None = None,
) -> Comparison:
    """Measure the champion and the rules on the mature snapshots that came after its training, and log it.

    `now`: the command's start, UTC microseconds. The recipe gives ages and seed, the champion its horizons.
    Raises CallError or DataError, the latter where there is no champion or no newer mature snapshot.
    """
    origin = origins.of(config)
    settings = recipe.read(recipe_file, origin.timezone()) if recipe_file else recipe.default()
    rules = rulebook.read(rulebook_file)
    tracker = open_tracker(tracking_uri)
    with tempfile.TemporaryDirectory() as scratch:
        champion = champion_as_trained(tracker, Path(scratch))
    progress("Reading the export", 0, 3)
    histories = origin.histories(now)
    names.check(rules, histories.families, histories.attribute_types, rulebook_file.name)
    progress("Scoring with champion and rules", 1, 3)
    lineups = lineups_since(histories, champion.bundle, rules, settings)
    progress("Writing to MLflow", 2, 3)
    comparison = _log(tracker, origin, champion.version.number, champion.bundle, rules, histories, lineups)
    progress("Done", 3, 3)
    return comparison


def lineups_since(histories: Histories, bundle: Bundle, rules: Rulebook, settings: Recipe) -> tuple[Lineup, ...]:
    """Return bundle (as `model`) beside rules for each target of the bundle, on snapshots that training never saw.

    The points become probabilities on the snapshots that were known when the bundle was trained.
    """
    return lineup.in_order(_lineup(histories, bundle, rules, settings, target) for target in bundle.models)


def _lineup(histories: Histories, bundle: Bundle, rules: Rulebook, settings: Recipe, target: Target) -> Lineup:
    model, since = bundle.models[target], bundle.card.trained_until
    drawn = draw(histories, target, model.horizon_days, settings.ages)
    knew = seen(histories, bundle.card)[drawn.group]
    newer = drawn.mature & (drawn.cutoff >= since)
    settled = np.flatnonzero((drawn.cutoff < since) & (drawn.known_from <= since) & knew)
    _require(drawn, since, newer, knew, settled)
    test = measured.tested(drawn, np.flatnonzero(newer & ~knew), since)
    sources = {
        MODEL: scores.of_bundle(bundle, target),
        RULES: scores.of_points(_calibrated(histories, rules, drawn, settled), rules),
    }
    return measured.side_by_side(histories, settings, test, sources, scores.ask(histories, test.rows, sources))


def _calibrated(histories: Histories, rules: Rulebook, drawn: Snapshots, train: IntArray) -> Model:
    """The points, brought to probabilities on what was known when the bundle was trained."""
    hundredths = points.table(rules, histories, subset(drawn.table, train))
    return calibrated_points(whole_points(hundredths), drawn.label[train], drawn.target, drawn.horizon_days)


def _require(drawn: Snapshots, since: int, newer: BoolArray, knew: BoolArray, settled: IntArray) -> None:
    """Raise DataError where there is nothing to test on, or nothing to bring points to probabilities on."""
    name, days = f"target {drawn.target.value}", drawn.horizon_days
    if not newer.any():
        raise DataError(
            f"{name}: the champion was trained on what happened until {date(since)}, and no later "
            f"snapshot has its {days} days behind it on {date(drawn.exported_at)}, when the export was "
            f"taken; compare with a newer export"
        )
    if not (newer & ~knew).any():
        raise DataError(
            f"{name}: {int(newer.sum()):,} snapshots are later than the champion's training, which ended {date(since)}, and "
            f"have their {days} days behind them, but it knew the leads or accounts of all of them; compare with a newer export"
        )
    converted = drawn.converted_leads(settled)
    if not converted or drawn.label[settled].all():
        raise DataError(
            f"{name}: {len(settled):,} snapshots were known when the champion was trained, {date(since)}, with {converted:,} "
            "converted leads: the points cannot be brought to probabilities; compare with an export that reaches as far "
            "back as the champion's"
        )


def _log(
    tracker: Tracker,
    origin: Origin,
    version: int,
    bundle: Bundle,
    rules: Rulebook,
    histories: Histories,
    lineups: tuple[Lineup, ...],
) -> Comparison:
    print_of = fingerprint.of(histories)
    sentence = headline(lineups)
    tags = {
        "champion_version": str(version),
        "bundle_version": bundle.version,
        "rulebook_version": rules.version,
        "data_sha256": print_of.sha256,
    }
    with tracker.run("compare", "compare") as run:
        run.tags(tags)
        run.describe(logbook.describe(lineups, sentence))
        run.text(print_of.to_json(), "fingerprint.json")
        run.text(rules.source, RULEBOOK_PATH)
        rows = logbook.dataset(lineups, str(origin), print_of)
        run.dataset(rows, "test")
        run.metrics(logbook.difference_metrics(lineups))
        run.table(logbook.segments(lineups), logbook.SEGMENTS_TABLE)
        models, used = bundle.models, bundle.rulebook or rules
        shares = importance.of_lineups(lineups, models, bundle.catalogue, used, histories)
        drawn = logbook.write_figures(run, lineups, shares)
        page = html_report.of_comparison(lineups, sentence, bundle, print_of, rules.version, drawn)
        run.text(page, html_report.PATH)
        params: dict[str, dict[str, object]] = {
            MODEL: {"version": version, "bundle": bundle.version},
            RULES: {"version": rules.version},
        }
        children = logbook.write_children(run, lineups, rows, params, CHAMPION)
    return Comparison(
        version=version,
        bundle=bundle,
        rulebook_version=rules.version,
        since=bundle.card.trained_until,
        lineups=lineups,
        fingerprint=print_of,
        sentence=sentence,
        run_id=run.run_id,
        children=children,
        place=tracker.compare_place(list(children.values())),
    )
