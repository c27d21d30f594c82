"""A store on SQLite and on PostgreSQL: the same tests on both, on a real server."""

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from store_cases import emptied

from histories import store
from histories.store import Store
from scoring import bundle as bundles

sys.path.append(str(Path(__file__).parents[1] / "scoring"))
small_bundle = importlib.import_module("small_bundle")


@pytest.fixture(params=["sqlite", "postgresql"])
def nothing(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database that has no table."""
    url = f"sqlite:///{tmp_path}/store.db"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres_database")
        store.downgrade(url, "base")
    yield url
    if request.param == "postgresql":
        store.upgrade(url)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty store."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path}/store.db"
        store.upgrade(url)
        return url
    url = str(request.getfixturevalue("postgres_database"))
    store.upgrade(url)
    with Store.open(url) as opened:
        emptied(opened)
    return url


@pytest.fixture
def opened(url: str) -> Iterator[Store]:
    """An empty store."""
    with Store.open(url) as one:
        yield one


@pytest.fixture(scope="session")
def packed(
    bentoml_home: Path,  # noqa: ARG001  # a fixture that sets the environment
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Path, Path]:
    """A bundle and a rulebook, for services in processes of their own."""
    folder = tmp_path_factory.mktemp("packed")
    bundles.write(small_bundle.bundle(), folder / "bundle")
    (folder / "rulebook.toml").write_text(small_bundle.book().source, encoding="utf-8")
    return folder / "bundle", folder / "rulebook.toml"
