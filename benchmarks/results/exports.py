"""The exports that are measured on: the examples' real ones, and samples."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

from benchmarks.results.kept import ROOT
from histories import clock, export, sample
from histories.contract import Histories
from histories.sample import Parameters
from scoring import rulebook
from scoring.rulebook import Rulebook
from training import recipe
from training.recipe import Recipe

# Later than every export: none of them is read as it stood before its end.
NOW = clock.parse("2030-01-01")
MONTHS = 24


@dataclass(frozen=True, eq=False)
class Export:
    """An export with its recipe and a rulebook that was written by hand."""

    histories: Histories
    recipe: Recipe
    rules: Rulebook


def example(name: str) -> Export:
    """Return an export of examples/; its data lie where LEAD_SCORING_REAL_DATA says. Raises CallError without them."""
    return _read(ROOT / "examples" / name)


def sampled(leads: int, seed: int, *, recorded_only: bool = False) -> tuple[Export, Parameters]:
    """Return a sample, and what it was made from."""
    with tempfile.TemporaryDirectory() as folder:
        sample.write(Path(folder), leads, MONTHS, seed, recorded_only=recorded_only)
        return _read(Path(folder)), Parameters(leads, MONTHS, seed, recorded_only)


def _read(folder: Path) -> Export:
    histories = export.read(folder / "crm.toml", NOW).histories
    plan = recipe.read(folder / "recipe.toml", histories.timezone)
    return Export(histories, plan, rulebook.read(folder / "rulebook.toml"))
