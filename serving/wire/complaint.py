"""What is wrong with a request, in plain words: pydantic's first error as a field path and a sentence."""

from collections.abc import Sequence
from typing import NamedTuple

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from histories.errors import nearest
from serving.wire import foreign
from serving.wire.api import WireOutcome
from serving.wire.base import WireInteraction
from serving.wire.errors import Problem, RequestError, key_of

_SENTENCES = {
    "missing": "is missing; it must be there",
    "string_type": "is not a text; write it in quotes",
    "string_too_short": "is empty; write a text",
    "string_too_long": "is longer than {max_length} characters; shorten it",
    "string_pattern_mismatch": "has a null character; leave it out",
    "float_type": "is not a number of up to 1.8e308; write one without quotes",
    "finite_number": "is not a finite number; leave it out where it is not known",
    "int_type": "is not a whole number; write one without quotes and without a fraction",
    "int_from_float": "is not a whole number; write one without a fraction",
    "greater_than_equal": "is too small; it must be at least {ge}",
    "less_than_equal": "is too large; it must be at most {le}",
    "bool_type": "is neither true nor false; write one of them without quotes",
    "literal_error": "is not known; allowed are {expected}",
    "list_type": "is not a list; write one in square brackets",
    "dict_type": "is not an object; write one in braces",
    "model_type": "is not an object; write one in braces",
    "too_short": "has too few entries; {min_length} at least",
    "too_long": "has too many entries; {max_length} at most",
    "invalid_key": "has a key that is not a text",
}
_UNKNOWN = "extra_forbidden"
_KEY = "[key]"  # where pydantic speaks of a key instead of its value
_FORMS = {foreign.OURS, foreign.SEGMENT, foreign.CLOUD_EVENTS}
_LISTS: dict[str, type[BaseModel]] = {
    "interactions": WireInteraction,
    "account_interactions": WireInteraction,
    "outcomes": WireOutcome,
}
_LONGEST_FIELD = 200


def of(
    error: ValidationError, problem: Problem, root: type[BaseModel], prefix: tuple[str | int, ...] = ()
) -> RequestError:
    """Return the request error that pydantic's first error amounts to. `prefix` is where the model's value lay.

    A key that is not known comes before one that is missing: it is often the same one, misspelt.
    """
    errors = _of_one_form(error.errors(include_url=False, include_input=False))
    place, first = next((one for one in errors if one.error["type"] == _UNKNOWN), errors[0])
    kind = first["type"]
    if kind == _UNKNOWN:
        allowed = _allowed(root, place)
        text = f"is not a known key; allowed are {', '.join(allowed)}{nearest(str(place[-1])[:100], allowed)}"
    elif kind in _SENTENCES:
        text = _SENTENCES[kind].format(**first.get("ctx", {}))
    else:
        text = first["msg"]
    if place[-1:] == (_KEY,):  # of an object whose keys the sender chooses: the object is named, not the key
        place, text = place[:-2], f"has a key that {text}"
    if not (*prefix, *place):
        return RequestError(problem, f"the body {text}")
    return RequestError(problem, text, path((*prefix, *place)))


def path(place: Sequence[str | int]) -> str:
    """Write a place as `leads[3].interactions[0].occurred_at`, without a key that looks like no field's name.

    >>> path(("leads", 3, "interactions", 0, "occurred_at")), path(("attributes", "+31612345678"))
    ('leads[3].interactions[0].occurred_at', 'attributes.…')
    """
    parts = (f"[{part}]" if isinstance(part, int) else f".{key_of(part)}" for part in place)
    text = "".join(parts).removeprefix(".")
    return text if len(text) <= _LONGEST_FIELD else f"{text[:_LONGEST_FIELD]}…"


class _Found(NamedTuple):
    """One of pydantic's errors, and where it lies in the body."""

    place: tuple[str | int, ...]
    error: ErrorDetails


def _of_one_form(errors: list[ErrorDetails]) -> list[_Found]:
    """An interaction that fits no form has errors of each: keep those of the form that it seems to be meant in."""
    unknown: dict[tuple[str | int, ...], set[str]] = {}
    for one in errors:
        if _form(one["loc"]) == foreign.OURS and one["type"] == _UNKNOWN:
            unknown.setdefault(one["loc"][:2], set()).add(str(one["loc"][-1]))
    found = []
    for one in errors:
        place, form = one["loc"], _form(one["loc"])
        if form is None:
            found.append(_Found(place, one))
        elif form == foreign.meant(unknown.get(place[:2], set())):
            found.append(_Found((*place[:2], *place[3:]), one))
    return found


def _form(place: tuple[str | int, ...]) -> str | None:
    """The form that an error speaks of; None: it is none of an interaction."""
    return str(place[2]) if len(place) > 2 and place[0] in _LISTS and place[2] in _FORMS else None


def _allowed(root: type[BaseModel], place: Sequence[str | int]) -> list[str]:
    inner = _LISTS.get(str(place[0]), root) if len(place) > 1 else root
    return list(inner.model_fields)
