"""What was put in force, by whom and what it changed: one JSON line each in deployments.jsonl, only ever appended.

An entry is written before it comes in force. What is in force is the file `current` alone: the entry that a killed
deploy left behind is passed over, as is one that was taken back.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from pathlib import Path

from histories.errors import DataError
from histories.whole_file import unwritten


class Action(StrEnum):
    """What was done.

    `found`: services answered with it before the first deploy. `taken_back`: a worker could not answer with what the
    entry before speaks of.
    """

    FOUND = "found"
    DEPLOY = "deploy"
    ROLLBACK = "rollback"
    TAKEN_BACK = "taken_back"


@dataclass(frozen=True, slots=True)
class Entry:
    """One deployment. `at`: ISO 8601; `registered`: the registry's version, None where it is not known.

    `changes`: what it changed for those who use the scores, by name; `said`: the same, or why it was taken back, in a
    sentence.
    """

    action: Action
    tag: str
    at: str
    by: str
    model_version: str
    rulebook_version: str
    registered: int | None = None
    bento: str | None = None
    said: str = ""
    changes: Mapping[str, object] = field(default_factory=dict)


def append(path: Path, entry: Entry) -> None:
    """Write one more line. Raises CallError where the file cannot be written to."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        torn = path.exists() and not path.read_bytes().endswith(b"\n")  # a write that was killed costs its own line
        with path.open("ab") as file:
            file.write(b"\n" * torn + json.dumps(asdict(entry), ensure_ascii=False).encode() + b"\n")
    except OSError as error:
        raise unwritten(path, error) from None


def read(path: Path) -> tuple[Entry, ...]:
    """Return all entries, the oldest first. What is no whole line of ours is passed over.

    Raises DataError where the file cannot be read.
    """
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from None
    return tuple(one for one in map(_entry, text.splitlines()) if one is not None)


def _entry(line: str) -> Entry | None:
    try:
        said = json.loads(line)
        known = {one.name: said[one.name] for one in fields(Entry) if one.name in said}
        return Entry(**{**known, "action": Action(said["action"])})
    except (ValueError, TypeError, KeyError):
        return None


def in_force(entries: Sequence[Entry], tag: str | None) -> list[Entry]:
    """Return what a rollback can go back along, the oldest first; the last is what is in force, whose tag is `tag`.

    A deploy adds to the way, a rollback shortens it. Without a tag nothing was put in force.
    """
    held, way = _that_held(entries), list[Entry]()
    for entry in held[:-1] if _broken_off(held, tag) else held:
        if entry.action is Action.ROLLBACK:
            del way[_last(way, entry.tag) + 1 :]
        elif not way or way[-1].tag != entry.tag:
            way.append(entry)
    return way[: _last(way, tag) + 1]


def broken_off(entries: Sequence[Entry], tag: str | None) -> Entry | None:
    """Return the last entry where it never came in force: its deploy was killed before. None: there is no such."""
    held = _that_held(entries)
    return held[-1] if _broken_off(held, tag) else None


def _broken_off(held: Sequence[Entry], tag: str | None) -> bool:
    return bool(held) and held[-1].action is not Action.FOUND and held[-1].tag != tag


def _that_held(entries: Sequence[Entry]) -> list[Entry]:
    """The entries but for those that were taken back, and what says so."""
    held: list[Entry] = []
    for entry in entries:
        if entry.action is not Action.TAKEN_BACK:
            held.append(entry)
        elif held and (held[-1].tag, held[-1].at) == (entry.tag, entry.at):
            held.pop()
    return held


def _last(way: Sequence[Entry], tag: str | None) -> int:
    """The place of the last entry with this tag, -1 where there is none."""
    return max((place for place, one in enumerate(way) if one.tag == tag), default=-1)
