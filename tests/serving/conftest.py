"""A small bundle packed into a store that is thrown away, and a service in a process of its own, started once."""

import importlib
import sys
import types
from collections.abc import Iterator
from pathlib import Path

import pytest
from serving_client import batch_of
from serving_models import Pair, other, packed
from serving_world import Asked, Packable, Running

from histories import select, store
from histories.contract import LeadHistory
from histories.store import Store
from scoring import bundle as bundles
from scoring.bundle import Bundle
from scoring.rulebook import Rulebook
from scoring.scorer import Scorer
from serving import engine, serve
from serving.predictor import Predictor
from serving.wire import answers

sys.path.append(str(Path(__file__).parents[1] / "scoring"))
small_bundle = importlib.import_module("small_bundle")


@pytest.fixture(scope="session", autouse=True)
def unsettled() -> Iterator[None]:
    """Leave Python's collector alone in this process: it would look through all that pytest holds for each service.

    `test_serving_collector.py` asks for it by its own name, and services in processes of their own do as ever.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "collector", types.SimpleNamespace(settle=lambda: None))
        yield


@pytest.fixture(scope="session")
def bundle() -> Bundle:
    return small_bundle.bundle()  # type: ignore[no-any-return]


@pytest.fixture(scope="session")
def rulebook() -> Rulebook:
    return small_bundle.book()  # type: ignore[no-any-return]


@pytest.fixture(scope="session")
def as_of() -> int:
    return small_bundle.AS_OF  # type: ignore[no-any-return]


@pytest.fixture(scope="session")
def leads(as_of: int) -> tuple[LeadHistory, ...]:
    """The leads that exist at `as_of`, with what is known of their accounts."""
    return tuple(one for one in select.each(small_bundle.histories()) if one.created_at <= as_of)


@pytest.fixture(scope="session")
def predictor(bundle: Bundle, rulebook: Rulebook) -> Predictor:
    one = Predictor(bundle, rulebook, max_interactions=10_000)
    one.warm_up()
    return one


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty store."""
    url = f"sqlite:///{tmp_path}/store.db"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres_database")
        store.downgrade(url, "base")
    store.upgrade(url)
    return url


@pytest.fixture
def empty_store(store_url: str) -> Iterator[Store]:
    with Store.open(store_url) as opened:
        yield opened


@pytest.fixture(scope="session")
def asked(bundle: Bundle, rulebook: Rulebook, leads: tuple[LeadHistory, ...], as_of: int) -> Asked:
    some = leads[:50]
    rows = [answers.row(one).model_dump(mode="json") for one in Scorer(bundle, rulebook).score(some, as_of, 3)]
    versions = {"model_version": bundle.version, "rulebook_version": rulebook.version}
    return Asked(batch_of(some, as_of, 3), rows, versions)


@pytest.fixture(scope="session")
def packable(
    bentoml_home: Path,  # noqa: ARG001  # a fixture that sets the environment
    bundle: Bundle,
    rulebook: Rulebook,
    tmp_path_factory: pytest.TempPathFactory,
) -> Packable:
    folder = tmp_path_factory.mktemp("packable")
    bundles.write(bundle, folder / "bundle")
    (folder / "rulebook.toml").write_text(rulebook.source, encoding="utf-8")
    return Packable(folder / "bundle", folder / "rulebook.toml")


@pytest.fixture(scope="session")
def pair(bundle: Bundle, rulebook: Rulebook, tmp_path_factory: pytest.TempPathFactory) -> Pair:
    folder = tmp_path_factory.mktemp("pair")
    return Pair(
        packed("lead_scoring:old", folder / "old", bundle, rulebook),
        packed("lead_scoring:new", folder / "new", other(bundle), rulebook),
    )


@pytest.fixture(scope="session")
def running(packable: Packable, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    log = tmp_path_factory.mktemp("log") / "service.log"
    with serve.background(packable.bundle_folder, packable.rulebook, log=log) as served:
        yield Running(served.url, log)
