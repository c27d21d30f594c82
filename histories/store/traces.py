"""Where a kept JSON names a lead, or tells what one did."""

import json
from collections.abc import Collection, Iterator
from typing import cast

Json = str | int | float | bool | None | list["Json"] | dict[str, "Json"]
_COLLEAGUES = "account_interactions"


def texts(content: str) -> frozenset[str]:
    """Return all texts in a JSON, keys apart, whole numbers as texts too: CRMs name leads by both. None: no JSON."""
    try:
        return frozenset(_texts(json.loads(content)))
    except (ValueError, RecursionError):
        return frozenset()


def names(content: str, lead_ids: Collection[str]) -> bool:
    """Tell whether a JSON names one of the leads; what is no JSON does where an id stands anywhere in it."""
    try:
        return not frozenset(_texts(json.loads(content))).isdisjoint(lead_ids)
    except (ValueError, RecursionError):
        return any(one in content for one in lead_ids)


def _texts(value: Json) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, int) and not isinstance(value, bool):
        yield str(value)
    elif isinstance(value, list | dict):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _texts(one)


def quoted(text: str) -> tuple[str, ...]:
    """Return a text in the ways in which a JSON may write it."""
    return json.dumps(text), json.dumps(text, ensure_ascii=False)


def interaction_ids(given: str) -> frozenset[str]:
    """Return the ids of a lead's own interactions in what a request told of it."""
    return frozenset(_ids(json.loads(given).get("interactions")))


def account(given: str) -> str | None:
    """Return the account in what a request told of a lead."""
    return cast(str | None, json.loads(given).get("account_id"))


def without(given: str, ids: Collection[str]) -> str | None:
    """Return what a request told, without these interactions of the lead's colleagues; None: none of them is in it."""
    told = json.loads(given)
    there = told.get(_COLLEAGUES) or []
    left = [one for one in there if one.get("interaction_id") not in ids]
    return None if len(left) == len(there) else json.dumps(told | {_COLLEAGUES: left})


def _ids(interactions: list[dict[str, str]] | None) -> Iterator[str]:
    return (one["interaction_id"] for one in interactions or [] if "interaction_id" in one)
