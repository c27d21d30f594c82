"""Every feature again, from its definition: slow, obvious, and sharing nothing with the kernel but the names."""

import math
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from statistics import fmean, pstdev
from zoneinfo import ZoneInfo

from feature_own import Naive, own_row

from features.catalogue import Catalogue
from histories.contract import AttributeType, Families, Interaction, LeadHistory, duplicate_order
from histories.funnel import chronological, standing

DAY = timedelta(days=1) // timedelta(microseconds=1)
WINDOWS = {"1d": 1, "3d": 3, "7d": 7, "14d": 14, "30d": 30, "90d": 90, "all": math.inf}
Row = dict[str, float]


def row(history: LeadHistory, cutoff: int, catalogue: Catalogue) -> Row:
    """Return all features by name, NaN where missing."""
    events = _visible(history.interactions, cutoff)
    found: Row = {}
    for signal in catalogue.signals:
        mine = [one for one in events if _belongs(one, signal.key, catalogue)]
        found |= _signal(mine, cutoff, signal.name, signal.key in catalogue.valued)
        if not signal.key.startswith(("kind:", "other")):
            found |= _trend(mine, cutoff, signal.name)
    found |= _contact(events, cutoff, catalogue.families)
    found |= _rhythm(events, cutoff, catalogue.timezone)
    found |= _variety(events, cutoff, catalogue)
    found |= _latest(events, catalogue)
    found["lead_age_days"] = (cutoff - history.created_at) / DAY
    found |= _stages(history, cutoff)
    found |= _attributes(history, cutoff, catalogue)
    found |= _account(history, cutoff, catalogue.families)
    return found | own_row(catalogue.own, found, Naive(_directed(events, catalogue.families), cutoff))


def _visible(interactions: tuple[Interaction, ...], cutoff: int) -> list[Interaction]:
    """Oldest first."""
    once: dict[str, Interaction] = {}
    for one in sorted(interactions, key=duplicate_order):
        once.setdefault(one.interaction_id, one)
    seen = [
        one
        for one in once.values()
        if one.occurred_at < cutoff and (one.received_at is None or one.received_at <= cutoff)
    ]
    return sorted(seen, key=lambda one: (one.occurred_at, one.interaction_id))


def _directed(events: list[Interaction], families: Families) -> list[tuple[Interaction, frozenset[str], str | None]]:
    """Each with the families of its kind and with the direction that it has or that they tell."""

    def direction(one: Interaction) -> str | None:
        return "outbound" if _outbound(one, families) else "inbound" if _inbound(one, families) else None

    return [(one, families.of(one.kind), direction(one)) for one in events]


def _within(events: list[Interaction], cutoff: int, days: float) -> list[Interaction]:
    return [one for one in events if cutoff - days * DAY <= one.occurred_at < cutoff]


def _outbound(one: Interaction, families: Families) -> bool:
    if one.direction is None:
        return "outbound" in families.of(one.kind)
    return one.direction == "outbound"


def _inbound(one: Interaction, families: Families) -> bool:
    if one.direction is None:
        return "two_way" in families.of(one.kind) and "outbound" not in families.of(one.kind)
    return one.direction == "inbound"


def _reply(one: Interaction, families: Families) -> bool:
    return "two_way" in families.of(one.kind) and not _outbound(one, families)


def _belongs(one: Interaction, key: str, catalogue: Catalogue) -> bool:
    families = catalogue.families
    if key.startswith("kind:"):
        return one.kind == key.removeprefix("kind:")
    if key.startswith("family:"):
        return key.removeprefix("family:") in families.of(one.kind)
    return {
        "interactions": True,
        "other": one.kind not in catalogue.kinds,
        "direction:inbound": _inbound(one, families),
        "direction:outbound": _outbound(one, families),
        "replies": _reply(one, families),
    }[key]


def _age(one: Interaction, cutoff: int) -> float:
    return (cutoff - one.occurred_at) / DAY


def _signal(mine: list[Interaction], cutoff: int, name: str, valued: bool) -> Row:
    found: Row = {f"{name}_count_{window}": len(_within(mine, cutoff, days)) for window, days in WINDOWS.items()}
    for window, days in WINDOWS.items():
        if days < math.inf:
            found[f"{name}_decayed_{window}"] = sum(0.5 ** (_age(one, cutoff) / days) for one in mine)
    found[f"{name}_since_first_days"] = _age(mine[0], cutoff) if mine else math.nan
    found[f"{name}_age_days"] = _age(mine[-1], cutoff) if mine else math.nan
    if valued:
        for window, days in WINDOWS.items():
            found[f"{name}_sum_{window}"] = sum(
                one.value for one in _within(mine, cutoff, days) if one.value is not None and math.isfinite(one.value)
            )
    return found


def _trend(mine: list[Interaction], cutoff: int, name: str) -> Row:
    week, month, quarter = (len(_within(mine, cutoff, days)) for days in (7, 30, 90))
    return {
        f"{name}_trend_7d_30d": (week + 1) / (month * 7 / 30 + 1),
        f"{name}_trend_30d_90d": (month + 1) / (quarter * 30 / 90 + 1),
    }


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else math.nan


