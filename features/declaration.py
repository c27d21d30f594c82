"""Every feature, declared once: templates of names, units and meanings, and the columns they make.

The order of the templates is the order in which the kernel fills its columns; tests hold both together.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from features.feature import AttributeSpec, Feature, Signal
from features.naming import slug, unique
from histories.clock import MINUTE
from histories.contract import AttributeType

WINDOWS = (1, 3, 7, 14, 30, 90)
HALF_LIVES = WINDOWS
SESSION_GAP = 30 * MINUTE

EVERY = (*(f"{days}d" for days in WINDOWS), "all")
HALVES = tuple(f"{days}d" for days in HALF_LIVES)
_ONCE = ("",)


@dataclass(frozen=True, slots=True)
class Template:
    """What several columns have in common. `{window}` in a name and `{span}` in a meaning are filled in for each."""

    name: str
    unit: str
    meaning: str
    absence: str = "0"
    favour: int = 0
    windows: tuple[str, ...] = _ONCE
    categorical: bool = False

    def features(self, signal: Signal) -> Iterable[Feature]:
        """Make the columns of one signal; `{signal}` and `{what}` are filled in from it."""
        for window in self.windows:
            yield Feature(
                name=self.name.format(signal=signal.name, window=window),
                unit=self.unit,
                meaning=self.meaning.format(what=signal.what, span=span(window), window=window),
                absence=self.absence,
                monotone=self.favour * signal.favour,
                signal=signal.key,
                categorical=self.categorical,
            )


def span(window: str) -> str:
    """Say a window in words.

    >>> span("7d"), span("all")
    ('in the 7 days before the cutoff', 'before the cutoff')
    """
    days = window.removesuffix("d")
    return f"in the {days} day{'' if days == '1' else 's'} before the cutoff" if days.isdigit() else "before the cutoff"


COUNT = Template("{signal}_count_{window}", "count", "How many {what} happened {span}.", "0", 1, EVERY)
DECAYED = Template(
    "{signal}_decayed_{window}",
    "count",
    "{what}, each counted as 2^(-age / {window}) at its age: one counts a half after {window}.",
    "0",
    1,
    HALVES,
)
SINCE_FIRST = Template("{signal}_since_first_days", "days", "Time since the first of {what}.", "missing")
AGE = Template("{signal}_age_days", "days", "Time since the latest of {what}.", "missing", -1)
SUM_OF = Template("{signal}_sum_{window}", "the values' own", "Sum of the values of {what} {span}.", "0", 0, EVERY)

SIGNAL = (COUNT, DECAYED, SINCE_FIRST, AGE)
SUM = (SUM_OF,)
TREND = (
    Template(
        "{signal}_trend_7d_30d",
        "ratio",
        "Rate of {what} in 7 days against 30: (count in 7 days + 1) / (count in 30 days x 7/30 + 1).",
        "1",
        1,
    ),
    Template(
        "{signal}_trend_30d_90d",
        "ratio",
        "Rate of {what} in 30 days against 90: (count in 30 days + 1) / (count in 90 days x 30/90 + 1).",
        "1",
        1,
    ),
)
CONTACT = (
    Template("inbound_share_30d", "share", "Inbound among inbound and outbound interactions of 30 days.", "missing"),
    Template("inbound_share_all", "share", "Inbound among all inbound and outbound interactions.", "missing"),
    Template("replies_per_outbound_all", "ratio", "Replies for each outbound interaction.", "missing", 1),
    Template(
        "answer_mean_hours",
        "hours",
        "Mean time from an outbound interaction to an inbound one that came next.",
        "missing",
        -1,
    ),
    Template(
        "answer_latest_hours",
        "hours",
        "Time from an outbound interaction to the inbound one that came next, the latest time this was so.",
        "missing",
        -1,
    ),
    Template(
        "outbound_unanswered_count", "count", "Outbound interactions in a row since the latest inbound one.", "0", -1
    ),
)
RHYTHM = (
    Template("active_days_{window}", "days", "Calendar days with an interaction {span}.", "0", 0, EVERY),
    Template(
        "sessions_count_{window}",
        "count",
        "Runs of interactions, ended by 30 minutes without one, whose latest interaction lies {span}.",
        "0",
        0,
        EVERY,
    ),
    Template("gap_mean_days", "days", "Mean time between one interaction and the next.", "missing"),
    Template("gap_spread_days", "days", "Standard deviation of the times between interactions.", "missing"),
    Template("gap_longest_days", "days", "Longest time between one interaction and the next.", "missing"),
    Template(
        "gap_current_ratio",
        "ratio",
        "Time since the latest interaction, divided by the mean time between interactions.",
        "missing",
    ),
)
VARIETY = (
    Template(
        "kinds_distinct_{window}",
        "count",
        "Distinct kinds of interactions {span}; all that have no column of their own are one.",
        "0",
        0,
        EVERY,
    ),
    Template("channels_distinct_{window}", "count", "Distinct channels of interactions {span}.", "0", 0, EVERY),
)
LATEST_KINDS = tuple(
    Template(f"latest_kind_{place}", "code", f"Kind of the {which} interaction.", "missing", categorical=True)
    for place, which in ((1, "latest"), (2, "second latest"), (3, "third latest"))
)
LATEST_TIME = (
    Template("latest_hour", "hour", "Hour of the day of the latest interaction, 0 to 23, local time.", "missing"),
    Template("latest_weekday", "weekday", "Weekday of the latest interaction, Monday 0, local time.", "missing"),
)
LEAD = (Template("lead_age_days", "days", "Time since the lead was created.", "never absent"),)
STAGE = (
    Template("{signal}_reached", "flag", "1 where stage {what} was reached before the cutoff.", "0", 1),
    Template("{signal}_age_days", "days", "Time since stage {what} was reached.", "missing"),
)
ACCOUNT = (
    Template(
        "account_others_count_{window}",
        "count",
        "Interactions of the account's other leads {span}.",
        "0; missing without an account",
        1,
        EVERY,
    ),
    Template(
        "account_others_intent_count_{window}",
        "count",
        "Interactions of family intent of the account's other leads {span}.",
        "0; missing without an account",
        1,
        EVERY,
    ),
    Template(
        "account_others_two_way_count_{window}",
        "count",
        "Interactions of family two_way of the account's other leads {span}.",
        "0; missing without an account",
        1,
        EVERY,
    ),
    Template("account_others_age_days", "days", "Time since the account's other leads last acted.", "missing", -1),
)
CATEGORY = Template("{signal}", "code", "Attribute {what} as of the cutoff.", "missing", categorical=True)
NUMBER = Template("{signal}", "the attribute's own", "Attribute {what} as of the cutoff.", "missing")

STAGES = ("mql", "sql", "opportunity")
FIXED_SIGNALS = ("inbound", "outbound", "replies")
_TAKEN = (
    *FIXED_SIGNALS,
    "interactions",
    "other",
    "sessions",
    "lead",
    "account_others",
    "account_others_intent",
    "account_others_two_way",
    *STAGES,
)


def signals(kinds: Sequence[str], families: Sequence[str], favours: Sequence[int]) -> tuple[Signal, ...]:
    """Return all signals in the kernel's order: direction, families, all interactions, kinds, other.

    `families` without outbound, which is a signal anyway; `favours`: of the families, then of the kinds.
    """
    names = unique([*families, *(slug(kind) for kind in kinds)], taken=_TAKEN)
    own = [
        *((f"family:{one}", f"interactions of family {one}") for one in families),
        *((f"kind:{one}", f"interactions of kind {one!r}") for one in kinds),
    ]
    made = [Signal(key, name, what, favour) for (key, what), name, favour in zip(own, names, favours, strict=True)]
    return (
        Signal("direction:inbound", "inbound", "inbound interactions", 1),
        Signal("direction:outbound", "outbound", "outbound interactions", 0),
        Signal("replies", "replies", "replies (two_way and not outbound)", 1),
        *made[: len(families)],
        Signal("interactions", "interactions", "interactions", 0),
        *made[len(families) :],
        Signal("other", "other", "interactions of any other kind", 0),
    )


def attribute_features(specs: Sequence[AttributeSpec], taken: Iterable[str]) -> tuple[Feature, ...]:
    """Return one column for each attribute, in their order; `taken` are the names of other columns."""
    names = unique((f"attribute.{slug(spec.name)}" for spec in specs), taken)
    return tuple(
        feature
        for spec, name in zip(specs, names, strict=True)
        for feature in (CATEGORY if spec.type is AttributeType.CATEGORY else NUMBER).features(
            Signal(f"attribute:{spec.name}", name, repr(spec.name), 0)
        )
    )


def fixed(templates: Iterable[Template], key: str) -> tuple[Feature, ...]:
    """Return the columns of templates that speak of no signal in particular."""
    about = Signal(key, key, key, 1)
    return tuple(feature for template in templates for feature in template.features(about))


def stage_features() -> tuple[Feature, ...]:
    """Return flag and age for each stage that a lead at risk may have reached."""
    return tuple(
        feature
        for stage in STAGES
        for template in STAGE
        for feature in template.features(Signal(f"stage:{stage}", stage, stage, 1))
    )
