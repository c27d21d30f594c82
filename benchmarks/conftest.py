"""The seeded workload that all benchmarks share: a sample export, read and trained on once."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from histories import clock, export, sample
from histories.contract import Histories
from scoring import rulebook
from scoring.rulebook import Rulebook
from training import recipe
from training.fit import fit_bundle
from training.fitted import Fitted
from training.recipe import Recipe

NOW = clock.parse("2026-01-02")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--train-rows", type=int, default=30_000, help="rows of test_bench_train.py's matrix")
    parser.addoption("--train-columns", type=int, default=300, help="columns of it")


@dataclass(frozen=True, eq=False)
class Workload:
    """6,000 leads over 24 months, seed 1."""

    histories: Histories
    recipe: Recipe
    rules: Rulebook

    def fit(self) -> Fitted:
        """Train on it."""
        return fit_bundle(self.histories, self.recipe, self.rules, now=NOW, source="benchmark")


@pytest.fixture(scope="session")
def workload(tmp_path_factory: pytest.TempPathFactory) -> Workload:
    folder: Path = tmp_path_factory.mktemp("workload")
    sample.write(folder, leads=6_000, months=24, seed=1)
    return Workload(
        export.read(folder / "crm.toml", NOW).histories,
        recipe.read(folder / "recipe.toml"),
        rulebook.read(folder / "rulebook.toml"),
    )


@pytest.fixture(scope="session")
def fitted(workload: Workload) -> Fitted:
    return workload.fit()
