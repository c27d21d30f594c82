"""The steps of forgetting a person, wherever it is known: each may be done again, and what failed is told at the end."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from rich.console import Console
from rich.table import Table

from commands.terminal import rows
from histories.errors import DataError, LeadScoringError
from histories.store import Store
from histories.store.privacy import forgetting
from histories.store.privacy.people import person


@dataclass(frozen=True, slots=True)
class Found:
    """How many rows were removed, by place and kind; how many answers of colleagues were marked; what could not be done.

    `unseen`: places that were not looked in, as nobody has named them.
    """

    removed: Mapping[tuple[str, str], int]
    marked: int
    left: tuple[str, ...]
    unseen: tuple[str, ...]

    def refuse_what_is_left(self) -> None:
        """Raise DataError where something is left."""
        if self.left:
            raise DataError(f"{'; '.join(self.left)}. The rest is done; run the command again when that is mended")


@dataclass(frozen=True, slots=True)
class Forgetting:
    """A person, under all its lead_ids, whether the store knows of it, and the places to look in."""

    store: Store
    lead_ids: tuple[str, ...]
    known: bool
    request_log: Path | None

    @classmethod
    def begun(cls, store: Store, lead_id: str, request_log: Path | None) -> Self:
        """Look up who that is; nothing is changed yet. Raises StoreUnavailableError."""
        with store.database.reading() as connection:
            lead_ids = person(connection, lead_id)
            return cls(store, lead_ids, forgetting.knows(connection, lead_ids), request_log)

    def done(self, present: int) -> Found:
        """Do all of it. The store goes last, as it knows which leads are one person, and that only once all else went."""
        lead_ids = forgetting.begin(self.store, self.lead_ids[0], present)
        names = tuple({*lead_ids, *self.lead_ids})
        removed: dict[tuple[str, str], int] = {}
        left: list[str] = []
        self._log(names, removed, left)
        _mlflow(names, removed, left)
        counts = dict(forgetting.remove(self.store, names))
        marked = counts.pop(forgetting.INPUTS)
        removed |= {("store", table): count for table, count in counts.items()}
        if not left:
            removed["store", "merges"] = forgetting.end(self.store, names)
        try:
            forgetting.compact(self.store)
        except DataError as error:
            left.append(str(error))
        self._log(names, removed, left)  # what was being answered when it began
        there = {place: count for place, count in removed.items() if count}
        return Found(there, marked, tuple(dict.fromkeys(left)), tuple(self._unseen()))

    def _unseen(self) -> Iterator[str]:
        from training.tracking_place import label, missing, named

        if self.request_log is None:
            yield "request logs (--request-log names their folder)"
        elif not self.request_log.is_dir():
            yield f"request logs ({self.request_log} is no folder)"
        if missing():
            yield f"MLflow (there is none at {label(named())}; MLFLOW_TRACKING_URI names another)"

    def _log(self, names: tuple[str, ...], removed: dict[tuple[str, str], int], left: list[str]) -> None:
        from serving import log_removal

        if self.request_log is None:
            return
        try:
            found = log_removal.remove(self.request_log, names)
        except LeadScoringError as error:
            left.append(str(error))
            return
        except OSError as error:
            left.append(f"{error.filename}: {error.strerror}")
            return
        place = "request log", "lines"
        removed[place] = removed.get(place, 0) + found.lines
        left += [f"{path} is damaged, and may name the lead: mend or delete it" for path in found.unreadable]


def _mlflow(names: tuple[str, ...], removed: dict[tuple[str, str], int], left: list[str]) -> None:
    from training.tracking_place import missing

    if missing():
        return
    from training import forgetting as of_trainings
    from training.tracking import open_tracker

    try:
        with rows() as tell:
            found = of_trainings.forget(open_tracker(), names, lambda done, total: tell("Runs looked at", done, total))
    except LeadScoringError as error:
        left.append(str(error))
    else:
        removed["MLflow", "rows of tables and reports"] = found.rows


def render(found: Found, console: Console) -> None:
    """Print how many rows of which place went, never what they said."""
    if found.removed:
        _table(found, console)
        console.print("What comes of this lead from now on is refused.", soft_wrap=True)
    else:
        console.print("Nothing was known of this lead. What comes of it from now on is refused.", soft_wrap=True)
    if found.unseen:
        console.print(f"Not looked in: {'; '.join(found.unseen)}.", soft_wrap=True, markup=False, highlight=False)


def _table(found: Found, console: Console) -> None:
    table = Table("removed from", "what", "rows", box=None, pad_edge=False)
    table.columns[-1].justify = "right"
    for cells in _cells(found.removed):
        table.add_row(*cells)
    console.print(table)
    if found.marked:
        console.print(
            f"Answers for others of its account that were made from what it did, and cannot be replayed: {found.marked:,}",
            soft_wrap=True,
        )


def _cells(removed: Mapping[tuple[str, str], int]) -> Iterator[tuple[str, str, str]]:
    before = ""
    for (place, what), count in removed.items():
        yield "" if place == before else place, what, f"{count:,}"
        before = place
