"""The soak finds what is broken, and finds nothing where nothing is."""

from collections import Counter

import pytest

from benchmarks.soak.__main__ import page
from benchmarks.soak.soak import Found, broken
from benchmarks.soak.watch import Held, Sample, held

CALM = [Sample(float(at), 100, 50, frozenset({1, 2})) for at in range(10)]
COUNTS = Counter(
    {
        ("good", "answered"): 9,
        ("greedy", "status 200"): 5,
        ("greedy", "status 429 with Retry-After"): 4,
        ("bad", "refused"): 7,
        ("slow", "answered"): 2,
        ("cut off", "left"): 3,
    }
)


def test_nothing_is_broken_where_every_client_met_what_it_should() -> None:
    assert list(broken(COUNTS, held(CALM), CALM)) == []


@pytest.mark.parametrize(
    ("counts", "sentence"),
    [
        ({("good", "status 503"): 1}, "good: status 503, 1 times"),
        ({("good", "another answer"): 2}, "good: another answer, 2 times"),
        ({("bad", "status 500"): 1}, "bad: status 500, 1 times"),
        ({("greedy", "status 429"): 1}, "greedy: status 429, 1 times"),
    ],
)
def test_an_answer_that_should_not_be_is_named(counts: dict[tuple[str, str], int], sentence: str) -> None:
    assert list(broken(COUNTS + Counter(counts), held(CALM), CALM)) == [sentence]


def test_a_client_that_met_nothing_is_named() -> None:
    less = Counter({what: number for what, number in COUNTS.items() if what[0] != "slow"})
    assert list(broken(less, held(CALM), CALM)) == ["slow: never answered"]


def test_memory_descriptors_and_processes_are_watched() -> None:
    leak = [Sample(float(at), 100 + at, 50 + 2 * at, frozenset({at > 5})) for at in range(10)]
    assert list(broken(COUNTS, held(leak), leak)) == [
        "memory grew by 5.9%",
        "descriptors went from 55 to 67",
        "a process ended or was started",
    ]


def test_the_page_says_what_became_of_whom_and_what_is_broken() -> None:
    found = Found(600.0, COUNTS, Held(2.0**30, 1.02 * 2**30, 50.0, 51.0), ("good: status 503, 1 times",))
    text = page(found, 0)
    assert "- Load: 10.0 minutes" in text
    assert "| greedy | status 429 with Retry-After | 4 |" in text
    assert "| resident memory | 1,024 MiB | 1,044 MiB (+2.0%; asked: within 5%) |" in text
    assert text.endswith("Promises broken:\n\n- good: status 503, 1 times\n")
    assert page(Found(600.0, COUNTS, found.held, ()), 0).endswith("Promises broken:\n\nNone.\n")
