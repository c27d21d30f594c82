"""The words every room shares: what a lead's history is made of, for one lead and for many."""

import fnmatch
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

import pyarrow as pa


class Stage(StrEnum):
    """How far a lead has come. Declared in the order of the funnel; `lost` lies beside it."""

    LEAD = "lead"
    MQL = "mql"
    SQL = "sql"
    OPPORTUNITY = "opportunity"
    CUSTOMER = "customer"
    LOST = "lost"

    # An enum hashes as its name. This one equals its text, so it must be found where the text is.
    __hash__ = str.__hash__

    @property
    def rank(self) -> int:
        """0 for lead up to 4 for customer; lost is -1."""
        return -1 if self is Stage.LOST else FUNNEL.index(self)


FUNNEL = (Stage.LEAD, Stage.MQL, Stage.SQL, Stage.OPPORTUNITY, Stage.CUSTOMER)


class Target(StrEnum):
    """What a model predicts: that the lead reaches this stage, or a later one, within the horizon."""

    SQL = "sql"
    CUSTOMER = "customer"

    @property
    def stage(self) -> Stage:
        """The stage that a lead must reach."""
        return Stage(self.value)


class Direction(StrEnum):
    """Who acted: the lead (inbound) or we (outbound)."""

    INBOUND = "inbound"
    OUTBOUND = "outbound"

    __hash__ = str.__hash__  # as of Stage


class AttributeType(StrEnum):
    """How an attribute is read: as one of few words, or as a number."""

    CATEGORY = "category"
    NUMBER = "number"


class Interaction(NamedTuple):
    """One thing that happened. Times in UTC microseconds; `received_at` None: it was known as it happened.

    A tuple, so that `zip(*interactions)` gives columns without a look at each field by its name.
    """

    interaction_id: str
    occurred_at: int
    kind: str
    received_at: int | None = None
    channel: str | None = None
    direction: Direction | None = None
    value: float | None = None


@dataclass(frozen=True, slots=True)
class Attribute:
    """A value and when it became known; `known_at` None: with the lead. `value` None: known to be missing."""

    name: str
    value: str | float | None
    known_at: int | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """A lead's arrival at a stage; `amount` in the CRM's currency, for a deal."""

    stage: Stage
    reached_at: int
    amount: float | None = None


@dataclass(frozen=True, slots=True)
class LeadHistory:
    """All that is known of one lead, in any order and with duplicates: readers sort and remove them.

    `account_interactions` are those of the account's other leads; None: unknown (not: there were none).
    """

    lead_id: str
    created_at: int
    account_id: str | None = None
    attributes: tuple[Attribute, ...] = ()
    interactions: tuple[Interaction, ...] = ()
    outcomes: tuple[Outcome, ...] = ()
    account_interactions: tuple[Interaction, ...] | None = None


_FAMILY_NAME = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True)
class Families:
    """What kinds have in common: `patterns` maps a family's name to kinds, `*` allowed. Many-to-many."""

    patterns: Mapping[str, tuple[str, ...]]

    def __post_init__(self) -> None:
        """Refuse names that could not stand in a feature's name."""
        for name in self.patterns:
            if not _FAMILY_NAME.fullmatch(name):
                raise ValueError(f"family {name!r}: a name is lower-case letters, digits and _")

    def of(self, kind: str) -> frozenset[str]:
        """Return the families that a kind belongs to.

        >>> Families({"intent": ("demo_*",), "two_way": ("reply",)}).of("demo_request")
        frozenset({'intent'})
        """
        return _families_of(tuple(self.patterns.items()), kind)


@lru_cache(maxsize=4096)
def _families_of(patterns: tuple[tuple[str, tuple[str, ...]], ...], kind: str) -> frozenset[str]:
    return frozenset(
        family for family, globs in patterns if any(fnmatch.fnmatchcase(kind, _literal(glob)) for glob in globs)
    )


def _literal(glob: str) -> str:
    """`*` alone is special: CRMs put brackets and question marks into kinds."""
    return glob.replace("[", "[[]").replace("?", "[?]")


LEADS = pa.schema([("lead_id", pa.string()), ("created_at", pa.int64()), ("account_id", pa.string())])
ATTRIBUTES = pa.schema(
    [
        ("lead_id", pa.string()),
        ("name", pa.string()),
        ("text", pa.string()),  # set where the attribute is a category
        ("number", pa.float64()),  # set where it is a number
        ("known_at", pa.int64()),  # null: with the lead
    ]
)
INTERACTIONS = pa.schema(
    [
        ("lead_id", pa.string()),
        ("interaction_id", pa.string()),
        ("occurred_at", pa.int64()),
        ("received_at", pa.int64()),  # null: as it happened
        ("kind", pa.string()),
        ("channel", pa.string()),
        ("direction", pa.string()),
        ("value", pa.float64()),
    ]
)
OUTCOMES = pa.schema(
    [("lead_id", pa.string()), ("stage", pa.string()), ("reached_at", pa.int64()), ("amount", pa.float64())]
)


@dataclass(frozen=True, eq=False)
class Histories:
    """All leads of an export. Every row's `lead_id` is one of `leads`; times are UTC microseconds.

    `leads` (one row a lead), `attributes` (one row a value), `interactions` (one row an interaction; unique
    by lead and interaction_id, sorted by lead_id, occurred_at, interaction_id) and `outcomes` (one row an
    arrival, sorted by lead_id, reached_at) follow the schemas of this module. `exported_at`: nothing later is
    in it. `timezone`: the IANA zone of calendar features. For features, which take interactions in any order, these may
    lie in files as `histories.stored.Stored`.
    """

    leads: pa.Table
    attributes: pa.Table
    interactions: pa.Table
    outcomes: pa.Table
    exported_at: int
    timezone: str
    families: Families
    attribute_types: Mapping[str, AttributeType]


def duplicate_order(one: Interaction) -> tuple[object, ...]:
    """Sort key under which, among interactions of one id, the one to keep comes first: the earliest received."""
    received = one.occurred_at if one.received_at is None else one.received_at
    return (
        received,
        one.occurred_at,
        one.kind,
        one.channel or "",
        one.direction or "",
        one.value is None,
        one.value or 0.0,
        one.received_at is None,
        one.channel is None,  # an empty text is none, and yet another row
        one.direction is None,
    )


def without_duplicates(interactions: Iterable[Interaction]) -> list[Interaction]:
    """Return one interaction for each id (the earliest received), sorted by time, then id."""
    kept: dict[str, Interaction] = {}
    for one in interactions:
        other = kept.get(one.interaction_id)
        if other is None or duplicate_order(one) < duplicate_order(other):
            kept[one.interaction_id] = one
    return sorted(kept.values(), key=lambda one: (one.occurred_at, one.interaction_id))
