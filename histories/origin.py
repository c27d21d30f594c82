"""Where histories come from: an export that a crm.toml describes, or the history store at a URL."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from histories.errors import CallError

if TYPE_CHECKING:
    from histories.check import Check
    from histories.contract import Histories
    from histories.shard_files import Progress
    from histories.shards import Shards

STORE = "LEAD_SCORING_STORE"
_ALONE = "store://"
_SCHEMES = ("store:", "sqlite:", "postgresql:", "postgresql+psycopg:")


class Origin(Protocol):
    """Where a command's histories come from. As text it is what the user wrote, without a password."""

    @property
    def folder(self) -> Path:
        """Return where recipe.toml and rulebook.toml are looked for."""

    def timezone(self) -> str:
        """Return the IANA zone of times without an offset."""

    def histories(self, now: int) -> "Histories":
        """Return all of it. `now` is the command's start (UTC microseconds); errors as of `export.read`."""

    def shards(
        self, now: int, folder: Path, memory: int, *, beside: int = 0, progress: "Progress | None" = None
    ) -> "Shards":
        """Write all of it into shards, as `shards.write` does."""

    def check(self, now: int, quarantine: Path) -> "tuple[Histories, Check]":
        """Return all of it and the report on it; rows that could not be read go to `quarantine`."""

    def identity(self) -> Mapping[str, str]:
        """Return what shards of it depend on, by the names that a user knows."""


@dataclass(frozen=True, slots=True)
class ExportFile:
    """An export, described by the crm.toml at `path`."""

    path: Path

    def __str__(self) -> str:
        """Return the path."""
        return str(self.path)

    @property
    def folder(self) -> Path:
        """Return the folder of crm.toml."""
        return self.path.parent

    def timezone(self) -> str:
        """Return what crm.toml says. Raises CallError where it is wrong."""
        from histories import crm  # noqa: PLC0415

        return crm.read(self.path).timezone

    def histories(self, now: int) -> "Histories":
        """Return what `export.read` does."""
        from histories import export  # noqa: PLC0415

        return export.read(self.path, now).histories

    def shards(
        self, now: int, folder: Path, memory: int, *, beside: int = 0, progress: "Progress | None" = None
    ) -> "Shards":
        """Write what `shards.write` does."""
        from histories import shards  # noqa: PLC0415

        return shards.write(self.path, now, folder, memory, beside=beside, progress=progress)

    def check(self, now: int, quarantine: Path) -> "tuple[Histories, Check]":
        """Return what `check.check` says of the export."""
        from histories import check, export  # noqa: PLC0415

        read = export.read(self.path, now, quarantine)
        return read.histories, check.check(read)

    def identity(self) -> Mapping[str, str]:
        """Return the content of crm.toml, and the size and time of each file that it names."""
        from histories import sources  # noqa: PLC0415

        return sources.identity(self.path)


@dataclass(frozen=True, slots=True)
class StoreUrl:
    """The history store at `url`; in texts its password is hidden."""

    url: str

    def __str__(self) -> str:
        """Return the URL without its password."""
        from histories.store.database.connections import Database  # noqa: PLC0415

        return Database(self.url).label

    def __repr__(self) -> str:
        """Name the place, never the password."""
        return f"StoreUrl({str(self)!r})"

    @property
    def folder(self) -> Path:
        """Return the working folder."""
        return Path()

    def timezone(self) -> str:
        """Return what was declared. Raises DataError as `Store.open` does."""
        from histories import store  # noqa: PLC0415

        with store.Store.open(self.url) as opened:
            return store.definitions(opened).timezone

    def histories(self, now: int) -> "Histories":
        """Return what the store knows now. Raises DataError as `Store.open` and `store.histories` do."""
        from histories import store  # noqa: PLC0415
        from histories.store.known import age  # noqa: PLC0415

        with store.Store.open(self.url) as opened:
            found = store.histories(opened, now)
        age.say_if_old(str(self), found)
        return found

    def shards(
        self, now: int, folder: Path, memory: int, *, beside: int = 0, progress: "Progress | None" = None
    ) -> "Shards":
        """Write what the store knows now. Raises CallError and DataError as `shards.write` and `Store.open` do."""
        from histories import store  # noqa: PLC0415
        from histories.store.known import shards  # noqa: PLC0415

        with store.Store.open(self.url) as opened:
            return shards.write(opened, now, folder, memory, beside=beside, progress=progress)

    def check(self, now: int, quarantine: Path) -> "tuple[Histories, Check]":
        """Return the report on what the store knows now, and on what it refused."""
        from histories import store  # noqa: PLC0415
        from histories.store.known import check  # noqa: PLC0415

        with store.Store.open(self.url) as opened:
            return check.check(opened, str(self), now, quarantine)

    def identity(self) -> Mapping[str, str]:
        """Return the number of the newest batch: with every one, shards are of something else."""
        from histories import store  # noqa: PLC0415

        with store.Store.open(self.url) as opened:
            return {str(self): f"watermark {opened.watermark()}"}


def parse(text: str) -> Origin:
    """Read the argument CRM.toml: a path, `store://` for the store that LEAD_SCORING_STORE names, or a store's URL.

    Raises CallError where LEAD_SCORING_STORE is needed and not set.
    """
    if not text.startswith(_SCHEMES):
        return ExportFile(Path(text))
    if not text.startswith("store:"):
        return StoreUrl(text)
    if text != _ALONE:
        raise CallError(
            f"{_ALONE} stands alone: the store is the one that {STORE} names; or write its URL in its place"
        )
    url = os.environ.get(STORE, "")
    if not url:
        raise CallError(
            f"{_ALONE}: {STORE} is not set; set it to the store's URL, sqlite:///PATH or postgresql://USER@HOST/DATABASE"
        )
    return StoreUrl(url)


def of(config: Path | Origin) -> Origin:
    """Return the origin that is meant: a path is that of a crm.toml."""
    return ExportFile(config) if isinstance(config, Path) else config
