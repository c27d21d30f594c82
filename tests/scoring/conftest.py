"""Fixtures of the scoring tests: a small bundle, its leads, and its rulebook."""

import pytest
import small_bundle

from histories.contract import Histories, LeadHistory
from scoring.bundle import Bundle
from scoring.rulebook import Rulebook
from scoring.scorer import Scorer


@pytest.fixture(scope="session")
def bundle() -> Bundle:
    return small_bundle.bundle()


@pytest.fixture(scope="session")
def histories() -> Histories:
    return small_bundle.histories()


@pytest.fixture(scope="session")
def leads() -> tuple[LeadHistory, ...]:
    return small_bundle.leads()


@pytest.fixture(scope="session")
def rulebook() -> Rulebook:
    return small_bundle.book()


@pytest.fixture(scope="session")
def scorer(bundle: Bundle, rulebook: Rulebook) -> Scorer:
    return Scorer(bundle, rulebook)
