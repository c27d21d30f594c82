"""What a monitor looks at: the histories, and the answers and hand-overs that the store kept."""

from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa

from histories.contract import Histories
from scoring.bundle import Bundle
from scoring.rulebook import Rulebook


@dataclass(frozen=True, eq=False)
class Known:
    """What the store holds: histories, and the tables of answers and of leads handed over (histories.store.kept.given).

    `bundles` and `rulebooks` by version; what a version is not kept of cannot be judged. `newest`: the bundle and
    the rulebook that gave the newest answer; None where none is kept.
    """

    histories: Histories
    answers: pa.Table
    handed_over: pa.Table
    bundles: Mapping[str, Bundle]
    rulebooks: Mapping[str, Rulebook]
    newest: tuple[str, str] | None

    @property
    def bundle(self) -> Bundle | None:
        """The bundle that gave the newest answer."""
        return None if self.newest is None else self.bundles.get(self.newest[0])

    @property
    def rulebook(self) -> Rulebook | None:
        """The rulebook that gave the newest answer."""
        return None if self.newest is None else self.rulebooks.get(self.newest[1])
