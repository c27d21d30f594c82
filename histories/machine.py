"""What this machine has: memory, how much of it somebody grants, and cores."""

import contextlib
import os
import re
import resource
import sys
from pathlib import Path

from histories.errors import CallError

KB, MB, GB = 1_000, 1_000_000, 1_000_000_000
LEAST = 512 * MB
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kmgt]i?b)", re.IGNORECASE)
_POWERS = {"k": 1, "m": 2, "g": 3, "t": 4}
_GROUPS = Path("/sys/fs/cgroup")
# The limit of a group without one is written as a number near 2^63.
_NO_LIMIT = 1 << 60


def parse(text: str, most: int | None = None) -> int:
    """Read a size such as `4GB` or `512MiB` as bytes. `most` is how much there is (None: what `memory` says).

    Raises CallError on anything else, on less than 512 MB, and on more than there is.

    >>> parse("4GB", 8 * GB), parse("1.5 gib", 8 * GB)
    (4000000000, 1610612736)
    """
    found = _SIZE.fullmatch(text.strip())
    if not found:
        raise CallError(
            f"{text!r} is not a size of memory; write a number with MB, GB, MiB or GiB, such as 4GB or 512MB"
        )
    unit = found[2].lower()
    size = float(found[1]) * (1024 if "i" in unit else 1000) ** _POWERS[unit[0]]
    most = memory() if most is None else most
    if size < LEAST:
        raise CallError(f"{text!r} is too little memory; write at least 512MB")
    if size > most:
        raise CallError(f"{text!r} is more memory than there is; this process may use {said(most)} here")
    return int(size)


def said(size: int) -> str:
    """Bytes as a person says them.

    >>> said(4_000_000_000), said(1_610_612_736), said(512_000_000)
    ('4 GB', '1.6 GB', '512 MB')
    """
    if size >= GB:
        return f"{size / GB:.1f}".removesuffix(".0") + " GB"
    return f"{size / MB:.0f} MB"


def memory(groups: Path = _GROUPS, own_group: Path = Path("/proc/self/cgroup")) -> int:
    """Return the bytes of memory that this process may use: the machine's, or what its container is limited to.

    `groups` is where Linux mounts control groups (of version 2 or 1), `own_group` says which are this process's.
    """
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return min([machine, *_limits(groups, own_group)])


def _limits(groups: Path, own_group: Path) -> list[int]:
    """The limits of the process's own group and of those above it."""
    try:
        lines = own_group.read_text().splitlines()
    except OSError:
        return []
    files = [groups / "memory.max", groups / "memory" / "memory.limit_in_bytes"]
    for line in lines:
        _, controllers, path = line.split(":", 2)
        inside = Path(path.lstrip("/"))
        above = [inside, *inside.parents]
        if not controllers:
            files += [groups / one / "memory.max" for one in above]
        elif "memory" in controllers.split(","):
            files += [groups / "memory" / one / "memory.limit_in_bytes" for one in above]
    return [limit for limit in map(_limit, files) if limit is not None and limit < _NO_LIMIT]


def _limit(file: Path) -> int | None:
    try:
        text = file.read_text().strip()
    except OSError:
        return None
    return int(text) if text.isdigit() else None


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def open_files(wanted: int) -> int:
    """Let this process have `wanted` files open at once where the system allows it; return how many it may have."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    endless = resource.RLIM_INFINITY
    if soft != endless and soft < wanted:
        with contextlib.suppress(ValueError, OSError):  # some systems allow less than they say
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted if hard == endless else min(wanted, hard), hard))
        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return sys.maxsize if soft == endless else soft
