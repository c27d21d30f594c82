"""Reads the TOML files that users write, so that every mistake is named with its file, line and remedy."""

import difflib
import math
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import NoReturn

from histories.clock import micros
from histories.errors import CallError, nearest

_HEADER = re.compile(r"\s*\[\[?\s*([^\]]+?)\s*\]\]?\s*(?:#.*)?$")
_YEAR_10000 = 253_402_300_800_000_000
_ENDLESS = (math.inf, -math.inf)
_FENCE = re.compile(r"\"\"\"|'''")
_KEY = re.compile(r"\s*(?:\"([^\"]+)\"|'([^']+)'|([A-Za-z0-9_-]+))\s*(?:\.|=)")


class Table:
    """One table of a TOML file. Each value is asked for once, by name and type; `finish` refuses what was not.

    Errors are CallError and begin with `file.toml, line 12, [leads] created_at:`.
    """

    def __init__(self, content: Mapping[str, object], file: "_File", path: tuple[str | int, ...]) -> None:
        self._content, self._file, self._path = content, file, path
        self._asked: set[str] = set()

    def __contains__(self, key: str) -> bool:
        return key in self._content

    def __iter__(self) -> Iterator[str]:
        return iter(self._content)

    def keys(self) -> Iterator[str]:
        """Yield the keys in the file's order."""
        return iter(self._content)

    def fail(self, key: str, problem: str) -> NoReturn:
        """Raise the CallError that names file, line and key, and says what the problem is."""
        raise CallError(f"{self.place(key)}: {problem}")

    def place(self, key: str) -> str:
        """Return `file.toml, line 12, [leads] created_at`, for a mistake that only shows once the data are read."""
        return self._file.place((*self._path, key))

    def _take(self, key: str) -> object:
        self._asked.add(key)
        return self._content.get(key)

    def missing(self, key: str, what: str) -> NoReturn:
        """Raise the CallError for a key that must be there, naming the unknown key that may stand for it."""
        close = difflib.get_close_matches(key, [one for one in self._content if one not in self._asked], 1, 0.78)
        self.fail(key, f"is missing; {what}" + (f" (is {close[0]!r} meant for it?)" if close else ""))

    def text(self, key: str, what: str = "write a text") -> str:
        """Return a text that must be there."""
        value = self.optional_text(key)
        if value is None:
            self.missing(key, what)
        return value

    def optional_text(self, key: str) -> str | None:
        """Return a text, or None where the key is absent."""
        value = self._take(key)
        if value is None:
            return None
        if not isinstance(value, str) or not value:
            self.fail(key, f"{value!r} is not a text; write one in quotes")
        return value

    def texts(self, key: str) -> tuple[str, ...] | None:
        """Return a list of texts, or None where the key is absent."""
        value = self._take(key)
        if value is None:
            return None
        if not isinstance(value, list) or not value or not all(isinstance(one, str) for one in value):
            self.fail(key, f'{value!r} is not a list of texts; write one like ["a", "b"]')
        return tuple(value)

    def number(self, key: str, at_least: float | None = None, at_most: float | None = None) -> float | None:
        """Return a number within the bounds, or None where the key is absent."""
        value = self._take(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not (is_finite(value) or value in _ENDLESS):
            self.fail(key, f"{value!r} is not a number")
        if (at_least is not None and value < at_least) or (at_most is not None and value > at_most):
            bounds = [
                f"at least {at_least:,.12g}" if at_least is not None else "",
                f"at most {at_most:,.12g}" if at_most is not None else "",
            ]
            self.fail(key, f"{value!r} is out of bounds; it must be {' and '.join(filter(None, bounds))}")
        if value in _ENDLESS:
            self.fail(key, f"{value!r} is not a number")
        return float(value)

    def whole(self, key: str, at_least: int | None = None, at_most: int | None = None) -> int | None:
        """Return a whole number within the bounds, or None where the key is absent."""
        value = self.number(key, at_least, at_most)
        if value is not None and value != int(value):
            self.fail(key, f"{value!r} is not a whole number")
        return None if value is None else int(value)

    def numbers(self, key: str) -> tuple[float, ...] | None:
        """Return a list of numbers, or None where the key is absent."""
        value = self._take(key)
        if value is None:
            return None
        if not isinstance(value, list) or not all(
            isinstance(one, int | float) and not isinstance(one, bool) and is_finite(one) for one in value
        ):
            self.fail(key, f"{value!r} is not a list of numbers; write one like [40, 25, 10]")
        return tuple(float(one) for one in value)

    def switch(self, key: str) -> bool | None:
        """Return true or false, or None where the key is absent."""
        value = self._take(key)
        if value is not None and not isinstance(value, bool):
            self.fail(key, f"{value!r} is neither true nor false")
        return value

    def moment(self, key: str, zone: str = "UTC") -> int | None:
        """Return a date or time as UTC microseconds (without offset: in `zone`), or None where the key is absent."""
        value = self._take(key)
        if value is None:
            return None
        if isinstance(value, date) and not isinstance(value, datetime):
            value = datetime.fromisoformat(value.isoformat())
        if not isinstance(value, datetime):
            shown = repr(value) if isinstance(value, str) else str(value)
            self.fail(key, f"{shown} is not a time; write one without quotes, like 2026-01-31 or 2026-01-31T09:30:00Z")
        moment = micros(value, zone)
        if not 0 <= moment < _YEAR_10000:
            self.fail(key, f"{value} lies outside of the years 1970 to 9999")
        return moment

    def choice(self, key: str, allowed: Iterable[str]) -> str | None:
        """Return one of `allowed`, or None where the key is absent."""
        value, allowed = self.optional_text(key), list(allowed)
        if value is not None and value not in allowed:
            self.fail(key, f"{value!r} is not known; allowed are {', '.join(allowed)}{nearest(value, allowed)}")
        return value

    def raw(self, key: str) -> object:
        """Return the value as TOML has it; None where the key is absent. For values of several types."""
        return self._take(key)

    def table(self, key: str) -> "Table | None":
        """Return a table within this one, or None where it is absent."""
        value = self._take(key)
        if value is None:
            return None
        if not isinstance(value, dict):
            shown = "written several times" if isinstance(value, list) else repr(value)
            self.fail(key, f"{shown} is not a table; write [{'.'.join(str(p) for p in (*self._path, key))}]")
        return Table(value, self._file, (*self._path, key))

    def tables(self, key: str) -> "list[Table]":
        """Return the tables of an array such as [[interactions]]; an empty list where there is none."""
        value = self._take(key)
        if value is None:
            return []
        if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
            self.fail(key, f"must be written as [[{key}]], once for each")
        return [Table(one, self._file, (*self._path, key, number)) for number, one in enumerate(value)]

    def finish(self) -> None:
        """Refuse every key that was never asked for, naming the nearest one that exists."""
        for key in self._content:
            if key not in self._asked:
                allowed = sorted(self._asked)
                self.fail(key, f"is not a known key; allowed are {', '.join(allowed)}{nearest(key, allowed)}")


class _File:
    """A TOML file's text, to find the line of a key again: tomllib does not keep it."""

    def __init__(self, name: str, text: str) -> None:
        self.name, self.lines = name, text.splitlines()

    def place(self, path: tuple[str | int, ...]) -> str:
        """`crm.toml, line 12, [leads] created_at`; the line is the key's, or that of the nearest table around it."""
        *tables, key = path
        line = self._line(path)
        names = [f"#{part + 1}" if isinstance(part, int) else part for part in tables]
        where = f"[{' '.join(names)}] " if names else ""
        return f"{self.name}{f', line {line}' if line else ''}, {where}{key}"

    def _line(self, path: tuple[str | int, ...]) -> int | None:
        """The line that sets `path`: a scan that follows headers, counting repeated [[headers]]."""
        seen: dict[str, int] = {}
        header: tuple[str | int, ...] = ()
        best: tuple[int, int] | None = None
        for number, text in self._outside_long_texts():
            found = _HEADER.match(text)
            if found:
                header = self._header(text, found[1], seen)
                full = header
            else:
                key = _KEY.match(text)
                if not key:
                    continue
                full = (*header, key[1] or key[2] or key[3])
            shared = min(len(full), len(path))  # an array's own path is that of its first table
            if path[:shared] == full[:shared] and (best is None or shared > best[0]):
                best = (shared, number)
        return best[1] if best else None

    def _outside_long_texts(self) -> Iterator[tuple[int, str]]:
        """The numbered lines without those inside a text of several lines, such as SQL, which may look like keys."""
        fence: str | None = None
        for number, text in enumerate(self.lines, 1):
            if fence is None:
                yield number, text
                opening = _FENCE.search(text)
                if opening and text.count(opening[0]) % 2:
                    fence = opening[0]
            elif fence in text:
                fence = None

    @staticmethod
    def _header(text: str, inside: str, seen: dict[str, int]) -> tuple[str | int, ...]:
        parts = tuple(part.strip().strip("\"'") for part in inside.split("."))
        if text.lstrip().startswith("[["):
            seen[inside] = seen.get(inside, -1) + 1
            return (*parts, seen[inside])
        return parts


def is_finite(value: float) -> bool:
    """Say whether a number fits a float: TOML has infinities, and whole numbers of any length."""
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


def read(path: Path) -> Table:
    """Read a TOML file. Raises CallError where there is none or where it is not TOML."""
    return parse(read_text(path), path.name)


def read_text(path: Path) -> str:
    """Return the text of a TOML file, without a byte order mark. Raises CallError where there is none."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise CallError(f"{path}: cannot be read ({error.strerror}); name an existing TOML file") from None
    except UnicodeDecodeError:
        raise CallError(f"{path}: is not UTF-8 text; save it as UTF-8") from None


def parse(text: str, name: str) -> Table:
    """Read TOML from a text; `name` stands for the file in messages."""
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise CallError(f"{name}: is not TOML: {error}") from None
    except RecursionError:
        raise CallError(f"{name}: is not TOML that can be read: its lists or tables are nested too deeply") from None
    return Table(content, _File(name, text), ())
