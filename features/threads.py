"""Work shared among threads: compiled code, numpy and Arrow do theirs without the interpreter's lock."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def share(work: Callable[[T], R], parts: Sequence[T], threads: int) -> list[R]:
    """Return `work(part)` for each part, in their order; the first error of a part is raised."""
    if threads == 1 or len(parts) < 2:
        return [work(part) for part in parts]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(work, parts))


def ranges(size: int, count: int) -> list[tuple[int, int]]:
    """Cut [0, size) into `count` ranges of nearly one length, empty ones left out."""
    bounds = [size * place // count for place in range(count + 1)]
    return [(begin, end) for begin, end in pairwise(bounds) if begin < end]
