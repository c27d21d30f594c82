"""What a model's trees split on: the gain of all their splits, summed by family of features."""

from collections import Counter
from collections.abc import Iterator, Mapping

import numpy as np

from features.catalogue import Catalogue
from features.feature import Feature
from scoring.chain import Chain
from scoring.model import BoosterMember, Model

OTHER_KINDS = "kinds of no family"
_BLOCKS = {
    "account": "the account's other leads",
    "attributes": "attributes",
    "contact": "contact",
    "latest": "latest interaction",
    "lead": "age of the lead",
    "own": "own features",
    "rhythm": "rhythm",
    "stages": "stages reached",
    "variety": "variety",
}
_SIGNALS = {"interactions": "all interactions", "other": OTHER_KINDS, "replies": "replies"}


def by_family(model: Model | Chain, catalogue: Catalogue) -> Mapping[str, float]:
    """Return each family's share of the gain (log loss that splits took away in training), the largest first.

    A family is one of the export's, with the kinds that belong to it; an attribute; or what else columns are about. A
    kind of several families counts for the first of them. Members without trees have no gain: empty where none has
    trees. Gain says what the trees used, not what would be lost without it: families that say the same share theirs.
    """
    families = [
        family for block, columns in catalogue.blocks.items() for family in _families(block, columns, catalogue)
    ]
    gains: Counter[str] = Counter()
    for booster in _boosters(model):
        gain = booster.booster.feature_importance(importance_type="gain")
        for family, one in zip(families, np.asarray(gain, dtype=np.float64).tolist(), strict=True):
            gains[family] += booster.weight * one
    total = sum(gains.values())
    return {family: gain / total for family, gain in gains.most_common() if gain > 0}


def _boosters(model: Model | Chain) -> Iterator[BoosterMember]:
    for part in (model.sql, model.given_sql) if isinstance(model, Chain) else (model,):
        yield from (member for member in part.members if isinstance(member, BoosterMember))


def _families(block: str, columns: tuple[Feature, ...], catalogue: Catalogue) -> Iterator[str]:
    for column in columns:
        sort, _, name = column.signal.partition(":")
        if block in _BLOCKS:
            yield f"{name} (attribute)" if block == "attributes" else _BLOCKS[block]
        elif sort == "kind":
            of = [family for family in catalogue.family_names if family in catalogue.families.of(name)]
            yield of[0] if of else OTHER_KINDS
        else:
            yield _SIGNALS.get(sort, name or sort)
