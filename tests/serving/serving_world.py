"""The values that the fixtures of these tests hand out."""

from dataclasses import dataclass
from pathlib import Path

from serving.wire.mapping import Json


@dataclass(frozen=True)
class Asked:
    """A batch, and the rows and versions that its answer must have: the scorer's own."""

    body: dict[str, Json]
    rows: list[dict[str, object]]
    versions: dict[str, str]


@dataclass(frozen=True)
class Packable:
    """What a service is started from."""

    bundle_folder: Path
    rulebook: Path


@dataclass(frozen=True)
class Running:
    """A service that runs: where, and where its output goes."""

    url: str
    log: Path
