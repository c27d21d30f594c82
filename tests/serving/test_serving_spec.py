"""The running service keeps to its own specification: whatever is sent, no 5xx and no answer that is not in it."""

import json
from collections import Counter

import httpx
import pytest
from schemathesis import GenerationMode
from serving_world import Running
from spec_cases import asked, operation, scorable, unharmed

from serving.specs import openapi

WITH_A_BODY = ["predict", "predictOne", "explain"]
FAST, SLOW = 34, 600  # cases for each operation and mode: some 200, and over 5,000


def test_the_document_that_is_checked_against_is_the_one_that_the_service_gives(running: Running) -> None:
    assert httpx.get(f"{running.url}/docs.json").content == openapi.docs()


@pytest.mark.parametrize("named", WITH_A_BODY)
def test_good_requests_are_answered_within_the_specification(running: Running, named: str) -> None:
    one = operation(scorable(json.loads(openapi.docs())), named)
    answers = asked(running.url, one, GenerationMode.POSITIVE, FAST, derandomized=True)
    assert answers["200"] >= FAST / 2, answers  # the rest: times that do not fit together, which no schema can rule out
    unharmed(running)


@pytest.mark.parametrize("named", WITH_A_BODY)
def test_bad_requests_are_answered_within_the_specification(running: Running, named: str) -> None:
    one = operation(json.loads(openapi.docs()), named)
    answers = asked(running.url, one, GenerationMode.NEGATIVE, FAST, derandomized=True)
    refused = sum(count for answer, count in answers.items() if answer.startswith("400"))
    assert refused >= FAST / 5, answers  # a batch is answered with 200 where its leads alone are bad
    unharmed(running)


def test_a_request_without_a_body_is_answered_within_the_specification(running: Running) -> None:
    one = operation(json.loads(openapi.docs()), "model")
    assert asked(running.url, one, GenerationMode.POSITIVE, 2, derandomized=True).keys() == {"200"}


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_5_000_requests_are_answered_within_either_specification(running: Running) -> None:
    three, two = (json.loads(content) for content in openapi.files().values())
    answers: Counter[str] = Counter()
    for named in WITH_A_BODY:
        for mode in GenerationMode:
            answers += asked(running.url, operation(three, named), mode, SLOW, derandomized=False)
        deep = operation(scorable(two), named)
        answers += asked(running.url, deep, GenerationMode.POSITIVE, SLOW, derandomized=False)
    assert answers.total() >= 5_000
    assert answers["200"] >= 1_000
    unharmed(running)
