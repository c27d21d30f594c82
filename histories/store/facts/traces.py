"""Where a kept JSON names a lead, or tells what one did."""

import json
from collections.abc import Collection, Iterator
from typing import cast

from histories import clock

Json = str | int | float | bool | None | list["Json"] | dict[str, "Json"]
# What an interaction did, whoever's it was and whenever it was received: moment, kind, channel, direction, value.
Content = tuple[int, str, str | None, str | None, float | None]
_COLLEAGUES = "account_interactions"
_NAMELESS = "content:"  # the beginning of an id that was made here, of one that came without (serving/wire)


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


def contents(given: str) -> frozenset[Content]:
    """Return what a lead's own interactions did, in what a request told of it."""
    return frozenset(map(_content, json.loads(given).get("interactions") or []))


def account(given: str) -> str | None:
    """Return the account in what a request told of a lead."""
    return cast(str | None, json.loads(given).get("account_id"))


def without(given: str, ids: Collection[str], did: Collection[Content]) -> str | None:
    """Return what a request told, without these interactions of the lead's colleagues; None: none of them is in it.

    Those that came without an id go by what they did: their ids are made of the lead that was asked for, too.
    """
    told = json.loads(given)
    there = told.get(_COLLEAGUES) or []
    left = [
        one
        for one in there
        if (name := one.get("interaction_id", _NAMELESS)) not in ids
        and not (name.startswith(_NAMELESS) and _content(one) in did)
    ]
    return None if len(left) == len(there) else json.dumps(told | {_COLLEAGUES: left})


def _content(one: dict[str, Json]) -> Content:
    moment, *others = (one.get(name) for name in ("occurred_at", "kind", "channel", "direction", "value"))
    return cast(Content, (clock.parse(str(moment)), *others))


def _ids(interactions: list[dict[str, str]] | None) -> Iterator[str]:
    return (one["interaction_id"] for one in interactions or [] if "interaction_id" in one)
