"""A case on disk, drawn and split as training does it: what the comparisons of this folder begin with."""

from dataclasses import dataclass
from pathlib import Path

from histories import clock, export
from histories.contract import Histories
from scoring import rulebook
from scoring.rulebook import Rulebook
from training import recipe
from training.fit import Prepared, prepare
from training.recipe import Recipe


@dataclass(frozen=True, eq=False)
class Case:
    """What a folder's crm.toml, recipe.toml and rulebook.toml come to before anything is learnt."""

    histories: Histories
    plan: Recipe
    rules: Rulebook
    prepared: Prepared


def read(folder: Path) -> Case:
    """Read the folder's three files. Raises as `lead-scoring train` would."""
    plan = recipe.read(folder / "recipe.toml")
    histories = export.read(folder / "crm.toml", clock.parse("2030-01-01")).histories
    return Case(histories, plan, rulebook.read(folder / "rulebook.toml"), prepare(histories, plan))
