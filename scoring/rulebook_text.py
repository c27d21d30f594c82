"""A rulebook as the text of its file: what `rulebook.parse` reads back as the same rules."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

from scoring.rulebook import Rulebook
from scoring.rules import HUNDREDTHS, AttributeCondition, Condition, EngagementRule, InteractionCondition, StageRule

Comments = Mapping[str, Sequence[str]]
_Value = TypeVar("_Value")


def written(book: Rulebook, heading: Sequence[str] = (), comments: Comments | None = None) -> str:
    """Return the text of a rulebook. `heading`: comment lines at its top; `comments`: lines above a rule, by its name.

    `comments["qualification"]` stand above that part.
    """
    said = comments or {}
    lines = [*_remarks(heading), f"name = {_text(book.name)}"]
    for rule in book.engagement:
        lines += ["", *_remarks(said.get(rule.name, ())), "[[engagement]]", *_engagement(rule)]
    for fit in book.fit:
        lines += ["", *_remarks(said.get(fit.name, ())), "[[fit]]", f"rule = {_text(fit.name)}"]
        lines += [*_keys(fit.when), f"points = {_points(fit.points)}"]
    if book.qualification is not None:
        lines += ["", *_remarks(said.get("qualification", ())), "[qualification]"]
        lines += [f"{name.lower()} = {{ {', '.join(_keys(one))} }}" for name, one in book.qualification.parts]
        lines.append(f"points_each = {_points(book.qualification.points_each)}")
    lines += _part("limits", _given(_points, engagement=book.engagement_limit, fit=book.fit_limit))
    lines += _part("stages", _stages(book))
    if book.grades is not None:
        cuts = {"fit": book.grades.fit, "engagement": book.grades.engagement}
        lines += _part("grades", [f"{group} = [{', '.join(map(_points, three))}]" for group, three in cuts.items()])
    lines += _part("follow_up", _given(_number, mql_hours=book.mql_hours, sql_hours=book.sql_hours))
    return "\n".join(lines) + "\n"


def _remarks(lines: Sequence[str]) -> list[str]:
    return [f"# {line}".rstrip() for line in lines]


def _part(name: str, keys: Iterable[str]) -> list[str]:
    lines = list(keys)
    return ["", f"[{name}]", *lines] if lines else []


def _engagement(rule: EngagementRule) -> Iterator[str]:
    yield f"rule = {_text(rule.name)}"
    yield from _keys(rule.when)
    yield f"points = {_points(rule.points)}"
    yield from _given(_points, limit=rule.limit)
    yield from _given(_number, half_life_days=rule.half_life_days, expires_days=rule.expires_days)


def _keys(one: Condition) -> list[str]:
    return list(_attribute(one) if isinstance(one, AttributeCondition) else _interaction(one))


def _interaction(one: InteractionCondition) -> Iterator[str]:
    yield f"family = {_text(one.family)}" if one.family else f"kinds = [{', '.join(map(_text, one.kinds))}]"
    yield from _given(_text, channel=one.channel, direction=one.direction)
    yield from _given(_number, at_least=one.at_least)


def _attribute(one: AttributeCondition) -> Iterator[str]:
    yield f"attribute = {_text(one.attribute)}"
    if one.missing is not None:
        yield f"missing = {str(one.missing).lower()}"
    elif one.values:
        yield f"in = [{', '.join(_text(value) if isinstance(value, str) else _number(value) for value in one.values)}]"
    elif one.at_least is not None and one.at_most is not None:
        yield f"between = [{_number(one.at_least)}, {_number(one.at_most)}]"
    else:
        yield from _given(_number, at_least=one.at_least, at_most=one.at_most)


def _given(write: Callable[[_Value], str], **values: _Value | None) -> Iterator[str]:
    """Write the keys that have a value."""
    return (f"{key} = {write(value)}" for key, value in values.items() if value is not None)


def _stages(book: Rulebook) -> list[str]:
    return [f"{name} = {{ {_stage(rule)} }}" for name, rule in (("mql", book.mql), ("sql", book.sql)) if rule]


def _stage(rule: StageRule) -> str:
    return f"points = {_points(rule.points)}" + (", two_way = true" if rule.two_way else "")


def _text(text: str) -> str:
    """A TOML basic string; JSON's escapes are TOML's, but for DEL, which JSON lets stand."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _points(hundredths: int) -> str:
    return f"{hundredths / HUNDREDTHS:.2f}".rstrip("0").rstrip(".")


def _number(value: float) -> str:
    return str(int(value)) if float(value).is_integer() and abs(value) < 1e15 else repr(float(value))
