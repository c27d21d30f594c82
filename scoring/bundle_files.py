"""A bundle's files, as texts: how each part is written, and read again to the last bit."""

import json
import math
from collections.abc import Mapping
from typing import Any, TypedDict

import numpy as np

from features.catalogue import Catalogue
from histories.contract import Target
from scoring import card as cards
from scoring import member_files
from scoring import rulebook as rulebooks
from scoring.calibration import Floats
from scoring.card import Card
from scoring.chain import Chain, sql_column
from scoring.member_files import dump
from scoring.model import Model
from scoring.policy import Policy
from scoring.rulebook import Rulebook

FORMAT = 4
# 2 has cards without intervals, 3 ridges without ranges; what is not in a card or a ridge is not written either.
READABLE = (2, 3, 4)
MANIFEST = "manifest.json"
CATALOGUE = "catalogue.json"
MODELS = "models.json"
REFERENCE = "reference.json"
POLICY = "policy.json"
CARD = "card.json"
CARD_TEXT = "card.md"
CREATED = "created.json"
RULEBOOK = "rulebook.toml"
UNVERSIONED = (CARD_TEXT, CREATED)


class Parts(TypedDict):
    """The fields of a Bundle."""

    catalogue: Catalogue
    models: Mapping[Target, Model | Chain]
    reference: Floats
    policy: Policy
    card: Card
    rulebook: Rulebook | None


def render(parts: Parts) -> dict[str, str]:
    """Return each file's text by name."""
    models, card, rulebook = parts["models"], parts["card"], parts["rulebook"]
    files = {
        CATALOGUE: parts["catalogue"].to_json(),
        REFERENCE: dump([float(one) for one in parts["reference"]]),
        POLICY: dump({"grades": parts["policy"].grades, "high_probability": parts["policy"].high_probability}),
        CARD: _card(card),
        CARD_TEXT: cards.render(card, {target: model.horizon_days for target, model in models.items()}),
        CREATED: dump({"created_at": card.created_at, "source": card.source}),
    }
    if rulebook is not None:
        files[RULEBOOK] = rulebook.source
    described = {target.value: _describe(model, target.value, files) for target, model in models.items()}
    files[MODELS] = dump({"catalogue": parts["catalogue"].hash, "models": described})
    return files


def _describe(model: Model | Chain, stem: str, files: dict[str, str]) -> dict[str, object]:
    """Say what a model is; of a chain, what its two parts are."""
    if isinstance(model, Model):
        return member_files.describe(model, stem, files)
    parts = {"sql": model.sql, "given_sql": model.given_sql}
    return {"chain": {name: member_files.describe(part, f"{stem}_{name}", files) for name, part in parts.items()}}


def _card(card: Card) -> str:
    return dump(
        {
            "trained_until": card.trained_until,
            "leads": card.leads,
            "snapshots": card.snapshots,
            "conversions": dict(card.conversions),
            "figures": {target: _finite(figures) for target, figures in card.figures.items()},
            "limits": card.limits,
            **_seen(card),
            **_intervals(card),
        }
    )


def _seen(card: Card) -> dict[str, object]:
    """Whom training saw. A card that does not say so is written as it was read: a version follows from the texts."""
    return {"ages": card.ages, "kept_share": card.kept_share} if card.ages else {}


def _intervals(card: Card) -> dict[str, object]:
    """The intervals of test figures, left out where the card has none, as with `_seen`."""
    return {"intervals": card.intervals} if card.intervals else {}


def _finite(figures: Mapping[str, float]) -> dict[str, float | None]:
    """JSON has no NaN: a figure that is not defined (an AUC without conversions) becomes null."""
    return {name: float(value) if math.isfinite(value) else None for name, value in figures.items()}


def parse(texts: Mapping[str, str]) -> Parts:
    """Read the files again. Raises DataError, KeyError, TypeError or ValueError where one does not hold its part."""
    catalogue = Catalogue.from_json(texts[CATALOGUE])
    models, policy = json.loads(texts[MODELS]), json.loads(texts[POLICY])
    if models["catalogue"] != catalogue.hash:
        raise ValueError(
            f"{MODELS} was made for catalogue {models['catalogue'][:12]}, {CATALOGUE} is {catalogue.hash[:12]}: the "
            "columns mean something else"
        )
    return Parts(
        catalogue=catalogue,
        models={
            Target(name): _read_model(Target(name), one, texts, catalogue) for name, one in models["models"].items()
        },
        reference=np.array(json.loads(texts[REFERENCE]), dtype=np.float64),
        policy=Policy(high_probability=float(policy["high_probability"]), grades=_three(policy["grades"])),
        card=_read_card(json.loads(texts[CARD]), json.loads(texts[CREATED])),
        rulebook=rulebooks.parse(texts[RULEBOOK], RULEBOOK) if RULEBOOK in texts else None,
    )


def _read_model(
    target: Target, content: Mapping[str, Any], texts: Mapping[str, str], catalogue: Catalogue
) -> Model | Chain:
    """Read what `_describe` said. A chain finds the column that tells who is sql by the catalogue's own account."""
    if "chain" not in content:
        return member_files.read(target, content, texts)
    sql = member_files.read(Target.SQL, content["chain"]["sql"], texts)
    return Chain(sql, member_files.read(target, content["chain"]["given_sql"], texts), sql_column(catalogue))


def _three(values: list[float]) -> tuple[float, float, float]:
    first, second, third = (float(one) for one in values)
    return first, second, third


def _read_card(content: dict[str, Any], created: dict[str, Any]) -> Card:
    return Card(
        trained_until=int(content["trained_until"]),
        created_at=int(created["created_at"]),
        leads=int(content["leads"]),
        snapshots=int(content["snapshots"]),
        conversions={Target(name): int(count) for name, count in content["conversions"].items()},
        figures={
            Target(name): {figure: math.nan if value is None else float(value) for figure, value in figures.items()}
            for name, figures in content["figures"].items()
        },
        source=str(created["source"]),
        limits=tuple(str(one) for one in content["limits"]),
        ages=tuple(str(one) for one in content.get("ages", ())),
        kept_share=float(content.get("kept_share", 1.0)),
        intervals={
            Target(name): {figure: (float(low), float(high)) for figure, (low, high) in ends.items()}
            for name, ends in content.get("intervals", {}).items()
        },
    )
