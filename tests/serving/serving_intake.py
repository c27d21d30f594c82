"""What keeps histories, on a store in a file that is thrown away, and what is posted to it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from histories import clock, store
from histories.contract import AttributeType
from histories.store import Store
from serving.live.intake import Intake

NOW = clock.parse("2026-03-01")
TYPES: Mapping[str, AttributeType] = {"industry": AttributeType.CATEGORY, "employees": AttributeType.NUMBER}


def emptied(folder: Path) -> Store:
    """Return a store that was made in this folder."""
    url = f"sqlite:///{folder}/store.db"
    store.upgrade(url)
    return Store.open(url)


def intake(opened: Store, allow: frozenset[str] = frozenset()) -> Intake:
    return Intake(opened, TYPES, allow, "m1")


def posted(one: Intake, what: str, body: object, now: int = NOW) -> dict[str, Any]:
    """Post to a route; return what it says."""
    reply = getattr(one, what)(json.dumps(body).encode(), "r" * 32, now)
    content: dict[str, Any] = json.loads(reply.body)
    assert content["request_id"] == "r" * 32
    assert len(content["rows"]) == sum(content[name] for name in ("added", "duplicates", "refused", "ignored"))
    return content


def said(content: Mapping[str, Any]) -> list[tuple[str, str | None]]:
    return [(row["status"], row["reason"]) for row in content["rows"]]
