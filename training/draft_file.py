"""The file of a draft: it takes the place of an older draft, and of nothing else."""

from pathlib import Path

from histories.errors import CallError
from histories.whole_file import whole_file
from scoring.rulebook_text import written
from training.suggest import HEAD, Suggestion


def check(path: Path) -> None:
    """Raise CallError where a draft must not be written: over a file that is none, or in a folder that is not there."""
    if not path.parent.is_dir():
        raise CallError(f"--draft: {path.parent} is no folder; make it, or name a file in another")
    if path.is_dir():
        raise CallError(f"--draft: {path} is a folder; name a file in it")
    if path.exists() and not _is_draft(path):
        raise CallError(f"--draft: {path} exists and is no draft; name a new file")


def write(path: Path, found: Suggestion) -> None:
    """Write a draft as a whole file. Raises CallError as `check` does."""
    check(path)
    with whole_file(path) as unfinished:
        unfinished.write_text(written(found.draft, found.heading, found.comments), encoding="utf-8")


def _is_draft(path: Path) -> bool:
    """Tell whether a file begins as drafts do; one that cannot be read does not."""
    head = f"# {HEAD}".encode()
    try:
        with path.open("rb") as file:
            return file.read(len(head)) == head
    except OSError:
        return False
