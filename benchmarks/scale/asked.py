"""What the peers are asked for: every count, sum, decay and age that the catalogue has, and how each is told apart."""

import fnmatch
from collections.abc import Iterable
from dataclasses import dataclass

from benchmarks.scale import workload
from features.catalogue import Catalogue
from features.declaration import HALF_LIVES, WINDOWS
from features.feature import Signal

ALL = "all"
SPANS = (*(f"{days}d" for days in WINDOWS), ALL)
HALVES = tuple(f"{days}d" for days in HALF_LIVES)


@dataclass(frozen=True, slots=True)
class Asked:
    """A signal, and which interactions belong to it: those of `kinds` (None: any) and of `direction` (None: any).

    `ours_apart`: outbound interactions do not belong to it. `valued`: its sums are asked for.
    """

    name: str
    kinds: tuple[str, ...] | None
    direction: str | None
    ours_apart: bool
    valued: bool

    def count(self, span: str) -> str:
        """Return the name of a count's column."""
        return f"{self.name}_count_{span}"

    def decayed(self, half: str) -> str:
        """Return the name of a decayed count's column."""
        return f"{self.name}_decayed_{half}"

    def total(self, span: str) -> str:
        """Return the name of the column with the sum of the values."""
        return f"{self.name}_sum_{span}"

    @property
    def oldest(self) -> str:
        """The name of the column with the age of the first."""
        return f"{self.name}_since_first_days"

    @property
    def newest(self) -> str:
        """The name of the column with the age of the latest."""
        return f"{self.name}_age_days"

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns of the signal."""
        sums = tuple(map(self.total, SPANS)) if self.valued else ()
        return (*map(self.count, SPANS), *map(self.decayed, HALVES), self.oldest, self.newest, *sums)


def asked(catalogue: Catalogue) -> tuple[Asked, ...]:
    """Return all signals but `other`, to which no generated interaction belongs."""
    return tuple(_asked(signal, catalogue) for signal in catalogue.signals if signal.key != "other")


def columns(catalogue: Catalogue) -> tuple[str, ...]:
    """Return the columns that peers compute; they bear the catalogue's names."""
    return tuple(name for signal in asked(catalogue) for name in signal.columns)


def days(span: str) -> int:
    """Return the days of a window or half-life that is not `all`."""
    return int(span.removesuffix("d"))


def _asked(signal: Signal, catalogue: Catalogue) -> Asked:
    head, _, rest = signal.key.partition(":")
    kinds = {
        "kind": lambda: (rest,),
        "family": lambda: _kinds(catalogue.kinds, rest),
        "replies": lambda: _kinds(catalogue.kinds, "two_way"),
    }.get(head)
    return Asked(
        name=signal.name,
        kinds=kinds() if kinds else None,
        direction=rest if head == "direction" else None,
        ours_apart=head == "replies",
        valued=signal.key in catalogue.valued,
    )


def _kinds(kinds: Iterable[str], family: str) -> tuple[str, ...]:
    globs = workload.FAMILIES[family]
    return tuple(kind for kind in kinds if any(fnmatch.fnmatchcase(kind, glob) for glob in globs))
