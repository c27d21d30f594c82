"""What goes into MLflow and comes out of it, as values: no more than the rest of training needs to know of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


class Drawing(Protocol):
    """What can be saved as a picture: a matplotlib Figure."""

    def savefig(self, fname: Path, *, dpi: int) -> None:
        """Write the picture to a file."""


@dataclass(frozen=True, slots=True)
class Dataset:
    """The rows that a run was measured on. Runs with the same name and digest were measured on the same rows.

    `digest` at most 36 characters; `source` says where the rows came from; `columns` name to type; `counts` what
    is in it, by name.
    """

    name: str
    digest: str
    source: str
    columns: Mapping[str, str]
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Version:
    """A registered bundle. `number` counts from 1; `run_id` is the training that made it; `tags` describe it."""

    number: int
    run_id: str
    aliases: tuple[str, ...]
    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Place:
    """Where runs can be seen side by side. `command` starts a server first; None: one is running already."""

    command: str | None
    url: str
