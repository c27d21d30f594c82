"""What `/v1/explain` answers: the wire models, and an Explanation written as one."""

import math
import sys
from typing import TYPE_CHECKING, Literal

from histories import clock
from histories.contract import AttributeType
from serving.wire import answers
from serving.wire.answers import Around, Outgoing, WireAnswer

if TYPE_CHECKING:
    from features.catalogue import Catalogue, Feature
    from scoring.explanation import Breakdown, Explanation
    from scoring.ledger import Entry, Ledger

_HUNDREDTHS = 100
_LARGEST = sys.float_info.max


class WireContribution(Outgoing):
    """What one feature adds to the log-odds. `code` is that of the reason which it is a part of."""

    feature: str
    code: str
    effect: float


class WireBreakdown(Outgoing):
    """What one probability is made of: `bias`, `points`, `cap` and all effects add up to `log_odds`."""

    target: Literal["sql", "customer"]
    horizon_days: int
    probability: float
    log_odds: float
    bias: float
    points: float
    cap: float
    contributions: tuple[WireContribution, ...]


class WireEntry(Outgoing):
    """What one interaction or attribute gives under one rule: `counted` is `decayed` less what the limits cut off."""

    rule: str
    group: Literal["engagement", "fit", "qualification", "floor"]
    interaction_id: str | None
    at: str
    points: float
    decayed: float
    cut_by_rule_limit: float
    cut_by_group_limit: float
    counted: float


class WireLedger(Outgoing):
    """The points: `counted` of all entries adds up to `rule_points`, exactly, in hundredths."""

    rule_points: float
    engagement: float
    fit: float
    qualification: float
    mql_since: str | None
    sql_since: str | None
    entries: tuple[WireEntry, ...]


class WireFeature(Outgoing):
    """One column of the feature row. `value` null: missing. `text`: what the code of a category stands for."""

    name: str
    value: float | None
    text: str | None
    unit: str
    meaning: str


class ExplainResponse(Around):
    """The answer of `/v1/explain`: the row that `/v1/predict_one` gives, and all that it was made from."""

    answer: WireAnswer
    probabilities: tuple[WireBreakdown, ...]
    ledger: WireLedger
    features: tuple[WireFeature, ...]


def response(
    explained: "Explanation", catalogue: "Catalogue", request_id: str, as_of: int, versions: dict[str, str]
) -> ExplainResponse:
    """Return the body that tells this explanation. `as_of`: UTC microseconds."""
    return ExplainResponse(
        request_id=request_id,
        as_of=clock.iso(as_of),
        **versions,
        answer=answers.row(explained.answer),
        probabilities=tuple(_breakdown(one, catalogue) for one in explained.breakdowns),
        ledger=_ledger(explained.ledger),
        features=tuple(
            _feature(feature, value, catalogue)
            for feature, value in zip(catalogue.features, explained.row.tolist(), strict=True)
        ),
    )


def _breakdown(one: "Breakdown", catalogue: "Catalogue") -> WireBreakdown:
    """Strongest first, equal ones in the catalogue's order; a feature that adds nothing is left out."""
    parts = zip(catalogue.features, one.contributions.tolist(), strict=True)
    found = [
        WireContribution(feature=feature.name, code=feature.signal, effect=effect)
        for feature, effect in parts
        if effect != 0
    ]
    return WireBreakdown(
        target=one.target.value,
        horizon_days=one.horizon_days,
        probability=one.probability,
        log_odds=one.log_odds,
        bias=one.bias,
        points=one.points,
        cap=one.cap,
        contributions=tuple(sorted(found, key=lambda part: -abs(part.effect))),
    )


def _ledger(ledger: "Ledger") -> WireLedger:
    return WireLedger(
        rule_points=ledger.total / _HUNDREDTHS,
        engagement=ledger.engagement / _HUNDREDTHS,
        fit=ledger.fit / _HUNDREDTHS,
        qualification=ledger.qualification / _HUNDREDTHS,
        mql_since=clock.iso_or_none(ledger.mql_at),
        sql_since=clock.iso_or_none(ledger.sql_at),
        entries=tuple(map(_entry, ledger.entries)),
    )


def _entry(one: "Entry") -> WireEntry:
    return WireEntry(
        rule=one.rule,
        group=one.group.value,
        interaction_id=one.interaction_id,
        at=clock.iso(one.at),
        points=one.points / _HUNDREDTHS,
        decayed=one.decayed / _HUNDREDTHS,
        cut_by_rule_limit=(one.decayed - one.within_rule) / _HUNDREDTHS,
        cut_by_group_limit=(one.within_rule - one.counted) / _HUNDREDTHS,
        counted=one.counted / _HUNDREDTHS,
    )


def _feature(feature: "Feature", value: float, catalogue: "Catalogue") -> WireFeature:
    return WireFeature(
        name=feature.name,
        value=None if math.isnan(value) else min(max(value, -_LARGEST), _LARGEST),  # JSON has no word for infinity
        text=None if math.isnan(value) else _text(feature, value, catalogue),
        unit=feature.unit,
        meaning=feature.meaning,
    )


def _text(feature: "Feature", code: float, catalogue: "Catalogue") -> str | None:
    """What a code stands for; None: the feature is a number."""
    if not feature.categorical:
        return None
    words = catalogue.kinds
    if feature.signal.startswith("attribute:"):
        name = feature.signal.removeprefix("attribute:")
        words = next(
            one.categories for one in catalogue.attributes if one.name == name and one.type is AttributeType.CATEGORY
        )
    return words[int(code)] if code < len(words) else "other"
