"""Rooms stay small enough to read, and what is promised about the whole tree holds."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ["histories", "features", "scoring", "training", "serving", "commands"]
SOURCES = [
    ROOT / "lead_scoring.py",
    *(path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))),
]


def names(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("source", SOURCES, ids=names)
def test_a_file_has_one_subject_and_at_most_350_lines(source: Path) -> None:
    assert len(source.read_text(encoding="utf-8").splitlines()) <= 350


@pytest.mark.parametrize("source", SOURCES, ids=names)
def test_a_function_has_at_most_55_lines_beside_its_docstring(source: Path) -> None:
    long = []
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            docstring = ast.get_docstring(node) or ""
            lines = (node.end_lineno or 0) - node.lineno + 1 - len(docstring.splitlines())
            long += [f"{node.name}: {lines} lines"] if lines > 55 else []
    assert long == []


@pytest.mark.parametrize("source", SOURCES, ids=names)
def test_no_room_asks_the_clock_or_unpickles(source: Path) -> None:
    """Time is an argument below the command and the service; pickled files run code when they are read."""
    allowed = {"commands/options.py": {"time_ns"}, "serving/service.py": {"time_ns"}}
    banned = {"time_ns", "now", "utcnow", "today", "joblib", "cloudpickle", "pickle", "dill"}
    found = set()
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and isinstance(node.func.value, ast.Name)
        ):
            if node.func.value.id in {"time", "datetime", "date"}:
                found.add(node.func.attr)
        elif isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add((node.module or "").split(".")[0])
    assert found & banned - allowed.get(names(source), set()) == set()
