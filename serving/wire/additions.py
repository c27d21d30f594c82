"""What a request tells of a lead that the history store knows: it is added to the stored history for one answer."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from histories.contract import Attribute, AttributeType, Direction, Interaction, LeadHistory, Outcome
from serving.wire import mapping
from serving.wire.api import WireLead
from serving.wire.base import WireInteraction
from serving.wire.content import content_id, is_content_id
from serving.wire.mapping import Json


@dataclass(frozen=True, slots=True)
class Additions:
    """What is added to the stored lead `lead_id`; `account_interactions` None: nothing."""

    lead_id: str
    account_id: str | None = None
    attributes: tuple[Attribute, ...] = ()
    interactions: tuple[Interaction, ...] = ()
    outcomes: tuple[Outcome, ...] = ()
    account_interactions: tuple[Interaction, ...] | None = None


def of(lead: WireLead, types: Mapping[str, AttributeType], as_of: int) -> Additions:
    """Return what a wire lead without `created_at` tells; `as_of` is the moment that is asked for.

    An attribute without `known_at` is known now, just before `as_of`, so that it outdates the stored one. Raises
    RequestError as `mapping.history`.
    """
    others = lead.account_interactions
    return Additions(
        lead.lead_id,
        lead.account_id,
        tuple(_known_now(mapping.attributes(lead.attributes, types), as_of)),
        _interactions(lead.lead_id, lead.interactions),
        tuple(map(mapping.outcome, lead.outcomes)),
        None if others is None else _interactions(lead.lead_id, others),
    )


def added(history: LeadHistory, additions: Additions) -> LeadHistory:
    """Return the stored history with the additions; an interaction that is there already counts once, as ever.

    One without an id is there where a stored one without an id did the same, under whatever name: of the account's, a
    request does not say whose they are; of a merged lead's, some came under the name of the lead that ended.
    """
    others = history.account_interactions, additions.account_interactions
    return replace(
        history,
        account_id=additions.account_id or history.account_id,
        attributes=history.attributes + additions.attributes,
        interactions=(*history.interactions, *_unnamed(history.interactions, additions.interactions)),
        outcomes=history.outcomes + additions.outcomes,
        account_interactions=None
        if others == (None, None)
        else (*(others[0] or ()), *_new(others[0] or (), others[1] or ())),
    )


def _unnamed(stored: tuple[Interaction, ...], told: tuple[Interaction, ...]) -> Iterable[Interaction]:
    """Those told but for what is stored under another made name; of one name, the earliest received counts as ever."""
    if not any(is_content_id(one.interaction_id) for one in told):
        return told
    names = {one.interaction_id for one in stored}
    new = set(_new(stored, (one for one in told if one.interaction_id not in names)))
    return (one for one in told if one in new or one.interaction_id in names)


def _new(stored: Iterable[Interaction], told: Iterable[Interaction]) -> Iterator[Interaction]:
    there = {_content(one) for one in stored if is_content_id(one.interaction_id)}
    return (one for one in told if not (is_content_id(one.interaction_id) and _content(one) in there))


def _content(one: Interaction) -> tuple[int, str, str | None, Direction | None, float | None]:
    return one.occurred_at, one.kind, one.channel, one.direction, one.value


def request_of(additions: Additions) -> dict[str, Json] | None:
    """Return the wire lead that tells these additions, its attributes with their `known_at`; None: there are none."""
    told = LeadHistory(
        additions.lead_id,
        0,
        additions.account_id,
        additions.attributes,
        additions.interactions,
        additions.outcomes,
        additions.account_interactions,
    )
    if told == LeadHistory(additions.lead_id, 0):
        return None
    body = mapping.request_of(told)
    del body["created_at"]
    return body


def _known_now(attributes: Iterable[Attribute], as_of: int) -> Iterator[Attribute]:
    for one in attributes:
        yield replace(one, known_at=max(as_of - 1, 0)) if one.known_at is None else one


def _interactions(lead_id: str, told: Iterable[WireInteraction]) -> tuple[Interaction, ...]:
    """One without an id gets that which it would be taken into the store under, so that both count as one."""
    return tuple(
        made if one.interaction_id else made._replace(interaction_id=content_id(lead_id, one))
        for one, made in ((one, mapping.interaction(one)) for one in told)
    )
