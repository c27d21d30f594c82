"""The reader of users' TOML: every value is asked for by type, and what is wrong is named with its line."""

from pathlib import Path

import pytest

from histories import toml_file
from histories.errors import CallError, DataError, LeadScoringError, nearest
from histories.toml_file import Table

TEXT = """name = "x"
count = 3
share = 0.5
on = true
at = 2020-01-01T12:00:00
some = ["a", "b"]
few = [1, 2.5]

[group]
"quoted key" = 1
[group.inner]
deep = "y"

[[row]]
n = 1
[[row]]
n = "two"
"""


@pytest.fixture
def top() -> Table:
    return toml_file.parse(TEXT, "x.toml")


def test_each_value_comes_out_as_its_type(top: Table) -> None:
    assert (top.text("name"), top.number("count"), top.whole("count")) == ("x", 3.0, 3)
    assert (top.number("share", 0, 1), top.switch("on"), top.texts("some")) == (0.5, True, ("a", "b"))
    assert (top.numbers("few"), top.choice("name", ["x", "y"])) == ((1.0, 2.5), "x")
    assert top.moment("at", "Europe/Amsterdam") == 1577876400000000
    assert (list(top), "name" in top, "nam" in top) == (
        ["name", "count", "share", "on", "at", "some", "few", "group", "row"],
        True,
        False,
    )


def test_what_is_absent_is_none(top: Table) -> None:
    for ask in (
        top.optional_text,
        top.number,
        top.whole,
        top.switch,
        top.texts,
        top.numbers,
        top.moment,
        top.table,
        top.raw,
    ):
        assert ask("absent") is None
    assert top.tables("absent") == []
    assert top.choice("absent", ["a"]) is None


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda top: top.text("count"), "x.toml, line 2, count: 3 is not a text; write one in quotes"),
        (lambda top: top.text("absent", "write a name"), "x.toml, absent: is missing; write a name"),
        (lambda top: top.number("name"), "x.toml, line 1, name: 'x' is not a number"),
        (lambda top: top.number("on"), "x.toml, line 4, on: True is not a number"),
        (lambda top: top.number("count", at_least=4), "x.toml, line 2, count: 3 is out of bounds; it must be at least 4"),
        (lambda top: top.whole("share"), "x.toml, line 3, share: 0.5 is not a whole number"),
        (lambda top: top.switch("name"), "x.toml, line 1, name: 'x' is neither true nor false"),
        (lambda top: top.texts("few"), 'x.toml, line 7, few: [1, 2.5] is not a list of texts; write one like ["a", "b"]'),
        (lambda top: top.numbers("some"), "x.toml, line 6, some: ['a', 'b'] is not a list of numbers; write one like [40, 25, 10]"),
        (lambda top: top.choice("name", ["y", "xy"]), "x.toml, line 1, name: 'x' is not known; allowed are y, xy; did you mean 'xy'?"),
        (lambda top: top.table("name"), "x.toml, line 1, name: 'x' is not a table; write [name]"),
        (lambda top: top.tables("group"), "x.toml, line 9, group: must be written as [[group]], once for each"),
        (lambda top: top.table("group").whole("quoted key", 2), "x.toml, line 10, [group] quoted key: 1 is out of bounds; it must be at least 2"),
        (lambda top: top.table("group").table("inner").number("deep"), "x.toml, line 12, [group inner] deep: 'y' is not a number"),
        (lambda top: top.tables("row")[1].number("n"), "x.toml, line 17, [row #2] n: 'two' is not a number"),
        (lambda top: top.moment("name"), "x.toml, line 1, name: 'x' is not a time; write one without quotes, like 2026-01-31 or 2026-01-31T09:30:00Z"),
    ],
)  # fmt: skip
def test_a_wrong_value_is_named_with_its_line(top: Table, ask: object, message: str) -> None:
    with pytest.raises(CallError) as caught:
        ask(top)  # type: ignore[operator]
    assert str(caught.value) == message


