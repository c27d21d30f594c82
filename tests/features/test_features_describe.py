"""The catalogue in words: docs/features.md, a row for each feature, and what a terminal shows."""

import csv
import io
import re
from dataclasses import replace
from pathlib import Path

import pytest
from feature_catalogues import catalogues
from feature_histories import BARE, CATALOGUE, OWNED
from hypothesis import given, settings

from features import declaration
from features.catalogue import Catalogue
from features.pages.describe import example, page
from features.pages.description import as_csv, rows
from features.pages.listing import text

DOCUMENT = Path(__file__).parents[2] / "docs" / "features.md"
_BRACES = re.compile(r"(.+)_\{(.+)\}")


def test_the_document_is_the_page_that_the_catalogue_makes() -> None:
    assert DOCUMENT.read_text() == page(example()), "run lead-scoring features --describe -o docs/features.md"
    assert "small export" not in page(OWNED)


def test_bars_and_brackets_of_names_stay_what_they_are_in_the_table() -> None:
    """`|` would end a cell even in code; `<` begins a tag outside of code, and is itself inside."""
    named = replace(CATALOGUE, kinds=("a|b<c",), rare_kinds=(), valued=())
    shown = page(named)
    row = next(one for one in shown.splitlines() if one.startswith("| `a_b_c` |"))
    assert "`a\\|b<c`" in row
    assert "How many &lt;signal> happened in the window" in shown
    assert {len(re.findall(r"(?<!\\)\|", one)) for one in shown.splitlines() if one.startswith("| `a_b_c`")} == {5}


def test_every_template_signal_and_own_feature_has_a_line() -> None:
    shown = page(example())
    names = [
        template.name.format(signal="<signal>", window="<window>")
        for value in vars(declaration).values()
        for template in (value if isinstance(value, tuple) else (value,))
        if isinstance(template, declaration.Template) and template.name != "{signal}"
    ]
    names += [signal.name for signal in example().signals]
    names += [feature.name for feature in example().blocks["own"]]
    assert [name for name in names if f"| `{name}` |" not in shown] == []


@settings(max_examples=50, deadline=None)
@given(catalogues())
def test_every_feature_of_every_catalogue_has_a_row_with_all_that_is_to_be_known(made: Catalogue) -> None:
    described = rows(made)
    assert tuple(one.name for one in described) == made.names
    for one in described:
        assert all((one.unit, one.meaning, one.absence, one.kinds)), one
        assert one.monotone in {"", "more is better", "more is worse"}, one


def test_rows_say_what_an_analyst_asks() -> None:
    found = {one.name: one for one in rows(OWNED)}
    assert found["intent_count_7d"] == (
        "intent_count_7d",
        "count",
        "How many interactions of family intent happened in the 7 days before the cutoff.",
        "0",
        "more is better",
        "demo_*; pricing",
    )
    assert {
        name: found[name].kinds for name in ("mail_age_days", "other_count_1d", "mql_reached", "attribute.size")
    } == {
        "mail_age_days": "mail",
        "other_count_1d": "every kind without columns of its own",
        "mql_reached": "no kind: the lead's outcomes",
        "attribute.size": "no kind: the lead's attributes",
    }
    assert found["account_others_intent_count_7d"].kinds == "demo_*; pricing"
    assert found["account_others_age_days"].kinds == "every kind"
    assert found["dear_share"].kinds == "mail; pri*; every kind"
    assert found["their_intent_3d"].kinds == "demo_*; pricing"
    assert {one.name: one for one in rows(BARE)}["replies_count_1d"].kinds == "no kind: family two_way is not declared"


def test_the_csv_has_a_line_for_each_feature() -> None:
    head, *lines = csv.reader(io.StringIO(as_csv(OWNED)))
    assert head == ["name", "unit", "meaning", "absence", "monotone", "kinds"]
    assert [tuple(line) for line in lines] == list(rows(OWNED))


@pytest.mark.parametrize("made", [OWNED, BARE, example()])
def test_a_terminal_shows_every_column_once_within_a_hundred_characters(made: Catalogue) -> None:
    shown = text(made)
    assert [line for line in shown.splitlines() if len(line) > 100] == []
    entries = re.findall(r"^  (?!from )(\S+)$", shown, re.MULTILINE)
    names = []
    for entry in entries:
        stem = _BRACES.fullmatch(entry)
        names += [f"{stem[1]}_{window}" for window in stem[2].split(",")] if stem else [entry]
    assert sorted(names) == sorted(made.names)


def test_a_terminal_shows_the_windows_of_a_column_on_one_line_with_what_they_have_in_common() -> None:
    entry = """
  intent_count_{1d,3d,7d,14d,30d,90d,all}
      How many interactions of family intent happened in the window before the cutoff. [count; 0;
      more is better]
"""
    assert entry in text(CATALOGUE)
    assert "\nintent: interactions of family intent; good news for sales\n  from demo_*, pricing\n" in text(CATALOGUE)
    assert "[code; missing] Codes from 0: bank, farm, any other.\n" in text(CATALOGUE)
