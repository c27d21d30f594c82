"""Counts what a replay finds, batch by batch."""

from collections import Counter
from dataclasses import dataclass, field

import numpy as np

from features.catalogue import Catalogue
from features.kernel.arrays import Floats
from features.replay.causes import Cause, Flags, causes
from features.replay.log import Entry, Unreadable
from features.replay.replayed import CauseFound, Example, FeatureReplay, Problem, Replay

_EXAMPLES = 3


@dataclass
class _Column:
    block: str
    same: int = 0
    different: int = 0
    missing: int = 0
    largest: float = -1.0
    example: Example | None = None


@dataclass
class Tally:
    """What has been counted so far. `exported_at`: nothing later is in the histories."""

    exported_at: int
    columns: dict[str, _Column] = field(default_factory=dict)
    rows: Counter[str] = field(default_factory=Counter)
    leads: dict[str, None] = field(default_factory=dict)
    bundles: dict[str, None] = field(default_factory=dict)
    moments: list[int] = field(default_factory=list)
    found: dict[Cause, CauseFound] = field(default_factory=dict)
    problems: dict[str, Problem] = field(default_factory=dict)

    def unreadable(self, one: Unreadable) -> None:
        """Count a line that gave no row."""
        before = self.problems.get(one.problem, Problem(one.problem, 0, one.place))
        self.problems[one.problem] = Problem(one.problem, before.lines + 1, before.first)

    def unknown(self, catalogue: Catalogue, entries: list[Entry]) -> None:
        """Count rows of leads that the export does not have."""
        self._seen(entries)
        self.rows["unknown"] += len(entries)
        for one in entries:
            if len(self.leads) < _EXAMPLES:
                self.leads[one.lead_id] = None
        for column in self._columns(catalogue) if entries else ():
            column.missing += len(entries)

    def compared(self, catalogue: Catalogue, entries: list[Entry], recomputed: Floats, unfounded: Flags) -> None:
        """Compare rows with what was computed; `unfounded` columns [features] are of what the export does not have."""
        self._seen(entries)
        later = np.array([one.as_of > self.exported_at for one in entries])
        logged = np.array([one.row for one in entries])
        same = (logged.view(np.uint64) == recomputed.view(np.uint64)) | (np.isnan(logged) & np.isnan(recomputed))
        missing = ~same & unfounded
        different = ~same & ~unfounded
        self.rows["different"] += int(different.any(axis=1).sum())
        self.rows["same"] += int((~different.any(axis=1)).sum())
        for place, column in enumerate(self._columns(catalogue)):
            column.same += int(same[:, place].sum())
            column.missing += int(missing[:, place].sum())
            rows = np.flatnonzero(different[:, place])
            if rows.size:
                column.different += rows.size
                self._keep_worst(column, [entries[row] for row in rows], logged[rows, place], recomputed[rows, place])
        for cause, flags in causes(catalogue, logged, recomputed, different, later):
            self._cause(cause, flags, entries)

    def _seen(self, entries: list[Entry]) -> None:
        moments = [*self.moments, *(one.as_of for one in entries)]
        self.moments = [min(moments), max(moments)] if moments else []
        self.bundles.update(dict.fromkeys(one.bundle for one in entries))

    def _columns(self, catalogue: Catalogue) -> list[_Column]:
        """What is counted of each column, in the catalogue's order."""
        return [
            self.columns.setdefault(one.name, _Column(block))
            for block, columns in catalogue.blocks.items()
            for one in columns
        ]

    def _keep_worst(self, column: _Column, entries: list[Entry], logged: Floats, recomputed: Floats) -> None:
        with np.errstate(invalid="ignore"):  # infinity less infinity
            sizes = np.nan_to_num(np.abs(recomputed - logged), nan=-0.5, posinf=np.inf)
        worst = int(np.argmax(sizes))
        if sizes[worst] > column.largest:
            one = entries[worst]
            column.largest = float(sizes[worst])
            column.example = Example(
                one.request_id, one.lead_id, one.as_of, float(logged[worst]), float(recomputed[worst])
            )

    def _cause(self, cause: Cause, flags: Flags, entries: list[Entry]) -> None:
        rows = int(flags.sum())
        if rows:
            first = entries[int(np.argmax(flags))]
            before = self.found.get(cause, CauseFound(cause, 0, first.lead_id, first.as_of))
            self.found[cause] = CauseFound(cause, before.rows + rows, before.lead_id, before.as_of)

    def result(self) -> Replay:
        """Return what was counted."""
        features = [
            FeatureReplay(
                name,
                one.block,
                one.same,
                one.different,
                one.missing,
                one.largest if one.largest >= 0 else None,
                one.example,
            )
            for name, one in self.columns.items()
        ]
        first, last = self.moments or (0, 0)
        return Replay(
            rows=self.rows.total(),
            same_rows=self.rows["same"],
            different_rows=self.rows["different"],
            unknown_rows=self.rows["unknown"],
            unknown_leads=tuple(self.leads),
            first=first,
            last=last,
            bundles=tuple(self.bundles),
            features=tuple(sorted(features, key=lambda one: (-one.different, -one.missing))),
            causes=tuple(sorted(self.found.values(), key=lambda one: -one.rows)),
            problems=tuple(sorted(self.problems.values(), key=lambda one: -one.lines)),
        )
