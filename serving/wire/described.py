"""A bundle and a rulebook as `/v1/model` tells them."""

import math
import re
from collections.abc import Mapping

from histories import clock
from histories.contract import Target
from scoring.bundle import Bundle, Card
from scoring.chain import Chain
from scoring.members import BoosterMember, Member, PointsMember
from scoring.model import Model
from scoring.rulebook import Rulebook
from serving.wire.identity import Kind, ModelResponse, Step, WireFigure, WireMember, WireTarget


def response(bundle: Bundle, rulebook: Rulebook, request_id: str) -> ModelResponse:
    """Return the body that tells bundle and rulebook."""
    card, learnt = bundle.card, bundle.rulebook
    return ModelResponse(
        request_id=request_id,
        model_version=bundle.version,
        rulebook_version=rulebook.version,
        rulebook_name=rulebook.name,
        learnt_rulebook_version=None if learnt is None else learnt.version,
        catalogue_version=bundle.catalogue.hash,
        features=len(bundle.catalogue.features),
        timezone=bundle.catalogue.timezone,
        trained_until=clock.iso(card.trained_until),
        created_at=clock.iso(card.created_at),
        source=_short(card.source),
        leads=card.leads,
        snapshots=card.snapshots,
        targets=tuple(_target(bundle.models[target], card) for target in Target if target in bundle.models),
        grades=bundle.policy.grades,
        high_probability=bundle.policy.high_probability,
        reference_leads=len(bundle.reference),
        limits=card.limits,
    )


def _short(source: str) -> str:
    """The last two parts of a path: the folders above them are nothing to whoever may ask."""
    return "/".join(re.split(r"[/\\]", source)[-2:])


def _target(model: Model | Chain, card: Card) -> WireTarget:
    parts = _parts(model)
    return WireTarget(
        target=model.target.value,
        horizon_days=model.horizon_days,
        step=_step(parts),
        members=_members(parts),
        converted_leads=card.conversions.get(model.target, 0),
        test=tuple(_figures(card.figures.get(model.target, {}), card.intervals.get(model.target, {}))),
    )


def _figures(figures: Mapping[str, float], intervals: Mapping[str, tuple[float, float]]) -> list[WireFigure]:
    none = math.nan, math.nan
    return [
        WireFigure(name=name, value=_defined(value), low=_defined(low), high=_defined(high))
        for name, value in sorted(figures.items())
        for low, high in [intervals.get(name, none)]
    ]


def _defined(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _step(parts: Mapping[str | None, Model]) -> Step:
    """The step of the ladder that training stood on, read off the members."""
    if len(parts) > 1:
        return "chain"
    (model,) = parts.values()
    if all(_kind(member) == "points" for member in model.members):
        return "points"
    return "blend" if model.uses_points else "model"


def _members(parts: Mapping[str | None, Model]) -> tuple[WireMember, ...]:
    return tuple(
        WireMember(part=part, kind=_kind(member), weight=member.weight, trees=_trees(member))
        for part, model in parts.items()
        for member in model.members
    )


def _kind(member: Member) -> Kind:
    if isinstance(member, BoosterMember):
        return "booster"
    return "points" if isinstance(member, PointsMember) else "ridge"


def _trees(member: Member) -> int | None:
    return member.text.count("\nTree=") if isinstance(member, BoosterMember) else None


def _parts(model: Model | Chain) -> Mapping[str | None, Model]:
    return {"sql": model.sql, "given_sql": model.given_sql} if isinstance(model, Chain) else {None: model}
