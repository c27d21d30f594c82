"""What an edit changes in a rulebook, in sentences."""

from collections.abc import Iterator, Mapping
from dataclasses import fields

from scoring.rulebook import Rulebook
from scoring.rules import (
    BANT,
    HUNDREDTHS,
    AttributeCondition,
    Condition,
    EngagementRule,
    FitRule,
    Grades,
    InteractionCondition,
    StageRule,
)
from scoring.words import number, points

Rule = EngagementRule | FitRule


def changes(old: Rulebook, new: Rulebook) -> tuple[str, ...]:
    """Say what differs, a sentence each, rules first in the order of `new`; nothing for rulebooks that say the same.

    A rule is known by its name: one that was renamed is taken out and put in.
    """
    return (*_rules(old, new), *_qualification(old, new), *_settings(old, new))


def condition(one: Condition | None) -> str:
    """Write a condition as its keys in the rulebook.

    >>> condition(InteractionCondition(kinds=("demo_*",), channel="web"))
    'kinds demo_*, channel web'
    >>> condition(AttributeCondition("employees", at_least=200.0, at_most=2000.0))
    'employees from 200 to 2,000'
    """
    if one is None:
        return "nothing"
    return f"{one.attribute} {_test(one)}" if isinstance(one, AttributeCondition) else _interactions(one)


def _interactions(one: InteractionCondition) -> str:
    parts = [f"family {one.family}" if one.family else f"kinds {', '.join(one.kinds)}"]
    parts += [f"channel {one.channel}"] if one.channel else []
    parts += [f"direction {one.direction.value}"] if one.direction else []
    parts += [f"value at least {number(one.at_least)}"] if one.at_least is not None else []
    return ", ".join(parts)


def _test(one: AttributeCondition) -> str:
    if one.missing is not None:
        return "missing" if one.missing else "known"
    if one.values:
        return f"one of {', '.join(str(value) for value in one.values)}"
    if one.at_least is not None and one.at_most is not None:
        return f"from {number(one.at_least)} to {number(one.at_most)}"
    if one.at_least is not None:
        return f"at least {number(one.at_least)}"
    return f"at most {number(one.at_most or 0.0)}"


def _rules(old: Rulebook, new: Rulebook) -> Iterator[str]:
    before, after = _by_name(old), _by_name(new)
    for name, rule in after.items():
        was = before.get(name)
        if was is None:
            yield f"“{name}” is new: {points(rule.points)} for {condition(rule.when)}"
        elif was != rule:
            yield f"“{name}”: {'; '.join(edits(was, rule))}"
    yield from (
        f"“{name}” is taken out; it gave {points(was.points)}" for name, was in before.items() if name not in after
    )


def _by_name(book: Rulebook) -> Mapping[str, Rule]:
    rules: tuple[Rule, ...] = (*book.engagement, *book.fit)
    return {rule.name: rule for rule in rules}


def edits(was: Rule, now: Rule) -> Iterator[str]:
    """Say what differs between two rules, whatever their names."""
    if was.when != now.when:
        yield f"{condition(was.when)} becomes {condition(now.when)}"
    if was.points != now.points:
        yield f"{_plain(was.points)} → {points(now.points)}"
    limits = (_limit(was), _limit(now))
    if limits[0] != limits[1]:
        yield f"limit {_or_none(limits[0])} → {_or_none(limits[1])}"
    if _fading(was) != _fading(now):
        yield f"{_fading(was)} → {_fading(now)}"


def _limit(rule: Rule) -> int | None:
    return rule.limit if isinstance(rule, EngagementRule) else None


def _fading(rule: Rule) -> str:
    if isinstance(rule, EngagementRule) and rule.half_life_days is not None:
        return f"half-life {number(rule.half_life_days)} days"
    if isinstance(rule, EngagementRule) and rule.expires_days is not None:
        return f"expires after {number(rule.expires_days)} days"
    return "points stay"


def _qualification(old: Rulebook, new: Rulebook) -> Iterator[str]:
    was, now = old.qualification, new.qualification
    if was is None or now is None:
        if was != now:
            yield "qualification is new" if was is None else "qualification is taken out"
        return
    for part in BANT:
        before, after = getattr(was, part), getattr(now, part)
        if before != after:
            yield f"{part} is told by {condition(after)}; it was by {condition(before)}"
    if was.points_each != now.points_each:
        yield f"qualification: {_plain(was.points_each)} → {points(now.points_each)} each"


def _settings(old: Rulebook, new: Rulebook) -> Iterator[str]:
    names = {"name": "name", "engagement_limit": "limit of engagement", "fit_limit": "limit of fit"}
    names |= {
        "mql": "mql",
        "sql": "sql",
        "grades": "grades",
        "mql_hours": "hours for an mql",
        "sql_hours": "hours for an sql",
    }
    for one in fields(Rulebook):
        before, after = getattr(old, one.name), getattr(new, one.name)
        if one.name in names and before != after:
            yield f"{names[one.name]}: {_setting(one.name, before)} → {_setting(one.name, after)}"


def _setting(name: str, value: object) -> str:
    if isinstance(value, StageRule):
        return f"from {points(value.points)}" + (" with contact both ways" if value.two_way else "")
    if isinstance(value, Grades):
        cuts = (", ".join(map(_plain, group)) for group in (value.fit, value.engagement))
        return "fit {}, engagement {}".format(*cuts)
    if isinstance(value, int) and name.endswith("limit"):
        return _plain(value)
    return "none" if value is None else number(value) if isinstance(value, int | float) else str(value)


def _or_none(hundredths: int | None) -> str:
    return "none" if hundredths is None else _plain(hundredths)


def _plain(hundredths: int) -> str:
    return number(hundredths / HUNDREDTHS)
