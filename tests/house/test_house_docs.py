"""The pages tell what is there: commands, targets, links and versions that they name exist."""

import re
import shlex
import tomllib
from pathlib import Path

import pytest
from typer.main import get_command

from lead_scoring import app

ROOT = Path(__file__).parents[2]
PAGES = sorted(path for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/**/*.md")])


def names(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=names)
def test_every_link_within_the_project_leads_to_a_file(page: Path) -> None:
    targets = re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", page.read_text(encoding="utf-8"))
    assert [target for target in targets if not (page.parent / target).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=names)
def test_every_command_and_option_that_a_page_names_exists(page: Path) -> None:
    commands = get_command(app).commands  # type: ignore[attr-defined]
    problems = []
    for line in re.findall(
        r"^\$? ?(?:uv run )?lead-scoring ([a-z].*)$", page.read_text(encoding="utf-8"), re.MULTILINE
    ):
        words = shlex.split(line.split(" #")[0].replace("[", " ").replace("]", " "))
        command, rest = commands.get(words[0]), words[1:]
        if command is not None and hasattr(command, "commands"):
            command, rest = command.commands.get(rest[0]), rest[1:]
        known = {option for parameter in command.params for option in parameter.opts} if command else set()
        problems += [line for word in rest if word.startswith("-") and word.split("=")[0] not in known]
        problems += [line] if command is None else []
    assert problems == []


def test_every_command_is_named_in_the_readme() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [name for name in get_command(app).commands if f"lead-scoring {name}" not in readme] == []  # type: ignore[attr-defined]


def test_every_command_says_what_it_does_on_one_line_of_80_columns() -> None:
    commands = get_command(app).commands  # type: ignore[attr-defined]
    lines = {**commands, **commands["rules"].commands, **commands["keys"].commands}
    said = {name: one.get_short_help_str(66) for name, one in lines.items()}
    assert [name for name, line in said.items() if "..." in line or len(line) > 66] == []


def test_every_make_target_explains_itself() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    (phony,) = re.findall(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    explained = re.findall(r"^([a-z-]+):.*## \S", makefile, re.MULTILINE)
    assert sorted(phony.split()) == sorted(explained)


def test_the_changelog_speaks_of_the_version_that_is_built() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert f"## [{version}]" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_every_decision_record_is_numbered_dated_and_listed() -> None:
    records = sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md"))
    listed = (ROOT / "docs" / "decisions" / "README.md").read_text(encoding="utf-8")
    numbers = [record.name[:4] for record in records]
    assert len(set(numbers)) == len(numbers)
    assert [record.name for record in records if record.name not in listed] == []
    assert [
        record.name
        for record in records
        if not re.search(r"^Date: \d{4}-\d\d-\d\d$", record.read_text(encoding="utf-8"), re.MULTILINE)
    ] == []
