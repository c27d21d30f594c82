"""Between the wire and the rooms below: a wire lead as a LeadHistory, and a LeadHistory as a request."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from functools import partial

from histories import clock
from histories.contract import (
    Attribute,
    AttributeType,
    Direction,
    Interaction,
    LeadHistory,
    Outcome,
    Stage,
)
from serving.wire.api import WireLead, WireOutcome
from serving.wire.base import WireInteraction
from serving.wire.errors import Problem, RequestError, key_of

Json = str | int | float | bool | None | list["Json"] | dict[str, "Json"]
_DIRECTIONS: dict[str | None, Direction | None] = {None: None, **{one.value: one for one in Direction}}
_made = partial(tuple.__new__, Interaction)
_WRITE = {
    AttributeType.NUMBER: "is not a number; this attribute is one, write it without quotes",
    AttributeType.CATEGORY: "is not a text; this attribute is one, write it in quotes",
}


def history(lead: WireLead, types: Mapping[str, AttributeType]) -> LeadHistory:
    """Return the history that a wire lead tells. `types` are those of the attributes that the bundle knows.

    Raises RequestError where an attribute is of another type than the one the models learnt from. A lead without
    `created_at` is no history: additions.py.
    """
    if lead.created_at is None:
        raise TypeError("a lead without created_at is told in part alone")
    others = lead.account_interactions
    return LeadHistory(
        lead_id=lead.lead_id,
        created_at=lead.created_at,
        account_id=lead.account_id,
        attributes=tuple(attributes(lead.attributes, types)),
        interactions=tuple(map(interaction, lead.interactions)),
        outcomes=tuple(map(outcome, lead.outcomes)),
        account_interactions=None if others is None else tuple(map(interaction, others)),
    )


def attributes(given: Mapping[str, Iterable[Attribute]], types: Mapping[str, AttributeType]) -> Iterator[Attribute]:
    """Yield a wire lead's attributes, each with its name. Raises RequestError where one is of another type."""
    for name, values in given.items():
        wanted = types.get(name)
        for value in values:
            if (
                wanted
                and value.value is not None
                and isinstance(value.value, str) != (wanted is AttributeType.CATEGORY)
            ):
                raise RequestError(Problem.INVALID_LEAD, _WRITE[wanted], f"attributes.{key_of(name)}")
            yield Attribute(name, value.value, value.known_at)


def interaction(one: WireInteraction) -> Interaction:
    """Return the interaction that is told."""
    # A request has thousands of them: a model keeps its fields in a dictionary, and a tuple is made without Python.
    told = vars(one)
    return _made(
        (
            told["interaction_id"] or _content_id(one),
            told["occurred_at"],
            told["kind"],
            told["received_at"],
            told["channel"],
            _DIRECTIONS[told["direction"]],
            told["value"],
        )
    )


def _content_id(one: WireInteraction) -> str:
    """A name for an interaction that came without one: retries and duplicates of it get the same."""
    content = (one.occurred_at, one.received_at, one.kind, one.channel, one.direction, one.value)
    return f"content:{hashlib.sha256(json.dumps(content).encode()).hexdigest()[:32]}"


def outcome(one: WireOutcome) -> Outcome:
    """Return the outcome that is told."""
    return Outcome(Stage(one.stage), one.reached_at, one.amount)


def request_of(history: LeadHistory, as_of: int | None = None, reasons: int | None = None) -> dict[str, Json]:
    """Return the body of `/v1/predict_one` that tells this history: the inverse of `history`.

    Times and numbers survive exactly.
    """
    body: dict[str, Json] = {"lead_id": history.lead_id, "created_at": clock.iso(history.created_at)}
    body |= _given(account_id=history.account_id, as_of=clock.iso_or_none(as_of), reasons=reasons)
    body["attributes"] = _attributes_json(history.attributes)
    body["interactions"] = _interactions_json(history.interactions)
    body["outcomes"] = [
        {"stage": one.stage.value, "reached_at": clock.iso(one.reached_at), **_given(amount=one.amount)}
        for one in history.outcomes
    ]
    if history.account_interactions is not None:
        body["account_interactions"] = _interactions_json(history.account_interactions)
    return body


def _attributes_json(attributes: Iterable[Attribute]) -> dict[str, Json]:
    values: dict[str, list[Json]] = {}
    for one in attributes:
        known_at = clock.iso_or_none(one.known_at)
        entry: Json = one.value if known_at is None else {"value": one.value, "known_at": known_at}
        values.setdefault(one.name, []).append(entry)
    return {name: entries[0] if len(entries) == 1 else entries for name, entries in values.items()}


def _interactions_json(interactions: Iterable[Interaction]) -> list[Json]:
    return [
        {
            "interaction_id": one.interaction_id,
            "occurred_at": clock.iso(one.occurred_at),
            "kind": one.kind,
            **_given(
                received_at=clock.iso_or_none(one.received_at),
                channel=one.channel,
                direction=None if one.direction is None else one.direction.value,
                value=one.value,
            ),
        }
        for one in interactions
    ]


def _given(**values: Json) -> dict[str, Json]:
    return {name: value for name, value in values.items() if value is not None}
