"""What is measured is kept, one file a part, so that a run that was broken off goes on from there."""

import json
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from histories.whole_file import whole_file

ROOT = Path(__file__).resolve().parents[2]
MEASURED = ROOT / "benchmarks" / "measured"  # checked in: the page is these parts in words


class Found(Protocol):
    """A frozen value class of numbers and texts that can be made again from its JSON."""

    __dataclass_fields__: Any

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> "Found":
        """Make it again."""


One = TypeVar("One", bound=Found)


@dataclass(frozen=True, slots=True)
class Kept(Generic[One]):
    """One part: `found`, when it was begun (UTC microseconds), how long it took, and the commit of the code."""

    name: str
    found: One
    began: int
    seconds: float
    commit: str


def keep(folder: Path, name: str, kind: type[One], measure: Callable[[], One]) -> Kept[One]:
    """Return the part of that name, measured now where the folder does not have it yet."""
    path = folder / f"{name}.json"
    if not path.exists():
        began, clock, code = time.time_ns() // 1000, time.perf_counter(), commit()
        found = asdict(measure())
        told = {"found": found, "began": began, "seconds": time.perf_counter() - clock, "commit": code}
        with whole_file(path) as unfinished:
            unfinished.write_text(json.dumps(told, indent=1), encoding="utf-8")
    return _read(path, kind)


def all_kept(folder: Path, prefix: str, kind: type[One]) -> list[Kept[One]]:
    """Return the parts whose names begin with `prefix` and a hyphen, by name."""
    return [_read(path, kind) for path in sorted(folder.glob(f"{prefix}-*.json"))]


def _read(path: Path, kind: type[One]) -> Kept[One]:
    told = json.loads(path.read_text(encoding="utf-8"))
    return Kept(path.stem, kind.from_json(told["found"]), told["began"], told["seconds"], told["commit"])


def commit() -> str:
    """Return the commit that is checked out, with a + where files were changed since; `unknown` without git."""
    told = [_git("rev-parse", "--short", "HEAD"), _git("status", "--porcelain", "--untracked-files=no")]
    return (told[0] + ("+" if told[1] else "")) if told[0] else "unknown"


def _git(*words: str) -> str:
    ran = subprocess.run(["git", "-C", str(ROOT), *words], check=False, capture_output=True, text=True)
    return ran.stdout.strip()
