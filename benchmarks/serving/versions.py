"""What was measured, by version."""

import sys
from importlib.metadata import version

_PACKAGES = ("bentoml", "mlflow", "lightgbm", "pydantic", "numba", "numpy", "pyarrow")


def versions() -> str:
    """Return Python and the packages that were measured, with their versions."""
    found = [f"{name} {version(name)}" for name in _PACKAGES]
    return ", ".join([f"Python {'.'.join(map(str, sys.version_info[:3]))}", *found])
