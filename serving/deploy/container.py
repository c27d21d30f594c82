"""Starts the service in its image, whose file system may be read-only: only the folder for temporary files is written.

`python -m serving.deploy.container` does it.
"""

import os
import shutil
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

BENTO = Path(__file__).resolve().parents[3]


def environment(given: Mapping[str, str], scratch: Path) -> dict[str, str]:
    """Return the service's environment: what is given, and `scratch` for all that BentoML and numba write.

    numba uses machine code only in a folder that it could write to. The image's own is therefore copied.
    """
    made = dict(given) | {"BENTOML_HOME": str(scratch / "bentoml")}
    carried = given.get("NUMBA_CACHE_DIR")
    if carried:
        made["NUMBA_CACHE_DIR"] = str(scratch / "numba")
        shutil.copytree(carried, scratch / "numba", dirs_exist_ok=True)
    return made


def main() -> None:
    """Become `bentoml serve`: the process keeps its number, so that a container's signals reach it."""
    command = [sys.executable, "-m", "bentoml", "serve", str(BENTO), *sys.argv[1:]]
    os.execve(sys.executable, command, environment(os.environ, Path(tempfile.gettempdir())))  # noqa: S606


if __name__ == "__main__":
    main()
