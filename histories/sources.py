"""What an export is made of, so that it can be told whether it is still the same."""

import glob
import hashlib
import re
from collections.abc import Mapping
from pathlib import Path

from histories import crm, toml_file

_QUOTED = re.compile(r"'([^']+)'|\"([^\"]+)\"")


def identity(config_path: Path) -> Mapping[str, str]:
    """Return the content of crm.toml as a hash, and the size and time of each file that it names, by their names.

    Raises CallError where crm.toml is wrong.
    """
    config = crm.read(config_path)
    sources = [config.leads.source, *(one.source for one in config.interactions)]
    sources += [one.source for one in config.attributes]
    sources += [one.source for one in config.outcomes]
    files = sorted({path for source in sources for path in _files(source)})
    return {
        config_path.name: hashlib.sha256(toml_file.read_text(config_path).encode()).hexdigest(),
        **{str(path): f"{path.stat().st_size} bytes of {path.stat().st_mtime_ns}" for path in files},
    }


def _files(source: crm.Source) -> list[Path]:
    """The file of a source, or those that its query seems to name, one by one or by a pattern."""
    if source.file is not None:
        return [source.file] if source.file.is_file() else []
    quoted = [one[0] or one[1] for one in _QUOTED.findall(source.query or "")]
    named = [*quoted, *(found for one in quoted for found in _matching(one, source.folder))]
    return [path for path in (source.folder / one for one in named) if _is_file(path)]


def _matching(pattern: str, folder: Path) -> list[str]:
    if not glob.has_magic(pattern):
        return []
    try:
        return glob.glob(pattern, root_dir=folder, recursive=True)  # noqa: PTH207 - DuckDB takes whole paths too
    except (OSError, ValueError):
        return []


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False