def _contact(events: list[Interaction], cutoff: int, families: Families) -> Row:
    month = _within(events, cutoff, 30)
    directed = [one for one in events if _inbound(one, families) or _outbound(one, families)]
    answers = [
        (after.occurred_at - before.occurred_at) / DAY * 24
        for before, after in pairwise(directed)
        if _outbound(before, families) and _inbound(after, families)
    ]
    unanswered = 0
    while unanswered < len(directed) and _outbound(directed[-1 - unanswered], families):
        unanswered += 1
    inbound = [one for one in events if _inbound(one, families)]
    outbound = [one for one in events if _outbound(one, families)]
    inbound_30d = [one for one in month if _inbound(one, families)]
    outbound_30d = [one for one in month if _outbound(one, families)]
    return {
        "inbound_share_30d": _ratio(len(inbound_30d), len(inbound_30d) + len(outbound_30d)),
        "inbound_share_all": _ratio(len(inbound), len(inbound) + len(outbound)),
        "replies_per_outbound_all": _ratio(sum(_reply(one, families) for one in events), len(outbound)),
        "answer_mean_hours": fmean(answers) if answers else math.nan,
        "answer_latest_hours": answers[-1] if answers else math.nan,
        "outbound_unanswered_count": unanswered,
    }


def _local(moment: int, zone: str) -> datetime:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=moment)).astimezone(ZoneInfo(zone))


def _rhythm(events: list[Interaction], cutoff: int, zone: str) -> Row:
    times = [one.occurred_at for one in events]
    last_of_session = [one for one, after in pairwise(times) if after - one >= 30 * 60 * 1_000_000] + times[-1:]
    found: Row = {}
    for window, days in WINDOWS.items():
        recent = _within(events, cutoff, days)
        found[f"active_days_{window}"] = len({_local(one.occurred_at, zone).date() for one in recent})
        found[f"sessions_count_{window}"] = sum(cutoff - days * DAY <= time for time in last_of_session)
    gaps = [(after - one) / DAY for one, after in pairwise(times)]
    since = (cutoff - times[-1]) / DAY if times else math.nan
    found["gap_mean_days"] = fmean(gaps) if gaps else math.nan
    found["gap_spread_days"] = pstdev(gaps) if gaps else math.nan
    found["gap_longest_days"] = max(gaps, default=math.nan)
    found["gap_current_ratio"] = _ratio(since, fmean(gaps)) if gaps else math.nan
    return found


def _variety(events: list[Interaction], cutoff: int, catalogue: Catalogue) -> Row:
    found: Row = {}
    for window, days in WINDOWS.items():
        recent = _within(events, cutoff, days)
        kinds = {one.kind if one.kind in catalogue.kinds else None for one in recent}
        channels = {
            one.channel if one.channel in catalogue.channels else "other" for one in recent if one.channel is not None
        }
        found[f"kinds_distinct_{window}"] = len(kinds)
        found[f"channels_distinct_{window}"] = len(channels)
    return found


def _latest(events: list[Interaction], catalogue: Catalogue) -> Row:
    codes = {kind: code for code, kind in enumerate(catalogue.kinds)}
    found: Row = {f"latest_kind_{place}": math.nan for place in (1, 2, 3)}
    for place, one in enumerate(reversed(events[-3:]), 1):
        found[f"latest_kind_{place}"] = codes.get(one.kind, len(codes))
    local = _local(events[-1].occurred_at, catalogue.timezone) if events else None
    found["latest_hour"] = local.hour if local else math.nan
    found["latest_weekday"] = local.weekday() if local else math.nan
    return found


def _stages(history: LeadHistory, cutoff: int) -> Row:
    reached = standing(chronological(history.outcomes), cutoff).reached
    found: Row = {}
    for rank, stage in ((1, "mql"), (2, "sql"), (3, "opportunity")):
        at = reached[rank]
        found[f"{stage}_reached"] = at is not None
        found[f"{stage}_age_days"] = math.nan if at is None else (cutoff - at) / DAY
    return found


def _attributes(history: LeadHistory, cutoff: int, catalogue: Catalogue) -> Row:
    found: Row = {}
    names = [feature.name for feature in catalogue.blocks["attributes"]]
    for spec, name in zip(catalogue.attributes, names, strict=True):
        codes = {text: code for code, text in enumerate(spec.categories)}
        known: list[tuple[float, float, float]] = []
        for one in history.attributes:
            at = -math.inf if one.known_at is None else one.known_at
            if one.name != spec.name or at >= cutoff:
                continue
            if one.value is None or (isinstance(one.value, float) and not math.isfinite(one.value)):
                known.append((at, -math.inf, math.nan))
            elif spec.type is AttributeType.NUMBER:
                known.append((at, float(one.value), float(one.value)))
            else:
                code = codes.get(str(one.value), len(codes))
                known.append((at, code, code))
        found[name] = max(known, key=lambda one: one[:2])[2] if known else math.nan
    return found


def _account(history: LeadHistory, cutoff: int, families: Families) -> Row:
    others = history.account_interactions
    events = _visible(others or (), cutoff)
    found: Row = {"account_others_age_days": _age(events[-1], cutoff) if events else math.nan}
    for prefix, family in (("", None), ("intent_", "intent"), ("two_way_", "two_way")):
        for window, days in WINDOWS.items():
            counted = [
                one for one in _within(events, cutoff, days) if family is None or family in families.of(one.kind)
            ]
            unknown = others is None or (family is not None and family not in families.patterns)
            found[f"account_others_{prefix}count_{window}"] = math.nan if unknown else len(counted)
    return found
