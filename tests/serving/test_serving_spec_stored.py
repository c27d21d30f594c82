"""A service with a history store keeps to its specification too: what comes in, and what is asked of it."""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from schemathesis import GenerationMode
from serving_door import listening, nothing_else
from serving_stored import fill
from serving_world import Packable, Running
from spec_cases import asked, known, operation, scorable, unharmed

from histories import clock
from histories.contract import LeadHistory
from histories.store import Store
from scoring.bundle import Bundle
from scoring.rulebook import Rulebook
from serving import serve
from serving.engine import Engine
from serving.http.door import Door
from serving.http.metrics import Metrics
from serving.http.routes import ROUTES
from serving.predictor import Predictor
from serving.settings import Settings
from serving.specs import openapi

# Questions come before what changes who is who.
OF_THE_STORE = ["why", "ingestInteractions", "ingestOutcomes", "ingestLeads", "mergeLeads", "suppressLead"]
ALSO = ["predict", "predictOne", "explain"]
FAST, SLOW = 5, 100  # cases for each operation and mode: some 60 of each database, and over 5,000 of both
FEWEST = 0.5  # of good requests: merges alone are refused oftener, as a lead ends once


@pytest.fixture
def some(leads: tuple[LeadHistory, ...], as_of: int) -> tuple[LeadHistory, ...]:
    return tuple(one for one in leads if one.created_at < as_of - 10 * clock.DAY)[:12]


@pytest.fixture
def url(store_url: str, bundle: Bundle, rulebook: Rulebook, some: tuple[LeadHistory, ...], as_of: int) -> Iterator[str]:
    """A door before a predictor with a store, both in this process."""
    with Store.open(store_url) as opened:
        fill(opened, some)
        predictor = Predictor(bundle, rulebook, 10_000, store=opened)
        predictor.archive(as_of)
        engine = Engine(None, 10)
        engine.hold(predictor)
        door = Door(nothing_else, engine, Settings(), Metrics(multiprocess=False), lambda: as_of, openapi.docs)
        with listening(door) as port:
            yield f"http://127.0.0.1:{port}"


@pytest.fixture
def keeping(
    store_url: str, packable: Packable, some: tuple[LeadHistory, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Running]:
    """A service in processes of its own, with a store."""
    with Store.open(store_url) as opened:
        fill(opened, some)
    monkeypatch.setenv("LEAD_SCORING_STORE", store_url)
    log = tmp_path / "service.log"
    with serve.background(packable.bundle_folder, packable.rulebook, log=log) as served:
        yield Running(served.url, log)


def of_known(document: Any, some: tuple[LeadHistory, ...], as_of: int) -> Any:
    """The document of requests about leads that the store knows, at moments of which it knows something."""
    created, early, late = (
        [clock.iso(as_of - days * clock.DAY) for days in ages] for ages in ((20_000, 19_000), (9, 5, 2), (1, 0))
    )
    ids = [one.lead_id for one in some]
    return scorable(known(document, ids, created_at=created, from_time=early, to_time=late))


def enough(named: str, answers: Counter[str]) -> None:
    good = answers["200"]
    assert good >= (1 if named == "mergeLeads" else FEWEST * answers.total()), answers


def test_every_operation_with_a_body_is_asked_with_a_store_or_without() -> None:
    assert {one.operation for one in ROUTES if one.request is not None} == {*OF_THE_STORE, *ALSO}


def test_a_store_is_asked_and_told_within_the_specification(
    url: str, some: tuple[LeadHistory, ...], as_of: int
) -> None:
    document = json.loads(openapi.docs())
    for named in OF_THE_STORE:
        good = operation(of_known(document, some, as_of), named)
        enough(named, asked(url, good, GenerationMode.POSITIVE, FAST, derandomized=True))
        bad = asked(url, operation(document, named), GenerationMode.NEGATIVE, FAST, derandomized=True)
        assert any(one.startswith("4") for one in bad), bad  # rows that alone are bad are answered with 200


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_5_000_requests_to_two_stores_are_answered_within_either_specification(
    keeping: Running, some: tuple[LeadHistory, ...], as_of: int
) -> None:
    three, two = (json.loads(content) for content in openapi.files().values())
    total = 0
    for named in [*ALSO, *OF_THE_STORE]:
        for mode in GenerationMode:
            total += asked(keeping.url, operation(three, named), mode, SLOW, derandomized=False).total()
        deep = operation(of_known(two, some, as_of), named)
        answers = asked(keeping.url, deep, GenerationMode.POSITIVE, SLOW, derandomized=False)
        enough(named, answers)
        total += answers.total()
    assert total >= 2_500
    unharmed(keeping)
