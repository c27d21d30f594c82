"""Loads an export into the history store."""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich import box
from rich.table import Table
from rich.text import Text

from commands.options import Memory, now, size
from commands.stores import StoreUrl
from commands.terminal import out, rows
from histories.errors import CallError, DataError
from histories.printable import printable

if TYPE_CHECKING:
    from histories.loading import Loaded
    from histories.shards import Shards

_REASONS = 5


def ingest(
    config: Annotated[Path, typer.Argument(metavar="CRM.toml", help="The file that describes the export.")],
    store: StoreUrl = None,
    memory: Memory = None,
) -> None:
    """Load an export into the history store, which is made or migrated first; go on where a load was interrupted."""
    from histories import crm, loading, shards
    from histories import store as stores

    if not store:
        raise CallError("no store is named; set LEAD_SCORING_STORE or say --store URL")
    most = crm.read(config).max_bad_share
    with tempfile.TemporaryDirectory(prefix="ingest-") as scratch, rows() as tell:
        made = shards.write(config, now(), Path(scratch) / "shards", size(memory), progress=tell)
        stores.upgrade(store)
        with stores.Store.open(store) as opened:
            loaded = loading.load(made, opened, now(), tell)
            watermark = opened.watermark()
    _show(made, loaded)
    out.print(f"The store stands at watermark {watermark:,}.", highlight=False)
    _refuse_too_many(loaded, most)


def _show(made: "Shards", loaded: "Loaded") -> None:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("table")
    for name in ("unreadable", "read", "added", "there already", "refused"):
        table.add_column(name, justify="right")
    for name, count in loaded.tables.items():
        unreadable = sum(one.quarantined for one in made.sources if one.table == name)
        numbers = (unreadable, count.rows, count.added, count.there, count.refused)
        table.add_row(name, *(f"{number:,}" for number in numbers))
    out.print(table)
    _show_types(made, loaded)
    if forgotten := sum(count.forgotten for count in loaded.tables.values()):
        out.print(f"{forgotten:,} are of leads that were forgotten: nothing of them is kept.", soft_wrap=True)
    for reason, number in sorted(loaded.reasons.items(), key=lambda one: -one[1])[:_REASONS]:
        out.print(Text(f"{number:,} refused: {printable(reason)}"), soft_wrap=True)
    if loaded.reasons:
        out.print("They are in the store's quarantine: `lead-scoring quarantine` lists them.", soft_wrap=True)


def _show_types(made: "Shards", loaded: "Loaded") -> None:
    for name in map(printable, loaded.retyped):
        out.print(
            Text(
                f"{name} is a number from now on: every text that the store has of it is one. What was answered before "
                "stays as it was; train anew, as models made before know it as a category."
            ),
            soft_wrap=True,
        )
    for name, kind in loaded.kept.items():
        out.print(
            Text(
                f"{printable(name)} is a {kind} in the store and a {made.attribute_types[name]} in the export: its "
                f"values were refused. Declare it as a {kind}, give it another name, or load into a new store."
            ),
            soft_wrap=True,
        )


def _refuse_too_many(loaded: "Loaded", most: float) -> None:
    for name, count in loaded.tables.items():
        if count.refused > most * count.rows:
            raise DataError(
                f"{name}: the store refused {count.refused:,} of {count.rows:,} rows, more than max_bad_share = {most:g} "
                "allows; the others are in. Mend what the reasons say, or raise max_bad_share"
            )
