"""Crowds are refused at the first look, each named by its place, and what is within the bounds is read."""

from typing import Any

import pytest

from serving.wire.bounds import refuse_crowds
from serving.wire.errors import RequestError

KEYS = {f"k{number}": 1 for number in range(1_001)}


def some(count: int) -> dict[str, int]:
    return dict(list(KEYS.items())[:count])


@pytest.mark.parametrize(
    ("lead", "message"),
    [
        (some(101), "the lead has more than 100 entries; leave some out"),
        ({"attributes": KEYS}, "attributes: has more than 1000 values; leave some out"),
        ({"attributes": {name: [] for name in KEYS}}, "attributes: has more than 1000 values; leave some out"),
        ({"attributes": {"size": [1] * 999, "city": [2, 3]}}, "attributes: has more than 1000 values; leave some out"),
        ({"interactions": [{}, some(101)]}, "interactions[1]: has more than 100 entries; leave some out"),
        ({"account_interactions": [some(101)]}, "account_interactions[0]: has more than 100 entries; leave some out"),
        ({"outcomes": [some(101)]}, "outcomes[0]: has more than 100 entries; leave some out"),
        ({"interactions": [{}] * 3, "account_interactions": [{}] * 3}, "interactions: has more than 5 entries, the account's included; send the newest"),
    ],
)  # fmt: skip
def test_a_crowd_is_named_by_its_place(lead: dict[str, Any], message: str) -> None:
    with pytest.raises(RequestError) as caught:
        refuse_crowds(lead, 5)
    assert (str(caught.value), caught.value.problem.code) == (message, "invalid_lead")


@pytest.mark.parametrize(
    "lead",
    [
        some(100),
        {"attributes": some(1_000), "interactions": [some(100)] * 5, "outcomes": [some(100)]},
        {"attributes": {"size": [1] * 998, "city": [2, 3]}},
        {"attributes": 7, "interactions": "x", "account_interactions": None, "outcomes": [7]},
        [],
        None,
    ],
)
def test_what_is_within_the_bounds_or_of_another_type_passes(lead: object) -> None:
    refuse_crowds(lead, 5)
