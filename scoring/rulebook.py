"""The rulebook: rulebook.toml as value classes. docs/rulebook.md says how a marketer writes one."""

import hashlib
import json
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path

from features.own import predicate
from histories import toml_file
from histories.errors import nearest
from histories.toml_file import Table, is_finite
from scoring.rules import (
    BANT,
    HUNDREDTHS,
    AttributeCondition,
    Condition,
    EngagementRule,
    FitRule,
    Grades,
    InteractionCondition,
    Qualification,
    StageRule,
)

_MOST_POINTS = 1_000_000
_LONGEST_DAYS = 36_500
_ATTRIBUTE = ("attribute", "in", "between", "at_least", "at_most", "missing")
_BOOK = ("name", "engagement", "fit", "qualification", "limits", "stages", "grades", "follow_up")
_TESTS = ("in", "between", "at_least", "at_most", "missing")


@dataclass(frozen=True)
class Rulebook:
    """All rules in force. `source` is the text it was read from and takes no part in comparisons or the version.

    None: the file does not say, so that nothing is limited, no stage is reached, there is no grade, or nothing
    is due.
    """

    name: str
    engagement: tuple[EngagementRule, ...] = ()
    fit: tuple[FitRule, ...] = ()
    qualification: Qualification | None = None
    engagement_limit: int | None = None
    fit_limit: int | None = None
    mql: StageRule | None = None
    sql: StageRule | None = None
    grades: Grades | None = None
    mql_hours: float | None = None
    sql_hours: float | None = None
    source: str = field(default="", compare=False, repr=False)

    @cached_property
    def version(self) -> str:
        """12 hex digits of the sha256 of the content: comments and layout do not move it, any rule does."""
        content = asdict(replace(self, source=""))
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:12]

    def __hash__(self) -> int:
        return hash(self.version)


def read(path: Path) -> Rulebook:
    """Read a rulebook. Raises CallError with file, line, key, what is allowed and the nearest known name."""
    return parse(toml_file.read_text(path), path.name)


def parse(text: str, name: str) -> Rulebook:
    """Read a rulebook from its text; `name` stands for the file in messages. Raises CallError as `read` does."""
    table = toml_file.parse(text, name)
    _only(table, *_BOOK)
    engagement, fit = _engagement_rules(table), _fit_rules(table)
    mql, sql = _stages(table)
    limits, follow_up = table.table("limits"), table.table("follow_up")
    if limits:
        _only(limits, "engagement", "fit")
    if follow_up:
        _only(follow_up, "mql_hours", "sql_hours")
    return Rulebook(
        name=table.text("name", 'name the rulebook, as name = "default"'),
        engagement=engagement,
        fit=fit,
        qualification=_qualification(table),
        engagement_limit=_positive_points(limits, "engagement") if limits else None,
        fit_limit=_positive_points(limits, "fit") if limits else None,
        mql=mql,
        sql=sql,
        grades=_grades(table),
        mql_hours=follow_up.number("mql_hours", 0, 24 * _LONGEST_DAYS) if follow_up else None,
        sql_hours=follow_up.number("sql_hours", 0, 24 * _LONGEST_DAYS) if follow_up else None,
        source=text,
    )


def _only(table: Table, *allowed: str) -> None:
    """Refuse unknown keys before missing ones: a key that is misspelt is both."""
    keys = table.keys()
    for key in keys:
        if key not in allowed:
            table.fail(key, f"is not a known key; allowed are {', '.join(sorted(allowed))}{nearest(key, allowed)}")


def _points(table: Table, key: str) -> int:
    """Points of a rule, as hundredths; not 0."""
    hundredths = _hundredths(table, key, -_MOST_POINTS)
    if hundredths == 0:
        table.fail(key, "0 does nothing; write points above or below 0, or leave the rule out")
    return hundredths


def _hundredths(table: Table, key: str, least: float) -> int:
    """Points that must be there, as hundredths and no finer."""
    value = table.number(key, least, _MOST_POINTS)
    if value is None:
        table.fail(key, "is missing; write the points, such as 10 or -5")
    hundredths = round(value * HUNDREDTHS)
    if abs(value * HUNDREDTHS - hundredths) > 1e-6:
        table.fail(key, f"{value!r} is finer than a hundredth of a point; write at most two decimals")
    return hundredths


def _positive_points(table: Table, key: str) -> int | None:
    return _hundredths(table, key, 0) if key in table else None


def _days(table: Table, key: str) -> float | None:
    value = table.number(key, 0, _LONGEST_DAYS)
    if value == 0:
        table.fail(key, "0 days leave nothing; write days above 0")
    return value


def _names_taken_once(tables: list[Table], names: list[str], taken: set[str]) -> None:
    for table, name in zip(tables, names, strict=True):
        if name in taken:
            table.fail("rule", f"{name!r} is the name of another rule; reasons name rules, so each needs its own")
        taken.add(name)


def _engagement_rules(table: Table) -> tuple[EngagementRule, ...]:
    tables = table.tables("engagement")
    rules = [_engagement_rule(one) for one in tables]
    fit_tables = table.tables("fit")
    names = [rule.name for rule in rules] + [one.text("rule", "name the rule") for one in fit_tables]
    _names_taken_once(tables + fit_tables, names, set())
    return tuple(rules)


