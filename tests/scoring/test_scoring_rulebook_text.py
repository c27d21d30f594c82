"""A rulebook written as text is read back as the same rules."""

from dataclasses import replace

from generated import rulebooks
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring import rulebook
from scoring.rulebook import Rulebook
from scoring.rulebook_text import written

BOOK = """
name = "b"
[[engagement]]
rule = "Looked at prices"
kinds = ["pricing"]
points = 8.5
half_life_days = 30
[qualification]
budget = { attribute = "budget", at_least = 10000 }
points_each = 5
[stages]
sql = { points = 40, two_way = true }
"""


@settings(max_examples=100, deadline=None)
@given(rulebooks())
def test_what_is_written_is_read_back_as_the_same_rulebook(book: Rulebook) -> None:
    assert rulebook.parse(written(book), "w.toml") == book


@settings(max_examples=60, deadline=None)
@given(rulebooks(), st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(str.strip))
def test_any_name_survives(book: Rulebook, name: str) -> None:
    kept = rulebook.parse(written(replace(book, name=name)), "w.toml")
    assert kept.name == rulebook.parse(written(kept), "w.toml").name
    assert kept.name.strip() == name.strip()


def test_remarks_stand_at_the_top_and_above_what_they_speak_of() -> None:
    comments = {"Looked at prices": ("8 → 8.5 points.",), "qualification": ("As it was.",)}
    text = written(rulebook.parse(BOOK, "b.toml"), ("Suggested.", ""), comments)
    assert text == (
        '# Suggested.\n#\nname = "b"\n\n'
        '# 8 → 8.5 points.\n[[engagement]]\nrule = "Looked at prices"\nkinds = ["pricing"]\npoints = 8.5\n'
        "half_life_days = 30\n\n"
        '# As it was.\n[qualification]\nbudget = { attribute = "budget", at_least = 10000 }\npoints_each = 5\n\n'
        "[stages]\nsql = { points = 40, two_way = true }\n"
    )
