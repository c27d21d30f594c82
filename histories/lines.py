"""Where in a CSV file a row begins: the line a person's editor shows, the header being line 1."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from histories.source import open_bytes

_BLOCK = 1 << 24
OVERLONG = 1 << 24  # bytes; DuckDB leaves out a line longer than its buffer of 32 MB without a word
_PACKED = 1032  # the most that gzip makes of one byte


def line_starts(path: Path) -> NDArray[np.int64]:
    """The byte offset (unpacked) at which each line of the file begins, and the file's length as the last entry."""
    starts, offset, last = [np.zeros(1, dtype=np.int64)], 0, b"\n"
    with open_bytes(path) as file:
        while block := file.read(_BLOCK):
            starts.append(np.flatnonzero(np.frombuffer(block, dtype=np.uint8) == ord("\n")) + (offset + 1))
            offset, last = offset + len(block), block[-1:]
    if last != b"\n":
        starts.append(np.array([offset]))
    return np.concatenate(starts)


def lines_of_rows(
    starts: NDArray[np.int64], header_lines: int, rejected: list[tuple[int, str]], breaks: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], int]:
    """Return the line of every row that was read and of every rejected one, and how many lines are part of neither.

    `rejected` has the byte offset and the text of each line that DuckDB refused; `breaks` for each row that was
    read the number of line breaks inside its values. Blank lines are no rows. Where blank lines stand inside
    quoted values as well as between rows, the lines after them may be a few off: the file alone cannot tell.
    """
    free_line = np.ones(len(starts) - 1, dtype=bool)
    free_line[:header_lines] = False
    at = np.searchsorted(starts, np.array([offset for offset, _ in rejected], dtype=np.int64), side="right") - 1
    for number, (_, text) in enumerate(rejected):
        at[number] += text[: len(text) - len(text.lstrip("\r\n"))].count("\n")
        free_line[at[number] : at[number] + text.strip("\r\n").count("\n") + 1] = False
    surplus, lost = int(free_line.sum()) - len(breaks) - int(breaks.sum()), 0
    if surplus > 0:
        blank = np.flatnonzero(free_line & (np.diff(starts) <= 2))
        free_line[blank[-surplus:]] = False
        lost = max(0, surplus - len(blank))
    free = np.flatnonzero(free_line)
    first = np.cumsum(breaks + 1) - (breaks + 1)
    return free[np.minimum(first, len(free) - 1)] + 1, at + 1, lost


def overlong_line(path: Path) -> int | None:
    """Return the first line (from 1) that is longer than OVERLONG; None where there is none."""
    size = path.stat().st_size
    if size * (_PACKED if path.name.lower().endswith(".gz") else 1) <= OVERLONG:
        return None
    long = np.flatnonzero(np.diff(line_starts(path)) > OVERLONG)
    return int(long[0]) + 1 if len(long) else None
