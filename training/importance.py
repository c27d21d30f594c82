"""What a model goes by: how far each family of features moves its answers."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from features import table as feature_table
from features.catalogue import Catalogue
from features.feature import Feature
from histories.contract import Histories
from scoring import points as rule_points
from scoring.chain import Chain
from scoring.coherence import Models
from scoring.model import Model
from scoring.rulebook import Rulebook
from training.lineup import Lineup
from training.settings import THREADS
from training.snapshots import subset

FloatArray = NDArray[np.float64]
ROWS = 1_000
POINTS = "the rulebook's points"
OTHER_KINDS = "kinds of no family"
_BLOCKS = {
    "account": "the account's other leads",
    "attributes": "attributes",
    "contact": "contact",
    "latest": "latest interaction",
    "lead": "age of the lead",
    "own": "own features",
    "rhythm": "rhythm",
    "stages": "stages reached",
    "variety": "variety",
}
_SIGNALS = {"interactions": "all interactions", "other": OTHER_KINDS, "replies": "replies"}


def of_lineups(
    lineups: Sequence[Lineup], models: Models, catalogue: Catalogue, rulebook: Rulebook, histories: Histories
) -> Mapping[str, Mapping[str, float]]:
    """Return the families' shares by target, of each of `models` whose lineup is among these."""
    return {
        one.target.value: by_family(models[one.target], catalogue, rulebook, histories, one)
        for one in lineups
        if one.target in models
    }


def by_family(
    model: Model | Chain, catalogue: Catalogue, rulebook: Rulebook, histories: Histories, lineup: Lineup
) -> Mapping[str, float]:
    """Return each family's share of all effects on the answers, the largest first; families without any are left out.

    A family is one of the export's, with the kinds that belong to it; an attribute; what else columns are about; or the
    points, under `rulebook`. A kind of several families counts for the first of them. A family's effect is the mean, over
    at most ROWS snapshots of the test, of how far its features together move the log-odds, up or down, from a usual
    lead's. Effects say what the model used, not what would be lost without it: families that say the same share theirs.
    """
    places = np.unique(np.linspace(0, lineup.rows.num_rows - 1, ROWS).round().astype(np.int64))
    rows: pa.Table = subset(lineup.rows.select(["lead_id", "cutoff"]), places)
    matrix = feature_table.compute(histories, rows, catalogue).matrix
    values = model.contributions(matrix, rule_points.table(rulebook, histories, rows), THREADS)
    return shares(values, catalogue)


def shares(contributions: FloatArray, catalogue: Catalogue) -> Mapping[str, float]:
    """Return the families' shares of `contributions` [n, features + points + bias]."""
    families = [
        family for block, columns in catalogue.blocks.items() for family in _families(block, columns, catalogue)
    ]
    names, place = np.unique(np.array([*families, POINTS]), return_inverse=True)
    effects = {
        str(name): float(np.abs(contributions[:, :-1][:, place == number].sum(axis=1)).mean())
        for number, name in enumerate(names)
    }
    total = sum(effects.values())
    ordered = sorted(effects.items(), key=lambda one: (-one[1], one[0]))
    return {family: effect / total for family, effect in ordered if effect > 0}


def _families(block: str, columns: tuple[Feature, ...], catalogue: Catalogue) -> Iterator[str]:
    for column in columns:
        sort, _, name = column.signal.partition(":")
        if block in _BLOCKS:
            yield f"{name} (attribute)" if block == "attributes" else _BLOCKS[block]
        elif sort == "kind":
            of = [family for family in catalogue.family_names if family in catalogue.families.of(name)]
            yield of[0] if of else OTHER_KINDS
        else:
            yield _SIGNALS.get(sort, name or sort)
