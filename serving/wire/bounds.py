"""A body as JSON, and how much of it there may be: reading says something of every entry and key that is wrong."""

from collections.abc import Sized

from pydantic_core import from_json

from serving.wire.errors import Problem, RequestError

MOST_KEYS = 100
MOST_ATTRIBUTES = 1000  # and so many values of them in all
_LISTS = ("interactions", "account_interactions", "outcomes")


def json_of(body: bytes) -> object:
    """Return what the body holds. Raises RequestError where it is empty or no JSON; the message quotes nothing of it."""
    if not body.strip():
        raise RequestError(Problem.INVALID_JSON, "the body is empty; send a JSON object")
    try:
        return from_json(body)
    except ValueError as error:
        raise RequestError(Problem.INVALID_JSON, f"the body is not JSON: {error}") from None


def refuse_crowds(lead: object, most_interactions: int) -> None:
    """Raise RequestError where a lead has more interactions, its account's included, keys or attributes than it may.

    What is of the wrong type altogether passes: reading it says so.
    """
    if not isinstance(lead, dict):
        return
    _refuse(lead, MOST_KEYS, None)
    if _length(lead.get("interactions")) + _length(lead.get("account_interactions")) > most_interactions:
        message = f"has more than {most_interactions} entries, the account's included; send the newest"
        raise RequestError(Problem.INVALID_LEAD, message, "interactions")
    if isinstance(attributes := lead.get("attributes"), dict):
        values = sum(len(value) if isinstance(value, list) else 1 for value in attributes.values())
        if max(values, len(attributes)) > MOST_ATTRIBUTES:
            message = f"has more than {MOST_ATTRIBUTES} values; leave some out"
            raise RequestError(Problem.INVALID_LEAD, message, "attributes")
    for name in _LISTS:
        if isinstance(entries := lead.get(name), list):
            for number, entry in enumerate(entries):
                if isinstance(entry, dict) and len(entry) > MOST_KEYS:
                    _refuse(entry, MOST_KEYS, f"{name}[{number}]")


def _refuse(one: Sized, most: int, field: str | None) -> None:
    if len(one) > most:
        raise RequestError(
            Problem.INVALID_LEAD, f"{'' if field else 'the lead '}has more than {most} entries; leave some out", field
        )


def _length(value: object) -> int:
    return len(value) if isinstance(value, list) else 0
