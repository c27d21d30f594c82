"""What is kept of compiled code never stands in the way of the sources that came after it."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCE = """
from typing import NamedTuple
from histories.compiled import compiled

class {name}(NamedTuple):
    first: int

@compiled
def doubled(pair):
    return {factor} * pair.first
"""


def doubled(folder: Path, name: str, factor: int) -> str:
    """Write the package with these words in it, and return what a process of its own gets from it for 21."""
    (folder / "room").mkdir(exist_ok=True)
    (folder / "room" / "__init__.py").touch()
    (folder / "room" / "pairs.py").write_text(SOURCE.format(name=name, factor=factor), encoding="utf-8")
    code = f"from room.pairs import doubled, {name}; print(doubled({name}(21)))"
    environment = {**os.environ, "PYTHONPATH": f"{folder}{os.pathsep}{ROOT}", "NUMBA_CACHE_DIR": str(folder / "kept")}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, cwd=folder, capture_output=True, check=False, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_a_class_of_arguments_that_was_renamed_has_its_functions_compiled_anew(tmp_path: Path) -> None:
    """Numba reads what it has kept before it looks at the sources' age, and what it has kept names the class."""
    assert doubled(tmp_path, "Pair", 2) == "42"
    assert doubled(tmp_path, "Couple", 2) == "42"
    assert doubled(tmp_path, "Couple", 3) == "63"
