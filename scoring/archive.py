"""A bundle or a rulebook as bytes that are kept for good, and read again: text and JSON, nothing is ever unpickled."""

import json
import zlib

from histories.errors import DataError
from scoring import bundle_files
from scoring import rulebook as rulebooks
from scoring.bundle import Bundle
from scoring.bundle_files import FORMAT, READABLE
from scoring.rulebook import Rulebook


def packed(bundle: Bundle) -> bytes:
    """Return a bundle's files and their format as compressed JSON."""
    return zlib.compress(json.dumps({"format": FORMAT, "files": dict(bundle.files)}, ensure_ascii=False).encode())


def bundle(content: bytes, version: str) -> Bundle:
    """Read what `packed` gave. Raises DataError where that is not the bundle of this version."""
    try:
        unpacked = json.loads(zlib.decompress(content))
        number, files = unpacked["format"], unpacked["files"]
    except (zlib.error, ValueError, KeyError, TypeError):
        raise DataError(f"the archive of bundle {version} is damaged") from None
    if number not in READABLE:
        known = ", ".join(map(str, READABLE))
        raise DataError(
            f"bundle {version} has format {number!r}, this program reads {known}: it was archived by another version"
        )
    try:
        found = Bundle(**bundle_files.parse(files))
    except (DataError, KeyError, TypeError, ValueError) as error:
        raise DataError(f"the archive of bundle {version} cannot be read ({error})") from None
    if found.version != version:
        raise DataError(f"the archive of bundle {version} holds bundle {found.version}")
    return found


def rulebook(content: bytes, version: str) -> Rulebook:
    """Read a rulebook's TOML. Raises DataError where that is not the rulebook of this version."""
    try:
        found = rulebooks.parse(content.decode(), f"rulebook {version}")
    except UnicodeDecodeError:
        raise DataError(f"the archive of rulebook {version} is damaged") from None
    if found.version != version:
        raise DataError(f"the archive of rulebook {version} holds rulebook {found.version}")
    return found
