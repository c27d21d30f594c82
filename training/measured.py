"""Contenders held beside each other in every way that a run reports: on the test, at capacity, by segment."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from histories.contract import Histories, Target
from training import lineup as lineups
from training.boards import weekly
from training.lineup import CHAMPION, Lineup
from training.recipe import Recipe
from training.scores import Scores, Source, ask
from training.segment_scores import by_segment
from training.snapshots import Snapshots, subset


@dataclass(frozen=True, eq=False)
class Tested:
    """What contenders are measured on.

    `rows` as in Lineup; `since`: no cutoff is earlier, and boards begin then (UTC microseconds).
    """

    target: Target
    horizon_days: int
    rows: pa.Table
    since: int


def tested(drawn: Snapshots, rows: NDArray[np.int64], since: int) -> Tested:
    """Return mature snapshots `rows` as they are measured on."""
    taken = subset(drawn.table, rows)
    table = pa.table(
        {
            "lead_id": taken["lead_id"],
            "group": pa.array(drawn.group[rows], pa.int64()),
            "cutoff": taken["cutoff"],
            "age": pa.array([drawn.ages[age].text for age in drawn.age[rows].tolist()], pa.string()),
            "label": pa.array(drawn.label[rows], pa.int8()),
        }
    )
    return Tested(drawn.target, drawn.horizon_days, table, since)


def side_by_side(
    histories: Histories, recipe: Recipe, test: Tested, sources: Mapping[str, Source], scores: Mapping[str, Scores]
) -> Lineup:
    """Measure model and rules, or the rules alone, by their `scores` of the test's rows, and on the weekly boards."""
    lineup = lineups.of_scores(test.target, test.horizon_days, test.rows, scores, recipe.seed)
    boards = weekly(histories, test.target, test.horizon_days, test.since)
    called = ask(histories, boards.table, sources)
    lineup = lineups.on_boards(lineup, boards, called, recipe.business, recipe.seed)
    return _with_segments(histories, recipe, lineup)


def with_chosen(histories: Histories, recipe: Recipe, lineup: Lineup, name: str) -> Lineup:
    """Return the lineup of a bundle that answers with contender `name`."""
    if name == lineup.chosen:
        return lineup
    return _with_segments(histories, recipe, replace(lineup, chosen=name))


def with_champion(histories: Histories, recipe: Recipe, lineup: Lineup, champion: Source) -> Lineup:
    """Return the lineup with the champion measured on the same snapshots and boards, beside what was chosen."""
    found = lineups.contender(lineup.rows, ask(histories, lineup.rows, {CHAMPION: champion})[CHAMPION], recipe.seed)
    joined = lineups.with_champion(lineup, found)
    if lineup.boards is not None:
        called = ask(histories, lineup.boards.table, {CHAMPION: champion})
        joined = lineups.on_boards(joined, lineup.boards, called, recipe.business, recipe.seed)
    return _with_segments(histories, recipe, joined)


def _with_segments(histories: Histories, recipe: Recipe, lineup: Lineup) -> Lineup:
    return replace(lineup, segments=by_segment(histories, recipe.segments, lineup, recipe.seed))
