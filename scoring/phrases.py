"""What each feature says of a lead, in words with its number: the first half of a reason's sentence."""

import math
import re
from collections.abc import Callable, Mapping, Sequence

from features.catalogue import AttributeSpec, Catalogue, Feature
from histories.contract import AttributeType
from scoring import own_phrases, words
from scoring.calibration import Floats
from scoring.own_phrases import Phrase

_WINDOWED = re.compile(r".+_(count|decayed|distinct|sum|active_days)_(\d+d|all)|active_days_(\d+d|all)")
_AGE = re.compile(r".+?_(since_first|age)_days")
_TREND = re.compile(r"(.+)_trend_(\d+d)_(\d+d)")
_MOST_OF = {"1d": "3d", "3d": "7d", "7d": "14d", "14d": "30d", "30d": "90d", "90d": "all"}
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_NO_INTERACTION = "No interaction so far"

_LABELS = {
    "replies": "reply",
    "interactions": "interaction",
    "other": "other interaction",
    "direction:inbound": "inbound interaction",
    "direction:outbound": "outbound interaction",
}
_NAMED = {
    "active_days": "active day",
    "sessions_count": "session",
    "kinds_distinct": "distinct kind",
    "channels_distinct": "distinct channel",
    "account_others_count": "interaction by others of the account",
    "account_others_intent_count": "intent interaction by others of the account",
    "account_others_two_way_count": "two-way contact with others of the account",
    "account_others_age": "interaction by others of the account",
}


def phrases(catalogue: Catalogue) -> tuple[Phrase, ...]:
    """Return a phrase for each feature of a catalogue, in its order."""
    places = {name: place for place, name in enumerate(catalogue.names)}
    return tuple(_phrase(feature, place, places, catalogue) for place, feature in enumerate(catalogue.features))


def _phrase(feature: Feature, place: int, places: Mapping[str, int], catalogue: Catalogue) -> Phrase:
    topic = feature.signal.partition(":")[0]
    if topic == "attribute":
        return _attribute(place, _spec(feature, catalogue))
    if topic == "own":
        return own_phrases.phrase(next(one for one in catalogue.own if one.name == feature.name), feature, place)
    if topic == "stage":
        return _stage(place, feature)
    if feature.name.startswith("latest_kind_"):
        return _latest_kind(place, feature, catalogue.kinds)
    if feature.name in _FIXED:
        return _reading(place, *_FIXED[feature.name])
    return _counted(feature, place, places) or _fallback(place, feature)


def _counted(feature: Feature, place: int, places: Mapping[str, int]) -> Phrase | None:
    """Counts, sums, ages and trends of a signal; None for any other feature."""
    if trend := _TREND.fullmatch(feature.name):
        short, long = (places[f"{trend[1]}_count_{window}"] for window in (trend[2], trend[3]))
        return _trend(_label(feature, trend[1]), short, trend[2], long, trend[3])
    if _WINDOWED.fullmatch(feature.name):
        stem, _, window = feature.name.rpartition("_")
        if stem.endswith("_sum"):
            return _sum(place, _label(feature, stem), window)
        if stem.endswith("_decayed"):
            return _decayed(stem.removesuffix("_decayed"), _label(feature, stem), window, places)
        return _count(place, _label(feature, stem), window)
    if _AGE.fullmatch(feature.name):
        return _age(place, _label(feature, feature.name.removesuffix("_days")), feature.name)
    return None


def _label(feature: Feature, stem: str) -> str:
    """What is counted, in the singular."""
    topic, _, name = feature.signal.partition(":")
    if feature.signal in _LABELS:
        return _LABELS[feature.signal]
    if topic == "kind":
        return words.kind(name)
    if topic == "family":
        return words.family(name)
    return _NAMED.get(stem, stem.replace("_", " "))


def _count(place: int, label: str, window: str) -> Phrase:
    within = words.within(window)

    def phrase(row: Floats) -> str:
        if math.isnan(row[place]):
            return f"Whether there was any {label} {within} is not known"
        return f"{words.counted(row[place], label)} {within}"

    return phrase


def _decayed(stem: str, label: str, half_life: str, places: Mapping[str, int]) -> Phrase:
    """A decayed count is nothing to tell a salesperson: the count of the days that most of it comes from is.

    Three quarters of a steady stream's decayed count come from the latest two half-lives. Where those are empty, what
    is left of it is older, and all of it is told.
    """
    window = _MOST_OF[half_life]
    told = [(places[f"{stem}_count_{one}"], one) for one in (window, "all")]

    def phrase(row: Floats) -> str:
        place, within = next((one for one in told if row[one[0]]), told[0])
        return _count(place, label, within)(row)

    return phrase


