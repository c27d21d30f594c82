"""The rulebook's points as docs/rulebook.md says them, with no thought of speed."""

import math
from fractions import Fraction

from histories.clock import DAY
from histories.contract import Attribute, Families, Interaction, LeadHistory, without_duplicates
from scoring.rulebook import AttributeCondition, EngagementRule, InteractionCondition, Rulebook


def points(rules: Rulebook, families: Families, lead: LeadHistory, cutoff: int) -> int:
    """Return a lead's points at a cutoff, in hundredths."""
    seen = [
        one
        for one in without_duplicates(lead.interactions)
        if one.occurred_at < cutoff and (one.received_at is None or one.received_at <= cutoff)
    ]
    gained = taken = 0
    for rule in rules.engagement:
        size = sum(_left(rule, cutoff - one.occurred_at) for one in seen if _matches(rule.when, families, one))
        size = size if rule.limit is None else min(size, rule.limit)
        gained, taken = (gained + size, taken) if rule.points > 0 else (gained, taken + size)
    fits = [rule.points for rule in rules.fit if rule.when.holds(_value(lead, rule.when.attribute, cutoff))]
    above = sum(one for one in fits if one > 0)
    known = 0
    for _, condition in rules.qualification.parts if rules.qualification else ():
        if isinstance(condition, AttributeCondition):
            known += condition.holds(_value(lead, condition.attribute, cutoff))
        else:
            known += any(_matches(condition, families, one) for one in seen)
    total = (gained if rules.engagement_limit is None else min(gained, rules.engagement_limit)) - taken
    total += (above if rules.fit_limit is None else min(above, rules.fit_limit)) + sum(one for one in fits if one < 0)
    return max(0, total + known * (rules.qualification.points_each if rules.qualification else 0))


def _left(rule: EngagementRule, age: int) -> int:
    """What decay has left of one interaction's points, rounded half up."""
    if rule.expires_days is not None and age > rule.expires_days * DAY:
        return 0
    left = abs(rule.points) * (0.5 ** (age / DAY / rule.half_life_days) if rule.half_life_days else 1.0)
    return math.floor(Fraction(left) + Fraction(1, 2))


def _matches(condition: InteractionCondition, families: Families, one: Interaction) -> bool:
    in_family = condition.family is not None and condition.family in families.of(one.kind)
    by_name = any(
        glob in (one.kind, "*") or (glob[-1] == "*" and one.kind.startswith(glob[:-1])) for glob in condition.kinds
    )
    return (
        (in_family or by_name)
        and condition.channel in (None, one.channel)
        and condition.direction in (None, one.direction)
        and (condition.at_least is None or (one.value is not None and one.value >= condition.at_least))
    )


def _value(lead: LeadHistory, name: str, cutoff: int) -> str | float | None:
    def newest(one: Attribute) -> tuple[object, ...]:
        known = -1 if one.known_at is None else one.known_at
        return (known, one.value is not None, isinstance(one.value, str), one.value or 0)

    seen = [one for one in lead.attributes if one.name == name and (one.known_at is None or one.known_at < cutoff)]
    return max(seen, key=newest).value if seen else None
