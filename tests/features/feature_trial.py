"""How a check is tried: on cases that hypothesis made once, for all families; what fails is then made small."""

from collections.abc import Callable
from functools import cache

from feature_cases import Case, cases
from feature_checks import Check
from feature_families import Family
from feature_known import KNOWN
from feature_subject import Subject
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

_HEALTH = [HealthCheck.too_slow, HealthCheck.data_too_large]


def tried(check: Check, family: Family, subject: Subject) -> AssertionError | None:
    """Return how the check failed on the first of the cases on which it did; None: on none."""
    for case in corpus(check.cases):
        try:
            check.claim(subject, family, case)
        except AssertionError as failure:
            return failure
    return None


@cache
def corpus(strategy: Callable[[], st.SearchStrategy[Case]]) -> tuple[Case, ...]:
    """Return the known cases and those of this run: 60, or 20 of those that are put into tables."""
    found = list(KNOWN)

    @settings(
        max_examples=20 if strategy is cases else 60,
        deadline=None,
        database=None,
        phases=(Phase.generate,),
        suppress_health_check=_HEALTH,
    )
    @given(strategy())
    def collect(case: Case) -> None:
        found.append(case)

    collect()
    return tuple(found)


def shrunk(check: Check, family: Family, subject: Subject) -> None:
    """Fail on the smallest case that hypothesis finds, where it finds one again."""

    @settings(max_examples=300, deadline=None, database=None, suppress_health_check=_HEALTH)
    @given(check.cases())
    def once_more(case: Case) -> None:
        check.claim(subject, family, case)

    once_more()