def _sum(place: int, label: str, window: str) -> Phrase:
    return lambda row: f"Values of {words.plural(label)} {words.within(window)}, {words.number(row[place])} in all,"


def _age(place: int, label: str, name: str) -> Phrase:
    which = "first" if name.endswith("_since_first_days") else "latest"
    return _reading(place, lambda days: f"The {which} {label}, {words.span(days)} ago,", f"No {label} so far")


def _trend(label: str, short: int, short_window: str, long: int, long_window: str) -> Phrase:
    def phrase(row: Floats) -> str:
        long_count = words.number(row[long]) if row[long] else "none"
        return (
            f"{words.counted(row[short], label)} {words.within(short_window)}, {long_count} {words.within(long_window)}"
        )

    return phrase


def _stage(place: int, feature: Feature) -> Phrase:
    stage = feature.signal.partition(":")[2]
    absent = f"Stage {stage} not reached"
    if feature.name.endswith("_reached"):
        return lambda row: f"Stage {stage} reached" if row[place] == 1 else absent
    return _reading(place, lambda days: f"Stage {stage}, reached {words.span(days)} ago,", absent)


def _latest_kind(place: int, feature: Feature, kinds: Sequence[str]) -> Phrase:
    which = feature.meaning.removeprefix("Kind of ").rstrip(".")
    which = which[:1].upper() + which[1:]

    def say(code: float) -> str:
        return f"{which} ({words.kind(kinds[int(code)]) if code < len(kinds) else 'another kind'})"

    return _reading(place, say, f"No {which[4:]} so far")


def _spec(feature: Feature, catalogue: Catalogue) -> AttributeSpec:
    name = feature.signal.partition(":")[2]
    return next(spec for spec in catalogue.attributes if spec.name == name)


def _attribute(place: int, spec: AttributeSpec) -> Phrase:
    name = words.attribute(spec.name)

    def say(value: float) -> str:
        if spec.type is AttributeType.NUMBER:
            return f"{name} is {words.number(value)}"
        return f"{name} is {spec.categories[int(value)] if value < len(spec.categories) else 'one of the rare ones'}"

    return _reading(place, say, f"{name} is not known")


def _fallback(place: int, feature: Feature) -> Phrase:
    meaning = feature.meaning.rstrip(".")
    return _reading(place, lambda value: f"{meaning} ({words.number(value)} {feature.unit})", f"{meaning} (missing)")


def _reading(place: int, say: Callable[[float], str], absent: str) -> Phrase:
    """A phrase that reads one value, and says something else where that is missing."""
    return lambda row: absent if math.isnan(row[place]) else say(float(row[place]))


def _unanswered(count: float) -> str:
    if count == 0:
        return "No outbound interaction without a reply"
    return f"No reply to the last {'' if count == 1 else f'{words.number(count)} '}outbound interaction" + (
        "" if count == 1 else "s"
    )


def _after(hours: float) -> str:
    return words.span(hours / 24)


_FIXED: Mapping[str, tuple[Callable[[float], str], str]] = {
    "inbound_share_30d": (lambda x: f"A share of {x:.0%} inbound in 30 days", "No interaction in 30 days"),
    "inbound_share_all": (lambda x: f"A share of {x:.0%} inbound so far", _NO_INTERACTION),
    "replies_per_outbound_all": (
        lambda x: f"{words.number(x)} replies for each outbound interaction",
        "No outbound interaction so far",
    ),
    "answer_mean_hours": (lambda x: f"A mean wait of {_after(x)} for an answer", "No answer so far"),
    "answer_latest_hours": (lambda x: f"A wait of {_after(x)} for the latest answer", "No answer so far"),
    "outbound_unanswered_count": (_unanswered, _NO_INTERACTION),
    "gap_mean_days": (lambda x: f"A mean of {words.span(x)} between interactions", "Fewer than two interactions"),
    "gap_spread_days": (
        lambda x: f"A spread of {words.span(x)} in the times between interactions",
        "Fewer than two interactions",
    ),
    "gap_longest_days": (lambda x: f"A longest silence of {words.span(x)}", "Fewer than two interactions"),
    "gap_current_ratio": (
        lambda x: f"A silence of {words.number(x)} times the usual length",
        "Fewer than two interactions",
    ),
    "latest_hour": (lambda x: f"The latest interaction, between {x:.0f}:00 and {x + 1:.0f}:00,", _NO_INTERACTION),
    "latest_weekday": (lambda x: f"The latest interaction, on a {_DAYS[int(x) % 7]},", _NO_INTERACTION),
    "lead_age_days": (lambda x: f"The lead's age of {words.span(x)}", "The lead's age"),
}
