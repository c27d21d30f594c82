"""Files that appear whole or not at all."""

import contextlib
import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from histories.errors import CallError


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Yield a path to write to; what was written takes `path`'s name when the block ends well, else it is removed.

    Folders above are made. Raises CallError where the place cannot be written to.
    """
    if path.is_dir():
        raise CallError(f"{path}: is a folder; name a file in it")
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield unfinished
        unfinished.replace(path)
    except OSError as error:
        raise unwritten(path, error) from None
    finally:
        with contextlib.suppress(OSError):  # the place may be none: its folder a file, its disk read-only
            unfinished.unlink()


def unwritten(path: Path, error: OSError) -> CallError:
    """Return what a user reads where the system does not let `path` be written."""
    full = error.errno in (errno.ENOSPC, errno.EDQUOT) or "space" in str(error)
    advice = "make room there, or name another place" if full else "name another place"
    return CallError(f"{path}: cannot be written ({error.strerror or error}); {advice}")
