"""docs/rulebook.md and docs/scores.md are true: their examples are run, their tables are complete."""

import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from test_scoring_action import judged

from histories.clock import DAY, HOUR
from histories.contract import Attribute, Direction, Families, Interaction, LeadHistory
from scoring import action, ledger, rulebook, rules
from scoring.answer import Agreement, Answer, NextAction
from scoring.moments import NEVER

DOCS = Path(__file__).parents[2] / "docs"
FAMILIES = Families({"intent": ("session:pricing_page", "demo_request"), "two_way": ("reply", "meeting")})
NOW = 500 * DAY
NOTHING_ON_RECORD = np.array([[0, *(NEVER,) * 5]])
_HAPPENED = re.compile(r"`([^`]+)` (\d+) (hour|day)s? ago(?: \((\w+), (\w+), (\d+)\))?")
_IS = re.compile(r'`([^`]+)` = (?:"([^"]+)"|(\d+))')


def history(text: str) -> LeadHistory:
    """Read a cell such as "`reply` 3 days ago, `employees` = 500"."""
    interactions = []
    for number, found in enumerate(_HAPPENED.finditer(text)):
        at = NOW - int(found[2]) * (DAY if found[3] == "day" else HOUR)
        direction = Direction(found[5]) if found[5] else None
        value = float(found[6]) if found[6] else None
        interactions.append(Interaction(str(number), at, found[1], None, found[4], direction, value))
    attributes = [Attribute(found[1], found[2] or float(found[3])) for found in _IS.finditer(text)]
    assert _IS.sub("", _HAPPENED.sub("", text)).strip(" ,") == "", f"not read: {text}"
    return LeadHistory("L", 0, attributes=tuple(attributes), interactions=tuple(interactions))


def examples() -> Iterator[tuple[str, list[str], dict[str, str]]]:
    """Yield each rulebook of the page with each row of the table below it, by column."""
    page = (DOCS / "rulebook.md").read_text(encoding="utf-8")
    for part in page.split("```toml\n")[1:]:
        book, rest = part.split("```\n", 1)
        lines = [line for line in rest.split("\n## ")[0].splitlines() if line.startswith("|")]
        header, _, *rows = ([cell.strip() for cell in line.strip("|").split("|")] for line in lines)
        assert rows
        for row in rows:
            yield book, header, dict(zip(header, row, strict=True))


EXAMPLES = list(examples())


@pytest.mark.parametrize(("book", "header", "row"), EXAMPLES)
def test_the_rulebooks_of_the_page_give_the_points_of_its_tables(book: str, header: list[str], row: dict[str, str]):
    rules_ = rulebook.parse(book, "rulebook.toml")
    lead = history(row["history"])
    found = ledger.ledger(rules_, FAMILIES, lead, NOW)
    assert found.total == round(float(row["points"]) * 100)
    if "stage" in header:
        assert (found.stage.value, found.grade) == (row["stage"], row["grade"])
        (by,) = action.follow_up_by(
            rules_, NOTHING_ON_RECORD, judged(rules_, FAMILIES, lead, NOW), [NextAction.NURTURE]
        )
        assert (by == NEVER) == (row["follow up by"] == "")
        if by != NEVER:
            number, unit = re.findall(r"(\d+) (day|hour)", row["follow up by"])[0]
            sign = -1 if "ago" in row["follow up by"] else 1
            assert by - NOW == sign * int(number) * (DAY if unit == "day" else HOUR)


def test_the_page_shows_every_key():
    shown = "".join({book for book, _, _ in EXAMPLES})
    keys = {
        *("rule", "kinds", "family", "channel", "direction", "at_least", "points", "limit", "half_life_days"),
        *(
            "expires_days",
            "attribute",
            "in",
            "between",
            "at_most",
            "missing",
            "budget",
            "authority",
            "need",
            "timeline",
        ),
        *("points_each", "engagement", "fit", "mql", "sql", "two_way", "mql_hours", "sql_hours", "name"),
    }
    assert {key for key in keys if not re.search(rf"\b{key}\b\]* *(=|\n)", shown)} == set()
    of_rules = {field.name for made in (rules.InteractionCondition, rules.EngagementRule) for field in fields(made)}
    assert of_rules - {"when", "name"} <= keys


def test_scores_page_has_a_row_for_each_field_of_an_answer():
    page = (DOCS / "scores.md").read_text(encoding="utf-8")
    for field in fields(Answer):
        assert re.search(rf"^\| .*`{field.name}`.* \|", page, re.MULTILINE), field.name
    for word in (*Agreement, *NextAction):
        assert f"| `{word}` |" in page, word