def _engagement_rule(table: Table) -> EngagementRule:
    _only(table, "rule", *predicate.KEYS, "points", "limit", "half_life_days", "expires_days")
    rule = EngagementRule(
        name=table.text("rule", 'name the rule, as rule = "Looked at prices"'),
        when=_interaction_condition(table),
        points=_points(table, "points"),
        limit=_positive_points(table, "limit"),
        half_life_days=_days(table, "half_life_days"),
        expires_days=_days(table, "expires_days"),
    )
    if rule.half_life_days is not None and rule.expires_days is not None:
        table.fail("expires_days", "stands beside half_life_days; points either halve or expire: leave one of them out")
    return rule


def _fit_rules(table: Table) -> tuple[FitRule, ...]:
    rules = []
    for one in table.tables("fit"):
        _only(one, "rule", *_ATTRIBUTE, "points")
        condition = _attribute_condition(one)
        rules.append(FitRule(one.text("rule", "name the rule"), condition, _points(one, "points")))
    return tuple(rules)


def _interaction_condition(table: Table) -> InteractionCondition:
    """The words of own features; but a rule's direction is the one that the export gives, never that of a family."""
    one = predicate.read(table)
    return InteractionCondition(one.kinds, one.family, one.channel, one.direction, one.at_least)


def _finite(table: Table, key: str) -> float | None:
    return table.number(key, -1e300, 1e300)


def _attribute_condition(table: Table) -> AttributeCondition:
    attribute = table.text("attribute", 'name the attribute, as attribute = "employees"')
    values, between = _values(table), table.numbers("between")
    least, most = _finite(table, "at_least"), _finite(table, "at_most")
    missing = table.switch("missing")
    bounded = least is not None or most is not None
    if [bool(values), between is not None, bounded, missing is not None].count(True) != 1:
        table.fail("attribute", f"{attribute!r} needs exactly one test; write one of {', '.join(_TESTS)}")
    if between is not None:
        if len(between) != 2 or not between[0] <= between[1]:
            table.fail("between", f"{list(between)!r} is not a lower and an upper bound; write one like [200, 2000]")
        least, most = between
    if least is not None and most is not None and least > most:
        table.fail("at_least", f"{least:g} is above at_most, {most:g}: no value passes")
    return AttributeCondition(attribute, values, least, most, missing)


def _values(table: Table) -> tuple[str | float, ...]:
    raw = table.raw("in")
    if raw is None:
        return ()
    listed = raw if isinstance(raw, list) else []
    texts = all(isinstance(one, str) for one in listed)
    numbers = all(isinstance(one, int | float) and not isinstance(one, bool) and is_finite(one) for one in listed)
    if not listed or not (texts or numbers):
        table.fail("in", f'{raw!r} is not a list of texts or of numbers; write one like ["vp", "c_level"]')
    return tuple(str(one) if texts else float(one) for one in listed)


def _condition(table: Table, key: str) -> Condition | None:
    inner = table.table(key)
    if inner is None:
        return None
    if "attribute" in inner:
        _only(inner, *_ATTRIBUTE)
        return _attribute_condition(inner)
    _only(inner, *predicate.KEYS)
    return _interaction_condition(inner)


def _qualification(table: Table) -> Qualification | None:
    inner = table.table("qualification")
    if inner is None:
        return None
    _only(inner, *BANT, "points_each")
    return Qualification(_hundredths(inner, "points_each", 0), **{part: _condition(inner, part) for part in BANT})


def _stages(table: Table) -> tuple[StageRule | None, StageRule | None]:
    inner = table.table("stages")
    if inner is None:
        return None, None
    _only(inner, "mql", "sql")
    mql, sql = _stage(inner, "mql"), _stage(inner, "sql")
    if mql and sql and sql.points < mql.points:
        inner.fail("sql", f"its points are below those of mql, {mql.points / HUNDREDTHS:g}; sql is the later stage")
    return mql, sql


def _stage(table: Table, key: str) -> StageRule | None:
    inner = table.table(key)
    if inner is None:
        return None
    _only(inner, "points", "two_way")
    return StageRule(_hundredths(inner, "points", 0), bool(inner.switch("two_way")))


def _grades(table: Table) -> Grades | None:
    inner = table.table("grades")
    if inner is None:
        return None
    _only(inner, "fit", "engagement")
    return Grades(_cuts(inner, "fit"), _cuts(inner, "engagement"))


def _cuts(table: Table, key: str) -> tuple[int, int, int]:
    values = table.numbers(key)
    if values is None:
        table.fail(key, "is missing; write three falling points, such as [40, 25, 10]")
    cuts = [round(value * HUNDREDTHS) for value in values if abs(value) <= _MOST_POINTS]
    if len(cuts) != 3 or not cuts[0] > cuts[1] > cuts[2]:
        table.fail(key, f"{list(values)!r} are not three falling points; write them like [40, 25, 10]")
    return cuts[0], cuts[1], cuts[2]
