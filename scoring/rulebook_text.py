"""A rulebook as the text of its file: what `rulebook.parse` reads back as the same rules."""

import json
from collections.abc import Iterator, Mapping, Sequence

from scoring.rulebook import Rulebook
from scoring.rules import HUNDREDTHS, AttributeCondition, Condition, EngagementRule, InteractionCondition, StageRule

Comments = Mapping[str, Sequence[str]]


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
        for part in ("budget", "authority", "need", "timeline"):
            one: Condition | None = getattr(book.qualification, part)
            lines += [f"{part} = {{ {', '.join(_keys(one))} }}"] if one is not None else []
        lines.append(f"points_each = {_points(book.qualification.points_each)}")
    lines += _part("limits", _limits(book))
    lines += _part("stages", _stages(book))
    if book.grades is not None:
        cuts = {"fit": book.grades.fit, "engagement": book.grades.engagement}
        lines += _part("grades", [f"{group} = [{', '.join(map(_points, three))}]" for group, three in cuts.items()])
    hours = {"mql_hours": book.mql_hours, "sql_hours": book.sql_hours}
    lines += _part("follow_up", [f"{key} = {_number(value)}" for key, value in hours.items() if value is not None])
    return "\n".join(lines) + "\n"


def _remarks(lines: Sequence[str]) -> list[str]:
    return [f"# {line}".rstrip() for line in lines]


def _part(name: str, keys: Sequence[str]) -> list[str]:
    return ["", f"[{name}]", *keys] if keys else []


def _engagement(rule: EngagementRule) -> Iterator[str]:
    yield f"rule = {_text(rule.name)}"
    yield from _keys(rule.when)
    yield f"points = {_points(rule.points)}"
    if rule.limit is not None:
        yield f"limit = {_points(rule.limit)}"
    if rule.half_life_days is not None:
        yield f"half_life_days = {_number(rule.half_life_days)}"
    if rule.expires_days is not None:
        yield f"expires_days = {_number(rule.expires_days)}"


def _keys(one: Condition) -> list[str]:
    return list(_attribute(one) if isinstance(one, AttributeCondition) else _interaction(one))


def _interaction(one: InteractionCondition) -> Iterator[str]:
    yield f"family = {_text(one.family)}" if one.family else f"kinds = [{', '.join(map(_text, one.kinds))}]"
    if one.channel is not None:
        yield f"channel = {_text(one.channel)}"
    if one.direction is not None:
        yield f"direction = {_text(one.direction.value)}"
    if one.at_least is not None:
        yield f"at_least = {_number(one.at_least)}"


def _attribute(one: AttributeCondition) -> Iterator[str]:
    yield f"attribute = {_text(one.attribute)}"
    if one.missing is not None:
        yield f"missing = {str(one.missing).lower()}"
    elif one.values:
        yield f"in = [{', '.join(_text(value) if isinstance(value, str) else _number(value) for value in one.values)}]"
    elif one.at_least is not None and one.at_most is not None:
        yield f"between = [{_number(one.at_least)}, {_number(one.at_most)}]"
    elif one.at_least is not None:
        yield f"at_least = {_number(one.at_least)}"
    elif one.at_most is not None:
        yield f"at_most = {_number(one.at_most)}"


def _limits(book: Rulebook) -> list[str]:
    limits = {"engagement": book.engagement_limit, "fit": book.fit_limit}
    return [f"{group} = {_points(limit)}" for group, limit in limits.items() if limit is not None]


def _stages(book: Rulebook) -> list[str]:
    return [f"{name} = {{ {_stage(rule)} }}" for name, rule in (("mql", book.mql), ("sql", book.sql)) if rule]


def _stage(rule: StageRule) -> str:
    return f"points = {_points(rule.points)}" + (", two_way = true" if rule.two_way else "")


def _text(text: str | None) -> str:
    """A TOML basic string; JSON's escapes are TOML's, but for DEL, which JSON lets stand."""
    return json.dumps(text or "", ensure_ascii=False).replace("\x7f", "\\u007f")


def _points(hundredths: int) -> str:
    return f"{hundredths / HUNDREDTHS:.2f}".rstrip("0").rstrip(".")


def _number(value: float) -> str:
    return str(int(value)) if float(value).is_integer() and abs(value) < 1e15 else repr(float(value))
