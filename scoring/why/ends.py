"""The two answers that are held against each other, and all mixtures of them that a cause is weighed by."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from operator import attrgetter

from features.catalogue import Catalogue
from histories.contract import Attribute, Interaction, LeadHistory, Target, without_duplicates
from histories.funnel import chronological
from scoring import bundle_files
from scoring.bundle import Bundle
from scoring.chain import Chain
from scoring.model import Model
from scoring.rulebook import Rulebook
from scoring.why.causes import Cause, Changed

_OF_NO_SCORE = {bundle_files.REFERENCE, bundle_files.POLICY, bundle_files.CARD, *bundle_files.UNVERSIONED}
_ORDER = attrgetter("occurred_at", "interaction_id")


@dataclass(frozen=True, eq=False, slots=True)
class End:
    """What an answer was made from: what was known of the lead, the moment (UTC microseconds), bundle and rulebook.

    `history` may hold what that moment does not see yet.
    """

    history: LeadHistory
    as_of: int
    bundle: Bundle
    rulebook: Rulebook


@dataclass(frozen=True, eq=False, slots=True)
class Predicting:
    """What probabilities are made with: a bundle's own parts, or one's models with another's calibrators."""

    catalogue: Catalogue
    learnt: Rulebook | None
    models: Mapping[Target, Model | Chain]


class Pair:
    """An earlier and a later end, of which each cause takes one.

    A mixture is named by the causes that have changed: they are as at the later end, all others as at the earlier one.
    """

    def __init__(self, earlier: End, later: End) -> None:
        if earlier.as_of > later.as_of:
            raise ValueError("the earlier end comes first")
        self.earlier, self.later = earlier, later
        self._seen = {False: seen(earlier.history, earlier.as_of), True: seen(later.history, later.as_of)}
        self._predicting: dict[tuple[bool, bool], Predicting] = {}

    @cached_property
    def changed(self) -> Changed:
        """The causes that differ between the ends."""
        old, new = self._seen[False], self._seen[True]
        bundles = self.earlier.bundle, self.later.bundle
        same = bundles[0].version == bundles[1].version
        differs = {
            Cause.INTERACTIONS: old.interactions != new.interactions,
            Cause.AGEING: self.earlier.as_of != self.later.as_of,
            Cause.ATTRIBUTES: (old.created_at, old.attributes) != (new.created_at, new.attributes),
            Cause.STAGES: old.outcomes != new.outcomes,
            Cause.ACCOUNT: old.account_interactions != new.account_interactions,
            Cause.RULEBOOK: self.earlier.rulebook != self.later.rulebook,
            Cause.MODEL: not same and _without_calibrators(bundles[0]) != _without_calibrators(bundles[1]),
            Cause.CALIBRATION: not same and _calibrators(bundles[0]) != _calibrators(bundles[1]),
        }
        return frozenset(cause for cause, differ in differs.items() if differ)

    def seen(self, *, later: bool) -> LeadHistory:
        """Return what one end sees of the lead."""
        return self._seen[later]

    def as_of(self, changed: Changed) -> int:
        """Return the moment of a mixture."""
        return (self.later if Cause.AGEING in changed else self.earlier).as_of

    def rulebook(self, changed: Changed) -> Rulebook:
        """Return the rulebook of a mixture."""
        return (self.later if Cause.RULEBOOK in changed else self.earlier).rulebook

    def history(self, changed: Changed) -> LeadHistory:
        """Return what a mixture knows of the lead."""
        facts, stages = self._seen[Cause.ATTRIBUTES in changed], self._seen[Cause.STAGES in changed]
        return replace(
            facts,
            interactions=self._seen[Cause.INTERACTIONS in changed].interactions,
            outcomes=stages.outcomes,
            account_interactions=self._seen[Cause.ACCOUNT in changed].account_interactions,
        )

    def predicting(self, changed: Changed) -> Predicting:
        """Return what a mixture predicts with."""
        key = Cause.MODEL in changed, Cause.CALIBRATION in changed
        if key not in self._predicting:
            bundle, calibrated = (self.later.bundle if one else self.earlier.bundle for one in key)
            models = {
                target: _calibrated(model, calibrated.models.get(target)) for target, model in bundle.models.items()
            }
            self._predicting[key] = Predicting(bundle.catalogue, bundle.rulebook, models)
        return self._predicting[key]


def seen(history: LeadHistory, as_of: int) -> LeadHistory:
    """Return what a moment sees of a lead, each interaction once, in an order that follows from the content alone.

    Features and points at that moment are the same as of the whole history.
    """
    return LeadHistory(
        lead_id=history.lead_id,
        created_at=history.created_at,
        account_id=history.account_id,
        attributes=tuple(sorted(_known(history.attributes, as_of), key=_attribute_order)),
        interactions=_visible(history.interactions, as_of),
        outcomes=tuple(one for one in chronological(history.outcomes) if one.reached_at < as_of),
        account_interactions=None
        if history.account_interactions is None
        else _visible(history.account_interactions, as_of),
    )


def _visible(interactions: Iterable[Interaction], as_of: int) -> tuple[Interaction, ...]:
    return tuple(
        one
        for one in without_duplicates(interactions)
        if one.occurred_at < as_of and (one.received_at is None or one.received_at <= as_of)
    )


def _known(attributes: Iterable[Attribute], as_of: int) -> Iterable[Attribute]:
    return (one for one in attributes if one.known_at is None or one.known_at < as_of)


def _attribute_order(one: Attribute) -> tuple[str, int, bool, bool, float, str]:
    number = 0.0 if one.value is None or isinstance(one.value, str) else float(one.value)
    text = one.value if isinstance(one.value, str) else ""
    since = -1 if one.known_at is None else one.known_at
    return (one.name, since, one.value is not None, isinstance(one.value, str), number, text)


def _calibrated(model: Model | Chain, other: Model | Chain | None) -> Model | Chain:
    """Return a model with another's calibrators; where the other is of another form, there is nothing to exchange."""
    if model is other or other is None:
        return model
    if isinstance(model, Model) and isinstance(other, Model):
        return replace(model, calibrator=other.calibrator)
    if isinstance(model, Chain) and isinstance(other, Chain):
        return replace(
            model,
            sql=replace(model.sql, calibrator=other.sql.calibrator),
            given_sql=replace(model.given_sql, calibrator=other.given_sql.calibrator),
        )
    return model


def _without_calibrators(bundle: Bundle) -> tuple[object, ...]:
    """Return all of a bundle's content that probabilities are made with, but the calibrators."""
    left_out = {*_OF_NO_SCORE, bundle_files.MODELS, bundle_files.RULEBOOK}
    texts = {name: text for name, text in bundle.files.items() if name not in left_out}
    learnt = None if bundle.rulebook is None else bundle.rulebook.version
    return texts, learnt, _stripped(json.loads(bundle.files[bundle_files.MODELS]))


def _stripped(content: object) -> object:
    if isinstance(content, dict):
        return {key: _stripped(value) for key, value in content.items() if key != "calibrator"}
    return [_stripped(one) for one in content] if isinstance(content, list) else content


def _calibrators(bundle: Bundle) -> dict[Target, tuple[object, ...]]:
    return {
        target: (model.calibrator,) if isinstance(model, Model) else (model.sql.calibrator, model.given_sql.calibrator)
        for target, model in bundle.models.items()
    }
