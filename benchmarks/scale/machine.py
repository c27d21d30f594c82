"""What a run ran on."""

import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import psutil

_PACKAGES = ("numba", "numpy", "pyarrow", "duckdb", "polars")


def machine() -> str:
    """Return processor, cores, memory and system in one line."""
    memory = psutil.virtual_memory().total / 2**30
    return (
        f"{_processor()}, {os.cpu_count()} cores, {memory:.0f} GiB of memory, {platform.system()} {platform.release()}"
    )


def versions() -> str:
    """Return Python and the packages that were measured, with their versions."""
    python = ".".join(map(str, sys.version_info[:3]))
    found = [f"{name} {_version(name)}" for name in _PACKAGES]
    return ", ".join([f"Python {python}", *found])


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "(not installed)"


def _processor() -> str:
    listed = Path("/proc/cpuinfo")
    lines = listed.read_text(encoding="utf-8").splitlines() if listed.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
