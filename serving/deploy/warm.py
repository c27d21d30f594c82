"""Compiles for a packed model what its service would compile when it starts, so that an image carries it.

`python -m serving.deploy.warm FOLDER` does it.

NUMBA_CACHE_DIR says where the machine code is kept; serving/deploy/container.py starts the service with it.
"""

import sys
from pathlib import Path

from serving import engine
from serving.settings import Settings


def warm(folder: Path) -> None:
    """Load a packed model's folder as a worker does. Raises CallError or DataError where it cannot be served."""
    engine.load(folder, None, Settings().max_interactions)


if __name__ == "__main__":
    warm(Path(sys.argv[1]))
