"""The one door to numba: a function that is compiled when first called, and kept on disk for the next process."""

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, cast

import numba

P = ParamSpec("P")
R = TypeVar("R")


def compiled(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a function of numbers and arrays to machine code; its type stays what it was.

    It runs without the interpreter's lock, so that threads can share the work. Sums keep the order in which they are
    written (`fastmath` is off). What is kept on disk holds until any file of the function's package changes: numba by
    itself looks at the function's own file alone, and would go on using machine code into which an older version of
    another file's function or constant was built.
    """
    dispatcher: Any = numba.njit(cache=True, fastmath=False, nogil=True)(function)
    depth = function.__module__.count(".")
    if depth:
        dispatcher._cache._cache_file._source_stamp = _stamp(Path(function.__code__.co_filename).parents[depth - 1])
    return cast("Callable[P, R]", dispatcher)


@lru_cache(maxsize=16)
def _stamp(package: Path) -> tuple[tuple[str, int, int], ...]:
    """When each file of a package was last changed, and its size."""
    files = ((str(path.relative_to(package)), path.stat()) for path in sorted(package.rglob("*.py")))
    return tuple((name, stat.st_mtime_ns, stat.st_size) for name, stat in files)
