"""The one door to numba: a function that is compiled when first called, and kept on disk for the next process."""

from collections.abc import Callable
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, cast

import numba

P = ParamSpec("P")
R = TypeVar("R")
# Several of the options below are missing from numba's own types.
_njit: Any = numba.njit


def compiled(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a function of numbers and arrays to machine code; its type stays what it was.

    It runs without the interpreter's lock, so that threads can share the work. Sums keep the order in which they are
    written (`fastmath` is off). What is kept on disk holds until any file of the function's package changes: numba by
    itself looks at the function's own file alone, and would go on using machine code into which an older version of
    another file's function or constant was built.
    """
    dispatcher: Any = _njit(cache=True, fastmath=False, nogil=True, error_model="python", _nrt=True)(function)
    depth = function.__module__.count(".")
    if depth:
        kept = dispatcher._cache._cache_file
        kept._source_stamp = _stamp(Path(function.__code__.co_filename).parents[depth - 1])
        kept._load_index = partial(_index, kept._load_index)
    return cast("Callable[P, R]", dispatcher)


def inlined(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a function into the compiled functions that call it; Python itself cannot call it.

    It makes no arrays and returns none: it counts no references to those that it is given, which would cost more than
    a short function itself. A division by zero gives an infinity or NaN, as everywhere but in Python.
    """
    into = _njit(
        fastmath=False,
        error_model="numpy",
        forceinline=True,
        no_cpython_wrapper=True,
        no_cfunc_wrapper=True,
        _nrt=False,
    )
    return cast("Callable[P, R]", into(function))


def _index(load: Callable[[], dict[object, str]]) -> dict[object, str]:
    """Return what is kept on disk, by signature; nothing where it cannot be read because older sources wrote it.

    numba reads all of it before it looks at the sources' age. It names the classes of arguments, and one of them may
    have been renamed or moved since.
    """
    try:
        return load()
    except (AttributeError, ImportError):
        return {}


@lru_cache(maxsize=16)
def _stamp(package: Path) -> tuple[tuple[str, int, int], ...]:
    """When each file of a package, and this one, was last changed, and its size."""
    files = [*((str(path.relative_to(package)), path) for path in sorted(package.rglob("*.py"))), ("", Path(__file__))]
    return tuple((name, path.stat().st_mtime_ns, path.stat().st_size) for name, path in files)
