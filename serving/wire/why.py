"""What `/v1/why` takes and answers: the wire models of a change that is split into causes."""

from typing import Literal

from serving.wire.answers import Outgoing
from serving.wire.api import DEFAULT_REASONS, Reasons
from serving.wire.base import Identifier, Moment, Wire

CauseName = Literal["interactions", "ageing", "attributes", "stages", "account", "rulebook", "model", "calibration"]


class WhyRequest(Wire):
    """The body of `/v1/why`: a lead of the history store, and the two moments; `to_time` absent: now."""

    lead_id: Identifier
    from_time: Moment
    to_time: Moment | None = None
    reasons: Reasons = DEFAULT_REASONS


class WireSide(Outgoing):
    """One of the two answers. `answered_at` null: none was given, it is what would have been answered."""

    as_of: str
    answered_at: str | None
    text: str
    model_version: str
    rulebook_version: str


class WireCause(Outgoing):
    """A cause that changed, and what is known to have changed."""

    cause: CauseName
    facts: tuple[str, ...]


class WireMovedInteraction(Outgoing):
    """An interaction whose points under a rule changed."""

    interaction_id: str
    kind: str
    occurred_at: str
    effect: float


class WireMovedRule(Outgoing):
    """What a rule gives more or less, in points."""

    code: str
    text: str
    effect: float
    interactions: tuple[WireMovedInteraction, ...]


class WirePointPart(Outgoing):
    """A cause's part in a change of points: `effect` is that of all `moved` and the `rest`."""

    cause: CauseName
    text: str
    effect: float
    moved: tuple[WireMovedRule, ...]
    rest: float


class WirePointChange(Outgoing):
    """Points before and after, in hundredths; the effects of all parts lead from one to the other, exactly."""

    before: float
    after: float
    parts: tuple[WirePointPart, ...]


class WireMovedReason(Outgoing):
    """What features say that changed, and what it changed the log-odds by."""

    code: str
    text: str
    effect: float


class WireProbabilityPart(Outgoing):
    """A cause's part in a change of a probability, and of its log-odds: that is of all `moved` and the `rest`."""

    cause: CauseName
    text: str
    effect: float
    log_odds_effect: float
    moved: tuple[WireMovedReason, ...]
    rest: float


class WireProbabilityChange(Outgoing):
    """A probability before and after, and its log-odds; the parts' effects lead from one to the other, exactly."""

    target: Literal["sql", "customer"]
    horizon_days_before: int
    horizon_days_after: int
    before: float
    after: float
    log_odds_before: float
    log_odds_after: float
    parts: tuple[WireProbabilityPart, ...]


class WireUnasked(Outgoing):
    """A probability that one of the answers does not give."""

    target: Literal["sql", "customer"]
    text: str


class WhyResponse(Outgoing):
    """The answer of `/v1/why`."""

    request_id: str
    lead_id: str
    before: WireSide
    after: WireSide
    causes: tuple[WireCause, ...]
    points: WirePointChange
    probabilities: tuple[WireProbabilityChange, ...]
    unasked: tuple[WireUnasked, ...]
