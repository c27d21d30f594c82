"""The wire models of `/v1/model`: which bundle and rulebook answer, what they were made from, how well they did."""

from typing import Literal

from serving.wire.answers import Outgoing

Step = Literal["points", "blend", "model", "chain"]
Kind = Literal["booster", "ridge", "points"]


class WireMember(Outgoing):
    """One member of a model. `part`: which of a chain's two models it belongs to, null where there is no chain."""

    part: str | None
    kind: Kind
    weight: float
    trees: int | None


class WireFigure(Outgoing):
    """A test figure with its 95% interval; null where the test did not define it, or the card has no interval."""

    name: str
    value: float | None
    low: float | None
    high: float | None


class WireTarget(Outgoing):
    """Which model answers for a target, what it learnt from, and how it did on the test snapshots."""

    target: Literal["sql", "customer"]
    horizon_days: int
    step: Step
    members: tuple[WireMember, ...]
    converted_leads: int
    test: tuple[WireFigure, ...]


class ModelResponse(Outgoing):
    """The answer of `/v1/model`. Times are ISO 8601 with a Z."""

    request_id: str
    model_version: str
    rulebook_version: str
    rulebook_name: str
    learnt_rulebook_version: str | None
    catalogue_version: str
    features: int
    timezone: str
    trained_until: str
    created_at: str
    source: str
    leads: int
    snapshots: int
    targets: tuple[WireTarget, ...]
    grades: tuple[float, ...]
    high_probability: float
    reference_leads: int
    limits: tuple[str, ...]