def test_what_nobody_asked_for_is_refused() -> None:
    table = toml_file.parse("a = 1\nnmae = 2\n", "x.toml")
    table.number("a")
    table.optional_text("name")
    with pytest.raises(
        CallError, match=r"^x\.toml, line 2, nmae: is not a known key; allowed are a, name; did you mean 'name'\?$"
    ):
        table.finish()


def test_what_is_no_toml_or_no_text_is_named(tmp_path: Path) -> None:
    with pytest.raises(CallError, match=r"^x\.toml: is not TOML: "):
        toml_file.parse("a = = 1", "x.toml")
    (tmp_path / "x.toml").write_bytes(b"a = '\xe9'")
    with pytest.raises(CallError, match=r"x\.toml: is not UTF-8 text; save it as UTF-8$"):
        toml_file.read(tmp_path / "x.toml")


def test_errors_tell_the_exit_status() -> None:
    assert (CallError("").exit_status, DataError("").exit_status, LeadScoringError("").exit_status) == (2, 1, 1)


def test_the_nearest_name_is_only_offered_when_it_is_near() -> None:
    assert nearest("creatd", ["created", "id"]) == "; did you mean 'created'?"
    assert nearest("creatd", []) == ""


def test_what_looks_like_a_key_inside_a_long_text_is_none() -> None:
    """The SQL on lines 2 to 4 holds a header and a key; the real ones stand on lines 6 and 8."""
    text = "query = '''\n[leads]\nname = 1\n'''\nnote = 1\nname = 2\n[leads]\nname = 3\n"
    table = toml_file.parse(text, "x.toml")
    assert table.place("name") == "x.toml, line 6, name"
    leads = table.table("leads")
    assert leads is not None
    assert leads.place("name") == "x.toml, line 8, [leads] name"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("at = 9999-12-31T23:59:59-10:00", "x.toml, line 1, at: 9999-12-31 23:59:59-10:00 lies outside of the years"),
        ("at = 0001-01-01", "x.toml, line 1, at: 0001-01-01 00:00:00 lies outside of the years 1970 to 9999"),
        ("at = 10:00:00", "x.toml, line 1, at: 10:00:00 is not a time; write one without quotes"),
        ("number = inf", "x.toml, line 1, number: inf is not a number"),
        (f"number = {'9' * 400}", f"x.toml, line 1, number: {'9' * 400} is not a number"),
        ("\n[[group]]\nn = 1", "x.toml, line 2, group: written several times is not a table; write [group]"),
        ("\n[[rows]]\nn = 1", "x.toml, line 2, rows: is not a known key"),
        (f"number = {'[' * 3000}{']' * 3000}", "x.toml: is not TOML that can be read: its lists"),
    ],
)
def test_values_beyond_all_measure_are_named(text: str, message: str) -> None:
    """Times that no calendar holds, numbers that no float holds, nesting without end, tables in the plural."""

    def read_all() -> None:
        top = toml_file.parse(text, "x.toml")
        top.moment("at"), top.number("number"), top.table("group")
        top.finish()

    with pytest.raises(CallError) as caught:
        read_all()
    assert str(caught.value).startswith(message)


def test_a_byte_order_mark_is_no_mistake(tmp_path: Path) -> None:
    """Editors on Windows write one."""
    (tmp_path / "x.toml").write_bytes(b"\xef\xbb\xbfname = 'x'\r\n")
    assert toml_file.read(tmp_path / "x.toml").text("name") == "x"


def test_a_missing_key_names_the_one_that_may_stand_for_it() -> None:
    """A key that is misspelt is missing and unknown at once."""
    top = toml_file.parse('occured_at = "at"', "x.toml")
    with pytest.raises(CallError, match=r"occurred_at: is missing; write a text \(is 'occured_at' meant for it\?\)$"):
        top.text("occurred_at")
