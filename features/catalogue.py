"""The one list of features: which columns there are, what each means, and in what order the kernel fills them."""

import hashlib
import json
import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import astuple, dataclass, replace
from functools import cached_property

from features import declaration, learn
from features.census import Census, census
from features.encoding.signature import Signatures, counted_families
from features.feature import AttributeSpec, Feature, Signal
from features.own import columns as own_columns
from features.own.features import OwnFeature
from features.own.features import from_json as own_from_json
from features.own.predicate import Predicate
from features.own.unmet import unmet
from histories.contract import AttributeType, Families, Histories
from histories.errors import CallError, DataError

_log = logging.getLogger(__name__)

__all__ = ["AttributeSpec", "Catalogue", "Feature", "Signal", "build", "of_census"]

# Goes up when the kernel computes something else under an unchanged description, so that no old bundle is read
# with new numbers.
MEANING = 2


@dataclass(frozen=True, eq=False)
class Catalogue:
    """What the columns of a feature matrix are, frozen when a model is trained.

    `kinds` have columns of their own, the commonest first; `rare_kinds` were seen in training as well, but count
    as `other`. `channels` are told apart when channels are counted. `valued` are the keys of the signals in which
    values occurred: only they have sums. Two catalogues are equal if their columns mean the same.
    """

    kinds: tuple[str, ...]
    families: Families
    attributes: tuple[AttributeSpec, ...]
    timezone: str
    channels: tuple[str, ...] = ()
    valued: tuple[str, ...] = ()
    rare_kinds: tuple[str, ...] = ()
    own: tuple[OwnFeature, ...] = ()

    @cached_property
    def family_names(self) -> tuple[str, ...]:
        """The families that are signals; `outbound` is one with the direction of that name."""
        return counted_families(self.families)

    def signatures(self) -> Signatures:
        """Return a new encoder of interactions."""
        return Signatures(self.kinds, self.channels, self.families, self.predicates)

    @cached_property
    def signals(self) -> tuple[Signal, ...]:
        """What is counted, in the kernel's order."""
        favours = [_favour({name}) for name in self.family_names]
        favours += [_favour(self.families.of(kind)) for kind in self.kinds]
        return declaration.signals(self.kinds, self.family_names, favours)

    @cached_property
    def blocks(self) -> Mapping[str, tuple[Feature, ...]]:
        """The columns by block, in the order of the matrix."""
        signals = self.signals
        of_signals = {
            "signals": _columns(signals, declaration.SIGNAL),
            "sums": _columns([one for one in signals if one.key in self.valued], declaration.SUM),
            "trends": _columns(signals[: 4 + len(self.family_names)], declaration.TREND),
        }
        taken = [column.name for columns in of_signals.values() for column in columns]
        blocks = of_signals | {
            "contact": declaration.fixed(declaration.CONTACT, "contact"),
            "rhythm": declaration.fixed(declaration.RHYTHM, "rhythm"),
            "variety": declaration.fixed(declaration.VARIETY, "variety"),
            "latest": declaration.fixed(declaration.LATEST_KINDS, "latest_kinds")
            + declaration.fixed(declaration.LATEST_TIME, "latest_time"),
            "lead": declaration.fixed(declaration.LEAD, "lead_age"),
            "stages": declaration.stage_features(),
            "attributes": declaration.attribute_features(self.attributes, taken),
            "account": declaration.fixed(declaration.ACCOUNT, "account"),
        }
        columns = tuple(column for block in blocks.values() for column in block)
        around = own_columns.Around(columns, self.families, self.rare_kinds)
        return blocks | {"own": own_columns.features(self.own, around)}

    @cached_property
    def features(self) -> tuple[Feature, ...]:
        """All columns in the order of the matrix."""
        return tuple(feature for block in self.blocks.values() for feature in block)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The columns' names, all different."""
        return tuple(feature.name for feature in self.features)

    @cached_property
    def predicates(self) -> tuple[Predicate, ...]:
        """The predicates of own features, each once, in the kernel's order."""
        return own_columns.predicates(self.own)

    @cached_property
    def own_program(self) -> own_columns.Program:
        """What the kernel runs to fill the columns of own features."""
        return own_columns.program(self.own, self.names)

    @cached_property
    def hash(self) -> str:
        """SHA-256 (hex) of the catalogue and of what each of its columns is: it moves with any change of meaning."""
        columns = [astuple(column) for column in self.features]
        content = json.dumps([MEANING, self.to_json(), columns], ensure_ascii=True, sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()

    def to_json(self) -> str:
        """Return the catalogue as canonical JSON; `from_json` reads it."""
        content = {
            "kinds": self.kinds,
            "rare_kinds": self.rare_kinds,
            # Pairs, not an object: the order of the families is the order of their columns.
            "families": [[name, list(globs)] for name, globs in self.families.patterns.items()],
            "attributes": [[one.name, one.type.value, one.categories] for one in self.attributes],
            "timezone": self.timezone,
            "channels": self.channels,
            "valued": self.valued,
            "own": [one.to_json() for one in self.own],
        }
        return json.dumps(content, ensure_ascii=False, sort_keys=True, indent=1)

    @staticmethod
    def from_json(text: str) -> "Catalogue":
        """Read what `to_json` wrote. Raises DataError on anything else."""
        try:
            content = json.loads(text)
            catalogue = Catalogue(
                kinds=tuple(content["kinds"]),
                families=Families({name: tuple(globs) for name, globs in content["families"]}),
                attributes=tuple(
                    AttributeSpec(name, AttributeType(kind), tuple(categories))
                    for name, kind, categories in content["attributes"]
                ),
                timezone=content["timezone"],
                channels=tuple(content["channels"]),
                valued=tuple(content["valued"]),
                rare_kinds=tuple(content["rare_kinds"]),
                own=tuple(own_from_json(one) for one in content["own"]),
            )
            _ = catalogue.own_program  # made now, so that a mistake shows here
        except (ValueError, TypeError, KeyError, CallError) as error:
            raise DataError(f"this is not a feature catalogue ({error!r}); take the one that was written") from None
        return catalogue

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Catalogue) and self.hash == other.hash

    def __hash__(self) -> int:
        return hash(self.hash)


