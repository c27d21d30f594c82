"""A refused row as the quarantine keeps it: enough to see what was wrong, without a person's data."""

import json

from serving.wire import personal_keys
from serving.wire.personal_values import reads_like

REMOVED, CUT = "(removed)", "(cut)"
_DEEPEST, _LONGEST_TEXT, _LARGEST = 6, 1_000, 10**18
_LONGEST = 10_000


def scrubbed(raw: object) -> str:
    """Return a row as JSON of at most 10,000 characters. What reads like a name, an address or a number is removed.

    >>> scrubbed({"lead_id": "L1", "Email": "jane@example.org", "note": "call +31 6 1234 5678"})
    '{"lead_id": "L1", "Email": "(removed)", "note": "(removed)"}'
    """
    text = json.dumps(_plain(raw, 0))
    if len(text) <= _LONGEST:
        return text
    names = raw if isinstance(raw, dict) else {}
    kept = {
        key: _plain(names[key], _DEEPEST) for key in ("lead_id", "interaction_id", "messageId", "id") if key in names
    }
    return json.dumps({**kept, CUT: f"{len(text)} characters"})


def _plain(value: object, depth: int) -> object:
    if isinstance(value, str):
        return REMOVED if reads_like(value) else value[:_LONGEST_TEXT]
    if isinstance(value, dict | list) and depth == _DEEPEST:
        return CUT
    if isinstance(value, dict):
        return {REMOVED if reads_like(key) else key: _of_key(key, one, depth + 1) for key, one in value.items()}
    if isinstance(value, list):
        return [_plain(one, depth + 1) for one in value]
    if isinstance(value, int | float) and not -_LARGEST < value < _LARGEST:
        return CUT
    return value


def _of_key(key: str, value: object, depth: int) -> object:
    """A key such as `phone` or `first_name` says what its value is, whatever it reads like."""
    said = personal_keys.said(key)
    return REMOVED if said and isinstance(value, str | int | float) else _plain(value, depth)
