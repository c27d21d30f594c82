"""A name for an interaction that came without one: retries and duplicates of it get the same."""

import hashlib
import json

from serving.wire.base import WireInteraction

_BEGINNING = "content:"


def is_content_id(interaction_id: str) -> bool:
    """Tell whether an interaction came without an id."""
    return interaction_id.startswith(_BEGINNING)


def content_id(lead_id: str, one: WireInteraction) -> str:
    """Return a name made of the lead and of what happened.

    Not of `received_at`: whoever sends the same again tells another arrival, or none.
    """
    content = (lead_id, one.occurred_at, one.kind, one.channel, one.direction, one.value)
    return f"{_BEGINNING}{hashlib.sha256(json.dumps(content).encode()).hexdigest()[:32]}"
