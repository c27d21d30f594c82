"""A small company, trained once for all tests, and MLflow databases of a test's own."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from small_company import NOW, Company, Trained, write_company

from histories import export
from training import recipe
from training.backtest import Deals, deals
from training.run import TrainingResult, train
from training.tracking import Tracker, open_tracker


@pytest.fixture(scope="session")
def blank_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """MLflow's tables with nothing in them: making them takes seconds, copying them none."""
    path = tmp_path_factory.mktemp("blank") / "mlflow.db"
    open_tracker(f"sqlite:///{path}")
    return path


@pytest.fixture
def tracker(blank_database: Path, tmp_path: Path) -> Tracker:
    """An MLflow of the test's own."""
    shutil.copy(blank_database, tmp_path / "mlflow.db")
    return open_tracker(f"sqlite:///{tmp_path / 'mlflow.db'}")


@pytest.fixture(scope="session")
def company(tmp_path_factory: pytest.TempPathFactory) -> Company:
    """The company's export."""
    return write_company(tmp_path_factory.mktemp("company") / "export")


@pytest.fixture(scope="session")
def closed(company: Company) -> Deals:
    """The company's closed deals."""
    return deals(export.read(company.crm, NOW).histories, recipe.read(company.recipe))


@pytest.fixture(scope="session")
def trained(company: Company, blank_database: Path, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """Trained once for all tests, which must not write to it: `trained_copy` is for those that do."""
    database = tmp_path_factory.mktemp("trained") / "mlflow.db"
    shutil.copy(blank_database, database)
    result = train(company.crm, company.recipe, company.rulebook, NOW, tracking_uri=f"sqlite:///{database}")
    return Trained(company, database, result)


@pytest.fixture
def trained_copy(trained: Trained, tmp_path: Path) -> Trained:
    """The first training in a database of the test's own; the artifacts are shared, and must not be changed."""
    shutil.copy(trained.database, tmp_path / "mlflow.db")
    return Trained(trained.company, tmp_path / "mlflow.db", trained.result)


@pytest.fixture(scope="session")
def train_again(company: Company) -> Callable[[Path, Path], TrainingResult]:
    """Train the company with another recipe into a database."""

    def again(recipe: Path, database: Path) -> TrainingResult:
        return train(company.crm, recipe, company.rulebook, NOW, tracking_uri=f"sqlite:///{database}")

    return again