def build(
    histories: Histories, lead_ids: Collection[str], *, until: int, own: tuple[OwnFeature, ...] = ()
) -> Catalogue:
    """Choose the columns from what was known of the training leads before `until` (UTC microseconds).

    Kinds that at least 50 of the leads have get columns, the 60 commonest at most; categories that at least 20
    have get a code; sums are made of signals in which values occur. `own` features come last. Raises CallError where
    there are too many families to tell apart, or where an own feature names what is not there.
    """
    return of_census(
        census(histories, lead_ids, until),
        families=histories.families,
        attribute_types=histories.attribute_types,
        timezone=histories.timezone,
        own=own,
    )


def of_census(
    counted: Census,
    *,
    families: Families,
    attribute_types: Mapping[str, AttributeType],
    timezone: str,
    own: tuple[OwnFeature, ...] = (),
) -> Catalogue:
    """Choose the columns from what the training leads have, as `build` does; shards' censuses may be added first.

    The log names own features that take nothing of what was counted.
    """
    kinds, rare = learn.kinds(counted)
    catalogue = Catalogue(
        kinds=kinds,
        families=families,
        attributes=learn.attributes(counted, attribute_types),
        timezone=timezone,
        channels=learn.channels(counted),
        rare_kinds=rare,
    )
    keys = tuple(signal.key for signal in catalogue.signals)
    valued = learn.valued(counted, catalogue.signatures(), keys)
    made = with_own(replace(catalogue, valued=valued), own)
    for message in unmet(own, counted, families):
        _log.warning(message)
    return made


def with_own(catalogue: Catalogue, own: tuple[OwnFeature, ...]) -> Catalogue:
    """Return a catalogue with own features, the last of its columns.

    Raises CallError, with the place in the recipe, where one names what is no column, no family, or is taken.
    """
    made = replace(catalogue, own=own)
    _ = made.own_program  # made now, so that a mistake shows here
    return made


def _columns(signals: Sequence[Signal], templates: Sequence[declaration.Template]) -> tuple[Feature, ...]:
    return tuple(column for one in signals for template in templates for column in template.features(one))


def _favour(families: Collection[str]) -> int:
    """What sales would say of a family: a reply is good news, a complaint bad, of an opened e-mail nobody knows."""
    good, bad = bool({"intent", "two_way"} & set(families)), "negative" in families
    return int(good) - int(bad)
