"""A key's rate: never more than a burst and what has trickled in since, whatever the order and the pace."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.http.rate import MINUTE, Rate, RateLimit, per_minute

SECOND = 1_000_000_000
RATES = st.builds(Rate, st.integers(1, 10**10), st.integers(1, 50))
PAUSES = st.lists(st.integers(0, 10**11) | st.just(0), max_size=60)


def passed(rate: Rate, arrivals: list[int]) -> list[int]:
    limit = RateLimit(rate)
    return [now for now in arrivals if limit.take("k", now) == 0]


def moments(pauses: list[int]) -> list[int]:
    return [sum(pauses[: place + 1]) for place in range(len(pauses))]


@given(rate=RATES, pauses=PAUSES)
def test_in_any_window_no_more_than_a_burst_and_the_windows_share_go_through(rate: Rate, pauses: list[int]) -> None:
    let = passed(rate, moments(pauses))
    for first, begin in enumerate(let):
        for last in range(first, len(let)):
            assert last - first + 1 <= rate.burst + (let[last] - begin) / rate.interval


@given(rate=RATES, pauses=PAUSES)
def test_whoever_waits_as_long_as_told_is_let_through_and_a_nanosecond_less_is_not_enough(
    rate: Rate, pauses: list[int]
) -> None:
    limit = RateLimit(rate)
    for now in moments(pauses):
        wait = limit.take("k", now)
        if wait:
            assert limit.take("k", now + wait - 1) == 1
            assert limit.take("k", now + wait) == 0
            return


@given(rate=RATES, pauses=PAUSES)
def test_a_bucket_gives_what_counting_tokens_would_give(rate: Rate, pauses: list[int]) -> None:
    tokens, before, expected = rate.burst * rate.interval, 0, []
    for now in moments(pauses):
        tokens, before = min(rate.burst * rate.interval, tokens + now - before), now
        if tokens >= rate.interval:
            tokens -= rate.interval
            expected.append(now)
    assert passed(rate, moments(pauses)) == expected


@given(rate=RATES, pauses=PAUSES)
def test_a_request_that_is_refused_costs_nothing(rate: Rate, pauses: list[int]) -> None:
    arrivals = moments(pauses)
    assert passed(rate, passed(rate, arrivals)) == passed(rate, arrivals)


def test_one_key_does_not_spend_anothers_tokens() -> None:
    limit = RateLimit(Rate(SECOND, 1))
    assert [limit.take("a", 0), limit.take("b", 0), limit.take("a", 0)] == [0, 0, SECOND]


@pytest.mark.parametrize(
    ("requests", "workers", "expected"),
    [
        (60, 1, Rate(SECOND, 10)),
        (60, 4, Rate(4 * SECOND, 2)),
        (1, 1, Rate(60 * SECOND, 1)),
        (7, 1, Rate(8_571_428_572, 1)),
    ],
)
def test_a_minutes_requests_are_shared_by_the_workers(requests: int, workers: int, expected: Rate) -> None:
    assert per_minute(requests, workers) == expected


@given(requests=st.integers(1, 10**6), workers=st.integers(1, 64))
def test_all_workers_together_never_refill_faster_than_the_setting_says(requests: int, workers: int) -> None:
    assert workers * MINUTE <= requests * per_minute(requests, workers).interval
